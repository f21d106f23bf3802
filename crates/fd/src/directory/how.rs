//! How a path is walked and what is opened at its end.

use bitflags::bitflags;
use rustix::fs::{Mode, OFlags, ResolveFlags};

use super::FileMode;

bitflags! {
    /// Where a path may lead.
    ///
    /// # Source
    /// openat2(2).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Resolve: u64 {
        /// Never above the directory that it begins in: `..`, absolute paths and links that would are refused
        /// ([`Reason::OutsideOfTree`](linux_support_base::Reason::OutsideOfTree)).
        #[doc(alias = "RESOLVE_BENEATH")]
        const BENEATH = 0x08;
        /// The directory that it begins in is the root: `..`, absolute paths and links stay in it.
        #[doc(alias = "RESOLVE_IN_ROOT")]
        const IN_ROOT = 0x10;
        /// Through no symbolic link, magic ones among them (`ELOOP`).
        #[doc(alias = "RESOLVE_NO_SYMLINKS")]
        const NO_SYMBOLIC_LINKS = 0x04;
        /// Through none of the links that the kernel makes up, as in `/proc/PID/fd`, which lead past all limits
        /// (`ELOOP`).
        #[doc(alias = "RESOLVE_NO_MAGICLINKS")]
        const NO_MAGIC_LINKS = 0x02;
        /// Into no other mount, bind mounts of the same file system among them
        /// ([`Reason::OutsideOfTree`](linux_support_base::Reason::OutsideOfTree)).
        #[doc(alias = "RESOLVE_NO_XDEV")]
        const NO_MOUNT_CROSSING = 0x01;
    }
}

/// What to open, and how: for [`DirectoryHandle::open_with`](super::DirectoryHandle::open_with).
///
/// A path stays [beneath](Resolve::BENEATH) the directory unless [`resolve`](Self::resolve) says otherwise. What is
/// opened is close-on-exec, and a terminal never becomes the controlling one.
///
/// ```
/// use linux_support_fd::directory::{DirectoryHandle, FileMode, OpenHow, Resolve};
///
/// # let folder = tempfile::tempdir().unwrap();
/// let directory = DirectoryHandle::open(folder.path())?;
/// let how = OpenHow::writing().create_new(FileMode::OWNER).resolve(Resolve::BENEATH | Resolve::NO_SYMBOLIC_LINKS);
/// let file = std::fs::File::from(directory.open_with("secret", how)?);
/// # drop(file);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct OpenHow {
    flags: OFlags,
    mode: Mode,
    resolve: Resolve,
}

impl OpenHow {
    const fn new(access: OFlags) -> Self {
        Self {
            flags: access.union(OFlags::CLOEXEC).union(OFlags::NOCTTY),
            mode: Mode::empty(),
            resolve: Resolve::BENEATH,
        }
    }

    /// For reading.
    pub const fn reading() -> Self {
        Self::new(OFlags::RDONLY)
    }

    /// For writing.
    pub const fn writing() -> Self {
        Self::new(OFlags::WRONLY)
    }

    /// For reading and writing.
    pub const fn reading_and_writing() -> Self {
        Self::new(OFlags::RDWR)
    }

    /// As a mere place: see [`PathHandle`](super::PathHandle).
    pub(super) const fn path() -> Self {
        let mut how = Self::new(OFlags::PATH);
        // It takes no other flags.
        how.flags = OFlags::PATH.union(OFlags::CLOEXEC);
        how
    }

    const fn with(mut self, flags: OFlags) -> Self {
        self.flags = self.flags.union(flags);
        self
    }

    /// Only where the path may lead: see [`Resolve`].
    pub const fn resolve(mut self, resolve: Resolve) -> Self {
        self.resolve = resolve;
        self
    }

    /// Makes the file with this mode, less the process's umask, if there is none.
    #[doc(alias = "O_CREAT")]
    pub fn create(mut self, mode: FileMode) -> Self {
        self.mode = mode.raw();
        self.with(OFlags::CREATE)
    }

    /// Makes the file, as [`create`](Self::create) does, and fails (`EEXIST`) if there is anything of its name, a
    /// link among them.
    #[doc(alias = "O_EXCL")]
    pub fn create_new(self, mode: FileMode) -> Self {
        self.create(mode).with(OFlags::EXCL)
    }

    /// Empties the file.
    #[doc(alias = "O_TRUNC")]
    pub const fn truncate(self) -> Self {
        self.with(OFlags::TRUNC)
    }

    /// Writes at the end, wherever that is by then.
    #[doc(alias = "O_APPEND")]
    pub const fn append(self) -> Self {
        self.with(OFlags::APPEND)
    }

    /// Only a directory.
    #[doc(alias = "O_DIRECTORY")]
    pub const fn directory(self) -> Self {
        self.with(OFlags::DIRECTORY)
    }

    /// Does not follow a link at the path's end: that is an error (`ELOOP`), or for a
    /// [`PathHandle`](super::PathHandle) what is wanted.
    #[doc(alias = "O_NOFOLLOW")]
    pub const fn no_follow(self) -> Self {
        self.with(OFlags::NOFOLLOW)
    }

    /// Neither waits to open a FIFO or a leased file, nor to read or write what may make one wait.
    #[doc(alias = "O_NONBLOCK")]
    pub const fn nonblocking(self) -> Self {
        self.with(OFlags::NONBLOCK)
    }

    /// Past the page cache; offsets, lengths and memory have to be aligned.
    #[doc(alias = "O_DIRECT")]
    pub const fn direct(self) -> Self {
        self.with(OFlags::DIRECT)
    }

    /// A write returns when the data and all about the file are on the storage.
    #[doc(alias = "O_SYNC")]
    pub const fn synchronous(self) -> Self {
        self.with(OFlags::SYNC)
    }

    /// A write returns when the data, and what is needed to read them, are on the storage.
    #[doc(alias = "O_DSYNC")]
    pub const fn data_synchronous(self) -> Self {
        self.with(OFlags::from_bits_retain(libc::O_DSYNC as u32))
    }

    /// Reading leaves the time of access alone. Needs to be the file's owner, or `CAP_FOWNER`.
    #[doc(alias = "O_NOATIME")]
    pub const fn no_access_time(self) -> Self {
        self.with(OFlags::NOATIME)
    }

    /// Of a block device: for nobody else who asks for that.
    pub(crate) const fn exclusive(self) -> Self {
        self.with(OFlags::EXCL)
    }

    pub(super) fn unnamed(self, mode: FileMode, for_ever: bool) -> Self {
        let mut how = self.with(OFlags::TMPFILE);
        how.mode = mode.raw();
        if for_ever { how.with(OFlags::EXCL) } else { how }
    }

    pub(crate) fn creates(&self) -> bool {
        self.flags.contains(OFlags::CREATE)
    }

    pub(crate) fn parts(&self) -> (OFlags, Mode, ResolveFlags) {
        (self.flags, self.mode, ResolveFlags::from_bits_retain(self.resolve.bits()))
    }
}
