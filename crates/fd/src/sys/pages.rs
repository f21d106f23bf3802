//! Memory that is given to a pipe: vmsplice(2).

use core::{fmt, ptr, ptr::NonNull, slice};
use std::os::fd::AsFd;

use linux_support_base::{Bytes, Error};
use rustix::{
    io::Errno,
    mm::{MapFlags, ProtFlags, mmap_anonymous, munmap},
    param::page_size,
    pipe::{IoSliceRaw, SpliceFlags, vmsplice},
};

/// Memory to fill and then to give to a pipe: see [`PipeWriter::give`](crate::PipeWriter::give).
///
/// It consists of pages of its own, which the program can no longer reach once they are given: what a reader of the
/// pipe sees can't change under it, and nothing else is ever put there. Dropping it gives back those that were not
/// given; those in the pipe stay there until they are read.
pub struct GivenPages {
    start: NonNull<u8>,
    /// What the caller asked for; the mapping is of whole pages.
    length: usize,
    given: usize,
}

// SAFETY: the mapping belongs to this value alone, and is reached through it only by the rules of borrowing.
unsafe impl Send for GivenPages {}
// SAFETY: as above; a shared reference reaches none of it.
unsafe impl Sync for GivenPages {}

impl GivenPages {
    /// Room for `length` bytes, all 0, in pages of its own.
    ///
    /// # Errors
    /// `length` is 0, or there is no memory for it.
    pub fn new(length: Bytes) -> Result<Self, Error> {
        let refused = || Error::invalid("map", "pages to give", "takes from 1 to 2^63 - 1 bytes");
        let length = isize::try_from(length.get()).map_err(|_| refused())?.unsigned_abs();
        if length == 0 {
            return Err(refused());
        }
        // SAFETY: the kernel chooses a place where nothing is mapped.
        let start = unsafe {
            mmap_anonymous(ptr::null_mut(), length, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
        };
        let start = start
            .and_then(|start| NonNull::new(start.cast()).ok_or(Errno::NOMEM))
            .map_err(|errno| Error::system("map", "pages to give", errno))?;
        Ok(Self { start, length, given: 0 })
    }

    /// The bytes that are not yet given, to be filled: from the start of a page.
    #[must_use]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let begin = self.given.next_multiple_of(page_size()).min(self.length);
        // SAFETY: the bytes from `begin` on are within the mapping, which is readable, writable and initialized by
        // the kernel; no page of them is in a pipe, as giving goes page by page from the start; the borrow of
        // `self` is exclusive.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr().add(begin), self.length - begin) }
    }

    /// How many bytes were given.
    #[must_use]
    pub fn given(&self) -> Bytes {
        Bytes::new(self.given as u64)
    }
}

impl Drop for GivenPages {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, nothing of it is borrowed any more, and pages that are in a pipe
        // are held by the pipe.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
    }
}

impl fmt::Debug for GivenPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenPages").field("length", &self.length).field("given", &self.given).finish()
    }
}

/// Gives the pages that are left to `pipe`, as many as it takes.
pub(crate) fn give(pipe: impl AsFd, pages: &mut GivenPages) -> Result<usize, Errno> {
    let rest = pages.length - pages.given;
    if rest == 0 {
        return Ok(0);
    }
    // SAFETY: `given` is at most `length`, so this stays within the mapping.
    let start = unsafe { pages.start.as_ptr().add(pages.given) };
    let memory = [IoSliceRaw::from_slice(
        // SAFETY: the rest of the mapping is readable and initialized, and borrowed exclusively through `pages`.
        unsafe { slice::from_raw_parts(start, rest) },
    )];
    // SAFETY: the pages that the kernel takes are not written again: `bytes_mut` begins behind them, and dropping
    // the mapping takes only the program's way to them.
    let given = unsafe { vmsplice(pipe, &memory, SpliceFlags::GIFT | SpliceFlags::NONBLOCK) }?;
    pages.given += given.min(rest);
    Ok(given)
}

/// Lends `bytes` to `pipe`, as many as it takes.
pub(crate) fn lend(pipe: impl AsFd, bytes: &'static [u8]) -> Result<usize, Errno> {
    if bytes.is_empty() {
        return Ok(0);
    }
    // SAFETY: the kernel only reads the bytes, and for as long as the program runs they are neither changed nor
    // freed.
    unsafe { vmsplice(pipe, &[IoSliceRaw::from_slice(bytes)], SpliceFlags::NONBLOCK) }
}
