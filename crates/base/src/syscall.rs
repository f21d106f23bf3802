//! What the family's own wrappers of system calls have in common: those that rustix lacks.

use std::os::fd::AsFd;

use rustix::{
    fs::{Mode, OFlags, openat},
    io::{Errno, retry_on_intr, write},
};

use crate::SignalSet;
pub use crate::sys::affinity::{set_thread_affinity, thread_affinity};

/// What a system call that was made through the C library gave, or the error that it left in `errno`.
///
/// To be called at once after it, since any other call may change `errno`.
///
/// # Errors
/// `returned` is -1.
#[inline]
pub fn result(returned: i64) -> Result<i64, Errno> {
    if returned == -1 {
        let errno = std::io::Error::last_os_error().raw_os_error();
        return Err(errno.map_or(Errno::INVAL, Errno::from_raw_os_error));
    }
    Ok(returned)
}

/// The number of a system call, as the C library's `syscall` takes it.
#[inline]
#[must_use]
pub const fn number(number: u32) -> i64 {
    number as i64
}

/// Writes `text` to the file `path` below `directory`, which is there, in one call: the kernel takes it whole or not at all.
///
/// # Errors
/// The file is absent or may not be written, or the kernel refuses the text.
pub fn write_whole(directory: impl AsFd, path: &[u8], text: &[u8]) -> Result<(), Errno> {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = retry_on_intr(|| openat(directory.as_fd(), path, flags, Mode::empty()))?;
    match retry_on_intr(|| write(&file, text))? {
        written if written == text.len() => Ok(()),
        _ => Err(Errno::IO),
    }
}

/// The kernel's set of signals: `sigset_t` of the kernel, which is not the C library's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct KernelSignalSet([u64; WORDS]);

/// How many words of 64 signals the kernel's set has.
const WORDS: usize = if cfg!(any(target_arch = "mips64", target_arch = "mips64r6")) { 2 } else { 1 };

impl KernelSignalSet {
    /// All signals, those of the C library too.
    pub const ALL: Self = Self([u64::MAX; WORDS]);

    /// Its length, which system calls ask for.
    pub const SIZE: usize = size_of::<Self>();

    /// Where it is, to be read.
    #[must_use]
    pub fn as_ptr(&self) -> *const u64 {
        self.0.as_ptr()
    }

    /// Where it is, to be written.
    #[must_use]
    pub fn as_mut_ptr(&mut self) -> *mut u64 {
        self.0.as_mut_ptr()
    }
}

impl From<SignalSet> for KernelSignalSet {
    fn from(set: SignalSet) -> Self {
        let mut words = [0; WORDS];
        words[0] = set.bits();
        Self(words)
    }
}

impl From<KernelSignalSet> for SignalSet {
    fn from(set: KernelSignalSet) -> Self {
        Self::from_bits(set.0[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minus_one_is_the_only_error() {
        // Leaves an error behind.
        let _ = std::fs::read("/no/such/file");
        assert!(result(-1).is_err());
        assert_eq!((result(0), result(-2)), (Ok(0), Ok(-2)));
    }
}
