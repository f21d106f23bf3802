//! The place of anything that has a path.

use std::os::{
    fd::{AsRawFd, OwnedFd},
    unix::ffi::OsStrExt,
};
use std::path::Path;

use linux_support_base::{ByteString, Error, Reason};
use rustix::fs::{AtFlags, CWD, OFlags, fcntl_getfl, linkat, open, readlinkat};

use super::{DirectoryHandle, OpenHow, Resolve, failed, failed_between, handle::open_at, name};
use crate::{
    DescriptorKind,
    descriptor::{adopt_place, owns_descriptor},
};

/// The place of a file of any kind, a symbolic link among them: opened as a path alone (`O_PATH`), so that it can
/// neither be read nor written, and a device or FIFO does not notice.
///
/// ```
/// use std::io::Read;
/// use linux_support_fd::directory::{DirectoryHandle, FileAttributes, OpenHow};
///
/// let place = DirectoryHandle::open("/proc/self")?.open_path("comm")?;
/// assert!(place.file_status()?.kind.is_regular());
/// let mut text = String::new();
/// std::fs::File::from(place.reopen(OpenHow::reading())?).read_to_string(&mut text).unwrap();
/// assert!(text.ends_with('\n'));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Debug)]
#[doc(alias = "O_PATH")]
pub struct PathHandle(OwnedFd);

owns_descriptor!(PathHandle, "path handle");

impl TryFrom<OwnedFd> for PathHandle {
    type Error = Error;

    /// Takes a descriptor and makes it close-on-exec.
    ///
    /// # Errors
    /// It is open for more than its place. The descriptor is closed then.
    fn try_from(descriptor: OwnedFd) -> Result<Self, Error> {
        let flags =
            fcntl_getfl(&descriptor).map_err(|errno| Error::system("read flags of", "path handle", errno))?;
        if !flags.contains(OFlags::PATH) {
            return Err(DescriptorKind::of(&descriptor)?.is_no("path handle", &descriptor));
        }
        adopt_place(&descriptor, "path handle")?;
        Ok(Self(descriptor))
    }
}

impl PathHandle {
    /// The place at `path`, wherever it leads: absolute, or from the current directory.
    ///
    /// # Errors
    /// There is none, or it can't be reached.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        open_at(CWD, path.as_ref(), OpenHow::path().resolve(Resolve::empty())).map(Self)
    }

    pub(crate) fn new(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// Another descriptor of the same place, close-on-exec as well.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub fn try_clone(&self) -> Result<Self, Error> {
        rustix::io::fcntl_dupfd_cloexec(&self.0, 0)
            .map(Self)
            .map_err(|errno| Error::system("duplicate", "path handle", errno))
    }

    /// What it is the place of.
    ///
    /// # Errors
    /// `/proc` is not mounted.
    pub fn kind(&self) -> Result<DescriptorKind, Error> {
        DescriptorKind::of(&self.0)
    }

    /// Opens what is there, through `/proc`: that very file, whatever has its path now.
    ///
    /// [`Resolve`] has no meaning for it.
    ///
    /// # Errors
    /// The permissions do not allow it; it is a link or socket, which can't be opened; `how` is to create; `/proc` is
    /// not mounted.
    pub fn reopen(&self, how: OpenHow) -> Result<OwnedFd, Error> {
        let path = self.magic_link();
        if how.creates() {
            return Err(Error::invalid("open", path.as_str(), "is there already, and is not to be created"));
        }
        let (flags, mode, _) = how.parts();
        loop {
            match open(&path, flags, mode) {
                Err(rustix::io::Errno::INTR) => {}
                opened => return opened.map_err(|errno| failed("open", path.as_bytes(), errno)),
            }
        }
    }

    /// Where a symbolic link leads, unresolved.
    ///
    /// # Errors
    /// It is none.
    #[doc(alias = "readlinkat")]
    pub fn read_link(&self) -> Result<ByteString, Error> {
        match readlinkat(&self.0, "", Vec::new()) {
            Ok(target) => Ok(target.into_bytes().into()),
            // The kernel says "absent" of what is no link.
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::INVAL) => {
                Err(Error::new("read link", self.magic_link().as_str(), Reason::WrongKind))
            }
            Err(errno) => Err(failed("read link", self.magic_link().as_bytes(), errno)),
        }
    }

    /// Gives what is there one more name.
    ///
    /// # Errors
    /// It is a directory; there is something of that name; the other directory is on another mount (`EXDEV`).
    #[doc(alias = "linkat")]
    pub fn link_into(&self, directory: &DirectoryHandle, new: impl AsRef<Path>) -> Result<(), Error> {
        link(&self.0, directory, new.as_ref())
    }

    fn magic_link(&self) -> String {
        magic_link(&self.0)
    }
}

fn magic_link(descriptor: &OwnedFd) -> String {
    format!("/proc/thread-self/fd/{}", descriptor.as_raw_fd())
}

/// Links what a descriptor is of to a name.
pub(super) fn link(descriptor: &OwnedFd, directory: &DirectoryHandle, new: &Path) -> Result<(), Error> {
    let bytes = new.as_os_str().as_bytes();
    name("link", bytes)?;
    // Without the capability, and from before Linux 6.10, the kernel says that there is no such file.
    let linked = match linkat(descriptor, "", &directory.0, new, AtFlags::EMPTY_PATH) {
        Err(rustix::io::Errno::NOENT) => {
            linkat(CWD, magic_link(descriptor), &directory.0, new, AtFlags::SYMLINK_FOLLOW)
        }
        linked => linked,
    };
    linked.map_err(|errno| failed_between("link", bytes, errno))
}
