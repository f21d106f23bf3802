use core::ops::Deref;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::{
    fs::{AtFlags, Mode, OFlags, mkdirat, unlinkat},
    io::Errno,
};

use super::{Directory, io};
use crate::{Error, syscall::write_whole};

/// A directory of the machine that runs, to be changed: what takes one changes the machine.
///
/// It stays the directory that it was when it was opened. If that was removed, changing it fails, even if there is
/// another of the same name by now.
#[derive(Clone, Copy, Debug)]
pub struct LiveDirectory<'d> {
    directory: &'d Directory,
    descriptor: BorrowedFd<'d>,
}

impl Directory {
    /// This directory, to be changed.
    ///
    /// # Errors
    /// Its machine was captured.
    pub fn as_live(&self) -> Result<LiveDirectory<'_>, Error> {
        match self.descriptor() {
            Some(descriptor) => Ok(LiveDirectory { directory: self, descriptor }),
            None => Err(Error::invalid(
                "change",
                self.path(),
                "needs the machine that runs, and this was captured",
            )),
        }
    }
}

impl LiveDirectory<'_> {
    /// Writes `text` to the file `name`, which is there, in one call: the kernel takes it whole or not at all.
    ///
    /// # Errors
    /// The file is absent or may not be written, or the kernel refuses the text.
    pub fn write(self, name: impl AsRef<[u8]>, text: impl AsRef<[u8]>) -> Result<(), Error> {
        let name = name.as_ref();
        write_whole(self.descriptor, name, text.as_ref()).map_err(|errno| self.error("write", name, errno))
    }

    /// The file `name`, which is there, opened to be written, and read too if `flags` say so. It is close-on-exec.
    ///
    /// # Errors
    /// The file is absent or may not be opened so.
    pub fn open(self, name: impl AsRef<[u8]>, flags: OFlags) -> Result<OwnedFd, Error> {
        let name = name.as_ref();
        io::open(self.descriptor, name, flags | OFlags::NOCTTY)
            .map_err(|errno| self.error("open", name, errno))
    }

    /// Makes the directory `name`, with `mode` less the process's umask.
    ///
    /// # Errors
    /// There is something of that name ([`Errno::EXIST`]), or the directory may not be written.
    pub fn make(self, name: impl AsRef<[u8]>, mode: Mode) -> Result<(), Error> {
        let name = name.as_ref();
        mkdirat(self.descriptor, name, mode).map_err(|errno| self.error("make", name, errno))
    }

    /// Removes the directory `name`, which is empty.
    ///
    /// # Errors
    /// It is not there, is in use ([`Errno::BUSY`]), or the directory may not be written.
    pub fn remove(self, name: impl AsRef<[u8]>) -> Result<(), Error> {
        let name = name.as_ref();
        unlinkat(self.descriptor, name, AtFlags::REMOVEDIR).map_err(|errno| self.error("remove", name, errno))
    }

    /// Its descriptor.
    #[must_use]
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor
    }

    #[cold]
    fn error(self, operation: &'static str, name: &[u8], errno: Errno) -> Error {
        Error::system(operation, [self.directory.path(), b"/", name].concat(), errno)
    }
}

impl Deref for LiveDirectory<'_> {
    type Target = Directory;

    fn deref(&self) -> &Directory {
        self.directory
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Machine;

    #[test]
    fn a_directory_is_changed_where_it_was_opened() {
        let tree = tempfile::tempdir().unwrap();
        let machine = Machine::live().unwrap();
        let path = |name: &str| tree.path().join(name).as_os_str().as_encoded_bytes().to_vec();
        let directory = machine.directory(path("")).unwrap();
        let live = directory.as_live().unwrap();
        live.make("a", Mode::RWXU).unwrap();
        assert!(live.make("a", Mode::RWXU).unwrap_err().to_string().contains("exist"));
        let a = machine.directory(path("a")).unwrap();
        std::fs::write(tree.path().join("a/setting"), "1").unwrap();
        a.as_live().unwrap().write("setting", "2").unwrap();
        assert_eq!(a.line("setting").unwrap(), "2");
        assert!(live.remove("a").is_err());
        std::fs::remove_file(tree.path().join("a/setting")).unwrap();
        live.remove("a").unwrap();
        live.make("a", Mode::RWXU).unwrap();
        std::fs::write(tree.path().join("a/setting"), "1").unwrap();
        assert!(a.as_live().unwrap().write("setting", "3").is_err(), "another directory of that name");
    }

    #[test]
    fn a_captured_directory_is_not_to_be_changed() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir(tree.path().join("proc")).unwrap();
        let machine = Machine::captured(tree.path()).unwrap();
        let directory = machine.directory("/proc").unwrap();
        assert!(directory.as_live().unwrap_err().to_string().contains("captured"));
    }
}
