use std::{
    ffi::OsStr,
    fs,
    os::{
        fd::{AsFd, AsRawFd},
        unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    },
    path::{Path, PathBuf},
};

use linux_support_base::{ByteString, Errno, Error, Requirement};
use linux_support_fd::namespace::Namespace;
use rustix::{
    io::Errno as SystemErrno,
    mount::{MountPropagationFlags, UnmountFlags, mount_bind, mount_change, unmount},
};

const ADMIN: Requirement = Requirement::none().capability("CAP_SYS_ADMIN");

/// Namespaces that have names in a folder, and live without a process: `/run/netns`, as ip-netns(8) has it.
///
/// Each name is a file on which the namespace is bind-mounted.
///
/// ```no_run
/// use linux_support_fd::namespace::Namespace;
/// use linux_support_security::namespace::NamedNamespaces;
///
/// let networks = NamedNamespaces::of_networks();
/// networks.add("blue", &Namespace::open("/proc/self/ns/net")?)?;
/// let blue = networks.open("blue")?;
/// networks.remove("blue")?;
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "ip netns")]
pub struct NamedNamespaces {
    folder: PathBuf,
}

impl NamedNamespaces {
    /// Those of the network, where ip-netns(8) finds them.
    #[must_use]
    pub fn of_networks() -> Self {
        Self::new("/run/netns")
    }

    /// Those in a folder, which only root should be able to write to.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The names, sorted; none where the folder is not there.
    ///
    /// # Errors
    /// The folder can't be read.
    pub fn names(&self) -> Result<Vec<ByteString>, Error> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| self.failed("list", &self.folder, error))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| self.failed("list", &self.folder, error))?;
            names.push(ByteString::from(entry.file_name().as_bytes()));
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Opens the namespace of this name.
    ///
    /// # Errors
    /// There is none of this name, or what has it is no namespace; the name is none.
    pub fn open(&self, name: impl AsRef<[u8]>) -> Result<Namespace, Error> {
        Namespace::open(self.path(name.as_ref())?)
    }

    /// Gives the namespace a name, under which it lives on without a process, until the machine stops.
    ///
    /// The folder is made if it is not there, and becomes a shared mount, so that other mount namespaces see the name
    /// and its end. One of mounts can't be named in a folder that it shares with the caller (`EINVAL`).
    ///
    /// # Errors
    /// The name is taken, or is none: empty, `.`, `..`, or with a slash or a byte of 0; the capability is missing.
    ///
    /// # Capabilities
    /// `CAP_SYS_ADMIN`.
    pub fn add(&self, name: impl AsRef<[u8]>, namespace: &Namespace) -> Result<(), Error> {
        let path = self.path(name.as_ref())?;
        fs::create_dir_all(&self.folder).map_err(|error| self.failed("make", &self.folder, error))?;
        self.share()?;
        // Nobody may write to it, and nobody may have put something there.
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o000)
            .open(&path)
            .map_err(|error| self.failed("make", &path, error))?;
        let source = format!("/proc/self/fd/{}", namespace.as_fd().as_raw_fd());
        mount_bind(&source, &path).map_err(|errno| {
            let _ = fs::remove_file(&path);
            self.system("name a namespace by", &path, errno)
        })
    }

    /// Takes the name away. The namespace ends when no process is in it and nobody holds it.
    ///
    /// # Errors
    /// There is none of this name, or the name is none; the capability is missing.
    ///
    /// # Capabilities
    /// `CAP_SYS_ADMIN`.
    pub fn remove(&self, name: impl AsRef<[u8]>) -> Result<(), Error> {
        let path = self.path(name.as_ref())?;
        match unmount(&path, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW) {
            // Nothing is mounted there: a name that was left over.
            Ok(()) | Err(SystemErrno::INVAL) => {}
            Err(errno) => return Err(self.system("unmount", &path, errno)),
        }
        fs::remove_file(&path).map_err(|error| self.failed("remove", &path, error))
    }

    /// Makes the folder a mount of its own that is shared.
    fn share(&self) -> Result<(), Error> {
        let shared =
            || mount_change(&self.folder, MountPropagationFlags::SHARED | MountPropagationFlags::REC);
        match shared() {
            Err(SystemErrno::INVAL) => {
                rustix::mount::mount_bind_recursive(&self.folder, &self.folder).and_then(|()| shared())
            }
            done => done,
        }
        .map_err(|errno| self.system("share", &self.folder, errno))
    }

    fn path(&self, name: &[u8]) -> Result<PathBuf, Error> {
        if matches!(name, b"" | b"." | b"..")
            || name.iter().any(|byte| matches!(byte, b'/' | 0))
            || name.len() > 255
        {
            let accepted = "a name of 1 to 255 bytes without slash, other than . and ..";
            return Err(Error::invalid("name a namespace", name, accepted));
        }
        Ok(self.folder.join(OsStr::from_bytes(name)))
    }

    fn failed(&self, operation: &'static str, path: &Path, error: std::io::Error) -> Error {
        self.system(operation, path, Errno::from_io_error(&error).unwrap_or(Errno::IO))
    }

    fn system(&self, operation: &'static str, path: &Path, errno: Errno) -> Error {
        Error::system(operation, path.as_os_str().as_bytes(), errno).explained(ADMIN, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let names = NamedNamespaces::new(folder.path().join("none"));
        assert_eq!(names.names().unwrap(), [] as [&str; 0]);
        for name in ["", ".", "..", "a/b", "/etc/passwd", "a\0", &"n".repeat(256)] {
            let error = names.open(name).unwrap_err();
            assert!(error.to_string().contains("without slash"), "{error}");
        }
        assert!(names.open("a\nb").unwrap_err().is_absent());
        assert!(!folder.path().join("none").exists());
    }

    #[test]
    fn what_is_not_a_namespace_is_not_opened_as_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("plain"), "").unwrap();
        let names = NamedNamespaces::new(folder.path());
        assert_eq!(names.names().unwrap(), ["plain"]);
        assert_eq!(names.open("plain").unwrap_err().reason().name(), "wrong-kind");
    }
}
