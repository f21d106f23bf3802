use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    os::unix::ffi::OsStrExt,
    path::Path,
};

use linux_support_base::{Bytes, Errno, Error, Machine, PageSize, Reason};
use rustix::fs::{FsWord, Mode, OFlags, fstatfs, ftruncate, openat, statfs};

use crate::{
    huge_page::{pool, resize::shortage},
    mapping::{FileBacked, MapOptions, Mapping, ReadWrite, Sharing},
};

const HUGETLBFS_MAGIC: FsWord = 0x9584_58f6;

/// The size of the huge pages of which the files at `path` are; `None` where it is on another file system.
///
/// # Errors
/// There is nothing at `path`, or it may not be reached.
#[doc(alias = "hugetlbfs_test_path")]
pub fn page_size_at(path: impl AsRef<Path>) -> Result<Option<PageSize>, Error> {
    let path = path.as_ref();
    let status =
        statfs(path).map_err(|errno| Error::system("look at", path.as_os_str().as_bytes(), errno))?;
    Ok(page_size_of(&status))
}

fn page_size_of(status: &rustix::fs::StatFs) -> Option<PageSize> {
    let is_huge = status.f_type as u64 & 0xffff_ffff == HUGETLBFS_MAGIC as u64 & 0xffff_ffff;
    is_huge
        .then(|| u64::try_from(status.f_bsize).ok().and_then(|size| PageSize::new(Bytes::new(size))))
        .flatten()
}

/// A file on huge pages.
#[derive(Debug)]
pub struct HugePageFile {
    file: OwnedFd,
    length: Bytes,
    page: PageSize,
}

/// A new file on huge pages that has no name, in the file system of `directory`. `length` is rounded up to whole pages.
///
/// Its pages are had when it is mapped. Memory that nobody can shorten, and that can be lent as atomics, is a sealed memfd
/// with huge pages: [`MapOptions::shared_file`].
///
/// # Errors
/// `directory` is not on a hugetlbfs; it has room for no more files; `length` is 0, or more than it may have.
#[doc(alias = "hugetlbfs_unlinked_fd")]
#[doc(alias = "hugetlbfs_unlinked_fd_for_size")]
pub fn unlinked_file(directory: impl AsFd, length: Bytes) -> Result<HugePageFile, Error> {
    const OBJECT: &str = "file on huge pages";
    let directory = directory.as_fd();
    let failed = |errno| match errno {
        Errno::OPNOTSUPP => Error::new("make", OBJECT, Reason::System(errno)),
        errno => Error::system("make", OBJECT, errno),
    };
    let status = fstatfs(directory).map_err(failed)?;
    let Some(page) = page_size_of(&status) else {
        return Err(Error::invalid("make", OBJECT, "the directory is on another file system than hugetlbfs"));
    };
    let rounded = length.get().checked_next_multiple_of(page.bytes().get());
    let Some(rounded) = rounded.filter(|&rounded| rounded != 0 && i64::try_from(rounded).is_ok()) else {
        let most = i64::MAX as u64 / page.bytes().get() * page.bytes().get();
        return Err(Error::invalid(
            "make",
            OBJECT,
            format!("{:#} bytes: a length is from 1 to {most}", length),
        ));
    };
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC | OFlags::EXCL;
    let file = openat(directory, ".", flags, Mode::RUSR | Mode::WUSR).map_err(failed)?;
    ftruncate(&file, rounded).map_err(failed)?;
    Ok(HugePageFile { file, length: Bytes::new(rounded), page })
}

impl HugePageFile {
    /// How long it is: whole pages.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "none is empty")]
    pub const fn len(&self) -> Bytes {
        self.length
    }

    /// The size of its pages.
    #[must_use]
    pub const fn page_size(&self) -> PageSize {
        self.page
    }

    /// Maps all of it, shared with all who have the file. Pages are promised to it.
    ///
    /// # Errors
    /// The pool or the file system has too few pages: the error says how many there are.
    pub fn map(&self) -> Result<Mapping<FileBacked, ReadWrite>, Error> {
        MapOptions::new().file(&self.file, Sharing::Shared, 0, self.length).map_err(|error| {
            let machine = Machine::live();
            match (error.reason(), machine.and_then(|machine| pool(&machine, self.page))) {
                (Reason::System(Errno::NOMEM), Ok(pool)) => {
                    let pages = self.length.get() / self.page.bytes().get();
                    Error::invalid("map", error.object().as_bytes(), shortage(&pool, pages))
                }
                _ => error,
            }
        })
    }
}

impl AsFd for HugePageFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl From<HugePageFile> for OwnedFd {
    fn from(file: HugePageFile) -> Self {
        file.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_file_systems_have_no_huge_pages() {
        assert_eq!(page_size_at("/proc"), Ok(None));
        assert!(page_size_at("/no/such/place").unwrap_err().is_absent());
        let folder = std::fs::File::open("/proc").unwrap();
        let error = unlinked_file(&folder, Bytes::new(1)).unwrap_err();
        assert!(error.to_string().contains("another file system"), "{error}");
    }
}
