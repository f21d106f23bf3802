//! Bytes that several files share until one of them is written: reflinks and deduplication.

use std::os::fd::{AsFd, BorrowedFd};

use linux_raw_sys::general::{FILE_DEDUPE_RANGE_DIFFERS, FILE_DEDUPE_RANGE_SAME};
use linux_support_base::{Errno, Error};

use super::{ByteRange, failed};
use crate::sys::file::{Dedupe, clone_file, clone_range, deduplicate};

/// What became of a range that was to be shared if it is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deduplicated {
    /// So many bytes are shared now; fewer than asked for where the file system has a limit: go on after them.
    Shared(u64),
    /// The bytes differ; nothing was changed.
    Different,
    /// It could not be done.
    Failed(Errno),
}

/// Files that can share what is stored, on btrfs, XFS, bcachefs, OCFS2, NFS and SMB.
///
/// ```
/// use linux_support_fd::file::SharedBytes;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let [image, copy] = ["disk.image", "snapshot.image"].map(|name| folder.path().join(name));
/// std::fs::write(&image, "content").unwrap();
/// let source = std::fs::File::open(&image).unwrap();
/// let snapshot = std::fs::File::create(&copy).unwrap();
/// match snapshot.clone_file(&source) {
///     Ok(()) => assert_eq!(std::fs::read(&copy).unwrap(), b"content"),
///     Err(error) => println!("{error}"), // ext4 and tmpfs can't
/// }
/// ```
pub trait SharedBytes: AsFd {
    /// Becomes the same as `source`, without copying.
    ///
    /// # Errors
    /// The file system can't (`EOPNOTSUPP`); they are on two file systems (`EXDEV`); this is not open for writing, or
    /// `source` not for reading (`EBADF`).
    #[doc(alias = "FICLONE")]
    fn clone_file(&self, source: impl AsFd) -> Result<(), Error>
    where
        Self: Sized,
    {
        clone_file(self.as_fd(), source.as_fd()).map_err(|errno| failed("clone", errno))
    }

    /// Has the bytes `range` of `source` at `start`, without copying. In whole blocks, but for the end of `source`.
    ///
    /// # Errors
    /// As those of [`clone_file`](Self::clone_file); the ranges are no whole blocks, or overlap in one file
    /// (`EINVAL`).
    #[doc(alias = "FICLONERANGE")]
    fn clone_range(&self, source: impl AsFd, range: ByteRange, start: u64) -> Result<(), Error>
    where
        Self: Sized,
    {
        // Where the end is beyond what a file can hold, the call would be of no meaning.
        ByteRange::new(start, range.length())?;
        clone_range(self.as_fd(), source.as_fd(), range.start(), range.length(), start)
            .map_err(|errno| failed("clone", errno))
    }

    /// Has each target, which is a file and where to begin in it, share the bytes `range` of this file, if it has the
    /// same ones. The kernel compares them, and nobody changes them meanwhile.
    ///
    /// The answers are in the order of the targets.
    ///
    /// # Errors
    /// This is not open for reading, or the file system can't (`EOPNOTSUPP`).
    #[doc(alias = "FIDEDUPERANGE")]
    fn deduplicate(
        &self,
        range: ByteRange,
        targets: &[(BorrowedFd<'_>, u64)],
    ) -> Result<Vec<Deduplicated>, Error> {
        let mut answers = Vec::with_capacity(targets.len());
        for batch in targets.chunks(Dedupe::MAXIMUM) {
            let mut call = Dedupe::new(range.start(), range.length(), batch);
            deduplicate(self.as_fd(), &mut call).map_err(|errno| failed("deduplicate", errno))?;
            answers.extend(call.answers().map(|(status, bytes)| answer(status, bytes)));
        }
        Ok(answers)
    }
}

impl<T: AsFd + ?Sized> SharedBytes for T {}

fn answer(status: i32, bytes: u64) -> Deduplicated {
    match u32::try_from(status) {
        Ok(FILE_DEDUPE_RANGE_SAME) => Deduplicated::Shared(bytes),
        Ok(FILE_DEDUPE_RANGE_DIFFERS) => Deduplicated::Different,
        // There are no others.
        Ok(_) => Deduplicated::Failed(Errno::PROTO),
        Err(_) => Deduplicated::Failed(Errno::from_raw_os_error(status.saturating_neg())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_answer() {
        assert_eq!(answer(0, 512), Deduplicated::Shared(512));
        assert_eq!(answer(1, 0), Deduplicated::Different);
        assert_eq!(answer(-22, 0), Deduplicated::Failed(Errno::INVAL));
        assert_eq!(answer(9, 0), Deduplicated::Failed(Errno::PROTO));
    }
}
