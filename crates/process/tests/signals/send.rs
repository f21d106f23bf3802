//! Signals that are sent to threads and processes, and refused.

use std::{
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use linux_support_base::{Errno, Pid, Reason, Signal, SignalSet, UserId};
use linux_support_process::signals::{
    BlockedSignals, Sender, SignalCause, SignalTarget, SignalValue, wait_for_signal,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::child::{in_child, in_child_blocking, test_path};

fn this_process() -> Pid {
    Pid::new(std::process::id() as i32).unwrap()
}

fn own() -> Sender {
    let user = UserId::new(rustix::process::getuid().as_raw());
    Sender { process: Some(this_process()), user }
}

const SOON: Option<Duration> = Some(Duration::from_secs(20));

#[test]
fn a_thread_is_told_who_sent_and_what() {
    let queue = Signal::real_time(1).unwrap();
    let both = SignalSet::from(queue).with(Signal::USR1);
    let blocked = BlockedSignals::block(both).unwrap();
    let thread = SignalTarget::calling_thread();
    thread.probe().unwrap();
    thread.send(Signal::USR1).unwrap();
    thread.send(Signal::USR1).unwrap();
    for number in [7, -8] {
        thread.queue(queue, number).unwrap();
    }
    thread.queue(queue, SignalValue::of_pointer(u64::MAX - 1)).unwrap();
    assert_eq!(BlockedSignals::pending().unwrap() & both, both);

    let first = wait_for_signal(both, SOON).unwrap().unwrap();
    assert_eq!((first.signal, first.cause), (Signal::USR1, SignalCause::SentToThread { sender: own() }));
    // A standard signal that waits already is not sent again; those of real time wait each, in their order.
    for value in
        [SignalValue::of_number(7), SignalValue::of_number(-8), SignalValue::of_pointer(u64::MAX - 1)]
    {
        let next = wait_for_signal(both, SOON).unwrap().unwrap();
        assert_eq!((next.signal, next.cause), (queue, SignalCause::Queued { sender: own(), value }));
    }
    assert_eq!(wait_for_signal(both, Some(Duration::ZERO)).unwrap(), None);
    drop(blocked);
}

#[test]
fn a_wait_ends_after_its_time_and_sees_no_interruption() {
    let blocked = BlockedSignals::block(Signal::WINCH).unwrap();
    let start = Instant::now();
    let thread = SignalTarget::calling_thread();
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // Its default is to be ignored, but the wait is for another.
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                thread.send(Signal::URG).unwrap();
                thread::sleep(Duration::from_millis(1));
            }
        });
        assert_eq!(wait_for_signal(Signal::WINCH, Some(Duration::from_millis(50))).unwrap(), None);
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(start.elapsed() >= Duration::from_millis(50));
    drop(blocked);
}

#[test]
fn what_would_never_come_is_refused() {
    for (signal, word) in [
        (Signal::HUP, "SIGHUP is not blocked"),
        (Signal::KILL, "SIGKILL can't be caught"),
        (Signal::new(32).unwrap(), "signal 32 belongs to the C library"),
    ] {
        let error = wait_for_signal(signal, SOON).unwrap_err();
        assert!(matches!(error.reason(), Reason::Invalid(_)) && error.to_string().contains(word), "{error}");
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the child would need the emulator to run")]
fn a_process_is_told_who_sent() {
    let child = in_child_blocking(Signal::TERM.into(), test_path!(a_process_is_told_who_sent), || {
        SignalTarget::calling_process().send(Signal::TERM).unwrap();
        let told = wait_for_signal(Signal::TERM, SOON).unwrap().unwrap();
        assert_eq!(told.cause, SignalCause::Sent { sender: own() });
        SignalTarget::calling_process().queue(Signal::TERM, 5).unwrap();
        let told = wait_for_signal(Signal::TERM, SOON).unwrap().unwrap();
        assert_eq!(told.cause, SignalCause::Queued { sender: own(), value: SignalValue::of_number(5) });
    });
    assert!(child.status.success(), "{child:?}");
}

#[test]
fn a_group_gets_no_value_and_the_group_of_all_is_refused() {
    use std::os::unix::process::CommandExt;
    let mut child = Command::new("sleep").arg("60").stdout(Stdio::null()).process_group(0).spawn().unwrap();
    let group = SignalTarget::ProcessGroup(Pid::new(child.id() as i32).unwrap());
    let error = group.queue(Signal::TERM, 1).unwrap_err();
    assert!(error.to_string().contains("not to a group"), "{error}");
    group.send(Signal::TERM).unwrap();
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(child.wait().unwrap().signal(), Some(15));

    let every = SignalTarget::ProcessGroup(Pid::INIT);
    for error in [every.send(Signal::URG).unwrap_err(), every.probe().unwrap_err()] {
        assert!(error.to_string().contains("group 1"), "{error}");
    }
}

#[test]
fn who_is_gone_and_what_is_of_the_c_library_are_told() {
    let gone = thread::spawn(SignalTarget::calling_thread).join().unwrap();
    // The number is free as soon as the kernel has let go of the thread.
    let end = Instant::now() + Duration::from_secs(20);
    while gone.probe().is_ok() && Instant::now() < end {
        thread::yield_now();
    }
    assert_eq!(gone.send(Signal::URG).unwrap_err().reason(), &Reason::Gone);
    assert_eq!(gone.queue(Signal::URG, 1).unwrap_err().reason(), &Reason::Gone);
    let nobody = SignalTarget::Process(Pid::new(i32::MAX).unwrap());
    assert_eq!(nobody.send(Signal::URG).unwrap_err().reason(), &Reason::Gone);
    // A thread of another process is not found.
    let elsewhere = SignalTarget::Thread { process: Pid::INIT, thread: this_process() };
    if this_process() != Pid::INIT {
        assert_eq!(elsewhere.send(Signal::URG).unwrap_err().reason(), &Reason::Gone);
    }
    let error = SignalTarget::calling_thread().send(Signal::new(33).unwrap()).unwrap_err();
    assert!(error.to_string().contains("signal 33 belongs to the C library"), "{error}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has limits of its own")]
fn a_full_queue_is_told() {
    let queue = Signal::real_time(6).unwrap();
    let child = in_child_blocking(queue.into(), test_path!(a_full_queue_is_told), || {
        let before = getrlimit(Resource::Sigpending);
        setrlimit(Resource::Sigpending, Rlimit { current: Some(0), ..before }).unwrap();
        let error = SignalTarget::calling_thread().queue(queue, 1).unwrap_err();
        assert_eq!(error.reason(), &Reason::System(Errno::AGAIN));
        let error = SignalTarget::calling_process().queue(queue, 1).unwrap_err();
        assert_eq!(error.reason(), &Reason::System(Errno::AGAIN));
        setrlimit(Resource::Sigpending, before).unwrap();
        SignalTarget::calling_thread().queue(queue, 1).unwrap();
    });
    assert!(child.status.success(), "{child:?}");
}

mod lab {
    mod any {
        use super::super::*;

        /// As the user `nobody`, who may signal no process of root.
        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn without_the_capability_it_is_named() {
            let child = in_child(test_path!(without_the_capability_it_is_named), || {
                let nobody = rustix::process::Uid::from_raw(65534);
                rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
                let init = SignalTarget::Process(Pid::INIT);
                for error in [init.send(Signal::URG).unwrap_err(), init.queue(Signal::URG, 1).unwrap_err()] {
                    let expected = Reason::PermissionDenied { capability: Some("CAP_KILL") };
                    assert_eq!(error.reason(), &expected);
                }
            });
            assert!(child.status.success(), "{child:?}");
        }
    }
}
