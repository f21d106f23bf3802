//! Locks on files: whole ones and ranges, held by a descriptor or by the process; and leases.
//!
//! | scope | belongs to | ends |
//! |---|---|---|
//! | [`LockScope::WholeFile`]: flock(2) | the open file, and all descriptors that share it | with the last of them |
//! | [`LockScope::Records`]: fcntl(2), `F_OFD_SETLK` | the open file | with the last of its descriptors |
//! | [`LockScope::ProcessRecords`]: fcntl(2), `F_SETLK` | the process | as soon as it closes any descriptor of the file |
//!
//! Records of open files and of processes stand in each other's way; locks on whole files know of neither. All are
//! advisory: they bind who asks.
//!
//! Where there is a choice, take the first two. Those of the process are lost without a word when a library in the
//! same process opens and closes the same file, and its threads don't exclude each other.
//!
//! ```
//! use linux_support_fd::lock::{FileLock, LockMode, LockScope};
//!
//! let file = tempfile::tempfile().unwrap();
//! let lock = FileLock::try_lock(&file, LockScope::WholeFile, LockMode::Exclusive)?.unwrap();
//!
//! // The same file, opened once more.
//! let other = std::fs::File::open(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file))).unwrap();
//! assert!(FileLock::try_lock(&other, LockScope::WholeFile, LockMode::Shared)?.is_none());
//! drop(lock);
//! assert!(FileLock::try_lock(&other, LockScope::WholeFile, LockMode::Shared)?.is_some());
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! # In place of dnotify
//!
//! fcntl(2)'s `F_NOTIFY` is not offered: it tells by a signal that something changed in a directory, not what, and
//! keeps the directory's file system from being unmounted. inotify(7) and fanotify(7) tell what.

mod conflict;
mod guard;
mod held;
mod identity;
mod lease;
mod recorded;
mod scope;

pub use conflict::LockConflict;
pub use guard::{FileLock, LockChange};
pub use held::{HeldLock, HeldLocks};
pub use identity::FileIdentity;
pub use lease::{Lease, LeaseMode, LeaseState};
pub use recorded::{LockKind, LockState, RecordedMode};
pub use scope::{LockMode, LockRange, LockScope};
