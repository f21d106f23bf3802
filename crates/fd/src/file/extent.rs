//! Where a file has data, and where holes.

use core::iter::FusedIterator;
use std::os::fd::{AsFd, BorrowedFd};

use linux_support_base::{Errno, Error};
use rustix::fs::{SeekFrom, fstat, seek, tell};

use super::{ByteRange, failed};

/// Whether bytes of a file are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExtentKind {
    /// They are, or the file system does not say. They may be zeros.
    Data,
    /// They are not, and read as zeros.
    Hole,
}

/// A range of a file that is of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extent {
    /// Which bytes.
    pub range: ByteRange,
    /// Whether they are stored.
    pub kind: ExtentKind,
}

/// A file that may have holes.
pub trait SparseFile: AsFd {
    /// Its data and holes, in turn, from its beginning to its end.
    ///
    /// The kernel tells them by moving the file's position: as long as the iterator lives, whoever shares the open
    /// file and reads or writes without saying where does so at the wrong place. It is put back in the end.
    ///
    /// # Errors
    /// The descriptor has no position (`ESPIPE`).
    #[doc(alias = "SEEK_DATA")]
    #[doc(alias = "SEEK_HOLE")]
    fn extents(&self) -> Result<Extents<'_>, Error> {
        let file = self.as_fd();
        let position = tell(file).map_err(|errno| failed("seek", errno))?;
        Ok(Extents { file, position, next: 0, data: None, ended: false })
    }
}

impl<T: AsFd + ?Sized> SparseFile for T {}

/// The iterator that [`SparseFile::extents`] gives. What others change meanwhile may or may not be seen.
///
/// # Source
/// lseek(2).
#[derive(Debug)]
pub struct Extents<'a> {
    file: BorrowedFd<'a>,
    /// Where the file's position was.
    position: u64,
    /// Where the next extent begins.
    next: u64,
    /// Where the data begins that follow the hole that was given last.
    data: Option<u64>,
    ended: bool,
}

impl Extents<'_> {
    fn extent(&mut self) -> Result<Option<Extent>, Error> {
        let start = match self.data.take() {
            Some(start) => Some(start),
            None => self.seek(SeekFrom::Data(self.next))?,
        };
        let Some(start) = start else {
            // No data follow: all that is left is a hole.
            self.ended = true;
            let size = fstat(self.file).map_err(|errno| failed("query", errno))?.st_size;
            let size = u64::try_from(size).unwrap_or(0);
            if size <= self.next {
                return Ok(None);
            }
            return Ok(Some(Extent {
                range: ByteRange::new(self.next, size - self.next)?,
                kind: ExtentKind::Hole,
            }));
        };
        if start > self.next {
            let range = ByteRange::new(self.next, start - self.next)?;
            (self.next, self.data) = (start, Some(start));
            return Ok(Some(Extent { range, kind: ExtentKind::Hole }));
        }
        // A file that was cut meanwhile has no hole there either.
        let Some(end) = self.seek(SeekFrom::Hole(start))?.filter(|end| *end > start) else {
            self.ended = true;
            return Ok(None);
        };
        self.next = end;
        Ok(Some(Extent { range: ByteRange::new(start, end - start)?, kind: ExtentKind::Data }))
    }

    fn seek(&self, to: SeekFrom) -> Result<Option<u64>, Error> {
        match seek(self.file, to) {
            Ok(position) => Ok(Some(position)),
            Err(Errno::NXIO) => Ok(None),
            Err(errno) => Err(failed("seek", errno)),
        }
    }
}

impl Iterator for Extents<'_> {
    type Item = Result<Extent, Error>;

    /// The next one; after an error, none.
    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let extent = self.extent();
        self.ended |= extent.is_err();
        extent.transpose()
    }
}

impl FusedIterator for Extents<'_> {}

impl Drop for Extents<'_> {
    /// Puts the file's position back.
    fn drop(&mut self) {
        // It was there before.
        let _ = seek(self.file, SeekFrom::Start(self.position));
    }
}
