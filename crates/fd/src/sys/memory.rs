//! Memory of the process whose pages others may give, take or hold back: mapped here, and touched by atomic
//! operations alone.

use core::{
    ffi::c_void,
    ptr::{self, NonNull},
    sync::atomic::{AtomicU8, Ordering},
};
use std::os::fd::BorrowedFd;

use rustix::{
    io::Errno,
    mm::{Advice, MapFlags, MremapFlags, ProtFlags, madvise, mmap, mmap_anonymous, mremap, munmap},
};

/// A mapping, which is unmapped when it is dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    address: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to this value alone, whatever thread has it.
unsafe impl Send for Mapping {}
// SAFETY: through a shared reference its bytes are only read and written by atomic operations of one byte.
unsafe impl Sync for Mapping {}

const ACCESS: ProtFlags = ProtFlags::READ.union(ProtFlags::WRITE);

impl Mapping {
    /// New private memory; `length` is above 0.
    pub(crate) fn anonymous(length: usize) -> Result<Self, Errno> {
        // SAFETY: the kernel chooses a place where nothing is.
        let address = unsafe { mmap_anonymous(ptr::null_mut(), length, ACCESS, MapFlags::PRIVATE) }?;
        Self::new(address, length)
    }

    /// The first `length` bytes of a file, shared with all who map it; `length` is above 0.
    pub(crate) fn shared(file: BorrowedFd<'_>, length: usize) -> Result<Self, Errno> {
        // SAFETY: the kernel chooses a place where nothing is.
        let address = unsafe { mmap(ptr::null_mut(), length, ACCESS, MapFlags::SHARED, file, 0) }?;
        Self::new(address, length)
    }

    fn new(address: *mut c_void, length: usize) -> Result<Self, Errno> {
        let address = NonNull::new(address.cast()).ok_or(Errno::NOMEM)?;
        Ok(Self { address, length })
    }

    /// Where it begins.
    pub(crate) fn address(&self) -> u64 {
        self.address.as_ptr() as u64
    }

    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Its bytes from `start` on, if there are `length` of them.
    fn bytes(&self, start: usize, length: usize) -> Option<impl Iterator<Item = &AtomicU8>> {
        let end = start.checked_add(length).filter(|end| *end <= self.length)?;
        Some((start..end).map(|offset| {
            // SAFETY: `offset` is below the length, so the byte lies in the mapping, which lives as long as the
            // reference. It is readable and writable, and everything else in this process that touches it does so
            // through references of this kind; the kernel's changes count as those of another thread.
            unsafe { AtomicU8::from_ptr(self.address.as_ptr().add(offset)) }
        }))
    }

    /// Reads from `start`; `false` says that it is not that long.
    pub(crate) fn read(&self, start: usize, into: &mut [u8]) -> bool {
        let Some(bytes) = self.bytes(start, into.len()) else { return false };
        for (to, from) in into.iter_mut().zip(bytes) {
            *to = from.load(Ordering::Relaxed);
        }
        true
    }

    /// Writes at `start`; `false` says that it is not that long.
    pub(crate) fn write(&self, start: usize, from: &[u8]) -> bool {
        let Some(bytes) = self.bytes(start, from.len()) else { return false };
        for (to, from) in bytes.zip(from) {
            to.store(*from, Ordering::Relaxed);
        }
        true
    }

    /// Gives the pages from `start` back: they are missing then.
    pub(crate) fn discard(&self, start: usize, length: usize) -> Result<(), Errno> {
        if start.checked_add(length).is_none_or(|end| end > self.length) {
            return Err(Errno::INVAL);
        }
        // SAFETY: the range lies in the mapping. Its bytes change to zeros, or to those of the file, which is what
        // another thread might write; no reference to plain bytes of it exists.
        unsafe { madvise(self.address.as_ptr().add(start).cast(), length, Advice::LinuxDontNeed) }
    }

    /// Makes it longer or shorter, which may move it; `length` is above 0.
    pub(crate) fn resize(&mut self, length: usize) -> Result<(), Errno> {
        // SAFETY: the mapping is this value's own, and the exclusive reference says that nobody refers to its bytes.
        let address =
            unsafe { mremap(self.address.as_ptr().cast(), self.length, length, MremapFlags::MAYMOVE) }?;
        self.address = NonNull::new(address.cast()).ok_or(Errno::NOMEM)?;
        self.length = length;
        Ok(())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and nobody refers to its bytes any more.
        let _ = unsafe { munmap(self.address.as_ptr().cast(), self.length) };
    }
}
