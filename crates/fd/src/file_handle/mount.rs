//! Where handles are opened.

use std::{
    ffi::OsString,
    fmt::Display,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::ffi::{OsStrExt, OsStringExt},
    },
    path::{Path, PathBuf},
};

use linux_support_base::{ByteString, Errno, Error, Reason, Requirement};
use rustix::fs::{AtFlags, CWD, OFlags, fstat, readlink, statat};

use super::{FileHandle, number_of_file_system};
use crate::{
    directory::{DirectoryHandle, OpenHow, PathHandle},
    sys,
};

/// A mount on which files are opened by their handles: what fanotify tells of becomes a file, a directory or a path.
///
/// ```
/// use linux_support_fd::{FileHandle, HandleMount, directory::DirectoryHandle};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = &folder.path().canonicalize().unwrap();
/// std::fs::create_dir(folder.join("old")).unwrap();
/// let handle = FileHandle::of(DirectoryHandle::open(folder.join("old"))?)?;
/// std::fs::rename(folder.join("old"), folder.join("new")).unwrap();
///
/// let mount = HandleMount::open(folder)?;
/// match mount.path_of(&handle) {
///     Ok(path) => assert_eq!(path, folder.join("new")),
///     Err(error) => println!("{error}"), // without CAP_DAC_READ_SEARCH
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Capabilities
/// CAP_DAC_READ_SEARCH for all that opens: by a handle a file is had without asking the directories above it.
#[derive(Debug)]
#[doc(alias = "mount_fd")]
pub struct HandleMount {
    directory: OwnedFd,
    file_system: [i32; 2],
}

const NEEDS: Requirement = Requirement::none().capability("CAP_DAC_READ_SEARCH");

impl HandleMount {
    /// The mount that a directory is on: for fanotify's handles, best the one that was marked.
    ///
    /// # Errors
    /// It is no directory, or may not be read.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, Error> {
        Self::of(&DirectoryHandle::open(directory)?)
    }

    /// The mount that an open directory is on.
    ///
    /// # Errors
    /// It may not be read.
    pub fn of(directory: &DirectoryHandle) -> Result<Self, Error> {
        // The kernel doesn't take a mere place.
        let directory = directory.open_with(".", OpenHow::reading().directory())?;
        Ok(Self { file_system: number_of_file_system(&directory)?, directory })
    }

    /// The number of its file system, as [`FileHandle::file_system`] has it.
    #[must_use]
    pub const fn file_system(&self) -> [i32; 2] {
        self.file_system
    }

    /// Opens a file. [`Resolve`](crate::directory::Resolve) has no meaning for it.
    ///
    /// # Errors
    /// It is gone ([`Reason::Gone`]); the handle is of another file system, or not one that it makes; `how` is to
    /// create; the capability is missing.
    #[doc(alias = "open_by_handle_at")]
    pub fn open_file(&self, handle: &FileHandle, how: OpenHow) -> Result<OwnedFd, Error> {
        if how.creates() {
            return Err(Error::invalid("open", name(handle), "is there already, and is not to be created"));
        }
        self.opened(handle, how.parts().0)
    }

    /// The place of a file of any kind, a symbolic link among them.
    ///
    /// # Errors
    /// As those of [`open_file`](Self::open_file).
    pub fn open_path(&self, handle: &FileHandle) -> Result<PathHandle, Error> {
        self.opened(handle, OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW).map(PathHandle::new)
    }

    /// The place of a directory.
    ///
    /// # Errors
    /// As those of [`open_file`](Self::open_file), and it is no directory.
    pub fn open_directory(&self, handle: &FileHandle) -> Result<DirectoryHandle, Error> {
        self.opened(handle, OFlags::PATH | OFlags::CLOEXEC | OFlags::DIRECTORY)
            .map(DirectoryHandle::of_kernel)
    }

    /// The path that a directory has now, from the root of the process.
    ///
    /// Only directories have one path. Of another file, fanotify tells the directory and the name:
    /// [`path_of_entry`](Self::path_of_entry).
    ///
    /// # Errors
    /// As those of [`open_directory`](Self::open_directory); it is not below what this mount shows, or not below the
    /// root of the process ([`Reason::OutsideOfTree`]); `/proc` is not mounted.
    pub fn path_of(&self, directory: &FileHandle) -> Result<PathBuf, Error> {
        let opened = self.open_directory(directory)?;
        let failed = |errno| Error::system("find path of", name(directory), errno);
        let link = format!("/proc/thread-self/fd/{}", opened.as_raw_fd());
        let path = readlink(&link, Vec::new()).map_err(failed)?;
        let path = PathBuf::from(OsString::from_vec(path.into_bytes()));
        // A path of what was deleted, or lies outside, looks like one too.
        let status = fstat(&opened).map_err(failed)?;
        match statat(CWD, &path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) if (found.st_dev, found.st_ino) == (status.st_dev, status.st_ino) => Ok(path),
            _ if status.st_nlink == 0 => Err(Error::new("find path of", name(directory), Reason::Gone)),
            Ok(_) | Err(Errno::NOENT | Errno::NOTDIR) => {
                Err(Error::new("find path of", name(directory), Reason::OutsideOfTree))
            }
            Err(errno) => Err(failed(errno)),
        }
    }

    /// The path of the entry `name` of a directory, as fanotify tells it: `.` is the directory itself.
    ///
    /// Whether there is such an entry still is not asked.
    ///
    /// # Errors
    /// As those of [`path_of`](Self::path_of).
    pub fn path_of_entry(&self, directory: &FileHandle, name: &ByteString) -> Result<PathBuf, Error> {
        let mut path = self.path_of(directory)?;
        if name.as_bytes() != b"." {
            path.push(std::ffi::OsStr::from_bytes(name.as_bytes()));
        }
        Ok(path)
    }

    fn opened(&self, handle: &FileHandle, flags: OFlags) -> Result<OwnedFd, Error> {
        let invalid = |accepted: &dyn Display| Error::invalid("open", name(handle), accepted.to_string());
        if handle.file_system != self.file_system {
            let (handle, mount) = (handle.file_system, self.file_system);
            let accepted = format_args!("is of the file system {handle:x?}, and the mount of {mount:x?}");
            return Err(invalid(&accepted));
        }
        if handle.handle.len() > sys::file_handle::LONGEST {
            return Err(invalid(&"takes handles of at most 128 bytes"));
        }
        loop {
            match sys::file_handle::open(self.directory.as_fd(), handle.kind, &handle.handle, flags) {
                Err(Errno::INTR) => {}
                Ok(opened) => return Ok(opened),
                Err(Errno::STALE) => return Err(Error::new("open", name(handle), Reason::Gone)),
                Err(Errno::NOTDIR) => return Err(Error::new("open", name(handle), Reason::WrongKind)),
                Err(Errno::INVAL) => return Err(invalid(&"is no handle that this file system makes")),
                Err(errno) => return Err(Error::system("open", name(handle), errno).explained(NEEDS, None)),
            }
        }
    }
}

/// What errors call it: `file handle 1:0200000034120000`.
fn name(handle: &FileHandle) -> String {
    let mut name = format!("file handle {:x}:", handle.kind);
    for byte in &handle.handle {
        name.push_str(&format!("{byte:02x}"));
    }
    name
}
