//! The page cache, and bytes shared between files.

use std::os::fd::{AsRawFd, BorrowedFd};

use linux_raw_sys::{
    general::{file_clone_range, file_dedupe_range_info},
    ioctl::{FICLONERANGE, FIDEDUPERANGE},
};
use rustix::io::Errno;

use super::result;

/// Asks for a range to be read into the page cache.
pub(crate) fn read_ahead(file: BorrowedFd<'_>, start: u64, length: u64) -> Result<(), Errno> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    // SAFETY: it takes numbers and touches no memory of the process.
    result(unsafe { libc::readahead(file.as_raw_fd(), start as i64, length) } as _)?;
    Ok(())
}

/// Stores a range, in the steps that `flags` has.
pub(crate) fn synchronize_range(
    file: BorrowedFd<'_>,
    start: u64,
    length: u64,
    flags: u32,
) -> Result<(), Errno> {
    // SAFETY: it takes numbers and touches no memory of the process.
    result(unsafe { libc::sync_file_range(file.as_raw_fd(), start as i64, length as i64, flags) }.into())?;
    Ok(())
}

/// Has `file` share all of `source`.
pub(crate) fn clone_file(file: BorrowedFd<'_>, source: BorrowedFd<'_>) -> Result<(), Errno> {
    rustix::fs::ioctl_ficlone(file, source)
}

/// Has `file` share a range of `source`.
pub(crate) fn clone_range(
    file: BorrowedFd<'_>,
    source: BorrowedFd<'_>,
    source_start: u64,
    length: u64,
    start: u64,
) -> Result<(), Errno> {
    let range = file_clone_range {
        src_fd: source.as_raw_fd().into(),
        src_offset: source_start,
        src_length: length,
        dest_offset: start,
    };
    // SAFETY: the kernel reads one `struct file_clone_range`, which outlives the call.
    result(unsafe { libc::ioctl(file.as_raw_fd(), FICLONERANGE as _, std::ptr::from_ref(&range)) }.into())?;
    Ok(())
}

/// What FIDEDUPERANGE takes and gives, for so many targets at most.
#[repr(C)]
pub(crate) struct Dedupe {
    start: u64,
    length: u64,
    count: u16,
    reserved: [u16; 3],
    targets: [file_dedupe_range_info; Self::MAXIMUM],
}

const NO_TARGET: file_dedupe_range_info =
    file_dedupe_range_info { dest_fd: -1, dest_offset: 0, bytes_deduped: 0, status: 0, reserved: 0 };

impl Dedupe {
    /// The most targets of one call; the kernel takes no more than a page of them.
    pub(crate) const MAXIMUM: usize = 32;

    /// The call for the first [`MAXIMUM`](Self::MAXIMUM) of `targets`.
    pub(crate) fn new(start: u64, length: u64, targets: &[(BorrowedFd<'_>, u64)]) -> Self {
        let count = targets.len().min(Self::MAXIMUM);
        let mut call = Self {
            start,
            length,
            count: count as u16,
            reserved: [0; 3],
            targets: [NO_TARGET; Self::MAXIMUM],
        };
        for (target, (file, start)) in call.targets.iter_mut().zip(targets) {
            target.dest_fd = file.as_raw_fd().into();
            target.dest_offset = *start;
        }
        call
    }

    /// The status and the number of bytes of each target.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (i32, u64)> {
        self.targets[..self.count.into()].iter().map(|target| (target.status, target.bytes_deduped))
    }
}

/// Has the targets share what is the same.
pub(crate) fn deduplicate(file: BorrowedFd<'_>, call: &mut Dedupe) -> Result<(), Errno> {
    // SAFETY: `Dedupe` is laid out as `struct file_dedupe_range` is: two numbers of 64 bits, one of 16, 6 bytes
    // reserved, then as many records as `count` says, which are all there. The kernel writes these records alone.
    result(unsafe { libc::ioctl(file.as_raw_fd(), FIDEDUPERANGE as _, std::ptr::from_mut(call)) }.into())?;
    Ok(())
}
