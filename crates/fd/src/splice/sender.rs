//! What can be spliced into a pipe.

use std::{
    fs::File,
    net::TcpStream,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd},
        unix::net::UnixStream,
    },
    process::{ChildStderr, ChildStdout},
};

use linux_support_base::{Errno, Error};
use rustix::pipe::splice;

use super::{SpliceFlags, wait_for_both};
use crate::{
    PipeReader, PipeWriter,
    readiness::attempt,
    socket::{self, StreamFamily},
};

/// A descriptor whose bytes can be spliced into a pipe.
///
/// Implement it, with an empty body, for your own types of descriptors.
///
/// ```
/// use std::io::{Seek, Write};
/// use linux_support_fd::{SpliceFlags, SpliceSender, SpliceRecipient, pipe};
///
/// let mut file = tempfile::tempfile().unwrap();
/// file.write_all(b"from file to socket").unwrap();
/// file.rewind().unwrap();
/// let (socket, peer) = std::os::unix::net::UnixStream::pair().unwrap();
///
/// let (reader, writer) = pipe()?;
/// assert_eq!(file.splice_to(&writer, 1 << 16, SpliceFlags::empty())?, 19);
/// assert_eq!(socket.splice_from(&reader, 1 << 16, SpliceFlags::empty())?, 19);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
pub trait SpliceSender: AsFd {
    /// Moves up to `length` bytes into `pipe` and says how many; waits until there are some and they have room. 0
    /// is the end of what there is.
    ///
    /// # Errors
    /// The descriptor can't be spliced from ([`Errno::INVAL`]), or nobody reads `pipe` ([`Errno::PIPE`]).
    ///
    /// # Source
    /// splice(2).
    #[doc(alias = "splice")]
    fn splice_to(&self, pipe: &PipeWriter, length: usize, flags: SpliceFlags) -> Result<usize, Error> {
        loop {
            if let Some(moved) = self.try_splice_to(pipe, length, flags)? {
                return Ok(moved);
            }
            wait_for_both(self.as_fd(), pipe).map_err(|errno| failed(self.as_fd(), errno))?;
        }
    }

    /// Moves up to `length` bytes into `pipe`, as [`splice_to`](Self::splice_to) does; `None` for "not now". It
    /// waits for the descriptor if that was not made non-blocking, as those of std are not.
    ///
    /// # Errors
    /// As for [`splice_to`](Self::splice_to).
    #[doc(alias = "SPLICE_F_NONBLOCK")]
    fn try_splice_to(
        &self,
        pipe: &PipeWriter,
        length: usize,
        flags: SpliceFlags,
    ) -> Result<Option<usize>, Error> {
        attempt(|| splice(self.as_fd(), None, pipe, None, length, flags.without_waiting()))
            .map_err(|errno| failed(self.as_fd(), errno))
    }
}

/// A [`SpliceSender`] with positions: a file.
pub trait SpliceSenderAt: SpliceSender {
    /// As [`splice_to`](SpliceSender::splice_to), from the position `offset`; the file's own stays where it is.
    ///
    /// # Errors
    /// As for [`splice_to`](SpliceSender::splice_to).
    fn splice_to_at(
        &self,
        offset: u64,
        pipe: &PipeWriter,
        length: usize,
        flags: SpliceFlags,
    ) -> Result<usize, Error> {
        loop {
            if let Some(moved) = self.try_splice_to_at(offset, pipe, length, flags)? {
                return Ok(moved);
            }
            wait_for_both(self.as_fd(), pipe).map_err(|errno| failed(self.as_fd(), errno))?;
        }
    }

    /// As [`try_splice_to`](SpliceSender::try_splice_to), from the position `offset`; the file's own stays where it
    /// is.
    ///
    /// # Errors
    /// As for [`splice_to`](SpliceSender::splice_to).
    fn try_splice_to_at(
        &self,
        offset: u64,
        pipe: &PipeWriter,
        length: usize,
        flags: SpliceFlags,
    ) -> Result<Option<usize>, Error> {
        attempt(|| {
            let mut offset = offset;
            splice(self.as_fd(), Some(&mut offset), pipe, None, length, flags.without_waiting())
        })
        .map_err(|errno| failed(self.as_fd(), errno))
    }
}

#[cold]
fn failed(descriptor: BorrowedFd<'_>, errno: Errno) -> Error {
    Error::system("splice from", format!("descriptor {}", descriptor.as_raw_fd()).as_str(), errno)
}

impl SpliceSender for File {}
impl SpliceSenderAt for File {}
impl SpliceSender for PipeReader {}
impl SpliceSender for std::io::PipeReader {}
impl SpliceSender for ChildStdout {}
impl SpliceSender for ChildStderr {}
impl SpliceSender for TcpStream {}
impl SpliceSender for UnixStream {}
impl<F: StreamFamily> SpliceSender for socket::Stream<F> {}
