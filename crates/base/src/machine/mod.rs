//! Where the machine is read.

mod captured;
mod directory;
mod facts;
mod io;
mod live;
mod live_directory;
mod recording;

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use rustix::fs::{CWD, Mode, OFlags};

pub use directory::{Directory, DirectoryEntry, FileKind, OpenFile};
pub use facts::Facts;
pub use live::{LiveMachine, TemporarySetting};
pub use live_directory::LiveDirectory;
pub use recording::Recording;

use self::captured::Tree;
use crate::{
    ByteString, Error, KernelRelease, KernelVersion, PageSize, Requirement,
    text::{self, ParseError},
};

/// A machine to read: this one, or another one that was captured into a directory.
///
/// Paths are those of the machine: `/proc/meminfo`, `/sys/devices/system/cpu/online`. Every model of this
/// library reads through a `Machine`, so each works on both.
///
/// ```
/// use linux_support_base::Machine;
///
/// let machine = Machine::live()?;
/// let release = machine.kernel_release()?;
/// assert!(release.version().major() >= 6);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Debug)]
pub struct Machine {
    /// `/`, `/proc` and `/sys`: on this machine each is held open, which saves the kernel a part of the walk.
    root: Directory,
    proc: Directory,
    sys: Directory,
    facts: OnceLock<Facts>,
    version: OnceLock<Option<KernelVersion>>,
}

impl Machine {
    /// The machine that this program runs on.
    ///
    /// # Errors
    /// `/proc` or `/sys` is not mounted, or may not be entered.
    pub fn live() -> Result<Self, Error> {
        let open = |path: &'static str| {
            io::open(CWD, path.as_bytes(), OFlags::PATH | OFlags::DIRECTORY)
                .map(|descriptor| Directory::live(descriptor, path.as_bytes()))
                .map_err(|errno| Error::system("open", path, errno))
        };
        Ok(Self::of(open("/")?, open("/proc")?, open("/sys")?))
    }

    /// The machine of which the directory `tree` holds a copy: `tree/proc`, `tree/sys`, `tree/etc`, as
    /// `linux-support capture` writes it. Parts that are missing are absent.
    ///
    /// Nothing outside of `tree` is ever read: a link that leads out of it is an error
    /// ([`Reason::OutsideOfTree`](crate::Reason::OutsideOfTree)).
    ///
    /// # Errors
    /// `tree` is not there or is no directory.
    pub fn captured(tree: impl AsRef<Path>) -> Result<Self, Error> {
        let tree = Arc::new(Tree::open(tree.as_ref())?);
        let directory = |path: &[u8]| Directory::captured(Arc::clone(&tree), path);
        Ok(Self::of(directory(b"/"), directory(b"/proc"), directory(b"/sys")))
    }

    /// This machine, with all that is read of it saved into the directory `tree`, which is made, or empty. Paths
    /// of which `withhold` says true are not read: they fail as if permission were denied, here and in the tree.
    ///
    /// Call [`Recording::finish`] at the end.
    ///
    /// # Errors
    /// As for [`live`](Self::live); `tree` can't be made, or is not empty.
    pub fn recording(
        tree: impl AsRef<Path>,
        withhold: fn(&[u8]) -> bool,
    ) -> Result<(Self, Arc<Recording>), Error> {
        let recording = Arc::new(Recording::begin(tree.as_ref(), withhold)?);
        let machine = Self::live()?;
        let record = |directory: Directory| directory.recorded(Arc::clone(&recording));
        let machine = Self::of(record(machine.root), record(machine.proc), record(machine.sys));
        Ok((machine, recording))
    }

    fn of(root: Directory, proc: Directory, sys: Directory) -> Self {
        Self { root, proc, sys, facts: OnceLock::new(), version: OnceLock::new() }
    }

    /// Whether this is the machine that the program runs on.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.root.is_live()
    }

    fn place<'a>(&self, path: &'a [u8]) -> (&Directory, &'a [u8]) {
        if let Some(rest) = path.strip_prefix(b"/proc/") {
            (&self.proc, rest)
        } else if let Some(rest) = path.strip_prefix(b"/sys/") {
            (&self.sys, rest)
        } else {
            (&self.root, path.strip_prefix(b"/").unwrap_or(path))
        }
    }

    /// The bytes of the file at `path`.
    ///
    /// # Errors
    /// The file is absent or can't be read, with the reason.
    pub fn read(&self, path: impl AsRef<[u8]>) -> Result<Vec<u8>, Error> {
        let (directory, rest) = self.place(path.as_ref());
        directory.read(rest)
    }

    /// Reads the file at `path` into `buffer`, in place of what was there: to read many files with one buffer.
    ///
    /// # Errors
    /// As for [`read`](Self::read); `buffer` is then empty.
    pub fn read_into(&self, path: impl AsRef<[u8]>, buffer: &mut Vec<u8>) -> Result<(), Error> {
        let (directory, rest) = self.place(path.as_ref());
        directory.read_into(rest, buffer)
    }

    /// Reads the file at `path` and gives its bytes to `parse`, whose errors then name the file and the line.
    ///
    /// # Errors
    /// Those of [`read`](Self::read) and of `parse`.
    pub fn parse<T>(
        &self,
        path: impl AsRef<[u8]>,
        parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
    ) -> Result<T, Error> {
        let (directory, rest) = self.place(path.as_ref());
        directory.parse(rest, parse)
    }

    /// As [`parse`](Self::parse), but a reading that leaves room is taken for the last: see
    /// [`OpenFile::read_full_into`] for which files that is right.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse).
    pub fn parse_full<T>(
        &self,
        path: impl AsRef<[u8]>,
        parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
    ) -> Result<T, Error> {
        let (directory, rest) = self.place(path.as_ref());
        directory.parse_full(rest, parse)
    }

    /// As [`parse`](Self::parse), with an absence explained by what the file `needs`.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse).
    pub fn parse_needing<T>(
        &self,
        path: impl AsRef<[u8]>,
        needs: Requirement,
        parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
    ) -> Result<T, Error> {
        self.parse(path, parse).map_err(|error| self.explain(error, needs))
    }

    /// The value in the file at `path`, which holds one line of text.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn line(&self, path: impl AsRef<[u8]>) -> Result<ByteString, Error> {
        self.parse(path, |bytes| Ok(ByteString::from(text::trim(bytes))))
    }

    /// The entries of the directory at `path`, without `.` and `..`, sorted by name.
    ///
    /// # Errors
    /// The directory is absent or can't be read.
    pub fn entries(&self, path: impl AsRef<[u8]>) -> Result<Vec<DirectoryEntry>, Error> {
        let (directory, rest) = self.place(path.as_ref());
        directory.entries(rest)
    }

    /// Where the symbolic link at `path` points to, as it is written there.
    ///
    /// # Errors
    /// The link is absent, can't be read, or is no link.
    pub fn link(&self, path: impl AsRef<[u8]>) -> Result<ByteString, Error> {
        let (directory, rest) = self.place(path.as_ref());
        directory.link(rest)
    }

    /// Whether there is something at `path`.
    #[must_use]
    pub fn exists(&self, path: impl AsRef<[u8]>) -> bool {
        let (directory, rest) = self.place(path.as_ref());
        directory.exists(rest)
    }

    /// The directory at `path`, held open: to read many of its files, or to be sure that all are of the same
    /// process or device.
    ///
    /// # Errors
    /// The directory is absent or may not be entered.
    pub fn directory(&self, path: impl AsRef<[u8]>) -> Result<Directory, Error> {
        let (directory, rest) = self.place(path.as_ref());
        directory.directory(rest)
    }

    /// What no file says, but a machine knows: page size, clock ticks, architecture.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| {
            if self.is_live() {
                Facts::live()
            } else {
                self.parse(Facts::PATH, Facts::parse).unwrap_or_default()
            }
        })
    }

    /// The size of base pages.
    ///
    /// # Errors
    /// A captured tree that does not say: one that `linux-support capture` did not make.
    pub fn page_size(&self) -> Result<PageSize, Error> {
        self.facts()
            .page_size
            .ok_or_else(|| Error::new("find the page size in", Facts::PATH, crate::Reason::Absent))
    }

    /// The release of the running kernel: from `/proc/sys/kernel/osrelease`, or where a captured tree lacks that,
    /// from `/proc/version`.
    ///
    /// # Errors
    /// Both are missing from a captured tree, or the one that is there is malformed.
    pub fn kernel_release(&self) -> Result<KernelRelease, Error> {
        let release = self.parse("/proc/sys/kernel/osrelease", KernelRelease::parse);
        match release {
            Err(error) if error.is_absent() => {
                self.parse("/proc/version", KernelRelease::parse_banner).map_err(|_| error)
            }
            release => release,
        }
    }

    /// `error`, saying why the thing is absent, or which capability is missing, given what it `needs` and the
    /// version of the running kernel.
    #[cold]
    #[must_use]
    pub fn explain(&self, error: Error, needs: Requirement) -> Error {
        let version =
            *self.version.get_or_init(|| self.kernel_release().ok().map(|release| release.version()));
        error.explained(needs, version)
    }
}

const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Machine>();
};

/// The mode given to `open` where nothing is made.
const NO_MODE: Mode = Mode::empty();
