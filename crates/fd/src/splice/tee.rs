//! From pipe to pipe, with the bytes left where they are.

use linux_support_base::{Errno, Error};
use rustix::pipe::tee;

use super::{SpliceFlags, wait_for_both};
use crate::{PipeReader, PipeWriter, readiness::attempt};

impl PipeReader {
    /// Puts up to `length` bytes that are in this pipe into `other` too, and says how many; they can still be read
    /// here. Waits until there are some and they have room. 0 says that nobody writes here any more, and that
    /// nothing is left.
    ///
    /// ```
    /// use linux_support_fd::pipe;
    ///
    /// let (reader, writer) = pipe()?;
    /// let (copied, copy) = pipe()?;
    /// writer.write(b"twice")?;
    /// assert_eq!(reader.tee(&copy, 100)?, 5);
    /// assert_eq!((reader.read(&mut [0; 9])?, copied.read(&mut [0; 9])?), (5, 5));
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    ///
    /// # Errors
    /// Both are ends of one pipe, or nobody reads `other` ([`Errno::PIPE`]).
    ///
    /// # Source
    /// tee(2).
    pub fn tee(&self, other: &PipeWriter, length: usize) -> Result<usize, Error> {
        loop {
            if let Some(copied) = self.try_tee(other, length)? {
                return Ok(copied);
            }
            wait_for_both(self, other).map_err(|errno| Error::system("tee", "pipe", errno))?;
        }
    }

    /// As [`tee`](Self::tee); `None` for "not now".
    ///
    /// # Errors
    /// As for [`tee`](Self::tee).
    pub fn try_tee(&self, other: &PipeWriter, length: usize) -> Result<Option<usize>, Error> {
        attempt(|| tee(self, other, length, SpliceFlags::empty().without_waiting())).map_err(|errno| {
            match errno {
                Errno::INVAL => Error::invalid("tee", "pipe", "takes two pipes, not both ends of one"),
                errno => Error::system("tee", "pipe", errno),
            }
        })
    }
}
