//! Signals that are sent for something, and waited for: timers, queues, descriptors, children.
#![expect(unsafe_code, reason = "timers and asynchronous input have no safe interface here")]

use std::{
    io::Write,
    os::fd::AsRawFd,
    process::{Command, Stdio},
    time::Duration,
};

use linux_support_base::{
    Pid, Readiness, Signal, SignalSet,
    signal::{ChildEvent, ReadyEvent, SignalCause, SignalInformation},
};
use linux_support_process::signals::{SignalTarget, SignalValue, wait_for_signal};

use crate::child::{in_child_blocking, test_path};

fn wait(signals: impl Into<SignalSet>) -> SignalInformation {
    wait_for_signal(signals, Some(Duration::from_secs(20))).unwrap().expect("it came in time")
}

/// Runs it in a child of which all threads block what is sent, so that it comes to the thread that waits.
fn alone(test: &str, work: fn()) {
    let real_time = SignalSet::REAL_TIME - SignalSet::OF_C_LIBRARY;
    let blocked = real_time.with(Signal::ALRM).with(Signal::IO).with(Signal::CHLD);
    let child = in_child_blocking(blocked, test, work);
    assert!(child.status.success(), "{child:?}");
    if let Some(reason) = child.errors.lines().find(|line| line.starts_with("skipped: ")) {
        println!("{reason}");
    }
}

fn a_timer() {
    let signal = Signal::real_time(2).unwrap();
    // SAFETY: the event and the times are whole, and outlive the calls.
    unsafe {
        let mut event: libc::sigevent = std::mem::zeroed();
        event.sigev_notify = libc::SIGEV_SIGNAL;
        event.sigev_signo = signal.number().into();
        event.sigev_value.sival_ptr = std::ptr::without_provenance_mut(0x1_0000_002a);
        let mut timer = std::mem::zeroed();
        assert_eq!(libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer), 0);
        let time = libc::timespec { tv_sec: 0, tv_nsec: 1_000_000 };
        let times = libc::itimerspec { it_interval: time, it_value: time };
        assert_eq!(libc::timer_settime(timer, 0, &raw const times, std::ptr::null_mut()), 0);
        std::thread::sleep(Duration::from_millis(30));
        let SignalCause::Timer { overrun, value, .. } = wait(signal).cause else { panic!() };
        assert_eq!((value.number, value.pointer), (0x2a, 0x1_0000_002a));
        assert!(overrun >= 10, "{overrun}");
        assert_eq!(libc::timer_delete(timer), 0);
    }
}

fn the_alarm() {
    let signal = Signal::ALRM;
    // SAFETY: it takes a number.
    unsafe { libc::alarm(1) };
    assert_eq!(wait(signal).cause, SignalCause::Kernel);
}

fn a_descriptor() {
    const F_SETSIG: i32 = 10;
    for (signal, asked) in [
        (Signal::IO, None),
        (Signal::IO, Some(Signal::IO)),
        (Signal::real_time(3).unwrap(), Signal::real_time(3)),
    ] {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let descriptor = reader.as_raw_fd();
        // SAFETY: the calls take numbers.
        unsafe {
            assert_eq!(libc::fcntl(descriptor, libc::F_SETOWN, libc::getpid()), 0);
            let asked = asked.map_or(0, |signal| i32::from(signal.number()));
            assert_eq!(libc::fcntl(descriptor, F_SETSIG, asked), 0);
            assert_eq!(libc::fcntl(descriptor, libc::F_SETFL, libc::O_ASYNC), 0);
        }
        writer.write_all(b"x").unwrap();
        let cause = wait(signal).cause;
        if asked.is_none() {
            // Without a question the kernel tells nothing of it.
            assert_eq!(cause, SignalCause::Kernel);
            // The end of the writer is told too, unless nobody reads.
            drop(reader);
            continue;
        }
        let SignalCause::Ready { event, descriptor: told, readiness } = cause else { panic!("{cause:?}") };
        assert_eq!((event, told), (ReadyEvent::Readable, descriptor));
        assert!(readiness.contains(Readiness::READABLE), "{readiness:?}");
        drop(reader);
    }
}

fn children() {
    let signal = Signal::CHLD;
    let told = |of: &std::process::Child| {
        let cause = wait(signal).cause;
        let SignalCause::Child { child, event, .. } = cause else { panic!("{cause:?}") };
        assert_eq!(child.process, Pid::new(of.id() as i32));
        event
    };
    let mut child = Command::new("/bin/sh").args(["-c", "exit 3"]).spawn().unwrap();
    assert_eq!(told(&child), ChildEvent::Exited(3));
    child.wait().unwrap();

    let mut child = Command::new("/bin/sleep").arg("60").stdout(Stdio::null()).spawn().unwrap();
    let target = SignalTarget::Process(Pid::new(child.id() as i32).unwrap());
    target.send(Signal::STOP).unwrap();
    assert_eq!(told(&child), ChildEvent::Stopped(Signal::STOP));
    target.send(Signal::CONT).unwrap();
    assert_eq!(told(&child), ChildEvent::Continued);
    target.send(Signal::KILL).unwrap();
    assert_eq!(told(&child), ChildEvent::Killed { signal: Signal::KILL, core_dumped: false });
    child.wait().unwrap();
}

#[cfg(all(target_env = "gnu", target_os = "linux"))]
fn asynchronous_output() {
    let signal = Signal::real_time(4).unwrap();
    let file = tempfile::tempfile().unwrap();
    let mut byte = [7_u8];
    // SAFETY: the control block and the buffer outlive the operation, which is waited for.
    unsafe {
        let mut control: libc::aiocb = std::mem::zeroed();
        control.aio_fildes = file.as_raw_fd();
        control.aio_buf = byte.as_mut_ptr().cast();
        control.aio_nbytes = 1;
        control.aio_sigevent.sigev_notify = libc::SIGEV_SIGNAL;
        control.aio_sigevent.sigev_signo = signal.number().into();
        control.aio_sigevent.sigev_value.sival_ptr = std::ptr::without_provenance_mut(9);
        assert_eq!(libc::aio_write(&raw mut control), 0);
        let cause = wait(signal).cause;
        let SignalCause::AsynchronousIo { sender, value } = cause else { panic!("{cause:?}") };
        assert_eq!((sender.process, value), (Pid::new(libc::getpid()), SignalValue::of_pointer(9)));
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has timers of its own")]
fn a_timer_is_told_with_its_overruns_and_its_value() {
    alone(test_path!(a_timer_is_told_with_its_overruns_and_its_value), a_timer);
}

fn a_message() {
    let signal = Signal::real_time(5).unwrap();
    let name = std::ffi::CString::new(format!("/linux-support-{}", std::process::id())).unwrap();
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL;
    // SAFETY: the name, the event and the message are whole, and outlive the calls.
    unsafe {
        let queue = libc::mq_open(name.as_ptr(), flags, 0o600, std::ptr::null_mut::<libc::mq_attr>());
        if queue < 0 {
            crate::child::skip(format_args!("no message queues: {}", std::io::Error::last_os_error()));
        }
        assert_eq!(libc::mq_unlink(name.as_ptr()), 0);
        let mut event: libc::sigevent = std::mem::zeroed();
        event.sigev_notify = libc::SIGEV_SIGNAL;
        event.sigev_signo = signal.number().into();
        event.sigev_value.sival_ptr = std::ptr::without_provenance_mut(77);
        let notify = libc::c_long::from(linux_raw_sys::general::__NR_mq_notify);
        assert_eq!(libc::syscall(notify, queue, &raw const event), 0);
        assert_eq!(libc::mq_send(queue, c"x".as_ptr(), 1, 0), 0);
        let cause = wait(signal).cause;
        let SignalCause::MessageQueue { sender, value } = cause else { panic!("{cause:?}") };
        assert_eq!((sender.process, value), (Pid::new(libc::getpid()), SignalValue::of_pointer(77)));
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator does not pass mq_notify on")]
fn a_message_is_told_with_its_sender_and_a_value() {
    alone(test_path!(a_message_is_told_with_its_sender_and_a_value), a_message);
}

#[test]
#[cfg_attr(user_emulation, ignore = "the child would need the emulator to run")]
fn the_alarm_comes_from_the_kernel() {
    alone(test_path!(the_alarm_comes_from_the_kernel), the_alarm);
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator does not pass F_SETSIG on")]
fn a_descriptor_is_told_if_it_was_asked_for() {
    alone(test_path!(a_descriptor_is_told_if_it_was_asked_for), a_descriptor);
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator tells children in its own way")]
fn children_are_told_whatever_becomes_of_them() {
    alone(test_path!(children_are_told_whatever_becomes_of_them), children);
}

#[test]
#[cfg(all(target_env = "gnu", target_os = "linux"))]
#[cfg_attr(user_emulation, ignore = "the emulator checks who sends")]
fn asynchronous_output_is_told_when_it_ends() {
    alone(test_path!(asynchronous_output_is_told_when_it_ends), asynchronous_output);
}
