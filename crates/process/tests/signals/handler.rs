//! Handlers: what they do, in which order, and what is there after them.
#![expect(unsafe_code, reason = "handlers of others, and functions in handlers, are unsafe")]

use std::{
    io::Read,
    os::unix::process::ExitStatusExt,
    sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering},
};

use linux_support_base::{Bytes, Reason, Signal, SignalSet};
use linux_support_fd::EventFd;
use linux_support_process::signals::{
    AlternateStack, Disposition, HandlerFlags, Reaction, Registers, SignalCause, SignalHandler,
    SignalInformation, SignalTarget, disposition,
};

use crate::child::{in_child, tell, test_path};

fn raise(signal: Signal) {
    SignalTarget::calling_thread().send(signal).unwrap();
}

#[test]
fn a_handler_counts_raises_wakes_and_forwards() {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static FLAG: AtomicBool = AtomicBool::new(false);
    let signal = Signal::real_time(8).unwrap();
    let event = EventFd::counter(0).unwrap();
    let wake = EventFd::try_from(std::os::fd::AsFd::as_fd(&event).try_clone_to_owned().unwrap()).unwrap();
    let (mut reader, writer) = std::io::pipe().unwrap();
    let first = SignalHandler::new(Reaction::count(&COUNT)).install(signal).unwrap();
    let second = SignalHandler::new(Reaction::raise(&FLAG)).install(signal).unwrap();
    let third = SignalHandler::new(Reaction::wake(wake)).install(signal).unwrap();
    let fourth = SignalHandler::new(Reaction::forward(writer).unwrap()).install(signal).unwrap();
    SignalTarget::calling_thread().queue(signal, 6).unwrap();
    assert_eq!((COUNT.load(Ordering::Relaxed), FLAG.load(Ordering::Acquire)), (1, true));
    assert_eq!(event.try_read().unwrap(), Some(1));
    let mut bytes = [0; SignalInformation::SIZE];
    reader.read_exact(&mut bytes).unwrap();
    let cause = SignalInformation::parse(&bytes).unwrap().cause;
    assert!(matches!(cause, SignalCause::Queued { value, .. } if value.number == 6), "{cause:?}");

    // Those in the middle go first, and the last puts back what was before all of them.
    drop(second);
    drop(first);
    FLAG.store(false, Ordering::Relaxed);
    raise(signal);
    assert_eq!((COUNT.load(Ordering::Relaxed), FLAG.load(Ordering::Relaxed)), (1, false));
    assert_eq!(event.try_read().unwrap(), Some(1));
    drop(fourth);
    // Its descriptor was closed.
    assert_eq!(reader.read(&mut bytes).unwrap(), SignalInformation::SIZE);
    assert_eq!(reader.read(&mut bytes).unwrap(), 0);
    raise(signal);
    assert_eq!(event.try_read().unwrap(), Some(1));
    drop(third);
    assert_eq!(disposition(signal).unwrap(), Disposition::Default);
}

static OTHERS: AtomicI32 = AtomicI32::new(0);

extern "C" fn of_another(signal: libc::c_int) {
    OTHERS.fetch_add(signal, Ordering::Relaxed);
}

extern "C" fn of_another_with_more(
    signal: libc::c_int,
    siginfo: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    assert!(!context.is_null());
    // SAFETY: the handler of this form is given a whole record.
    OTHERS.fetch_add(signal + unsafe { (*siginfo).si_signo }, Ordering::Relaxed);
}

#[test]
fn a_handler_that_was_there_before_runs_after_it_and_is_put_back() {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    for (signal, function, flags, sum) in [
        (Signal::real_time(9).unwrap(), of_another as *const () as usize, 0, 1),
        (Signal::real_time(10).unwrap(), of_another_with_more as *const () as usize, libc::SA_SIGINFO, 2),
    ] {
        let number = i32::from(signal.number());
        // SAFETY: an action of zeros is valid; the functions have the form that the flags say, and only add.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = function;
            action.sa_flags = flags;
            assert_eq!(libc::sigaction(number, &raw const action, std::ptr::null_mut()), 0);
        }
        OTHERS.store(0, Ordering::Relaxed);
        let before = COUNT.load(Ordering::Relaxed);
        let chained = SignalHandler::new(Reaction::count(&COUNT)).install(signal).unwrap();
        raise(signal);
        assert_eq!(OTHERS.load(Ordering::Relaxed), sum * number);
        let replacing = SignalHandler::new(Reaction::count(&COUNT)).replacing().install(signal).unwrap();
        raise(signal);
        assert_eq!(OTHERS.load(Ordering::Relaxed), sum * number);
        assert_eq!(COUNT.load(Ordering::Relaxed), before + 2);
        drop((replacing, chained));
        raise(signal);
        assert_eq!(OTHERS.load(Ordering::Relaxed), 2 * sum * number);
        assert_eq!(COUNT.load(Ordering::Relaxed), before + 2);
    }
}

#[test]
fn the_interrupted_code_keeps_its_errno() {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let signal = Signal::real_time(11).unwrap();
    // A descriptor that takes nothing: the write in the handler fails.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let _piped = SignalHandler::new(Reaction::count(&COUNT)).install(Signal::PIPE).unwrap();
    let _handler = SignalHandler::new(Reaction::forward(writer).unwrap()).install(signal).unwrap();
    // SAFETY: it is the thread's own.
    unsafe { *libc::__errno_location() = 123 };
    raise(signal);
    assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(123));
    assert_eq!(COUNT.load(Ordering::Relaxed), 1, "the write failed");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has the registers of its own")]
fn a_function_is_told_the_cause_and_the_registers() {
    static SEEN: AtomicU64 = AtomicU64::new(0);
    fn look(information: &SignalInformation, registers: &Registers) {
        if information.cause.sender().is_some() {
            SEEN.store(registers.stack_pointer().unwrap_or(0), Ordering::Relaxed);
        }
    }
    let signal = Signal::real_time(12).unwrap();
    // SAFETY: it reads what it is given, and writes to an atomic number.
    let reaction = unsafe { Reaction::call(look) };
    let _handler = SignalHandler::new(reaction).install(signal).unwrap();
    let here = 0_u8;
    raise(signal);
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")) {
        let place = &raw const here as u64;
        assert!(place.abs_diff(SEEN.load(Ordering::Relaxed)) < 1 << 20);
    }
}

#[test]
fn handlers_run_on_the_stack_that_was_installed() {
    static PLACE: AtomicU64 = AtomicU64::new(0);
    fn look(_: &SignalInformation, _: &Registers) {
        let here = 0_u8;
        PLACE.store(&raw const here as u64, Ordering::Relaxed);
    }
    std::thread::spawn(|| {
        let stack = AlternateStack::install(AlternateStack::SIZE).unwrap();
        let range = stack.range().unwrap();
        let signal = Signal::real_time(13).unwrap();
        // SAFETY: it writes to an atomic number.
        let on_it = SignalHandler::new(unsafe { Reaction::call(look) }).install(signal).unwrap();
        raise(signal);
        assert!(range.contains(PLACE.load(Ordering::Relaxed)), "{range}");
        drop(stack);
        raise(signal);
        assert!(!range.contains(PLACE.load(Ordering::Relaxed)));
        drop(on_it);
    })
    .join()
    .unwrap();
    let error = AlternateStack::install(Bytes::new(100)).unwrap_err();
    assert!(error.to_string().contains("takes at least"), "{error}");
}

#[test]
fn what_cannot_be_handled_is_refused() {
    let of = |signal| SignalHandler::new(Reaction::nothing()).install(signal).unwrap_err();
    for (signal, word) in [
        (Signal::KILL, "neither caught nor ignored"),
        (Signal::STOP, "neither caught nor ignored"),
        (Signal::new(32).unwrap(), "belongs to the C library"),
        (Signal::new(100).unwrap(), "there is no such signal"),
    ] {
        let error = of(signal);
        assert!(matches!(error.reason(), Reason::Invalid(_)) && error.to_string().contains(word), "{error}");
    }
    let error = SignalHandler::new(Reaction::nothing()).ending().install(Signal::CHLD).unwrap_err();
    assert!(error.to_string().contains("does not end the process"), "{error}");
    assert_eq!(disposition(Signal::CHLD).unwrap(), Disposition::Default);
}

#[test]
#[cfg_attr(user_emulation, ignore = "the child would need the emulator to run")]
fn a_handler_once_is_then_the_default() {
    let child = in_child(test_path!(a_handler_once_is_then_the_default), || {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        SignalHandler::new(Reaction::count(&COUNT))
            .flags(HandlerFlags::ONCE)
            .install(Signal::USR1)
            .unwrap()
            .keep();
        raise(Signal::USR1);
        assert_eq!(COUNT.load(Ordering::Relaxed), 1);
        raise(Signal::USR1);
    });
    assert_eq!(child.status.signal(), Some(i32::from(Signal::USR1.number())), "{child:?}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the child would need the emulator to run")]
fn a_signal_ends_the_process_after_its_handler_as_it_would_have() {
    let child = in_child(test_path!(a_signal_ends_the_process_after_its_handler_as_it_would_have), || {
        tell(Signal::TERM);
        raise(Signal::TERM);
    });
    let told = child.ended_by().unwrap();
    assert!(matches!(told.cause, SignalCause::SentToThread { .. }), "{told:?}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator raises what it knows")]
fn a_fault_that_nothing_repairs_ends_the_process_although_it_is_handled() {
    let name = test_path!(a_fault_that_nothing_repairs_ends_the_process_although_it_is_handled);
    let child = in_child(name, || {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        SignalHandler::new(Reaction::count(&COUNT)).replacing().install(Signal::SEGV).unwrap().keep();
        // One that was sent can be survived.
        raise(Signal::SEGV);
        assert_eq!(COUNT.load(Ordering::Relaxed), 1);
        // SAFETY: the process ends by it: nothing is mapped there.
        unsafe { std::ptr::without_provenance::<u8>(16).read_volatile() };
        std::process::exit(7);
    });
    assert_eq!(child.status.signal(), Some(libc::SIGSEGV), "{child:?}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator raises what it knows")]
fn a_fault_that_a_function_repairs_goes_on() {
    let child = in_child(test_path!(a_fault_that_a_function_repairs_goes_on), || {
        static PAGE: AtomicU64 = AtomicU64::new(0);
        fn repair(information: &SignalInformation, _: &Registers) {
            let page = PAGE.load(Ordering::Relaxed);
            if information.cause.address() == Some(page + 8) {
                let place = std::ptr::with_exposed_provenance_mut(page as usize);
                // SAFETY: the page is this test's own.
                unsafe { libc::mprotect(place, 1, libc::PROT_READ | libc::PROT_WRITE) };
            }
        }
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: new memory is nobody else's; the function makes one system call.
        unsafe {
            let page = libc::mmap(std::ptr::null_mut(), 1, libc::PROT_NONE, flags, -1, 0);
            PAGE.store(page as u64, Ordering::Relaxed);
            SignalHandler::new(Reaction::call(repair)).install(Signal::SEGV).unwrap().keep();
            page.cast::<u8>().add(8).write_volatile(5);
            assert_eq!(page.cast::<u8>().add(8).read_volatile(), 5);
        }
    });
    assert!(child.status.success(), "{child:?}");
}

#[test]
fn handlers_come_and_go_while_signals_rain() {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let signal = Signal::real_time(14).unwrap();
    let _always = SignalHandler::new(Reaction::nothing()).install(signal).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let target = SignalTarget::calling_thread();
        let done = &done;
        for _ in 0..2 {
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    raise(signal);
                    target.send(signal).unwrap();
                    // So that few of them wait, which count against the user's limit.
                    std::thread::sleep(std::time::Duration::from_micros(50));
                }
            });
        }
        for _ in 0..200 {
            let handler = SignalHandler::new(Reaction::count(&COUNT)).install(signal).unwrap();
            raise(signal);
            drop(handler);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(COUNT.load(Ordering::Relaxed) >= 200);
}

#[test]
fn signals_that_a_handler_blocks_wait_for_its_end() {
    static ORDER: AtomicI32 = AtomicI32::new(0);
    fn first(_: &SignalInformation, _: &Registers) {
        let _ = SignalTarget::calling_thread().send(Signal::real_time(16).unwrap());
        ORDER.store(ORDER.load(Ordering::Relaxed) * 10 + 1, Ordering::Relaxed);
    }
    fn second(_: &SignalInformation, _: &Registers) {
        ORDER.store(ORDER.load(Ordering::Relaxed) * 10 + 2, Ordering::Relaxed);
    }
    let (one, two) = (Signal::real_time(15).unwrap(), Signal::real_time(16).unwrap());
    // SAFETY: they make a system call, which does not fail here, and write to an atomic number.
    let (first, second) = unsafe { (Reaction::call(first), Reaction::call(second)) };
    let _second = SignalHandler::new(second).install(two).unwrap();
    let handler = SignalHandler::new(first).blocking(SignalSet::from(two)).install(one).unwrap();
    raise(one);
    assert_eq!(ORDER.load(Ordering::Relaxed), 12);
    drop(handler);
}
