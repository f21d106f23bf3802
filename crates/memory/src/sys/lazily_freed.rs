//! Memory that the kernel may empty when it needs some: madvise(2) with MADV_FREE.

use core::{
    fmt,
    sync::atomic::{AtomicU8, Ordering},
};

use rustix::{io::Errno, param::page_size};

use super::{
    advice::madvise,
    kind::{Private, ReadWrite},
    mapping::Mapping,
};

/// Memory of which the kernel may take any page at any moment, until it is used again.
///
/// Made by [`Mapping::free_lazily`]. Cheaper than to unmap it and to map it again, as pages that were not taken need no
/// fault.
pub struct LazilyFreed(Mapping<Private, ReadWrite>);

impl LazilyFreed {
    pub(crate) fn free(mapping: Mapping<Private, ReadWrite>) -> Result<Self, (Self, Errno)> {
        // SAFETY: nothing of the mapping is borrowed, and it is lent again only when each of its pages was written.
        match unsafe { madvise(&mapping, 0, mapping.len(), libc::MADV_FREE) } {
            Ok(()) => Ok(Self(mapping)),
            // A part may have been freed.
            Err(errno) => Err((Self(mapping), errno)),
        }
    }

    /// Takes the memory back: each page is as it was, or 0. Writes to every page, so that all are there afterwards.
    #[must_use]
    pub fn reuse(self) -> Mapping<Private, ReadWrite> {
        let start = self.0.as_ptr();
        for offset in (0..self.0.len()).step_by(page_size()) {
            // SAFETY: the byte is in the mapping, which is readable and writable, and none of it is borrowed.
            let byte = unsafe { AtomicU8::from_ptr(start.as_ptr().add(offset)) };
            // Once a page is written, the kernel no longer takes it. The bytes must stay, whether it was taken or not.
            byte.fetch_or(0, Ordering::SeqCst);
        }
        self.0
    }

    pub(crate) fn empty(self) -> Result<Mapping<Private, ReadWrite>, (Self, Errno)> {
        // SAFETY: nothing of the mapping is borrowed; afterwards all of its bytes are 0 and stay so.
        match unsafe { madvise(&self.0, 0, self.0.len(), libc::MADV_DONTNEED) } {
            Ok(()) => Ok(self.0),
            Err(errno) => Err((self, errno)),
        }
    }
}

impl fmt::Debug for LazilyFreed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LazilyFreed({})", self.0.range())
    }
}
