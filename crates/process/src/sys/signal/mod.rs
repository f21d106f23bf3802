//! Signals: sent, waited for, their actions and handlers.

mod action;
mod context;
mod dispatch;
mod stack;

use core::{ptr, time::Duration};

use libc::c_int;
use linux_raw_sys::general::{
    __NR_kill, __NR_rt_sigqueueinfo, __NR_rt_sigtimedwait, __NR_rt_tgsigqueueinfo, __NR_tgkill,
};
use linux_support_base::{
    Pid, Signal, SignalSet,
    signal::SignalInformation,
    syscall::{KernelSignalSet, number, result},
};
use rustix::{fs::Timespec, io::Errno};

pub(crate) use action::{Action, reset_all, set_before_exec};
pub use context::Registers;
pub(crate) use dispatch::{Interruption, Place, install};
pub(crate) use stack::InstalledStack;

/// A `siginfo_t`.
pub(crate) type Siginfo = [u8; SignalInformation::SIZE];

/// Sends a signal as kill(2) counts: to a process, below 0 to a group, and to the own one with 0.
pub(crate) fn kill(process: i32, signal: i32) -> Result<(), Errno> {
    // SAFETY: it takes numbers. A signal changes no memory but through a handler, whose installation answers for that.
    result(unsafe { libc::syscall(number(__NR_kill), process, signal) })?;
    Ok(())
}

/// Sends a signal to a thread of a process.
pub(crate) fn kill_thread(process: Pid, thread: Pid, signal: i32) -> Result<(), Errno> {
    // SAFETY: as for `kill`.
    result(unsafe { libc::syscall(number(__NR_tgkill), process.number(), thread.number(), signal) })?;
    Ok(())
}

/// Sends a signal with all that is to be told of it, to a process or to a thread of it.
pub(crate) fn queue(
    process: Pid,
    thread: Option<Pid>,
    signal: Signal,
    siginfo: &Siginfo,
) -> Result<(), Errno> {
    let (process, signal) = (process.number(), c_int::from(signal.number()));
    // SAFETY: the pointer is to the 128 bytes that the call reads, which outlive it; else as for `kill`.
    result(unsafe {
        match thread {
            None => libc::syscall(number(__NR_rt_sigqueueinfo), process, signal, siginfo.as_ptr()),
            Some(thread) => libc::syscall(
                number(__NR_rt_tgsigqueueinfo),
                process,
                thread.number(),
                signal,
                siginfo.as_ptr(),
            ),
        }
    })?;
    Ok(())
}

/// Takes one of `signals`; after `timeout` the error is `EAGAIN`.
pub(crate) fn timed_wait(signals: SignalSet, timeout: Option<Duration>) -> Result<Siginfo, Errno> {
    let signals = KernelSignalSet::from(signals);
    // A time beyond the kernel's range is none.
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    let mut siginfo: Siginfo = [0; SignalInformation::SIZE];
    // SAFETY: the pointers are to a set of the length that is given, to the 128 bytes that the call writes, and null or
    // to a time with 64 bits in each field, which is the kernel's on 64-bit machines; all outlive the call.
    result(unsafe {
        libc::syscall(
            number(__NR_rt_sigtimedwait),
            signals.as_ptr(),
            siginfo.as_mut_ptr(),
            timeout.as_ref().map_or(ptr::null(), ptr::from_ref),
            KernelSignalSet::SIZE,
        )
    })?;
    Ok(siginfo)
}
