use core::ops::RangeBounds;

use linux_support_base::{Error, Reason};
use rustix::io::Errno;

use crate::{
    mapping::{Changing, FileBacked, Mapping, Protection, Readable, Writable},
    sys::{advice, transfer},
};

/// How far to go in writing to the file what was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Synchronization {
    /// Until it is stored.
    #[doc(alias = "MS_SYNC")]
    Wait,
    /// Nothing that is waited for. Linux writes in its own time whether or not it is told so.
    #[doc(alias = "MS_ASYNC")]
    Later,
    /// Until it is stored, and other mappings of the file must read it anew.
    #[doc(alias = "MS_INVALIDATE")]
    WaitAndInvalidate,
}

/// Each of these is one system call of the kernel, to whom a page that can't be had is an error and no signal.
impl<K: Changing, P: Readable> Mapping<K, P> {
    /// Copies the bytes from `offset` on, as many as `buffer` has.
    ///
    /// # Errors
    /// They are not all inside. [`Reason::Gone`]: the file does not reach so far, or the page can't be read; then
    /// `buffer` may be filled in part.
    ///
    /// # Kernel
    /// With `CONFIG_CROSS_MEMORY_ATTACH`.
    #[doc(alias = "process_vm_readv")]
    pub fn read_at(&self, offset: usize, buffer: &mut [u8]) -> Result<(), Error> {
        self.check_inside("read", offset, buffer.len())?;
        transfer::read(self, offset, buffer).map_err(|errno| self.transfer_failed("read", errno))
    }
}

impl<K: Changing, P: Writable> Mapping<K, P> {
    /// Copies `bytes` to `offset`.
    ///
    /// # Errors
    /// They do not all fit. [`Reason::Gone`]: the file does not reach so far, or there is no room for the page; then some
    /// may be written.
    ///
    /// # Kernel
    /// With `CONFIG_CROSS_MEMORY_ATTACH`.
    #[doc(alias = "process_vm_writev")]
    pub fn write_at(&self, offset: usize, bytes: &[u8]) -> Result<(), Error> {
        self.check_inside("write to", offset, bytes.len())?;
        transfer::write(self, offset, bytes).map_err(|errno| self.transfer_failed("write to", errno))
    }
}

impl<K: Changing, P: Protection> Mapping<K, P> {
    fn check_inside(&self, operation: &'static str, offset: usize, count: usize) -> Result<(), Error> {
        if offset.checked_add(count).is_some_and(|end| end <= self.len()) {
            return Ok(());
        }
        let accepted = format!("{count} bytes at {offset} are not all inside: it has {} bytes", self.len());
        Err(Error::invalid(operation, self.object(), accepted))
    }

    #[cold]
    fn transfer_failed(&self, operation: &'static str, errno: Errno) -> Error {
        match errno {
            Errno::FAULT => Error::new(operation, self.object(), Reason::Gone),
            errno => self.failed(operation, errno),
        }
    }
}

impl<P: Protection> Mapping<FileBacked, P> {
    /// Writes to the file what was changed in the pages of `range`; of a private mapping, nothing.
    ///
    /// # Errors
    /// `range` is empty, not all inside, or cuts pages. Writing failed (`EIO`, `ENOSPC`). Pages are locked, and were to
    /// be [invalidated](Synchronization::WaitAndInvalidate) (`EBUSY`).
    #[doc(alias = "msync")]
    pub fn synchronize(&self, range: impl RangeBounds<usize>, how: Synchronization) -> Result<(), Error> {
        let part = self.part("synchronize", range)?;
        let flags = match how {
            Synchronization::Wait => libc::MS_SYNC,
            Synchronization::Later => libc::MS_ASYNC,
            Synchronization::WaitAndInvalidate => libc::MS_SYNC | libc::MS_INVALIDATE,
        };
        loop {
            match advice::synchronize(self, part.offset, part.length, flags) {
                Err(Errno::INTR) => {}
                done => return done.map_err(|errno| self.failed("synchronize", errno)),
            }
        }
    }
}
