//! The entries of a directory.

use std::os::fd::{AsFd, OwnedFd};

use linux_support_base::{Errno, Error};
use rustix::fs::{SeekFrom, seek};

use super::record::{DirectoryRecord, DirectoryRecords, EntryPosition};
use crate::sys;

/// The entries of a directory, but for `.` and `..`: see
/// [`DirectoryHandle::entries`](super::DirectoryHandle::entries).
///
/// Those that are added or removed meanwhile may or may not be among them.
#[derive(Debug)]
pub struct Entries<'a> {
    directory: OwnedFd,
    buffer: &'a mut Vec<u8>,
    /// Where in the buffer the records begin that were not given yet, and where they end.
    next: usize,
    end: usize,
}

/// The least that is read at once.
const BUFFER: usize = 32 * 1024;

impl<'a> Entries<'a> {
    pub(super) fn new(directory: OwnedFd, buffer: &'a mut Vec<u8>) -> Self {
        if buffer.len() < BUFFER {
            buffer.resize(BUFFER, 0);
        }
        Self { directory, buffer, next: 0, end: 0 }
    }

    /// The next one, which lives in the buffer until the one after it.
    ///
    /// # Errors
    /// The directory can't be read, or the file system behind it is broken.
    #[expect(clippy::should_implement_trait, reason = "what it gives is lent from its buffer")]
    pub fn next(&mut self) -> Result<Option<DirectoryRecord<'_>>, Error> {
        let (start, end) = loop {
            if self.next == self.end && !self.fill()? {
                return Ok(None);
            }
            let start = self.next;
            let mut records = DirectoryRecords::new(&self.buffer[start..self.end]);
            let record = records
                .next()
                .transpose()
                .map_err(|error| Error::malformed("entries of a directory", error))?;
            self.next = self.end - records.rest();
            if record.is_some_and(|record| record.name != b"." && record.name != b"..") {
                break (start, self.next);
            }
        };
        DirectoryRecords::new(&self.buffer[start..end])
            .next()
            .transpose()
            .map_err(|error| Error::malformed("entries of a directory", error))
    }

    /// Reads more of them; `false` says that there are none.
    fn fill(&mut self) -> Result<bool, Error> {
        loop {
            match sys::directory::read_records(self.directory.as_fd(), self.buffer) {
                Ok(length) => {
                    (self.next, self.end) = (0, length.min(self.buffer.len()));
                    return Ok(length > 0);
                }
                Err(Errno::INTR) => {}
                // It was removed.
                Err(Errno::NOENT) => return Ok(false),
                Err(errno) => return Err(Error::system("read", "directory", errno)),
            }
        }
    }

    /// Goes on after the entry that had this position.
    ///
    /// # Errors
    /// The file system does not know it.
    pub fn seek(&mut self, position: EntryPosition) -> Result<(), Error> {
        let failed = |errno| Error::system("seek", "directory", errno);
        // Positions are the file system's own; those above the highest number are none.
        let position = u64::try_from(position.0).map_err(|_| failed(Errno::INVAL))?;
        seek(&self.directory, SeekFrom::Start(position)).map_err(failed)?;
        (self.next, self.end) = (0, 0);
        Ok(())
    }

    /// Begins again.
    ///
    /// # Errors
    /// None that is known.
    pub fn rewind(&mut self) -> Result<(), Error> {
        self.seek(EntryPosition(0))
    }
}
