//! pidfd_open(2).

mod information;

use std::{
    fs,
    os::{fd::AsRawFd, fd::OwnedFd, unix::fs::MetadataExt},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use linux_support_base::{Errno, Pid, Reason, Signal, UserId};
use linux_support_fd::{
    BlockedSignals, ChildEvent, Descriptor, DescriptorKind, EventFd, PidFd, ProcessNamespace, SignalCause,
    SignalFd, SignalScope, WaitFor, namespace::Namespace,
};

use crate::{
    open::Open,
    runtime::{async_fd, block_on, mio_finds_readable, readable},
    signals::{interrupted, this_thread},
};

fn start(script: &str) -> (Child, PidFd) {
    let child = Command::new("/bin/sh")
        .args(["-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let process = PidFd::open(pid(child.id())).unwrap();
    (child, process)
}

fn pid(number: u32) -> Pid {
    Pid::new(number as i32).unwrap()
}

fn killed(signal: Signal) -> ChildEvent {
    ChildEvent::Killed { signal, core_dumped: false }
}

#[test]
fn a_child_is_waited_for_with_what_it_used() {
    let _open = Open::watched();
    let (child, process) = start("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 7");
    assert!(process.is_close_on_exec().unwrap());
    let waited = process.wait(WaitFor::ENDED).unwrap();
    assert_eq!((waited.process, waited.event), (pid(child.id()), ChildEvent::Exited(7)));
    assert_eq!(waited.user, UserId::new(rustix::process::getuid().as_raw()));
    let usage = waited.usage;
    assert!(usage.user_time + usage.system_time > Duration::ZERO, "{usage:?}");
    assert!(usage.most_resident.kib() > 100 && usage.minor_faults > 0, "{usage:?}");
    let error = process.wait(WaitFor::ENDED).unwrap_err();
    assert!(error.to_string().contains("is no child of the caller"), "{error}");
}

#[test]
fn stops_and_continuations_are_waited_for() {
    let _open = Open::watched();
    let (_child, process) = start("exec sleep 20");
    assert_eq!(process.try_wait(WaitFor::all()).unwrap(), None);
    process.send_signal(Signal::STOP).unwrap();
    assert_eq!(process.wait(WaitFor::STOPPED).unwrap().event, ChildEvent::Stopped(Signal::STOP));
    process.send_signal(Signal::CONT).unwrap();
    assert_eq!(process.wait(WaitFor::CONTINUED).unwrap().event, ChildEvent::Continued);
    assert!(!process.has_ended().unwrap());
    assert!(!process.wait_for_end(Some(Duration::from_millis(5))).unwrap());
    process.send_signal(Signal::KILL).unwrap();
    assert!(process.wait_for_end(None).unwrap() && process.has_ended().unwrap());
    process.probe().unwrap();
    for leave in [WaitFor::LEAVE, WaitFor::empty()] {
        assert_eq!(process.wait(WaitFor::ENDED | leave).unwrap().event, killed(Signal::KILL));
    }
    assert_eq!(process.probe().unwrap_err().reason(), &Reason::Gone);
}

#[test]
fn waiting_goes_on_after_interruptions() {
    let _open = Open::watched();
    let (_child, process) = start("sleep 0.1");
    interrupted(|| assert!(process.wait(WaitFor::ENDED).unwrap().event.is_success()));
}

#[test]
fn a_non_blocking_pidfd_waits_all_the_same() {
    let _open = Open::watched();
    let (child, _) = start("sleep 0.05");
    let process = PidFd::open_nonblocking(pid(child.id())).unwrap();
    assert!(process.is_nonblocking().unwrap());
    assert_eq!(process.try_wait(WaitFor::ENDED).unwrap(), None);
    assert!(process.wait(WaitFor::ENDED).unwrap().event.is_success());
}

#[test]
fn who_is_no_parent_can_wait_for_the_end_only() {
    let _open = Open::watched();
    let process = PidFd::open(pid(std::process::id())).unwrap();
    assert!(!process.has_ended().unwrap());
    assert!(matches!(process.try_wait(WaitFor::ENDED).unwrap_err().reason(), Reason::Invalid(_)));
    process.probe().unwrap();
}

#[test]
fn numbers_of_nobody_and_of_threads_are_refused() {
    let _open = Open::watched();
    let nobody = PidFd::open(Pid::new(i32::MAX).unwrap()).unwrap_err();
    assert_eq!(nobody.reason(), &Reason::Gone);
    if this_thread() as u32 != std::process::id() {
        let error = PidFd::open(Pid::new(this_thread()).unwrap()).unwrap_err();
        assert!(error.to_string().contains("is a thread"), "{error}");
    }
    let c_library = PidFd::open(pid(std::process::id())).unwrap().send_signal(Signal::new(32).unwrap());
    assert!(c_library.unwrap_err().to_string().contains("signal 32 belongs to the C library"));
}

#[test]
fn a_queued_signal_brings_its_value_to_the_thread_that_was_meant() {
    let _open = Open::watched();
    let queue = Signal::real_time(7).unwrap();
    let _blocked = BlockedSignals::block(queue).unwrap();
    let signals = SignalFd::new(queue).unwrap();
    let thread = match PidFd::open_thread(Pid::new(this_thread()).unwrap()) {
        Ok(thread) => thread,
        Err(error) => {
            assert!(error.is_absent(), "{error}");
            return println!("skipped: {error}");
        }
    };
    thread.queue_signal(queue, -5).unwrap();
    let record = signals.read().unwrap();
    let SignalCause::Queued { sender, value } = record.cause else { panic!("{record:?}") };
    assert_eq!((sender.process, value.number), (Some(pid(std::process::id())), -5));
    thread.send_signal_to(SignalScope::Thread, queue).unwrap();
    assert_eq!(signals.read().unwrap().signal, queue);
    thread.queue_signal_to(SignalScope::Thread, queue, 6).unwrap();
    let cause = signals.read().unwrap().cause;
    assert!(matches!(cause, SignalCause::Queued { value, .. } if value.number == 6), "{cause:?}");
}

#[test]
fn a_group_is_signalled_by_its_leader() {
    use std::os::unix::process::CommandExt;
    let _open = Open::watched();
    let script = "sleep 20 2>/dev/null & echo $!; wait";
    let mut child =
        Command::new("/bin/sh").args(["-c", script]).stdout(Stdio::piped()).process_group(0).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
        .unwrap();
    let leader = PidFd::open(pid(child.id())).unwrap();
    let grandchild = PidFd::open(pid(line.trim().parse().unwrap())).unwrap();
    match leader.send_signal_to(SignalScope::ProcessGroup, Signal::KILL) {
        Ok(()) => assert!(grandchild.wait_for_end(Some(Duration::from_secs(10))).unwrap()),
        Err(error) => {
            assert!(error.is_absent(), "{error}");
            grandchild.send_signal(Signal::KILL).unwrap();
            leader.send_signal(Signal::KILL).unwrap();
        }
    }
    assert_eq!(leader.wait(WaitFor::ENDED | WaitFor::LEAVE).unwrap().event, killed(Signal::KILL));
    child.wait().unwrap();
}

#[test]
fn a_descriptor_is_had_from_another_process() {
    let _open = Open::watched();
    let counter = EventFd::counter(6).unwrap();
    let this = PidFd::open(pid(std::process::id())).unwrap();
    let twin = EventFd::try_from(this.duplicate_descriptor(counter.as_raw_fd()).unwrap()).unwrap();
    assert!(twin.is_close_on_exec().unwrap());
    assert_eq!(twin.read().unwrap(), 6);
    for number in [-1, i32::MAX] {
        let error = this.duplicate_descriptor(number).unwrap_err();
        assert_eq!(error.reason(), &Reason::System(Errno::BADF));
    }
    let (_child, process) = start("exec sleep 20 </dev/zero");
    let input = loop {
        match process.duplicate_descriptor(0) {
            Ok(input) if DescriptorKind::of(&input).unwrap().to_string().ends_with("1:5") => break Ok(input),
            Ok(_) => thread::sleep(Duration::from_millis(5)),
            Err(error) => break Err(error),
        }
    };
    process.send_signal(Signal::KILL).unwrap();
    process.wait(WaitFor::ENDED).unwrap();
    if let Err(error) = input {
        let capability = Some("CAP_SYS_PTRACE");
        assert_eq!(error.reason(), &Reason::PermissionDenied { capability }, "{error}");
    }
}

#[test]
fn namespaces_are_had_from_a_pidfd() {
    let _open = Open::watched();
    let this = PidFd::open(pid(std::process::id())).unwrap();
    for (namespace, name) in ProcessNamespace::ALL.into_iter().zip([
        "cgroup",
        "ipc",
        "mnt",
        "net",
        "pid",
        "pid_for_children",
        "time",
        "time_for_children",
        "user",
        "uts",
    ]) {
        match this.namespace(namespace) {
            Ok(opened) => {
                let expected = fs::metadata(format!("/proc/self/ns/{name}")).unwrap().ino();
                assert_eq!(rustix::fs::fstat(&opened).unwrap().st_ino, expected, "{name}");
                Namespace::try_from(OwnedFd::from(opened)).unwrap();
            }
            // Before 6.11, or not configured.
            Err(error) => assert!(error.is_absent() || !fs::exists("/proc/self/ns/time").unwrap(), "{error}"),
        }
    }
}

#[test]
fn tokio_and_mio_wait_for_the_end() {
    let _open = Open::watched();
    let (_child, process) = start("sleep 0.05");
    let event = block_on(async {
        let process = async_fd(process);
        readable(&process, |process| process.try_wait(WaitFor::ENDED).unwrap()).await.event
    });
    assert!(event.is_success());
    let (_child, process) = start("exit 0");
    assert!(mio_finds_readable(&process));
    process.wait(WaitFor::ENDED).unwrap();
}

#[test]
fn an_eventfd_is_no_process() {
    let _open = Open::watched();
    let error = PidFd::try_from(OwnedFd::from(EventFd::counter(0).unwrap())).unwrap_err();
    assert!(error.to_string().ends_with("is no pidfd, but eventfd"), "{error}");
    let this = PidFd::open(pid(std::process::id())).unwrap();
    assert_eq!(DescriptorKind::of(&this).unwrap(), DescriptorKind::PidFd);
    PidFd::try_from(OwnedFd::from(this)).unwrap().try_clone().unwrap();
}

#[test]
fn a_thread_that_ended_is_seen() {
    let _open = Open::watched();
    let (numbers, number) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let worker = thread::spawn(move || {
        numbers.send(this_thread()).unwrap();
        let _ = ended.recv();
    });
    let thread = PidFd::open_thread(Pid::new(number.recv().unwrap()).unwrap());
    if let Ok(thread) = thread {
        assert!(!thread.has_ended().unwrap());
        drop(end);
        assert!(thread.wait_for_end(Some(Duration::from_secs(10))).unwrap());
    } else {
        drop(end);
    }
    worker.join().unwrap();
}
