//! Watching a directory, and finding what is in it.

use std::{
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use linux_support_base::{ByteString, Errno, Error, Reason};
use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags, openat2};

use super::{InotifyTree, Node, TreeEvent};
use crate::inotify::{ExistingWatch, Inotify, InotifyMask, WatchNumber, WatchOptions, path_of};

const STRUCTURE: InotifyMask = InotifyMask::CREATED
    .union(InotifyMask::DELETED)
    .union(InotifyMask::MOVED)
    .union(InotifyMask::WATCHED_DELETED)
    .union(InotifyMask::WATCHED_MOVED);

impl InotifyTree {
    /// Watches the directory `name` in `parent`, and tells what is in it, if it was not watched yet.
    pub(super) fn enter(&mut self, parent: WatchNumber, name: &ByteString, told: &mut Vec<TreeEvent>) {
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
    pub(super) fn enter_missed(&mut self, told: &mut Vec<TreeEvent>) {
        for (parent, name) in core::mem::take(&mut self.missed) {
            if self.nodes.contains_key(&parent) {
                self.enter(parent, &name, told);
            }
        }
    }

    pub(super) fn list_root(&mut self, told: &mut Vec<TreeEvent>) {
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
                Ok::<_, Error>((watch(&self.inotify, &child, self.events)?, child))
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

pub(super) fn watch(
    inotify: &Inotify,
    directory: &OwnedFd,
    events: InotifyMask,
) -> Result<WatchNumber, Error> {
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
