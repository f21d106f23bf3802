//! Watching a directory with all that is below it.

mod enter;
mod event;

use std::{
    collections::{HashMap, HashSet},
    ffi::OsStr,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use enter::watch;
pub use event::TreeEvent;
use linux_support_base::{ByteString, Error};
use rustix::{
    event::PollFlags,
    fs::{CWD, Mode, OFlags, openat},
};

use super::{Cookie, Inotify, InotifyMask, InotifyRecord, InotifyRecords, WatchNumber};
use crate::readiness::wait_until;

/// Watches a directory and all directories below it, those too that come later.
///
/// A new directory is watched first and then listed, and what is found in it is told as created, once: nothing is
/// missed, however fast it is filled. Where a directory is after a move is not computed from names but asked of the
/// kernel, so that one that took another's name is not taken for it. No link is followed below the root.
///
/// ```
/// use std::{fs, time::Duration};
/// use linux_support_fd::{InotifyMask, InotifyTree, TreeEvent};
///
/// let root = tempfile::tempdir()?;
/// let mut tree = InotifyTree::new(root.path(), InotifyMask::empty())?;
/// fs::create_dir_all(root.path().join("a/b"))?;
/// fs::write(root.path().join("a/b/file"), "")?;
///
/// let mut created = Vec::new();
/// while created.len() < 3 {
///     for event in tree.read(Some(Duration::from_secs(10)))? {
///         if let TreeEvent::Created { path, .. } = event {
///             created.push(path);
///         }
///     }
/// }
/// assert_eq!(created, ["a", "a/b", "a/b/file"].map(std::path::PathBuf::from));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct InotifyTree {
    inotify: Inotify,
    root: OwnedFd,
    root_watch: WatchNumber,
    events: InotifyMask,
    nodes: HashMap<WatchNumber, Node>,
    /// What a listing told, until the queue is known to hold nothing older.
    listed: HashSet<(WatchNumber, ByteString)>,
    /// Directories that were not found under the name that was told: something above them moves, which will be told.
    missed: HashSet<(WatchNumber, ByteString)>,
    /// Moves of which only the first half came yet.
    leaving: Vec<Leaving>,
    /// What was found out before the first reading.
    untold: Vec<TreeEvent>,
    buffer: Box<[u8]>,
}

/// Where a directory is that is watched.
#[derive(Clone, Debug)]
struct Node {
    parent: Option<WatchNumber>,
    name: ByteString,
}

#[derive(Debug)]
struct Leaving {
    cookie: Cookie,
    parent: WatchNumber,
    name: ByteString,
    path: PathBuf,
    directory: bool,
    since: Instant,
}

/// How long the second half of a move may take: the kernel queues it right after the first.
const HALF_MOVE: Duration = Duration::from_millis(10);

impl InotifyTree {
    /// Watches the directory `root` for what is created, deleted and moved in it, and for `events`. Which of the
    /// directories in it can't be watched is told by the first reading.
    ///
    /// # Errors
    /// It is no directory or may not be read; there are too many watches or descriptors.
    pub fn new(root: impl AsRef<Path>, events: InotifyMask) -> Result<Self, Error> {
        let path = root.as_ref();
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(CWD, path, flags, Mode::empty())
            .map_err(|errno| Error::system("open", path.as_os_str().as_encoded_bytes(), errno))?;
        let inotify = Inotify::new()?;
        let root_watch = watch(&inotify, &root, events)?;
        let mut tree = Self {
            inotify,
            root,
            root_watch,
            events,
            nodes: HashMap::new(),
            listed: HashSet::new(),
            missed: HashSet::new(),
            leaving: Vec::new(),
            untold: Vec::new(),
            buffer: vec![0; 16 * 1024].into_boxed_slice(),
        };
        tree.nodes.insert(root_watch, Node { parent: None, name: ByteString::default() });
        // What is there from the beginning is not told.
        let mut unwatched = Vec::new();
        tree.list_root(&mut unwatched);
        tree.listed.clear();
        unwatched.retain(|event| matches!(event, TreeEvent::Unwatched { .. }));
        tree.untold = unwatched;
        Ok(tree)
    }

    /// How many directories are watched.
    #[must_use]
    pub fn directories(&self) -> usize {
        self.nodes.len()
    }

    /// Waits for events, for so long at most, and gives those that came.
    ///
    /// # Errors
    /// None that is known.
    pub fn read(&mut self, timeout: Option<Duration>) -> Result<Vec<TreeEvent>, Error> {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let events = self.try_read()?;
            let now = Instant::now();
            if !events.is_empty() || end.is_some_and(|end| now >= end) {
                return Ok(events);
            }
            let half = self.leaving.iter().map(|leaving| leaving.since + HALF_MOVE).min();
            let next = [end, half].into_iter().flatten().min();
            let left = next.map(|next| next.saturating_duration_since(now));
            wait_until(&self.inotify, PollFlags::IN, left)
                .map_err(|errno| Error::system("wait for", "inotify", errno))?;
        }
    }

    /// Gives the events that came. A move to outside is told some 10 ms after it happened, by a later call.
    ///
    /// # Errors
    /// None that is known.
    pub fn try_read(&mut self) -> Result<Vec<TreeEvent>, Error> {
        let mut told = core::mem::take(&mut self.untold);
        let mut buffer = core::mem::take(&mut self.buffer);
        let drained = loop {
            match self.inotify.try_read(&mut buffer) {
                Ok(records) if records.is_empty() => break Ok(()),
                Ok(records) => self.take(records, &mut told),
                Err(error) => break Err(error),
            }
        };
        self.buffer = buffer;
        drained?;
        // All that was queued before the listings is known now.
        self.listed.clear();
        self.enter_missed(&mut told);
        let (left, leaving) = core::mem::take(&mut self.leaving)
            .into_iter()
            .partition::<Vec<_>, _>(|leaving| leaving.since.elapsed() >= HALF_MOVE);
        self.leaving = leaving;
        for left in left {
            if left.directory
                && let Some(watch) = self.child(left.parent, &left.name)
            {
                self.forget(watch, true);
            }
            told.push(TreeEvent::Deleted { path: left.path, directory: left.directory });
        }
        Ok(told)
    }

    fn take(&mut self, records: InotifyRecords<'_>, told: &mut Vec<TreeEvent>) {
        // The kernel gives whole records.
        for record in records.flatten() {
            match record.watch {
                None => {
                    self.start_again(told);
                    return;
                }
                Some(watch) if self.nodes.contains_key(&watch) => self.happened(watch, record, told),
                // Of a watch that was removed.
                Some(_) => {}
            }
        }
    }

    fn happened(&mut self, watch: WatchNumber, record: InotifyRecord<'_>, told: &mut Vec<TreeEvent>) {
        let mask = record.mask;
        if mask.contains(InotifyMask::WATCH_ENDED) {
            self.forget(watch, false);
            if watch == self.root_watch {
                told.push(TreeEvent::RootGone);
            }
            return;
        }
        let Some(name) = record.name.map(ByteString::from) else {
            return self.happened_to_watched(watch, mask, told);
        };
        let (path, directory) = (self.path(watch, &name), record.is_directory());
        if mask.contains(InotifyMask::CREATED) {
            if !self.listed.remove(&(watch, name.clone())) {
                told.push(TreeEvent::Created { path, directory });
            }
            if directory {
                self.enter(watch, &name, told);
            }
        } else if mask.contains(InotifyMask::DELETED) {
            self.missed.remove(&(watch, name.clone()));
            self.listed.remove(&(watch, name));
            told.push(TreeEvent::Deleted { path, directory });
        } else if let (true, Some(cookie)) = (mask.contains(InotifyMask::MOVED_FROM), record.cookie) {
            self.listed.remove(&(watch, name.clone()));
            self.missed.remove(&(watch, name.clone()));
            let since = Instant::now();
            self.leaving.push(Leaving { cookie, parent: watch, name, path, directory, since });
        } else if mask.contains(InotifyMask::MOVED_TO) {
            let half = self.leaving.iter().position(|leaving| Some(leaving.cookie) == record.cookie);
            let known = self.listed.remove(&(watch, name.clone()));
            match half.map(|half| self.leaving.swap_remove(half)) {
                Some(from) => {
                    if directory && let Some(moved) = self.child(from.parent, &from.name) {
                        self.nodes.insert(moved, Node { parent: Some(watch), name: name.clone() });
                    }
                    told.push(TreeEvent::Moved { from: from.path, to: path, directory });
                    self.enter_missed(told);
                }
                None if known => {}
                None => told.push(TreeEvent::Created { path, directory }),
            }
            if directory {
                self.enter(watch, &name, told);
            }
        } else {
            told.push(TreeEvent::Other { path, mask });
        }
    }

    fn happened_to_watched(&mut self, watch: WatchNumber, mask: InotifyMask, told: &mut Vec<TreeEvent>) {
        let ended = InotifyMask::WATCHED_DELETED | InotifyMask::WATCHED_MOVED | InotifyMask::UNMOUNTED;
        if !mask.intersects(ended) {
            // Told of the root only: of the others their parents' watches tell.
            if watch == self.root_watch && mask.intersects(self.events) {
                told.push(TreeEvent::Other { path: PathBuf::new(), mask });
            }
        } else if watch == self.root_watch && mask.contains(InotifyMask::WATCHED_MOVED) {
            self.forget(watch, true);
            told.push(TreeEvent::RootGone);
        }
    }

    /// After lost events nothing is known but the root.
    fn start_again(&mut self, told: &mut Vec<TreeEvent>) {
        for &watch in self.nodes.keys().filter(|&&watch| watch != self.root_watch) {
            let _ = self.inotify.remove_watch(watch);
        }
        self.nodes.retain(|&watch, _| watch == self.root_watch);
        self.leaving.clear();
        self.listed.clear();
        self.missed.clear();
        told.push(TreeEvent::Overflow);
        let mut found = Vec::new();
        if !self.nodes.is_empty() {
            self.list_root(&mut found);
        }
        told.extend(found.into_iter().filter(|event| matches!(event, TreeEvent::Unwatched { .. })));
    }

    /// Forgets a directory and those below it, and ends their watches if they are there still.
    fn forget(&mut self, watch: WatchNumber, end: bool) {
        let mut waiting = vec![watch];
        while let Some(watch) = waiting.pop() {
            waiting.extend(self.nodes.iter().filter(|(_, node)| node.parent == Some(watch)).map(|(&w, _)| w));
            self.nodes.remove(&watch);
            self.missed.retain(|(parent, _)| *parent != watch);
            if end {
                let _ = self.inotify.remove_watch(watch);
            }
        }
    }

    fn child(&self, parent: WatchNumber, name: &ByteString) -> Option<WatchNumber> {
        self.nodes
            .iter()
            .find(|(_, node)| node.parent == Some(parent) && node.name == *name)
            .map(|(&watch, _)| watch)
    }

    fn path(&self, directory: WatchNumber, name: &ByteString) -> PathBuf {
        self.path_of(directory).unwrap_or_default().join(OsStr::from_bytes(name))
    }

    fn path_of(&self, directory: WatchNumber) -> Option<PathBuf> {
        let mut names = Vec::new();
        let mut node = self.nodes.get(&directory)?;
        // Two directories that were moved into each other's places could be each other's parents for a moment.
        while let Some(parent) = node.parent
            && names.len() <= self.nodes.len()
        {
            names.push(OsStr::from_bytes(&node.name));
            node = self.nodes.get(&parent)?;
        }
        Some(names.into_iter().rev().collect())
    }
}

impl crate::Descriptor for InotifyTree {
    const NAME: &'static str = "inotify";
}

impl AsFd for InotifyTree {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

impl AsRawFd for InotifyTree {
    fn as_raw_fd(&self) -> RawFd {
        self.inotify.as_raw_fd()
    }
}

impl From<InotifyTree> for OwnedFd {
    fn from(tree: InotifyTree) -> Self {
        tree.inotify.into()
    }
}
