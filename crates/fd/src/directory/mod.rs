//! Directories and paths, all relative to a descriptor.
//!
//! A path is text that leads somewhere else as soon as somebody renames a directory or plants a link. A descriptor
//! does not. So:
//!
//! - [`DirectoryHandle`] opens paths of any length, which stay [beneath](Resolve::BENEATH) it unless told otherwise;
//! - what changes a directory takes a *name*, one component without `/`, and so follows no link;
//! - what asks or changes attributes ([`FileAttributes`]) takes an open descriptor, for which a [`PathHandle`] will
//!   do: it opens nothing, triggers nothing and needs no permission of the file.
//!
//! ```
//! use linux_support_fd::directory::{DirectoryHandle, FileAttributes, FileMode, OpenHow, RenameMode, Resolve};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! let top = DirectoryHandle::open(folder.path())?;
//! top.create_directory("a", FileMode::OWNER_ALL)?;
//! let a = top.open_directory("a", Resolve::BENEATH | Resolve::NO_SYMBOLIC_LINKS)?;
//! a.create_symbolic_link("../../../etc/passwd", "planted")?;
//! assert!(top.open_with("a/planted", OpenHow::reading()).is_err());
//! assert_eq!(a.open_path("planted")?.read_link()?.as_bytes(), b"../../../etc/passwd");
//! a.rename("planted", &top, "link", RenameMode::NoReplace)?;
//! assert_eq!(top.status("link")?.links, 1);
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod attributes;
mod change;
mod entries;
mod handle;
mod how;
mod mode;
mod path_handle;
mod record;
mod status;
mod unnamed;

pub use attributes::{Access, FileAttributes, FileTime};
pub use change::{NewNode, RenameMode};
pub use entries::Entries;
pub use handle::DirectoryHandle;
pub use how::{OpenHow, Resolve};
use linux_support_base::{Errno, Error, Reason};
pub use mode::FileMode;
pub use path_handle::PathHandle;
pub use record::{DirectoryRecord, DirectoryRecords, EntryKind, EntryPosition};
pub use status::FileStatus;
pub use unnamed::UnnamedFile;

/// The error of a call on `path`.
#[cold]
fn failed(operation: &'static str, path: &[u8], errno: Errno) -> Error {
    match errno {
        Errno::INVAL if path.contains(&0) => {
            Error::invalid(operation, path, "needs a path without a byte of zero")
        }
        errno => Error::system(operation, path, errno),
    }
}

/// As [`failed`], for what does not walk paths: there, `EXDEV` speaks of two file systems.
#[cold]
fn failed_between(operation: &'static str, path: &[u8], errno: Errno) -> Error {
    match errno {
        Errno::XDEV => Error::new(operation, path, Reason::System(errno)),
        errno => failed(operation, path, errno),
    }
}

/// Refuses what is more than one component, or no entry of its own.
fn name(operation: &'static str, name: &[u8]) -> Result<(), Error> {
    if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') {
        return Err(Error::invalid(operation, name, "needs a name: not empty, no /, neither . nor .."));
    }
    Ok(())
}
