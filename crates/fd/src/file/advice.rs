//! What the page cache should do with a file.

use std::{num::NonZeroU64, os::fd::AsFd};

use bitflags::bitflags;
use linux_support_base::{Errno, Error};
use rustix::fs::{fadvise, syncfs};

use super::{ByteRange, failed};
use crate::sys;

/// How a file will be used.
///
/// # Source
/// posix_fadvise(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Advice {
    /// In no certain way.
    Normal,
    /// From lower to higher: reads more ahead. For the whole open file.
    Sequential,
    /// Here and there: reads nothing ahead. For the whole open file.
    Random,
    /// Once: leaves other files in the cache rather than this one. Since Linux 6.3.
    Once,
    /// Soon: begins to read.
    Soon,
    /// Not soon: drops it from the cache, but for what is not stored yet.
    NotSoon,
}

bitflags! {
    /// Which steps of storing a range to take. With all three, what was written before is stored when the call ends;
    /// but neither what is needed to read it, nor what the device holds in its own cache: that is fdatasync(2)'s.
    ///
    /// # Source
    /// sync_file_range(2).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct RangeSync: u32 {
        /// Waits for writes that are under way.
        #[doc(alias = "SYNC_FILE_RANGE_WAIT_BEFORE")]
        const WAIT_BEFORE = 1;
        /// Begins to write what was changed.
        #[doc(alias = "SYNC_FILE_RANGE_WRITE")]
        const WRITE = 2;
        /// Waits for those writes.
        #[doc(alias = "SYNC_FILE_RANGE_WAIT_AFTER")]
        const WAIT_AFTER = 4;
    }
}

/// A file in the page cache.
///
/// ```
/// use std::io::Write;
/// use linux_support_fd::file::{Advice, ByteRange, FileCache, RangeSync};
///
/// let mut file = tempfile::tempfile().unwrap();
/// file.write_all(&[1; 8192]).unwrap();
/// file.synchronize_range(Some(ByteRange::new(0, 8192)?), RangeSync::all())?;
/// file.advise(None, Advice::NotSoon)?;
/// # Ok::<(), linux_support_base::Error>(())
/// ```
pub trait FileCache: AsFd {
    /// Says how `range`, or all, will be used.
    ///
    /// # Errors
    /// It is a pipe or a socket (`ESPIPE`).
    #[doc(alias = "posix_fadvise")]
    fn advise(&self, range: Option<ByteRange>, advice: Advice) -> Result<(), Error> {
        use rustix::fs::Advice as Raw;
        let advice = match advice {
            Advice::Normal => Raw::Normal,
            Advice::Sequential => Raw::Sequential,
            Advice::Random => Raw::Random,
            Advice::Once => Raw::NoReuse,
            Advice::Soon => Raw::WillNeed,
            Advice::NotSoon => Raw::DontNeed,
        };
        let start = range.map_or(0, ByteRange::start);
        let length = range.and_then(|range| NonZeroU64::new(range.length()));
        fadvise(self.as_fd(), start, length, advice).map_err(|errno| failed("advise on", errno))
    }

    /// Reads `range` into the page cache; waits only as long as it takes to ask for it.
    ///
    /// # Errors
    /// It is not open for reading (`EBADF`), or nothing that is cached (`EINVAL`).
    #[doc(alias = "readahead")]
    fn read_ahead(&self, range: ByteRange) -> Result<(), Error> {
        sys::file::read_ahead(self.as_fd(), range.start(), range.length())
            .map_err(|errno| failed("read ahead", errno))
    }

    /// Takes `steps` to store `range`, or all.
    ///
    /// # Errors
    /// Writing failed (`EIO`), now or before; it is a pipe or a socket (`ESPIPE`).
    #[doc(alias = "sync_file_range")]
    fn synchronize_range(&self, range: Option<ByteRange>, steps: RangeSync) -> Result<(), Error> {
        let start = range.map_or(0, ByteRange::start);
        // 0 goes to the end.
        let length = range.map_or(0, ByteRange::length);
        loop {
            match sys::file::synchronize_range(self.as_fd(), start, length, steps.bits()) {
                Err(Errno::INTR) => {}
                done => return done.map_err(|errno| failed("synchronize", errno)),
            }
        }
    }

    /// Stores all that was written to the file's whole file system.
    ///
    /// # Errors
    /// Writing any of it failed since the file was opened (`EIO`, `ENOSPC`).
    #[doc(alias = "syncfs")]
    fn synchronize_file_system(&self) -> Result<(), Error> {
        syncfs(self.as_fd()).map_err(|errno| failed("synchronize file system of", errno))
    }
}

impl<T: AsFd + ?Sized> FileCache for T {}
