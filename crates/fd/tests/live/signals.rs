//! Signals to threads of the test.
#![expect(unsafe_code, reason = "signal handlers and signals to one thread have no safe interface")]

use std::{
    mem, ptr,
    sync::{
        Once,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use linux_support_base::Signal;

static HANDLED: AtomicU64 = AtomicU64::new(0);

extern "C" fn count(_: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

/// How often the handler of SIGUSR2 ran.
pub(crate) fn handled() -> u64 {
    HANDLED.load(Ordering::Relaxed)
}

/// Gives SIGUSR2 a handler that does nothing but count, and lets it interrupt system calls.
pub(crate) fn handle_usr2() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: a sigaction of zeros is valid: no flags, so no restarts, and an empty mask.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = count as extern "C" fn(libc::c_int) as usize;
        // SAFETY: the handler only adds to an atomic number, which is safe at any time.
        assert_eq!(unsafe { libc::sigaction(libc::SIGUSR2, &raw const action, ptr::null_mut()) }, 0);
    });
}

/// The calling thread, for [`send`].
pub(crate) fn this_thread() -> i32 {
    // SAFETY: gettid has no conditions.
    unsafe { libc::gettid() }
}

/// Sends a signal to a thread of this process.
pub(crate) fn send(thread: i32, signal: Signal) {
    // SAFETY: the signals of the tests are blocked or have a handler.
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, i32::from(signal.number())) };
    assert_eq!(sent, 0);
}

/// Interrupts this thread all the time while it does `work`, which returns nevertheless.
pub(crate) fn interrupted<T>(work: impl FnOnce() -> T) -> T {
    handle_usr2();
    let (thread, done, before) = (this_thread(), AtomicBool::new(false), handled());
    let value = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                send(thread, Signal::USR2);
                thread::sleep(Duration::from_millis(2));
            }
        });
        let value = work();
        done.store(true, Ordering::Relaxed);
        value
    });
    assert!(handled() > before, "nothing was interrupted");
    value
}
