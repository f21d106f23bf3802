//! What is told of a tree.

use std::path::PathBuf;

use linux_support_base::Error;

use crate::inotify::InotifyMask;

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
