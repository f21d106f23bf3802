//! Processes and threads by handle, beside what the kernel says of their numbers.

use std::{
    io::{Read, Write},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use linux_support_base::{Errno, Machine, Pid, Reason, Signal};
use linux_support_fd::{ChildEvent, WaitFor};
use linux_support_process::{DescriptorNumber, Process, ProcessHandle, scheduling::Nice};

fn sleeper() -> Child {
    Command::new("sleep").arg("60").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

fn number(child: &Child) -> Pid {
    Pid::new(child.id().cast_signed()).unwrap()
}

#[test]
fn a_handle_reads_changes_signals_and_waits_and_then_all_is_gone() {
    let machine = Machine::live().unwrap();
    let live = machine.as_live().unwrap();
    let mut child = sleeper();
    let handle = ProcessHandle::of_child(live, &mut child).unwrap();
    assert_eq!(handle.pid(), number(&child));
    handle.live().set_nice(Nice::new(7).unwrap()).unwrap();
    assert_eq!(handle.live().nice().unwrap(), Nice::new(7).unwrap());
    assert!(!handle.wait_for_end(Some(Duration::ZERO)).unwrap());
    handle.send_signal(Signal::KILL).unwrap();
    assert!(handle.wait_for_end(None).unwrap());
    // A zombie until it is waited for.
    handle.ensure_alive().unwrap();
    let killed = ChildEvent::Killed { signal: Signal::KILL, core_dumped: false };
    assert_eq!(handle.wait(WaitFor::ENDED).unwrap().event, killed);
    for error in [
        handle.stat().unwrap_err(),
        handle.status().unwrap_err(),
        handle.send_signal(Signal::TERM).unwrap_err(),
        handle.live().set_nice(Nice::default()).unwrap_err(),
        ProcessHandle::open(live, handle.pid()).unwrap_err(),
    ] {
        assert_eq!(*error.reason(), Reason::Gone, "{error}");
    }
    let _ = child.wait();
}

#[test]
fn a_child_that_was_waited_for_has_no_handle() {
    let machine = Machine::live().unwrap();
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let error = ProcessHandle::of_child(machine.as_live().unwrap(), &mut child).unwrap_err();
    assert_eq!(*error.reason(), Reason::Gone, "{error}");
}

#[test]
fn a_number_that_nobody_has_is_gone_and_a_threads_is_refused() {
    let machine = Machine::live().unwrap();
    let live = machine.as_live().unwrap();
    let error = ProcessHandle::open(live, Pid::new(i32::MAX).unwrap()).unwrap_err();
    assert_eq!(*error.reason(), Reason::Gone, "{error}");
    let (tell, told) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        tell.send(rustix::thread::gettid().as_raw_nonzero().get()).unwrap();
        let _ = ended.recv();
    });
    let tid = Pid::new(told.recv().unwrap()).unwrap();
    let error = ProcessHandle::open(live, tid).unwrap_err();
    assert_eq!(error.reason().name(), "invalid", "{error}");
    drop(end);
    thread.join().unwrap();
}

#[test]
fn a_captured_machine_has_no_handles() {
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(tree.path().join("proc/7")).unwrap();
    let machine = Machine::captured(tree.path()).unwrap();
    let error = Process::open(&machine, Pid::new(7).unwrap()).unwrap().into_handle().unwrap_err();
    assert!(error.to_string().contains("was captured"), "{error}");
}

#[test]
fn the_own_handle_is_the_callers() {
    let machine = Machine::live().unwrap();
    let own = ProcessHandle::of_caller(machine.as_live().unwrap()).unwrap();
    assert_eq!(own.stat().unwrap().pid, own.pid());
    assert_eq!(own.pid().number().cast_unsigned(), std::process::id());
    assert!(!own.pid_fd().has_ended().unwrap());
    assert!(own.thread_ids().unwrap().contains(&own.pid()));
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has descriptors and memory of its own")]
fn descriptors_and_memory_of_another_process_are_had_by_its_handle() {
    let machine = Machine::live().unwrap();
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let handle = ProcessHandle::of_child(machine.as_live().unwrap(), &mut child).unwrap();
    let copy = match handle.duplicate_descriptor(DescriptorNumber::new(1)) {
        Ok(copy) => copy,
        Err(error) if matches!(error.reason(), Reason::PermissionDenied { .. }) => {
            println!("skipped: {error}");
            child.kill().unwrap();
            child.wait().unwrap();
            return;
        }
        Err(error) => panic!("{error}"),
    };
    std::fs::File::from(copy).write_all(b"by its own descriptor").unwrap();
    let mut text = [0; 21];
    child.stdout.as_mut().unwrap().read_exact(&mut text).unwrap();
    assert_eq!(&text, b"by its own descriptor");
    let error = handle.duplicate_descriptor(DescriptorNumber::new(777)).unwrap_err();
    assert_eq!(*error.reason(), Reason::System(Errno::BADF), "{error}");
    let error = handle.duplicate_descriptor(DescriptorNumber::new(u32::MAX)).unwrap_err();
    assert!(error.to_string().contains("expected 2147483647 at most"), "{error}");
    child.kill().unwrap();
    child.wait().unwrap();
    let error = handle.duplicate_descriptor(DescriptorNumber::new(1)).unwrap_err();
    assert_eq!(*error.reason(), Reason::Gone, "{error}");
    if let Ok(memory) = handle.memory() {
        let address = linux_support_process::Address::of(text.as_ptr());
        assert_eq!(*memory.read(address, &mut [0; 1]).unwrap_err().reason(), Reason::Gone);
    }
}

#[test]
fn all_processes_come_once_and_ordered_and_each_is_the_one_of_its_number() {
    let machine = Machine::live().unwrap();
    let mut children: Vec<_> = (0..3).map(|_| sleeper()).collect();
    let mut numbers = Vec::new();
    for handle in ProcessHandle::all(machine.as_live().unwrap()).unwrap() {
        let handle = handle.unwrap();
        match handle.stat() {
            Ok(stat) => assert_eq!(stat.pid, handle.pid()),
            Err(error) => assert_eq!(*error.reason(), Reason::Gone, "{error}"),
        }
        numbers.push(handle.pid());
    }
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    assert!(children.iter().all(|child| numbers.contains(&number(child))));
    assert!(numbers.iter().any(|pid| pid.number().cast_unsigned() == std::process::id()));
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has threads of its own")]
fn threads_are_held_told_apart_and_signalled_one_by_one() {
    let machine = Machine::live().unwrap();
    let own = ProcessHandle::of_caller(machine.as_live().unwrap()).unwrap();
    let (tell, told) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        tell.send(rustix::thread::gettid().as_raw_nonzero().get()).unwrap();
        let _ = ended.recv();
    });
    let tid = Pid::new(told.recv().unwrap()).unwrap();
    let handle = match own.thread_handle(tid) {
        Err(error) if matches!(error.reason(), Reason::NotConfigured { .. }) => {
            println!("skipped: {error}");
            return;
        }
        handle => handle.unwrap(),
    };
    assert_eq!((handle.pid(), handle.stat().unwrap().pid), (tid, tid));
    handle.pid_fd().probe().unwrap();
    let all: Vec<_> = own.thread_handles().unwrap().map(|thread| thread.unwrap().pid()).collect();
    assert!(all.contains(&tid) && all.contains(&own.pid()), "{all:?}");
    assert!(!handle.wait_for_end(Some(Duration::ZERO)).unwrap());
    drop(end);
    thread.join().unwrap();
    assert!(handle.wait_for_end(Some(Duration::from_secs(20))).unwrap());
    assert_eq!(*own.thread_handle(tid).unwrap_err().reason(), Reason::Gone);
    assert_eq!(*handle.stat().unwrap_err().reason(), Reason::Gone);
    assert_eq!(*handle.send_signal(Signal::URG).unwrap_err().reason(), Reason::Gone);
}
