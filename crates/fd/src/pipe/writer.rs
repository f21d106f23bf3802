//! The end of a pipe that is written.

use std::{
    io::{self, Write},
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use linux_support_base::{Error, Reason};
use rustix::{event::PollFlags, fs::OFlags};

use super::end::{End, find_fifo, open_through_proc, pipe_end};
use crate::readiness::{attempt, wait_until};

/// The end of a pipe or FIFO that is written.
///
/// `std::io::Write` waits; [`try_write`](Self::try_write) doesn't. Where nobody has the other end open, a write is
/// [`Errno::PIPE`](linux_support_base::Errno::PIPE) and raises SIGPIPE, which Rust's runtime ignores from a
/// program's start.
///
/// See [`pipe`](crate::pipe()) for an example.
///
/// # Source
/// pipe(7).
#[derive(Debug)]
pub struct PipeWriter(OwnedFd);

pipe_end!(PipeWriter, "writing end of a pipe", End::Writing);

impl PipeWriter {
    /// A write of up to this length goes into a pipe whole, or not at all: those of several writers don't mix.
    #[doc(alias = "PIPE_BUF")]
    pub const ATOMIC: usize = rustix::pipe::PIPE_BUF;

    /// What was opened as this end just now.
    pub(super) fn of(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// Opens the FIFO `name` in `directory`; `None` if nobody has it open for reading.
    ///
    /// # Errors
    /// There is no FIFO of that name (a link is not followed), it may not be written, or there is no descriptor
    /// left.
    ///
    /// # Source
    /// fifo(7).
    pub fn try_open_fifo(directory: impl AsFd, name: impl AsRef<[u8]>) -> Result<Option<Self>, Error> {
        let found = find_fifo(directory, name.as_ref())?;
        match open_through_proc(&found, OFlags::WRONLY, "FIFO") {
            Ok(writer) => Ok(Some(Self(writer))),
            // No such device or address: what open(2) says of a FIFO without a reader.
            Err(error) if error.reason() == &Reason::Gone => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens the FIFO `name` in `directory`, whether or not somebody has it open for reading. What is written
    /// waits in the FIFO for a reader to come, and a write never says that there is none.
    ///
    /// # Errors
    /// As for [`try_open_fifo`](Self::try_open_fifo); it may not be read, too.
    ///
    /// # Source
    /// fifo(7).
    pub fn open_fifo_before_readers(directory: impl AsFd, name: impl AsRef<[u8]>) -> Result<Self, Error> {
        let found = find_fifo(directory, name.as_ref())?;
        open_through_proc(&found, OFlags::RDWR, "FIFO").map(Self)
    }

    /// Writes as much of `bytes` as fits, and says how many; waits until something does. Up to
    /// [`ATOMIC`](Self::ATOMIC) bytes go whole.
    ///
    /// # Errors
    /// Nobody has the other end open ([`Errno::PIPE`](linux_support_base::Errno::PIPE)).
    pub fn write(&self, bytes: &[u8]) -> Result<usize, Error> {
        loop {
            if let Some(written) = self.try_write(bytes)? {
                return Ok(written);
            }
            self.wait(None)?;
        }
    }

    /// Writes as much of `bytes` as fits, and says how many; `None` if nothing does now.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub fn try_write(&self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        attempt(|| rustix::io::write(&self.0, bytes)).map_err(|errno| Error::system("write", "pipe", errno))
    }

    /// Waits until there is room, or nobody any more who would read; `false` says that `timeout` came first.
    ///
    /// # Errors
    /// None that is known.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        wait_until(self, PollFlags::OUT, timeout)
            .map_err(|errno| Error::new("wait for", "pipe", Reason::System(errno)))
    }
}

impl Write for &PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(PipeWriter::write(self, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(PipeWriter::write(self, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
