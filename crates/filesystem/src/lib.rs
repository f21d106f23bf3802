//! File systems and mounts of a Linux machine.
//!
//! - [`mount`]: what is mounted where: `/proc/PID/mountinfo` as borrowed entries and as the model [`Mount`],
//!   the tree of mounts with what hides what, and the tables of fstab and `/proc/mounts`.
//! - [`kind`]: types of file systems, their classes, and those that the kernel has registered.
//! - [`statistics`]: how large and how full a mounted file system is.
//!
//! ```
//! use linux_support_base::Machine;
//! use linux_support_filesystem::{FileSystemClass, MountTree};
//!
//! let machine = Machine::live()?;
//! let tree = MountTree::read(&machine)?;
//! let proc = tree.find(b"/proc/self/mountinfo").unwrap();
//! assert_eq!(proc.kind.class(), FileSystemClass::Pseudo);
//! # Ok::<(), linux_support_base::Error>(())
//! ```
#![forbid(unsafe_code)]

pub mod kind;
pub mod mount;
pub mod statistics;

pub use kind::{FileSystemClass, FileSystemKind, RegisteredFileSystem};
pub use mount::{Mount, MountFlags, MountOptions, MountTree, Propagation};
pub use statistics::FileSystemStatistics;
