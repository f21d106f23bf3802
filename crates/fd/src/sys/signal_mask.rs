//! The signals that the calling thread blocks.

use core::ptr;

use libc::c_int;
use linux_raw_sys::general::__NR_rt_sigprocmask;
use linux_support_base::SignalSet;
use rustix::io::Errno;

use super::{number, result};

/// How many words of 64 signals the kernel's set has.
const WORDS: usize = if cfg!(any(target_arch = "mips64", target_arch = "mips64r6")) { 2 } else { 1 };

/// The kernel's set of signals: `sigset_t` of the kernel, which is not the C library's.
#[derive(Clone, Copy, Debug, Default)]
#[repr(transparent)]
pub(crate) struct KernelSignalSet([u64; WORDS]);

impl KernelSignalSet {
    /// Its length, which system calls ask for.
    pub(crate) const SIZE: usize = size_of::<Self>();

    pub(crate) fn as_ptr(&self) -> *const u64 {
        self.0.as_ptr()
    }
}

impl From<SignalSet> for KernelSignalSet {
    fn from(set: SignalSet) -> Self {
        let mut words = [0; WORDS];
        words[0] = set.bits();
        Self(words)
    }
}

/// What to do with the mask.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Block,
    Unblock,
}

/// Changes the calling thread's mask by `set`, and gives what it was.
pub(crate) fn change_mask(change: Change, set: SignalSet) -> Result<SignalSet, Errno> {
    let how: c_int = match change {
        Change::Block => libc::SIG_BLOCK,
        Change::Unblock => libc::SIG_UNBLOCK,
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
            ptr::from_mut(&mut before),
            KernelSignalSet::SIZE,
        )
    })?;
    Ok(SignalSet::from_bits(before.0[0]))
}
