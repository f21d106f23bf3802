//! From file to file.

use core::ops::{ControlFlow, Range};
use std::{
    fs::File,
    os::fd::{AsFd, AsRawFd, BorrowedFd},
};

use linux_support_base::{Errno, Error, Reason};
use rustix::fs::copy_file_range;

use super::progress::{Moved, TransferEnd, TransferError, Transferred};
use crate::readiness::attempt;

/// The most that one call moves, as for every reading and writing.
const AT_ONCE: u64 = 0x7fff_f000;

/// A file from which ranges can be copied to another within the kernel: a network file system copies on its server,
/// and one that shares blocks shares them.
///
/// ```
/// use std::{io::Write, ops::ControlFlow, os::unix::fs::FileExt};
/// use linux_support_fd::CopyRange;
///
/// let (mut source, target) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
/// source.write_all(b"0123456789").unwrap();
/// let done = source.copy_range_to(2..6, &target, 100, |_copied| ControlFlow::Continue(()))?;
/// assert_eq!((done.delivered, target.metadata().unwrap().len()), (4, 104));
/// # let mut part = [0; 4];
/// # target.read_exact_at(&mut part, 100).unwrap();
/// # assert_eq!(&part, b"2345");
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// copy_file_range(2).
pub trait CopyRange: AsFd {
    /// Copies up to `length` bytes from the position `from` to the position `to` of `target`, and says how many; 0
    /// is the end of the file. The files' own positions stay where they are.
    ///
    /// # Errors
    /// One of them is no regular file, `target` is open for appending, or the ranges overlap in one file. They are
    /// on file systems between which this kernel doesn't copy ([`Errno::XDEV`]):
    /// [`SendFile`](super::SendFile) does.
    #[doc(alias = "copy_file_range")]
    fn copy_some_to(&self, from: u64, target: impl AsFd, to: u64, length: usize) -> Result<usize, Error> {
        let copied = attempt(|| {
            let (mut from, mut to) = (from, to);
            copy_file_range(self.as_fd(), Some(&mut from), target.as_fd(), Some(&mut to), length)
        });
        match copied {
            Ok(Some(copied)) => Ok(copied),
            Ok(None) => Err(failed(target.as_fd(), Errno::AGAIN)),
            Err(errno) => Err(failed(target.as_fd(), errno)),
        }
    }

    /// Copies all bytes of `range`, or as many of them as the file has, to the position `to` of `target` and on.
    /// After each step `progress` hears how many were copied, and may stop.
    ///
    /// # Errors
    /// As for [`copy_some_to`](Self::copy_some_to), with what had been copied before.
    fn copy_range_to(
        &self,
        range: Range<u64>,
        target: impl AsFd,
        to: u64,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Transferred, TransferError> {
        let length = range.end.saturating_sub(range.start);
        let mut copied = Moved(0);
        while copied.0 < length {
            let most = (length - copied.0).min(AT_ONCE) as usize;
            let to = to.saturating_add(copied.0);
            match self.copy_some_to(range.start + copied.0, target.as_fd(), to, most) {
                Ok(0) => return Ok(copied.ended(TransferEnd::EndOfSource)),
                Ok(moved) => copied.0 += moved as u64,
                Err(error) => return Err(copied.failed(error)),
            }
            if progress(copied.0).is_break() {
                return Ok(copied.ended(TransferEnd::Stopped));
            }
        }
        Ok(copied.ended(TransferEnd::Complete))
    }
}

#[cold]
fn failed(target: BorrowedFd<'_>, errno: Errno) -> Error {
    let object = format!("descriptor {}", target.as_raw_fd());
    match errno {
        Errno::INVAL => Error::invalid(
            "copy to",
            object.as_str(),
            "takes ranges of regular files that don't overlap in one file",
        ),
        Errno::BADF => Error::invalid(
            "copy to",
            object.as_str(),
            "takes a source open for reading and a target open for writing, not for appending",
        ),
        // Nothing to do with trees: the file systems differ.
        Errno::XDEV => Error::new("copy to", object.as_str(), Reason::System(errno)),
        errno => Error::system("copy to", object.as_str(), errno),
    }
}

impl CopyRange for File {}
