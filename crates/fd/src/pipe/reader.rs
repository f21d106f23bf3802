//! The end of a pipe that is read.

use std::{
    io::{self, Read},
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use linux_support_base::{Error, Reason};
use rustix::{event::PollFlags, fs::OFlags};

use super::end::{End, find_fifo, open_through_proc, pipe_end};
use crate::{
    PipeWriter,
    readiness::{attempt, wait_until, when_readable},
};

/// The end of a pipe or FIFO that is read.
///
/// `std::io::Read` waits; [`try_read`](Self::try_read) doesn't. See [`pipe`](crate::pipe()) for an example.
///
/// # Source
/// pipe(7).
#[derive(Debug)]
pub struct PipeReader(OwnedFd);

pipe_end!(PipeReader, "reading end of a pipe", End::Reading);

impl PipeReader {
    /// What was opened as this end just now.
    pub(super) fn of(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// Opens the FIFO `name` in `directory`, without waiting for a writer. Until the first one has come, readings
    /// give 0 bytes: [`wait`](Self::wait) for it.
    ///
    /// # Errors
    /// There is no FIFO of that name (a link is not followed), it may not be read, or there is no descriptor left.
    ///
    /// # Source
    /// fifo(7).
    pub fn open_fifo(directory: impl AsFd, name: impl AsRef<[u8]>) -> Result<Self, Error> {
        let found = find_fifo(directory, name.as_ref())?;
        open_through_proc(&found, OFlags::RDONLY, "FIFO").map(Self)
    }

    /// Opens both ends of the FIFO `name` in `directory`, in the order in which neither waits for the other.
    ///
    /// ```
    /// use linux_support_fd::{PipeReader, make_fifo};
    ///
    /// let folder = tempfile::tempdir().unwrap();
    /// let directory = std::fs::File::open(folder.path()).unwrap();
    /// make_fifo(&directory, "requests", 0o600)?;
    /// let (reader, writer) = PipeReader::open_fifo_with_writer(&directory, "requests")?;
    /// writer.write(b"x")?;
    /// assert_eq!(reader.read(&mut [0; 8])?, 1);
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`open_fifo`](Self::open_fifo); it may not be written.
    pub fn open_fifo_with_writer(
        directory: impl AsFd,
        name: impl AsRef<[u8]>,
    ) -> Result<(Self, PipeWriter), Error> {
        let found = find_fifo(directory, name.as_ref())?;
        let reader = open_through_proc(&found, OFlags::RDONLY, "FIFO").map(Self)?;
        let writer = open_through_proc(&found, OFlags::WRONLY, "FIFO").map(PipeWriter::of)?;
        Ok((reader, writer))
    }

    /// Reads what there is, up to the length of `buffer`; waits until there is something. 0 says that nobody has
    /// the other end open any more, and that all was read.
    ///
    /// # Errors
    /// None that is known.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        when_readable(self, "read", "pipe", || self.try_read(buffer))
    }

    /// Reads what there is, as [`read`](Self::read) does; `None` if there is nothing now.
    ///
    /// # Errors
    /// None that is known.
    pub fn try_read(&self, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
        attempt(|| rustix::io::read(&self.0, &mut *buffer))
            .map_err(|errno| Error::system("read", "pipe", errno))
    }

    /// Waits until there is something to read, or nobody any more who would write; `false` says that `timeout`
    /// came first.
    ///
    /// # Errors
    /// None that is known.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        wait_until(self, PollFlags::IN, timeout)
            .map_err(|errno| Error::new("wait for", "pipe", Reason::System(errno)))
    }
}

impl Read for &PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(PipeReader::read(self, buffer)?)
    }
}

impl Read for PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(PipeReader::read(self, buffer)?)
    }
}
