//! The report of a fault.
#![expect(unsafe_code, reason = "faults come of what is unsafe")]

use std::{
    os::unix::{net::UnixDatagram, process::ExitStatusExt},
    time::Duration,
};

use linux_support_base::{Signal, signal::SignalCause};
use linux_support_process::signals::{AlternateStack, FatalReport, Reaction, SignalHandler, SignalTarget};

use crate::child::{Child, in_child, test_path, to_parent};

/// That of the standard library is too small on processors whose registers need nearly all of it.
fn with_room() {
    std::mem::forget(AlternateStack::install(AlternateStack::SIZE).unwrap());
}

fn install() {
    with_room();
    let report = FatalReport::to_descriptor("example", to_parent()).with_text("example 1.2");
    report.install().unwrap().into_iter().for_each(|handler| handler.keep());
}

fn use_nothing() {
    // SAFETY: the process ends by it: nothing is mapped there.
    unsafe { std::ptr::without_provenance::<u8>(16).read_volatile() };
    std::process::exit(7);
}

fn lines(child: &Child) -> Vec<String> {
    let text = String::from_utf8(child.written.clone()).unwrap();
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    assert!(lines.iter().all(|line| line.starts_with("example[")), "{text}");
    lines.into_iter().map(|line| line.split_once("]: ").unwrap().1.to_owned()).collect()
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator raises what it knows")]
fn a_fault_is_reported_with_registers_and_mappings_and_ends_the_process() {
    let name = test_path!(a_fault_is_reported_with_registers_and_mappings_and_ends_the_process);
    let child = in_child(name, || {
        install();
        use_nothing();
    });
    assert_eq!(child.status.signal(), Some(libc::SIGSEGV), "{child:?}");
    let lines = lines(&child);
    assert_eq!(lines[0], "example 1.2");
    let begin = "SIGSEGV: nothing is mapped there, code 1, address 0x10, thread ";
    assert!(lines[1].starts_with(begin), "{lines:?}");
    assert!(lines.contains(&"address 0x10: nothing is mapped there".to_owned()), "{lines:?}");
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")) {
        let starting = |with: &str| lines.iter().find(|line| line.starts_with(with)).unwrap();
        let code = starting("instruction 0x");
        assert!(code.contains(" r-xp ") && code.contains("signals-"), "{lines:?}");
        assert!(starting("stack 0x").contains(" rw-p "), "{lines:?}");
        let first = if cfg!(target_arch = "x86_64") { "r8 0x" } else { "" };
        assert!(lines[2].starts_with(first), "{lines:?}");
        let registers: usize = lines.iter().map(|line| line.matches(" 0x").count()).sum();
        assert!(registers > 23, "{lines:?}");
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator raises what it knows")]
fn a_stack_that_has_run_over_is_reported_from_another() {
    #[inline(never)]
    fn recurse(depth: u64) -> u64 {
        let mut place = [depth; 64];
        // SAFETY: the array is there.
        unsafe { (&raw mut place).cast::<u64>().write_volatile(depth) };
        if depth == u64::MAX { 0 } else { recurse(depth + 1) + place[0] }
    }
    let child = in_child(test_path!(a_stack_that_has_run_over_is_reported_from_another), || {
        install();
        // Rust's own handler would abort after it.
        SignalHandler::new(Reaction::report(FatalReport::to_descriptor("example", to_parent())))
            .replacing()
            .install(Signal::SEGV)
            .unwrap()
            .keep();
        std::thread::Builder::new()
            .name("deep".into())
            .stack_size(64 << 10)
            .spawn(|| {
                let _stack = AlternateStack::install(AlternateStack::SIZE).unwrap();
                recurse(0)
            })
            .unwrap()
            .join()
            .unwrap();
    });
    assert_eq!(child.status.signal(), Some(libc::SIGSEGV), "{child:?}");
    let lines = lines(&child);
    assert!(lines[0].starts_with("SIGSEGV: ") && lines[0].ends_with(" (deep)"), "{lines:?}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the child would need the emulator to run")]
fn a_signal_that_was_sent_is_reported_with_its_sender() {
    let child = in_child(test_path!(a_signal_that_was_sent_is_reported_with_its_sender), || {
        install();
        SignalTarget::calling_thread().send(Signal::ABRT).unwrap();
        std::process::exit(7);
    });
    assert_eq!(child.status.signal(), Some(libc::SIGABRT), "{child:?}");
    let lines = lines(&child);
    assert!(lines[1].starts_with("SIGABRT: sent to the thread by a process, code -6, process "), "{lines:?}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator raises what it knows")]
fn many_threads_that_fault_at_once_make_one_report_first() {
    let child = in_child(test_path!(many_threads_that_fault_at_once_make_one_report_first), || {
        install();
        let barrier = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    with_room();
                    barrier.wait();
                    use_nothing();
                });
            }
        });
    });
    assert_eq!(child.status.signal(), Some(libc::SIGSEGV), "{child:?}");
    let lines = lines(&child);
    let stacks = lines.iter().position(|line| line.starts_with("stack ")).expect("a whole report");
    let causes = lines[..stacks].iter().filter(|line| line.starts_with("SIGSEGV: ")).count();
    assert_eq!(causes, 1, "{lines:?}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator raises what it knows")]
fn a_report_goes_to_the_log_even_if_that_was_started_anew() {
    // The child knows its parent, and nothing else of this.
    let place = |process: u32| std::env::temp_dir().join(format!("linux-support-log-{process}"));
    let path = place(std::process::id());
    let log = UnixDatagram::bind(&path).unwrap();
    let name = test_path!(a_report_goes_to_the_log_even_if_that_was_started_anew);
    let child = in_child(name, || {
        with_room();
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("log");
        let before = UnixDatagram::bind(&socket).unwrap();
        let report = FatalReport::to_syslog("example", &socket).unwrap();
        drop(before);
        std::fs::remove_file(&socket).unwrap();
        std::os::unix::fs::symlink(place(std::os::unix::process::parent_id()), &socket).unwrap();
        report.install().unwrap().into_iter().for_each(|handler| handler.keep());
        use_nothing();
    });
    std::fs::remove_file(&path).unwrap();
    assert_eq!(child.status.signal(), Some(libc::SIGSEGV), "{child:?}");
    log.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut message = [0; 300];
    let length = log.recv(&mut message).unwrap();
    let text = String::from_utf8_lossy(&message[..length]);
    assert!(
        text.starts_with("<26>example[") && text.contains("]: SIGSEGV: nothing is mapped there"),
        "{text}"
    );
    let error = FatalReport::to_syslog("example", "/no/such/log").unwrap_err();
    assert!(error.is_absent(), "{error}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator raises what it knows")]
fn the_cause_is_the_same_with_a_report_and_without() {
    let child = in_child(test_path!(the_cause_is_the_same_with_a_report_and_without), || {
        with_room();
        crate::child::tell(Signal::SEGV);
        // After the report, what was there before is told of it too.
        let null = std::fs::File::options().write(true).open("/dev/null").unwrap();
        SignalHandler::new(Reaction::report(FatalReport::to_descriptor("example", null)))
            .install(Signal::SEGV)
            .unwrap()
            .keep();
        use_nothing();
    });
    let told = child.ended_by().unwrap();
    assert!(matches!(told.cause, SignalCause::MemoryFault { address: 16, .. }), "{told:?}");
}
