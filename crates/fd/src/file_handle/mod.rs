//! Files by what their file system calls them: name_to_handle_at(2), open_by_handle_at(2).

mod mount;

use std::os::fd::AsFd;

use linux_support_base::{Errno, Error};
pub use mount::HandleMount;

use crate::{fanotify::HandleRecord, sys};

/// A file, by its handle: what its file system calls it, whatever names it has. A [`HandleMount`] opens it.
///
/// It outlives renames, unmounting and the next start of the machine, and is not given to another file when the file
/// is deleted.
///
/// # Source
/// open_by_handle_at(2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "file_handle")]
pub struct FileHandle {
    /// The file system, as statfs(2) numbers it.
    pub file_system: [i32; 2],
    /// The file system's kind of handle.
    pub kind: i32,
    /// The handle.
    pub handle: Vec<u8>,
}

impl FileHandle {
    /// The handle of a file that is open, also as a mere place.
    ///
    /// # Errors
    /// Its file system has no handles.
    #[doc(alias = "name_to_handle_at")]
    pub fn of(file: impl AsFd) -> Result<Self, Error> {
        let file = file.as_fd();
        let (kind, handle, length) = sys::file_handle::of(file).map_err(|errno| match errno {
            Errno::OPNOTSUPP => {
                Error::invalid("query", "file handle", "is of file systems that have handles")
            }
            errno => Error::system("query", "file handle", errno),
        })?;
        let file_system = number_of_file_system(file)?;
        Ok(Self { file_system, kind, handle: handle[..length].to_vec() })
    }
}

impl From<HandleRecord<'_>> for FileHandle {
    fn from(record: HandleRecord<'_>) -> Self {
        Self { file_system: record.file_system, kind: record.kind, handle: record.handle.to_vec() }
    }
}

/// The number of the file system that `file` is on, as statfs(2) and fanotify(7) tell it.
fn number_of_file_system(file: impl AsFd) -> Result<[i32; 2], Error> {
    let statistics = rustix::fs::fstatvfs(file)
        .map_err(|errno| Error::system("query file system of", "file handle", errno))?;
    // The C library's call makes one number of the kernel's two.
    Ok([statistics.f_fsid as i32, (statistics.f_fsid >> 32) as i32])
}
