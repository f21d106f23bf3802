//! Files that have no name yet.

use std::{
    fs::File,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
};

use linux_support_base::{Errno, Error, Reason};

use super::{DirectoryHandle, FileMode, OpenHow, RenameMode, failed, name, path_handle::link};

/// A file without a name: gone when it is closed, unless it is given one.
///
/// So nobody sees it half written.
///
/// ```
/// use std::io::Write;
/// use linux_support_fd::directory::{DirectoryHandle, FileMode};
///
/// # let folder = tempfile::tempdir().unwrap();
/// let directory = DirectoryHandle::open(folder.path())?;
/// let mut file = directory.create_unnamed(FileMode::READABLE)?;
/// file.file().write_all(b"whole").unwrap();
/// let _file = file.replace(&directory, "settings")?;
/// assert_eq!(std::fs::read(folder.path().join("settings")).unwrap(), b"whole");
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Debug)]
#[doc(alias = "O_TMPFILE")]
pub struct UnnamedFile(File);

impl DirectoryHandle {
    /// Makes a file without a name on this directory's file system, open for reading and writing, with this mode less
    /// the process's umask.
    ///
    /// # Errors
    /// The file system can't (`EOPNOTSUPP`); the permissions do not allow it.
    pub fn create_unnamed(&self, mode: FileMode) -> Result<UnnamedFile, Error> {
        self.unnamed(mode, false).map(|file| UnnamedFile(file.into()))
    }

    /// Makes a file, as [`create_unnamed`](Self::create_unnamed) does, that can never be given a name.
    ///
    /// # Errors
    /// As those of `create_unnamed`.
    pub fn create_nameless(&self) -> Result<File, Error> {
        self.unnamed(FileMode::OWNER, true).map(File::from)
    }

    fn unnamed(&self, mode: FileMode, for_ever: bool) -> Result<OwnedFd, Error> {
        let how = OpenHow::reading_and_writing().unnamed(mode, for_ever);
        self.open_with(".", how).map_err(|error| match error.reason() {
            // Where the file system can't, the kernel sees a directory opened for writing.
            Reason::WrongKind => Error::system("create", "file without a name", Errno::OPNOTSUPP),
            _ => error,
        })
    }
}

/// How many random names are tried.
const TRIES: u32 = 64;

impl UnnamedFile {
    /// The file, to write to.
    pub fn file(&mut self) -> &mut File {
        &mut self.0
    }

    /// Gives it a name that nothing else has.
    ///
    /// # Errors
    /// There is something of that name (`EEXIST`); the directory is on another mount (`EXDEV`).
    #[doc(alias = "linkat")]
    pub fn link_into(self, directory: &DirectoryHandle, new: impl AsRef<Path>) -> Result<File, Error> {
        let file = OwnedFd::from(self.0);
        link(&file, directory, new.as_ref())?;
        Ok(file.into())
    }

    /// Gives it a name, in place of what has it: whoever opens that name finds the one or the other.
    ///
    /// For that it has a random name in the same directory for a moment: `.` and 16 hexadecimal digits. What was
    /// written reaches the storage in no certain order unless `sync_all` was called before.
    ///
    /// # Errors
    /// A directory has the name; this directory is on another mount (`EXDEV`).
    pub fn replace(self, directory: &DirectoryHandle, new: impl AsRef<Path>) -> Result<File, Error> {
        let new = new.as_ref();
        name("replace", new.as_os_str().as_bytes())?;
        let file = OwnedFd::from(self.0);
        let mut tries = TRIES;
        let temporary = loop {
            tries -= 1;
            let temporary = random_name()?;
            match link(&file, directory, Path::new(&temporary)) {
                Ok(()) => break temporary,
                Err(error) if error.reason() == &Reason::System(Errno::EXIST) && tries > 0 => {}
                Err(error) => return Err(error),
            }
        };
        if let Err(error) = directory.rename(&temporary, directory, new, RenameMode::Replace) {
            let _ = directory.remove(&temporary);
            return Err(error);
        }
        Ok(file.into())
    }
}

fn random_name() -> Result<String, Error> {
    let mut bytes = [0; 8];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|errno| failed("read", b"random bytes", errno))?;
    Ok(format!(".{:016x}", u64::from_ne_bytes(bytes)))
}

impl From<UnnamedFile> for File {
    /// The file, which stays without a name.
    fn from(file: UnnamedFile) -> Self {
        file.0
    }
}

impl AsFd for UnnamedFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
