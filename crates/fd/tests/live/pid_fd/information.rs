//! What the kernel says of a process.

use linux_support_base::{KernelRelease, KernelVersion, Reason, Signal, UserId};
use linux_support_fd::{ChildEvent, CoreDump, WaitFor};

use super::{killed, pid, start};
use crate::open::Open;

#[test]
fn the_kernel_tells_of_a_process_before_and_after_its_end() {
    let _open = Open::watched();
    let (child, process) = start("exit 3");
    let information = match process.information() {
        Ok(information) => information,
        Err(error) => return println!("skipped: {error}"),
    };
    assert_eq!(information.process, Some(pid(child.id())));
    assert!(process.wait_for_end(None).unwrap());
    let zombie = process.information().unwrap();
    assert_eq!(zombie.parent, Some(pid(std::process::id())));
    let user = UserId::new(rustix::process::getuid().as_raw());
    assert_eq!(zombie.users.unwrap().effective.0, user);
    process.wait(WaitFor::ENDED).unwrap();
    match process.information() {
        Ok(ended) => assert_eq!(ended.end, Some(ChildEvent::Exited(3))),
        Err(error) => assert_eq!(error.reason(), &Reason::Gone),
    }
}

fn kernel() -> KernelVersion {
    KernelRelease::parse(rustix::system::uname().release().to_bytes()).unwrap().version()
}

fn check_what_is_told_of_a_crash() {
    let (_child, process) = start("ulimit -c 0; kill -ABRT $$");
    assert!(process.wait_for_end(None).unwrap());
    let told = process.information();
    let waited = process.wait(WaitFor::ENDED).unwrap();
    assert_eq!(waited.event, killed(Signal::ABRT));
    let ended = process.information();
    if kernel() < KernelVersion::new(6, 15, 0) {
        assert!(told.is_err() || ended.unwrap_err().reason() == &Reason::Gone);
        return;
    }
    // That it was waited for is what it takes to know how it ended.
    assert_eq!(told.unwrap().end, None);
    let ended = ended.unwrap();
    assert_eq!((ended.end, ended.process, ended.users), (Some(waited.event), None, None));
    assert!(ended.core_dump.is_none_or(|dump| !dump.contains(CoreDump::DUMPED)), "{ended:?}");
    assert_eq!(ended.supported.is_some(), kernel() >= KernelVersion::new(6, 19, 0), "{ended:?}");
    if let Some(supported) = ended.supported {
        assert_eq!(supported & ended.mask, ended.mask, "{ended:?}");
    }
}

#[test]
fn a_crash_is_told_of_as_this_kernel_can() {
    let _open = Open::watched();
    check_what_is_told_of_a_crash();
}

mod lab {
    mod any {
        use std::fs;

        use linux_support_fd::socket::{UnixAddress, UnixListener, UnixPeer};

        use super::super::*;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_crash_is_told_of_as_oldest_and_newest_kernels_can() {
            let _open = Open::watched();
            check_what_is_told_of_a_crash();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn who_takes_core_dumps_is_told_why_there_is_one() {
            let _open = Open::watched();
            if kernel() < KernelVersion::new(6, 19, 0) {
                return println!("skipped: before Linux 6.19 dumps don't go to sockets, with their signal");
            }
            let folder = tempfile::tempdir().unwrap();
            let socket = folder.path().join("dumps");
            let listener = UnixListener::bind(&UnixAddress::path(&socket).unwrap()).unwrap();
            let pattern = "/proc/sys/kernel/core_pattern";
            let before = fs::read(pattern).unwrap();
            fs::write(pattern, format!("@{}", socket.display())).unwrap();
            let (_child, process) = start("ulimit -c unlimited; kill -ABRT $$");
            let accepted = listener.accept();
            fs::write(pattern, before).unwrap();
            let (dump, _) = accepted.unwrap();
            let told = dump.peer_pidfd().unwrap().information().unwrap();
            let mut start = [0; 4];
            dump.receive_all(&mut start).unwrap();
            drop(dump);
            process.wait(WaitFor::ENDED).unwrap();
            assert_eq!(&start, b"\x7fELF");
            assert!(told.core_dump.unwrap().contains(CoreDump::DUMPED), "{told:?}");
            assert_eq!(told.core_dump_signal, Some(Signal::ABRT));
            // The code is that of kill(2), where the kernel has it.
            let has_code = told.supported.unwrap() & 1 << 7 != 0;
            assert_eq!(told.core_dump_code, has_code.then_some(libc::SI_USER));
        }
    }
}
