//! Filters in force.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::{AsRawFd, OwnedFd},
    process::{Command, Stdio},
    sync::{Arc, Barrier, mpsc},
    thread,
};

use linux_support_base::{Errno, Reason};
use linux_support_security::seccomp::{
    Action, AuditArchitecture, Comparison, Condition, Enforcement, Listener, Policy, Program, Question,
    SystemCall, SystemCallSet,
};
use rustix::{
    fs::{Mode, OFlags},
    io::FdFlags,
};

fn compile(policy: &Policy) -> Program {
    policy.compile(AuditArchitecture::NATIVE.unwrap()).unwrap()
}

fn calls(names: &[&str]) -> SystemCallSet {
    SystemCallSet::of(names).unwrap()
}

/// Everything but what is named, which gets `action`.
fn all_but(names: &[&str], action: Action) -> Program {
    compile(&Policy::new(Action::Allow).rule(calls(names), [], action).unwrap())
}

/// Runs in a thread of its own, whose filter ends with it.
fn in_a_thread<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    thread::spawn(test).join().unwrap()
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no filters")]
fn a_filter_holds_for_its_thread_and_those_that_it_starts() {
    in_a_thread(|| {
        rustix::thread::set_no_new_privs(true).unwrap();
        Enforcement::of_thread().enforce(&all_but(&["sync"], Action::Errno(7))).unwrap();
        // `sync` gives no error to its callers: `mkdirat` does.
        let program = all_but(&["mkdir", "mkdirat"], Action::Errno(Errno::NOTTY.raw_os_error() as u16));
        Enforcement::of_thread().enforce(&program).unwrap();
        let make = || rustix::fs::mkdir("/nowhere/at/all", rustix::fs::Mode::empty()).unwrap_err();
        assert_eq!(make(), Errno::NOTTY);
        assert_eq!(in_a_thread(make), Errno::NOTTY);
    });
    let error = rustix::fs::mkdir("/nowhere/at/all", rustix::fs::Mode::empty()).unwrap_err();
    assert_eq!(error, Errno::NOENT);
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no filters")]
fn conditions_look_at_the_arguments_as_the_kernel_has_them() {
    in_a_thread(|| {
        rustix::thread::set_no_new_privs(true).unwrap();
        let internet = Condition::int(0, Comparison::NotEqual(libc::AF_UNIX as u64)).unwrap();
        let policy = Policy::new(Action::Allow)
            .rule(SystemCall::from_name("socket").unwrap(), [internet], Action::error(Errno::AFNOSUPPORT))
            .unwrap();
        Enforcement::of_thread().enforce(&compile(&policy)).unwrap();
        assert!(std::os::unix::net::UnixDatagram::unbound().is_ok());
        let error = std::net::UdpSocket::bind("127.0.0.1:0").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EAFNOSUPPORT));
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no filters")]
fn a_filter_of_the_process_is_refused_where_a_thread_has_another() {
    in_a_thread(|| {
        rustix::thread::set_no_new_privs(true).unwrap();
        let (barrier, end) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let other = thread::spawn({
            let (barrier, end) = (Arc::clone(&barrier), Arc::clone(&end));
            move || {
                Enforcement::of_thread().enforce(&all_but(&["sync"], Action::Errno(1))).unwrap();
                barrier.wait();
                end.wait();
            }
        });
        barrier.wait();
        let program = all_but(&["swapon"], Action::Errno(1));
        let error = Enforcement::of_process().enforce(&program).unwrap_err().to_string();
        assert!(error.contains("other filters"), "{error}");
        let error = Enforcement::of_process().enforce_with_listener(&program).unwrap_err().to_string();
        assert!(error.contains("other filters"), "{error}");
        end.wait();
        other.join().unwrap();
    });
}

/// A thread under a filter under which `name` asks; what `call` gave there comes back.
fn asking<T: Send + 'static>(
    name: &'static str,
    call: impl FnOnce() -> T + Send + 'static,
    answer: impl FnOnce(Question<'_>),
) -> T {
    let (sender, receiver) = mpsc::channel();
    let asker = thread::spawn(move || {
        rustix::thread::set_no_new_privs(true).unwrap();
        let program = all_but(&[name], Action::Notify);
        sender.send(Enforcement::of_thread().enforce_with_listener(&program).unwrap()).unwrap();
        drop(sender);
        call()
    });
    let listener = receiver.recv().unwrap();
    let question = listener.receive().unwrap().unwrap();
    let native = AuditArchitecture::NATIVE.unwrap();
    assert_eq!(SystemCall::of(native, question.call().number).name(), Some(name));
    assert_eq!(question.call().architecture, native);
    assert!(question.is_waiting().unwrap());
    answer(question);
    let given = asker.join().unwrap();
    assert!(listener.receive().unwrap().is_none(), "all that could ask have ended");
    given
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no filters")]
fn somebody_answers_in_the_kernels_place() {
    // The call gives 20 less the priority.
    let asking = |answer: fn(Question<'_>)| {
        asking("getpriority", || rustix::process::getpriority_process(None), answer)
    };
    assert_eq!(asking(|question| question.give(15).unwrap()), Ok(5));
    assert_eq!(asking(|question| question.fail(Errno::NOTTY).unwrap()), Err(Errno::NOTTY));
    assert_eq!(asking(|question| drop(question)), Err(Errno::PERM));
    let own = rustix::process::getpriority_process(None);
    assert_eq!(asking(|question| question.proceed().unwrap()), own);
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no filters")]
fn a_file_is_opened_for_the_one_who_asks() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let given = asking(
        "memfd_create",
        || rustix::fs::memfd_create("asked", rustix::fs::MemfdFlags::CLOEXEC).unwrap(),
        |question| question.give_descriptor(&writer, true).unwrap(),
    );
    drop(writer);
    File::from(given).write_all(b"hello").unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no filters")]
fn one_who_asked_and_ended_is_gone() {
    let (listener, mut child) = in_a_thread(|| {
        rustix::thread::set_no_new_privs(true).unwrap();
        let program = all_but(&["getpriority"], Action::Notify);
        let listener = Enforcement::of_thread().enforce_with_listener(&program).unwrap();
        (listener, Command::new("nice").stdout(Stdio::null()).spawn().unwrap())
    });
    let question = listener.receive().unwrap().unwrap();
    assert_eq!(question.thread().unwrap().number(), child.id().cast_signed());
    assert!(question.is_waiting().unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!question.is_waiting().unwrap());
    assert_eq!(*question.give(20).unwrap_err().reason(), Reason::Gone);
    assert!(listener.receive().unwrap().is_none());
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no filters")]
fn a_thread_has_one_listener() {
    in_a_thread(|| {
        rustix::thread::set_no_new_privs(true).unwrap();
        let program = all_but(&["getpriority"], Action::Notify);
        let listener = Enforcement::of_thread().enforce_with_listener(&program).unwrap();
        let error = Enforcement::of_thread().enforce_with_listener(&program).unwrap_err().to_string();
        assert!(error.contains("no filter with a listener yet"), "{error}");
        let listener = OwnedFd::from(listener);
        let place = format!("/proc/self/fd/{}", listener.as_raw_fd());
        let place = rustix::fs::open(place, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let error = Listener::try_from(place).unwrap_err().to_string();
        assert!(error.contains("open for nothing but its path"), "{error}");
        rustix::io::fcntl_setfd(&listener, FdFlags::empty()).unwrap();
        let same = Listener::try_from(listener).unwrap();
        assert_eq!(rustix::io::fcntl_getfd(&same), Ok(FdFlags::CLOEXEC));
        drop(same);
        // Nobody is left who could answer.
        assert_eq!(rustix::process::getpriority_process(None), Err(Errno::NOSYS));
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no filters")]
fn actions_that_the_kernel_knows_are_told() {
    for action in [Action::Allow, Action::Log, Action::Notify, Action::KillProcess, Action::Trap(1)] {
        assert!(action.is_available().unwrap(), "{action}");
    }
    assert!(!Action::Unknown(0x1234_0000).is_available().unwrap());
}

#[test]
fn other_descriptors_are_no_listeners() {
    let file = OwnedFd::from(File::open("/dev/null").unwrap());
    let error = Listener::try_from(file).unwrap_err();
    assert!(matches!(error.reason(), Reason::OtherDescriptor { .. }), "{error}");
}
