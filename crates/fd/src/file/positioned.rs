//! Reads and writes of several buffers, with flags of their own: preadv2(2).

use std::{
    io::{IoSlice, IoSliceMut},
    os::fd::AsFd,
};

use bitflags::bitflags;
use linux_support_base::{Errno, Error};
use rustix::io::{ReadWriteFlags, preadv2, pwritev2};

use super::failed;
use crate::readiness::attempt;

bitflags! {
    /// How one read is done. Bits that have no name are given to the kernel as they are.
    ///
    /// # Source
    /// readv(2).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ReadFlags: u32 {
        /// At high priority, polling the device: for files past the page cache (`O_DIRECT`).
        #[doc(alias = "RWF_HIPRI")]
        const HIGH_PRIORITY = 0x01;
        /// Without waiting: for the storage, for a lock. Says "not now" instead, or gives what is there.
        #[doc(alias = "RWF_NOWAIT")]
        const NO_WAIT = 0x08;
        /// What was read into the page cache for it is dropped from there afterwards. Since Linux 6.14, on file
        /// systems that can.
        #[doc(alias = "RWF_DONTCACHE")]
        const DO_NOT_CACHE = 0x80;
        const _ = !0;
    }
}

bitflags! {
    /// How one write is done. Bits that have no name are given to the kernel as they are.
    ///
    /// # Source
    /// readv(2).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct WriteFlags: u32 {
        /// At high priority, polling the device: for files past the page cache (`O_DIRECT`).
        #[doc(alias = "RWF_HIPRI")]
        const HIGH_PRIORITY = 0x01;
        /// Returns when the data, and what is needed to read them, are on the storage.
        #[doc(alias = "RWF_DSYNC")]
        const DATA_SYNCHRONOUS = 0x02;
        /// Returns when the data and all about the file are on the storage.
        #[doc(alias = "RWF_SYNC")]
        const SYNCHRONOUS = 0x04;
        /// Without waiting; says "not now" instead, or writes a part.
        #[doc(alias = "RWF_NOWAIT")]
        const NO_WAIT = 0x08;
        /// At the end of the file, whatever position was given.
        #[doc(alias = "RWF_APPEND")]
        const APPEND = 0x10;
        /// At the position that was given, although the file is open for appending. Since Linux 6.9.
        #[doc(alias = "RWF_NOAPPEND")]
        const NO_APPEND = 0x20;
        /// All or nothing, even if the power fails: of a size and at a place that statx(2) allows, past the page
        /// cache. Since Linux 6.11.
        #[doc(alias = "RWF_ATOMIC")]
        const ATOMIC = 0x40;
        /// What it put into the page cache is dropped from there when it has been stored. Since Linux 6.14, on file
        /// systems that can.
        #[doc(alias = "RWF_DONTCACHE")]
        const DO_NOT_CACHE = 0x80;
        /// No SIGPIPE where nobody reads any more. Since Linux 6.18.
        #[doc(alias = "RWF_NOSIGNAL")]
        const NO_SIGNAL = 0x100;
        const _ = !0;
    }
}

/// Where to read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Position {
    /// At this byte of the file, whose position stays as it is.
    At(u64),
    /// At the position of the file, which moves; the only one for pipes and sockets.
    Current,
}

impl Position {
    /// The kernel's number, where a byte can be there.
    fn number(self) -> Option<u64> {
        match self {
            Self::At(offset) => i64::try_from(offset).is_ok().then_some(offset),
            Self::Current => Some(u64::MAX),
        }
    }
}

/// Reads and writes of several buffers in one call, which may do only a part: see
/// [`VectoredRead`](super::VectoredRead) and [`VectoredWrite`](super::VectoredWrite) for all.
///
/// ```
/// use std::io::IoSlice;
/// use linux_support_fd::file::{Position, PositionedVectored, WriteFlags};
///
/// let file = tempfile::tempfile().unwrap();
/// let parts = [IoSlice::new(b"head "), IoSlice::new(b"body")];
/// let written = file.write_buffers(&parts, Position::At(100), WriteFlags::DATA_SYNCHRONOUS)?;
/// assert_eq!(written, Some(9));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
pub trait PositionedVectored: AsFd {
    /// Reads, and says how many bytes: 0 at the end of the file; `None` says "not now". No more than the first 1,024
    /// buffers are filled.
    ///
    /// # Errors
    /// A flag is not known to the kernel or can't be heeded by the file system (`EOPNOTSUPP`); a position is beyond
    /// 2^63 - 1, or on what has none (`ESPIPE`).
    #[doc(alias = "preadv2")]
    fn read_buffers(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        position: Position,
        flags: ReadFlags,
    ) -> Result<Option<usize>, Error> {
        let offset = position.number().ok_or_else(|| beyond("read"))?;
        let flags = ReadWriteFlags::from_bits_retain(flags.bits());
        attempt(|| preadv2(self.as_fd(), buffers, offset, flags)).map_err(|errno| failed("read", errno))
    }

    /// Writes, and says how many bytes; `None` says "not now". No more than the first 1,024 buffers are written.
    ///
    /// # Errors
    /// As those of [`read_buffers`](Self::read_buffers); there is no space left (`ENOSPC`); nobody reads any
    /// more (`EPIPE`, after SIGPIPE, which std ignores).
    #[doc(alias = "pwritev2")]
    fn write_buffers(
        &self,
        buffers: &[IoSlice<'_>],
        position: Position,
        flags: WriteFlags,
    ) -> Result<Option<usize>, Error> {
        let offset = position.number().ok_or_else(|| beyond("write"))?;
        let flags = ReadWriteFlags::from_bits_retain(flags.bits());
        attempt(|| pwritev2(self.as_fd(), buffers, offset, flags)).map_err(|errno| failed("write", errno))
    }
}

impl<T: AsFd + ?Sized> PositionedVectored for T {}

#[cold]
fn beyond(operation: &'static str) -> Error {
    failed(operation, Errno::INVAL)
}
