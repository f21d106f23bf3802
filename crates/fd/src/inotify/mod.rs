//! Watching files and directories: inotify(7).

mod record;
mod tree;

use std::{
    fmt,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::Path,
};

use linux_support_base::{ByteString, Errno, Error};
pub use record::{Cookie, InotifyMask, InotifyRecord, InotifyRecords, WatchNumber};
use rustix::{fs::inotify, io};
pub use tree::{InotifyTree, TreeEvent};

use crate::{
    descriptor::descriptor,
    readiness::{attempt, when_readable},
};

/// Watches files and directories for what is done to them.
///
/// ```
/// use linux_support_fd::{Inotify, InotifyMask};
///
/// let directory = tempfile::tempdir()?;
/// let inotify = Inotify::new()?;
/// let watch = inotify.watch(directory.path(), InotifyMask::CREATED)?;
/// std::fs::write(directory.path().join("new"), "text")?;
///
/// let mut buffer = [0; 4096];
/// let record = inotify.read(&mut buffer)?.next().unwrap()?;
/// assert_eq!((record.watch, record.name), (Some(watch.number()), Some(&b"new"[..])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// inotify(7).
#[derive(Debug)]
#[doc(alias = "inotify_init1")]
pub struct Inotify(OwnedFd);

descriptor!(Inotify, "inotify", crate::DescriptorKind::Inotify, nonblocking: true);

/// How a path is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchOptions {
    /// A link at the end of the path is watched itself.
    #[doc(alias = "IN_DONT_FOLLOW")]
    pub dont_follow: bool,
    /// It has to be a directory.
    #[doc(alias = "IN_ONLYDIR")]
    pub only_directory: bool,
    /// Files that were deleted from the directory and are still open are not told of.
    #[doc(alias = "IN_EXCL_UNLINK")]
    pub exclude_deleted: bool,
    /// The watch ends with its first event.
    #[doc(alias = "IN_ONESHOT")]
    pub one_shot: bool,
    /// What becomes of a watch that there is already.
    pub existing: ExistingWatch,
}

/// What becomes of the watch that a file or directory has already, be it by another path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExistingWatch {
    /// It stays as it is, and the new one is refused.
    #[default]
    #[doc(alias = "IN_MASK_CREATE")]
    Refuse,
    /// It watches for what is new, and no longer for what it did.
    Replace,
    /// It watches for both.
    #[doc(alias = "IN_MASK_ADD")]
    Join,
}

/// A watch, which ends when this is dropped.
#[must_use = "the watch ends when this is dropped"]
pub struct Watch<'i> {
    inotify: &'i Inotify,
    number: WatchNumber,
}

impl Inotify {
    /// Room for the longest record that there can be.
    pub const SMALLEST_BUFFER: usize = InotifyRecords::HEADER + 256;

    /// One that watches nothing yet.
    ///
    /// # Errors
    /// There is no descriptor left, or the user has too many of these
    /// (`/proc/sys/fs/inotify/max_user_instances`): [`Errno::MFILE`] both.
    pub fn new() -> Result<Self, Error> {
        inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)
            .map(Self)
            .map_err(|errno| Error::system("create", "inotify", errno))
    }

    /// Watches a path for `events`, until what this gives is dropped.
    ///
    /// # Errors
    /// It is watched already; it is not there or may not be read; the user watches too much.
    pub fn watch(&self, path: impl AsRef<Path>, events: InotifyMask) -> Result<Watch<'_>, Error> {
        let number = self.add_watch(path, events, WatchOptions::default())?;
        Ok(Watch { inotify: self, number })
    }

    /// Watches a path for `events`, until it is [removed](Self::remove_watch).
    ///
    /// # Errors
    /// It is not there or may not be read, is watched already or is no directory where that matters; the user watches
    /// too much (`/proc/sys/fs/inotify/max_user_watches`); there are no events.
    #[doc(alias = "inotify_add_watch")]
    pub fn add_watch(
        &self,
        path: impl AsRef<Path>,
        events: InotifyMask,
        options: WatchOptions,
    ) -> Result<WatchNumber, Error> {
        let path = path.as_ref();
        let object = || ByteString::from(path.as_os_str().as_encoded_bytes());
        let events = events & InotifyMask::ALL_EVENTS;
        if events.is_empty() {
            return Err(Error::invalid("watch", object(), "takes one kind of event at least"));
        }
        let mut flags = inotify::WatchFlags::from_bits_retain(events.bits());
        flags.set(inotify::WatchFlags::DONT_FOLLOW, options.dont_follow);
        flags.set(inotify::WatchFlags::ONLYDIR, options.only_directory);
        flags.set(inotify::WatchFlags::EXCL_UNLINK, options.exclude_deleted);
        flags.set(inotify::WatchFlags::ONESHOT, options.one_shot);
        match options.existing {
            ExistingWatch::Refuse => flags |= inotify::WatchFlags::MASK_CREATE,
            ExistingWatch::Replace => {}
            ExistingWatch::Join => flags |= inotify::WatchFlags::MASK_ADD,
        }
        inotify::add_watch(&self.0, path, flags).map(WatchNumber).map_err(|errno| match errno {
            Errno::EXIST => Error::invalid("watch", object(), "is watched already"),
            Errno::NOSPC => Error::invalid(
                "watch",
                object(),
                "would be one more than the user may watch: raise /proc/sys/fs/inotify/max_user_watches",
            ),
            errno => Error::system("watch", object(), errno),
        })
    }

    /// Ends a watch. Its end is told as an event, after those that wait.
    ///
    /// # Errors
    /// It has ended already.
    #[doc(alias = "inotify_rm_watch")]
    pub fn remove_watch(&self, watch: WatchNumber) -> Result<(), Error> {
        inotify::remove_watch(&self.0, watch.0).map_err(|errno| match errno {
            Errno::INVAL => Error::invalid("end", format!("watch {watch}").as_str(), "has ended already"),
            errno => Error::system("end", format!("watch {watch}").as_str(), errno),
        })
    }

    /// Waits for events and takes as many as there is room for.
    ///
    /// # Errors
    /// The buffer is shorter than [`SMALLEST_BUFFER`](Self::SMALLEST_BUFFER).
    pub fn read<'b>(&self, buffer: &'b mut [u8]) -> Result<InotifyRecords<'b>, Error> {
        let length = when_readable(self, "read", "inotify", || {
            Ok(Some(self.fill(buffer)?).filter(|&length| length > 0))
        })?;
        Ok(InotifyRecords::parse(&buffer[..length]))
    }

    /// Takes as many events that wait as there is room for.
    ///
    /// # Errors
    /// The buffer is shorter than [`SMALLEST_BUFFER`](Self::SMALLEST_BUFFER).
    pub fn try_read<'b>(&self, buffer: &'b mut [u8]) -> Result<InotifyRecords<'b>, Error> {
        let length = self.fill(buffer)?;
        Ok(InotifyRecords::parse(&buffer[..length]))
    }

    fn fill(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        if buffer.len() < Self::SMALLEST_BUFFER {
            return Err(Error::invalid("read", "inotify", "takes room for 272 bytes at least"));
        }
        let length = attempt(|| io::read(&self.0, &mut *buffer));
        length.map(|length| length.unwrap_or(0)).map_err(|errno| Error::system("read", "inotify", errno))
    }
}

/// The path of an open descriptor, by which a file is watched whatever became of its name.
fn path_of(descriptor: impl AsFd) -> String {
    format!("/proc/thread-self/fd/{}", descriptor.as_fd().as_raw_fd())
}

impl Watch<'_> {
    /// The number by which its events are told.
    #[must_use]
    pub const fn number(&self) -> WatchNumber {
        self.number
    }

    /// Leaves the watch until it is [removed](Inotify::remove_watch) by its number.
    pub fn keep(self) -> WatchNumber {
        let number = self.number;
        core::mem::forget(self);
        number
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        // It may have ended with what was watched.
        let _ = self.inotify.remove_watch(self.number);
    }
}

impl fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watch").field(&self.number).finish()
    }
}
