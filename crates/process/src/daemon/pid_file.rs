use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use linux_support_base::{Errno, Error};
use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, flock, fstat, openat, statat, unlinkat};

use crate::own;

/// A file with the number of a daemon, locked as long as that runs: the lock, and not the number, says that it does. It is
/// removed when this is dropped.
///
/// The lock (flock(2)) belongs to the open file; what the daemon forks shares it.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: File,
    /// Whose it is: a child that was forked and drops its copy leaves the file.
    owner: linux_support_base::Pid,
}

impl PidFile {
    /// Makes the file, or takes over one whose daemon has ended, locks it and writes the caller's number.
    ///
    /// # Errors
    /// Another process holds it, which the error names; it can't be made; it is a link.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let name = || path.as_os_str().as_encoded_bytes();
        let failed = |operation, errno| Error::system(operation, name(), errno);
        let file = loop {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY;
            let file = openat(CWD, path, flags, Mode::from_raw_mode(0o644)).map_err(|errno| match errno {
                Errno::LOOP => Error::invalid("open", name(), "expected a file, and not a link"),
                errno => failed("open", errno),
            })?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Err(held(path, file)),
                Err(errno) => return Err(failed("lock", errno)),
            }
            // The one who held it may have removed it meanwhile.
            let here = fstat(&file).map_err(|errno| failed("read", errno))?;
            match statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(there) if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino) => break file,
                Ok(_) | Err(Errno::NOENT) => {}
                Err(errno) => return Err(failed("read", errno)),
            }
        };
        let owner = own::pid();
        let mut file = File::from(file);
        file.set_len(0).and_then(|()| file.write_all(format!("{owner}\n").as_bytes())).map_err(|error| {
            failed("write", error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error))
        })?;
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Ok(Self { path: absolute, file, owner })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file, for what is to hold the lock as well.
    #[must_use]
    pub const fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if own::pid() == self.owner {
            // Before the lock goes, so that nobody else's is removed.
            let _ = unlinkat(CWD, &self.path, AtFlags::empty());
        }
    }
}

/// That another process holds the file.
#[cold]
fn held(path: &Path, file: OwnedFd) -> Error {
    let mut text = String::new();
    let _ = File::from(file).take(20).read_to_string(&mut text);
    let by = match text.trim_ascii().parse::<u32>() {
        Ok(number) => format!("is held by process {number}, which runs"),
        Err(_) => "is held by another process, which runs".to_owned(),
    };
    Error::invalid("lock", path.as_os_str().as_encoded_bytes(), by)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_held_by_one_and_taken_over_from_the_dead() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daemon.pid");
        std::fs::write(&path, "4194304 and the rest of an older, longer text\n").unwrap();
        let file = PidFile::create(&path).unwrap();
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), format!("{}\n", std::process::id()));
        let error = PidFile::create(&path).unwrap_err();
        assert!(
            error.to_string().ends_with(&format!("is held by process {}, which runs", own::pid())),
            "{error}"
        );
        drop(file);
        assert!(!path.exists());
        let again = PidFile::create(&path).unwrap();
        assert!(path.exists());
        drop(again);
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daemon.pid");
        let target = folder.path().join("target");
        std::fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        let error = PidFile::create(&path).unwrap_err();
        assert!(error.to_string().contains("not a link"), "{error}");
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
        assert!(PidFile::create("/no/such/folder/daemon.pid").unwrap_err().is_absent());
    }
}
