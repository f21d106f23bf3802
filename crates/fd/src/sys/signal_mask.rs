//! The signals that the calling thread blocks.

use libc::c_int;
use linux_raw_sys::general::{__NR_rt_sigpending, __NR_rt_sigprocmask};
use linux_support_base::SignalSet;
pub(crate) use linux_support_base::syscall::KernelSignalSet;
use rustix::io::Errno;

use super::{number, result};

/// What to do with the mask.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Block,
    Unblock,
    Set,
}

/// Changes the calling thread's mask by `set`, and gives what it was.
pub(crate) fn change_mask(change: Change, set: SignalSet) -> Result<SignalSet, Errno> {
    let how: c_int = match change {
        Change::Block => libc::SIG_BLOCK,
        Change::Unblock => libc::SIG_UNBLOCK,
        Change::Set => libc::SIG_SETMASK,
    };
    let set = KernelSignalSet::from(set);
    let mut before = KernelSignalSet::default();
    // SAFETY: both pointers are to sets of the length that is given, which outlive the call; the mask is the
    // thread's own and no memory depends on it.
    result(unsafe {
        libc::syscall(
            number(__NR_rt_sigprocmask),
            how,
            set.as_ptr(),
            before.as_mut_ptr(),
            KernelSignalSet::SIZE,
        )
    })?;
    Ok(before.into())
}

/// The signals that wait for the calling thread or its process, and are blocked.
pub(crate) fn pending() -> Result<SignalSet, Errno> {
    let mut set = KernelSignalSet::default();
    // SAFETY: the pointer is to a set of the length that is given, which outlives the call.
    result(unsafe { libc::syscall(number(__NR_rt_sigpending), set.as_mut_ptr(), KernelSignalSet::SIZE) })?;
    Ok(set.into())
}
