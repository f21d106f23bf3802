//! What a signal does: sigaction(2).

use core::{fmt, mem::MaybeUninit, ptr};
use std::{io, os::unix::process::CommandExt, process::Command};

use libc::c_int;
use linux_support_base::{
    Signal, SignalSet,
    syscall::{KernelSignalSet, number, result},
};
use rustix::io::Errno;

/// An action as the C library has it.
#[derive(Clone, Copy)]
pub(crate) struct Action(pub(super) libc::sigaction);

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_default() {
            "default"
        } else if self.is_ignored() {
            "ignored"
        } else {
            "handled"
        };
        write!(f, "Action({kind})")
    }
}

impl Action {
    /// What the kernel does by itself.
    pub(crate) fn default_action() -> Self {
        Self::plain(libc::SIG_DFL)
    }

    /// Nothing.
    pub(crate) fn ignored() -> Self {
        Self::plain(libc::SIG_IGN)
    }

    fn plain(handler: libc::sighandler_t) -> Self {
        // SAFETY: it is made of integers and a function that may be absent, for all of which zeros are values: no flags,
        // and an empty mask.
        let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
        action.sa_sigaction = handler;
        Self(action)
    }

    pub(crate) fn is_default(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_DFL
    }

    pub(crate) fn is_ignored(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_IGN
    }

    /// That of `signal` now.
    pub(crate) fn of(signal: Signal) -> Result<Self, Errno> {
        let mut action = Self::default_action();
        // SAFETY: the pointers are null and to an action that outlives the call.
        result(unsafe { libc::sigaction(number_of(signal), ptr::null(), &raw mut action.0) }.into())?;
        Ok(action)
    }

    /// Makes it that of `signal`, and gives the one before.
    ///
    /// An action that holds a function comes from [`of`](Self::of) or from this, where it was another's that had its
    /// safety to answer for, or from `dispatch`.
    pub(crate) fn set(self, signal: Signal) -> Result<Self, Errno> {
        let mut before = Self::default_action();
        // SAFETY: both pointers are to actions that outlive the call. The function in it, if any, was this signal's
        // handler before or is `dispatch`: see above.
        result(unsafe { libc::sigaction(number_of(signal), &raw const self.0, &raw mut before.0) }.into())?;
        Ok(before)
    }
}

fn number_of(signal: Signal) -> c_int {
    signal.number().into()
}

/// Sets all signals back to their default action: those with a handler, and those that are ignored if so asked; but
/// not the handlers of the C library. Neither allocates nor locks.
pub(crate) fn reset_all(ignored_too: bool) -> Result<(), Errno> {
    let fixed = SignalSet::OF_C_LIBRARY.with(Signal::KILL).with(Signal::STOP);
    for signal in (!fixed).iter() {
        let action = Action::of(signal)?;
        if action.is_default() || action.is_ignored() && !ignored_too {
            continue;
        }
        Action::default_action().set(signal)?;
    }
    if ignored_too {
        for signal in SignalSet::OF_C_LIBRARY.iter() {
            stop_ignoring(signal)?;
        }
    }
    Ok(())
}

/// Sets a signal of the C library that is ignored, as whoever ran this program had it, back to its default action: the
/// C library's own function refuses these signals.
fn stop_ignoring(signal: Signal) -> Result<(), Errno> {
    use linux_raw_sys::general::__NR_rt_sigaction;
    /// The words of the kernel's `sigaction`, which is shorter than this everywhere.
    type KernelAction = [usize; 8];
    // MIPS has the flags first.
    const HANDLER: usize = if cfg!(any(target_arch = "mips64", target_arch = "mips64r6")) { 1 } else { 0 };
    let change = |new: *const KernelAction, before: *mut KernelAction| {
        // SAFETY: the pointers are null or to more words than the kernel reads or writes, which outlive the call. The
        // new action is of zeros: the default one.
        result(unsafe {
            libc::syscall(
                number(__NR_rt_sigaction),
                c_int::from(signal.number()),
                new,
                before,
                KernelSignalSet::SIZE,
            )
        })
    };
    let mut action: KernelAction = [0; 8];
    change(ptr::null(), &raw mut action)?;
    if action[HANDLER] == libc::SIG_IGN {
        let default: KernelAction = [0; 8];
        change(&raw const default, ptr::null_mut())?;
    }
    Ok(())
}

/// Has `command` reset and ignore signals in the child, and block what `mask` says, right before the program runs.
pub(crate) fn set_before_exec(command: &mut Command, ignored: SignalSet, blocked: SignalSet) {
    let set = move || -> Result<(), Errno> {
        reset_all(true)?;
        for signal in ignored.iter() {
            Action::ignored().set(signal)?;
        }
        set_mask(blocked)
    };
    // SAFETY: between fork and exec only what is safe in a handler may be called, since other threads may have held
    // locks: this makes the system calls sigaction and sigprocmask, and nothing else. The error is made of a number.
    unsafe {
        command.pre_exec(move || set().map_err(|errno| io::Error::from_raw_os_error(errno.raw_os_error())))
    };
}

fn set_mask(blocked: SignalSet) -> Result<(), Errno> {
    use linux_raw_sys::general::__NR_rt_sigprocmask;
    let set = KernelSignalSet::from(blocked);
    // SAFETY: the pointers are to a set of the length that is given and null.
    result(unsafe {
        libc::syscall(
            number(__NR_rt_sigprocmask),
            libc::SIG_SETMASK,
            set.as_ptr(),
            ptr::null_mut::<u64>(),
            KernelSignalSet::SIZE,
        )
    })?;
    Ok(())
}
