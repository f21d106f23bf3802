//! Watching a directory with all that is below it.

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

use linux_support_base::{ByteString, Errno, Error, Reason};
use rustix::{
    event::PollFlags,
    fs::{CWD, Dir, FileType, Mode, OFlags, ResolveFlags, openat, openat2},
};

use super::{
    Cookie, ExistingWatch, Inotify, InotifyMask, InotifyRecord, InotifyRecords, WatchNumber, WatchOptions,
    path_of,
};
use crate::readiness::wait_until;

/// Something that happened in a tree. Paths begin at its root.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TreeEvent {
    /// It was created, or came from outside.
    Created {
        /// Where.
        path: PathBuf,
        /// Whether it is a directory, which is watched from now on.
        directory: bool,
    },
    /// It was deleted, or was moved outside.
    Deleted {
        /// Where it was.
        path: PathBuf,
        /// Whether it is a directory.
        directory: bool,
    },
    /// It was moved within the tree.
    Moved {
        /// Where it was.
        from: PathBuf,
        /// Where it is; something else that was there is gone.
        to: PathBuf,
        /// Whether it is a directory.
        directory: bool,
    },
    /// Something else that was asked for.
    Other {
        /// Where; empty for the root itself.
        path: PathBuf,
        /// What.
        mask: InotifyMask,
    },
    /// A directory can't be watched: what happens in it is not told.
    Unwatched {
        /// Where.
        path: PathBuf,
        /// Why.
        error: Error,
    },
    /// Events were lost. The tree is watched anew, but what it holds may be anything now: look for yourself.
    Overflow,
    /// The root was deleted, moved or unmounted: there will be no more events.
    RootGone,
}

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

const STRUCTURE: InotifyMask = InotifyMask::CREATED
    .union(InotifyMask::DELETED)
    .union(InotifyMask::MOVED)
    .union(InotifyMask::WATCHED_DELETED)
    .union(InotifyMask::WATCHED_MOVED);

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

    /// Watches the directory `name` in `parent`, and tells what is in it, if it was not watched yet.
    fn enter(&mut self, parent: WatchNumber, name: &ByteString, told: &mut Vec<TreeEvent>) {
        let opened = self.open_watched(parent).and_then(|parent| open_in(&parent, name.as_path()));
        let entered = opened.and_then(|opened| Ok((watch(&self.inotify, &opened, self.events)?, opened)));
        let (entered, opened) = match entered {
            Ok(entered) => entered,
            Err(error) if is_transient(&error) => {
                self.missed.insert((parent, name.clone()));
                return;
            }
            Err(error) => {
                return told.push(TreeEvent::Unwatched { path: self.path(parent, name), error });
            }
        };
        self.missed.remove(&(parent, name.clone()));
        // Another that is known under this name is somewhere else, of which an event tells that comes.
        if let Some(other) = self.child(parent, name)
            && other != entered
        {
            self.nodes.remove(&other);
        }
        let known = self.nodes.insert(entered, Node { parent: Some(parent), name: name.clone() });
        if known.is_none() {
            self.list(entered, opened, told);
        }
    }

    /// Tries those again that were not found where they were told to be.
    fn enter_missed(&mut self, told: &mut Vec<TreeEvent>) {
        for (parent, name) in core::mem::take(&mut self.missed) {
            if self.nodes.contains_key(&parent) {
                self.enter(parent, &name, told);
            }
        }
    }

    fn list_root(&mut self, told: &mut Vec<TreeEvent>) {
        match self.open_watched(self.root_watch) {
            Ok(root) => self.list(self.root_watch, root, told),
            Err(error) => told.push(TreeEvent::Unwatched { path: PathBuf::new(), error }),
        }
    }

    /// Tells what is in a directory that is watched, and watches the directories in it. They are opened from their
    /// parents' descriptors, so that no move above them matters.
    fn list(&mut self, first: WatchNumber, opened: OwnedFd, told: &mut Vec<TreeEvent>) {
        let mut stack = vec![(first, entries(&opened), opened)];
        while let Some((parent, listed, opened)) = stack.last_mut() {
            let parent = *parent;
            let next = match listed {
                Ok(listed) => listed.pop(),
                Err(error) => {
                    let path = self.path_of(parent).unwrap_or_default();
                    told.push(TreeEvent::Unwatched { path, error: error.clone() });
                    None
                }
            };
            let Some((name, maybe_directory)) = next else {
                stack.pop();
                continue;
            };
            let path = self.path(parent, &name);
            let entered = maybe_directory.then(|| -> Result<_, Error> {
                let child = open_in(opened, name.as_path())?;
                Ok((watch(&self.inotify, &child, self.events)?, child))
            });
            self.listed.insert((parent, name.clone()));
            let directory = match &entered {
                None => false,
                Some(Ok(_)) => true,
                Some(Err(error)) => *error.reason() != Reason::WrongKind,
            };
            match entered {
                Some(Err(error)) if !is_transient(&error) => {
                    told.push(TreeEvent::Created { path: path.clone(), directory });
                    told.push(TreeEvent::Unwatched { path, error });
                }
                Some(Ok((number, child))) => {
                    told.push(TreeEvent::Created { path, directory });
                    if self.nodes.insert(number, Node { parent: Some(parent), name }).is_none() {
                        stack.push((number, entries(&child), child));
                    }
                }
                // A file, or a directory that is gone or moved already, of which its event tells.
                _ => told.push(TreeEvent::Created { path, directory }),
            }
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

    /// Opens a directory that is watched, if it is where it is known to be, and nothing else.
    fn open_watched(&self, number: WatchNumber) -> Result<OwnedFd, Error> {
        let path = self.path_of(number).unwrap_or_default();
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { &path };
        let opened = open_in(&self.root, path)?;
        let found = watch(&self.inotify, &opened, self.events)?;
        if found == number {
            return Ok(opened);
        }
        if !self.nodes.contains_key(&found) {
            let _ = self.inotify.remove_watch(found);
        }
        Err(Error::system("open", path.as_os_str().as_encoded_bytes(), Errno::NOENT))
    }
}

/// Opens a directory below another, by no link.
fn open_in(directory: &OwnedFd, path: &Path) -> Result<OwnedFd, Error> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    loop {
        match openat2(directory, path, flags, Mode::empty(), resolve) {
            // Something was renamed meanwhile.
            Err(Errno::AGAIN | Errno::INTR) => {}
            opened => {
                return opened
                    .map_err(|errno| Error::system("open", path.as_os_str().as_encoded_bytes(), errno));
            }
        }
    }
}

fn watch(inotify: &Inotify, directory: &OwnedFd, events: InotifyMask) -> Result<WatchNumber, Error> {
    let options = WatchOptions {
        only_directory: true,
        existing: ExistingWatch::Replace,
        exclude_deleted: true,
        ..WatchOptions::default()
    };
    inotify.add_watch(path_of(directory), events | STRUCTURE, options)
}

/// Whether a directory was only gone or replaced before it could be opened.
fn is_transient(error: &Error) -> bool {
    matches!(error.reason(), Reason::Absent | Reason::WrongKind | Reason::System(Errno::LOOP))
}

/// The names in a directory, and whether each may be a directory itself.
fn entries(directory: &OwnedFd) -> Result<Vec<(ByteString, bool)>, Error> {
    let error = |errno| Error::system("list", "directory", errno);
    let mut entries = Vec::new();
    for entry in Dir::read_from(directory).map_err(error)? {
        let entry = entry.map_err(error)?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            // A file system that doesn't tell the kind is asked by opening.
            let directory = matches!(entry.file_type(), FileType::Directory | FileType::Unknown);
            entries.push((name.into(), directory));
        }
    }
    Ok(entries)
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
