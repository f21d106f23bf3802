//! An open directory.

use std::{
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
};

use linux_support_base::{Errno, Error};
use rustix::fs::{AtFlags, CWD, openat2};

use super::{
    Entries, FileStatus, PathHandle, failed,
    how::{OpenHow, Resolve},
    name,
};
use crate::descriptor::descriptor;

/// An open directory, or the place of one (`O_PATH`).
///
/// ```
/// use linux_support_fd::directory::DirectoryHandle;
///
/// let mut buffer = Vec::new();
/// let mut entries = DirectoryHandle::open("/proc/self")?.entries(&mut buffer)?;
/// let mut names = Vec::new();
/// while let Some(entry) = entries.next()? {
///     names.push(entry.name.to_owned());
/// }
/// assert!(names.contains(&b"status".to_vec()));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// openat(2), openat2(2).
#[derive(Debug)]
#[doc(alias = "O_DIRECTORY")]
#[doc(alias = "O_PATH")]
pub struct DirectoryHandle(pub(super) OwnedFd);

descriptor!(DirectoryHandle, "directory", crate::DescriptorKind::Directory, nonblocking: false);

/// How often a walk is begun again that a rename elsewhere has made uncertain.
const TRIES: u32 = 128;

impl DirectoryHandle {
    /// Opens the place of a directory, wherever `path` leads: absolute, or from the current directory.
    ///
    /// # Errors
    /// It is no directory, or can't be reached.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let how = OpenHow::path().directory().resolve(Resolve::empty());
        open_at(CWD, path.as_ref(), how).map(Self)
    }

    /// The place of a directory that the kernel has just opened.
    pub(crate) fn of_kernel(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// Opens `path`, from this directory.
    ///
    /// # Errors
    /// There is none; the path leads where [`Resolve`] forbids; its permissions do not allow it; a name in it is
    /// longer than the file system's limit, mostly 255 bytes (`ENAMETOOLONG`).
    #[doc(alias = "openat2")]
    pub fn open_with(&self, path: impl AsRef<Path>, how: OpenHow) -> Result<OwnedFd, Error> {
        open_at(&self.0, path.as_ref(), how)
    }

    /// Opens `path`, from this directory, if all that is needed to walk it is in memory; `None` says that it is not.
    ///
    /// # Errors
    /// As those of [`open_with`](Self::open_with). Not for what creates or empties files.
    #[doc(alias = "RESOLVE_CACHED")]
    pub fn open_cached(&self, path: impl AsRef<Path>, how: OpenHow) -> Result<Option<OwnedFd>, Error> {
        let path = path.as_ref();
        let (flags, mode, resolve) = how.parts();
        match openat2(&self.0, path, flags, mode, resolve | rustix::fs::ResolveFlags::CACHED) {
            Ok(descriptor) => Ok(Some(descriptor)),
            Err(Errno::AGAIN) => Ok(None),
            Err(errno) => Err(failed("open", path.as_os_str().as_bytes(), errno)),
        }
    }

    /// Opens the place of the directory at `path`, from this one.
    ///
    /// # Errors
    /// As those of [`open_with`](Self::open_with).
    pub fn open_directory(&self, path: impl AsRef<Path>, resolve: Resolve) -> Result<Self, Error> {
        self.open_with(path, OpenHow::path().directory().resolve(resolve)).map(Self)
    }

    /// The place of the entry `name`: of a link itself, not of where it leads.
    ///
    /// # Errors
    /// There is none, or `name` is more than a name.
    pub fn open_path(&self, name: impl AsRef<Path>) -> Result<PathHandle, Error> {
        let path = name.as_ref();
        super::name("open", path.as_os_str().as_bytes())?;
        self.open_with(path, OpenHow::path().no_follow()).map(PathHandle::new)
    }

    /// The place at `path`, from this directory, wherever `resolve` lets it lead.
    ///
    /// # Errors
    /// As those of [`open_with`](Self::open_with).
    pub fn walk(&self, path: impl AsRef<Path>, resolve: Resolve) -> Result<PathHandle, Error> {
        self.open_with(path, OpenHow::path().resolve(resolve)).map(PathHandle::new)
    }

    /// Its entries, read through `buffer`, which is made at least 32 KiB long.
    ///
    /// The directory is opened once more for it, so that nothing else moves the position of reading.
    ///
    /// # Errors
    /// It may not be read.
    pub fn entries<'a>(&self, buffer: &'a mut Vec<u8>) -> Result<Entries<'a>, Error> {
        let how = OpenHow::reading().directory().resolve(Resolve::empty());
        Ok(Entries::new(open_at(&self.0, Path::new("."), how)?, buffer))
    }

    /// What stat(2) tells of the entry `name`: of a link itself.
    ///
    /// # Errors
    /// There is none, or `name` is more than a name.
    pub fn status(&self, name: impl AsRef<Path>) -> Result<FileStatus, Error> {
        let path = name.as_ref();
        self::name("query", path.as_os_str().as_bytes())?;
        FileStatus::at(self.0.as_fd(), path, AtFlags::SYMLINK_NOFOLLOW)
    }
}

pub(super) fn open_at(directory: impl AsFd, path: &Path, how: OpenHow) -> Result<OwnedFd, Error> {
    let (flags, mode, resolve) = how.parts();
    let mut tries = TRIES;
    loop {
        tries -= 1;
        match openat2(&directory, path, flags, mode, resolve) {
            Ok(descriptor) => return Ok(descriptor),
            Err(Errno::INTR) => {}
            // A rename or a mount elsewhere may have led `..` astray: the kernel can't tell, and asks to try again.
            Err(Errno::AGAIN) if !resolve.is_empty() && tries > 0 && !nonblocking(flags) => {}
            Err(errno) => return Err(failed("open", path.as_os_str().as_bytes(), errno)),
        }
    }
}

/// Whether "not now" may be meant for the caller: the file is leased.
fn nonblocking(flags: rustix::fs::OFlags) -> bool {
    flags.contains(rustix::fs::OFlags::NONBLOCK)
}
