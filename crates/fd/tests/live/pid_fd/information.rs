//! What the kernel says of a process.

use linux_support_base::{KernelRelease, KernelVersion, Reason, Signal, UserId};
use linux_support_fd::{ChildEvent, CoreDump, WaitFor};

use super::{pid, start};
use crate::open::Open;

#[test]
fn the_kernel_tells_of_a_process_before_and_after_its_end() {
    let _open = Open::watched();
    let (child, process) = start("exit 3");
    let Ok(information) = process.information() else { return };
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

fn check_what_is_told_of_a_crash() {
    let _open = Open::watched();
    let (_child, process) = start("kill -ABRT $$");
    assert!(process.wait_for_end(None).unwrap());
    let told = process.information();
    let waited = process.wait(WaitFor::ENDED).unwrap();
    let ChildEvent::Killed { signal: Signal::ABRT, core_dumped } = waited.event else { panic!("{waited:?}") };
    let kernel = KernelRelease::parse(rustix::system::uname().release().to_bytes()).unwrap().version();
    let [since_end, since_dump, since_signal] =
        [15, 16, 19].map(|minor| kernel >= KernelVersion::new(6, minor, 0));
    let information = match told {
        Ok(information) => information,
        Err(error) => return assert!(!since_end, "{error}"),
    };
    // Who ended is told of after it was waited for.
    assert_eq!(information.end, None);
    let ended = process.information();
    if !since_end {
        return assert_eq!(ended.unwrap_err().reason(), &Reason::Gone);
    }
    let ended = ended.unwrap();
    assert_eq!((ended.end, ended.process, ended.users), (Some(waited.event), None, None));
    assert_eq!(ended.core_dump.is_some(), since_dump, "{ended:?}");
    if let Some(dump) = ended.core_dump {
        assert_eq!(dump.contains(CoreDump::DUMPED), core_dumped, "{ended:?}");
    }
    assert_eq!(
        ended.core_dump_signal.is_some_and(|signal| signal == Signal::ABRT),
        since_signal,
        "{ended:?}"
    );
    match ended.supported {
        // That the signal came from kill(2): SI_USER.
        Some(supported) if supported & 1 << 7 != 0 => assert_eq!(ended.core_dump_code, Some(0)),
        Some(supported) => assert!(supported & ended.mask == ended.mask && ended.core_dump_code.is_none()),
        None => assert!(!since_signal, "{ended:?}"),
    }
}

#[test]
fn a_crash_is_told_of_as_this_kernel_can() {
    check_what_is_told_of_a_crash();
}

mod lab {
    mod any {
        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_crash_is_told_of_as_oldest_and_newest_kernels_can() {
            super::super::check_what_is_told_of_a_crash();
        }
    }
}
