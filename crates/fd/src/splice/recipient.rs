//! What a pipe can be spliced into.

use std::{
    fs::File,
    net::{TcpStream, UdpSocket},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd},
        unix::net::{UnixDatagram, UnixStream},
    },
    process::ChildStdin,
};

use linux_support_base::{Errno, Error};
use rustix::{
    fs::{OFlags, fcntl_getfl},
    pipe::splice,
};

use super::{SpliceFlags, wait_for_both};
use crate::{
    PipeReader, PipeWriter,
    readiness::attempt,
    socket::{self, DatagramFamily, SequencedFamily, StreamFamily},
};

/// A descriptor into which a pipe's bytes can be spliced. See [`SpliceSender`](super::SpliceSender) for an example.
///
/// Implement it, with an empty body, for your own types of descriptors.
pub trait SpliceRecipient: AsFd {
    /// Moves up to `length` bytes out of `pipe` and says how many; waits until there are some and they have room.
    /// 0 says that nobody writes to the pipe any more, and that all was moved.
    ///
    /// # Errors
    /// The descriptor can't be spliced into: a file that is open for appending can't be. Nobody reads any more
    /// ([`Errno::PIPE`], with SIGPIPE unless it is ignored).
    ///
    /// # Source
    /// splice(2).
    #[doc(alias = "splice")]
    fn splice_from(&self, pipe: &PipeReader, length: usize, flags: SpliceFlags) -> Result<usize, Error> {
        loop {
            if let Some(moved) = self.try_splice_from(pipe, length, flags)? {
                return Ok(moved);
            }
            wait_for_both(pipe, self.as_fd()).map_err(|errno| failed(self.as_fd(), errno))?;
        }
    }

    /// Moves up to `length` bytes out of `pipe`, as [`splice_from`](Self::splice_from) does; `None` for "not now".
    /// It waits for the descriptor if that was not made non-blocking, as those of std are not.
    ///
    /// # Errors
    /// As for [`splice_from`](Self::splice_from).
    #[doc(alias = "SPLICE_F_NONBLOCK")]
    fn try_splice_from(
        &self,
        pipe: &PipeReader,
        length: usize,
        flags: SpliceFlags,
    ) -> Result<Option<usize>, Error> {
        attempt(|| splice(pipe, None, self.as_fd(), None, length, flags.without_waiting()))
            .map_err(|errno| failed(self.as_fd(), errno))
    }
}

/// A [`SpliceRecipient`] with positions: a file.
pub trait SpliceRecipientAt: SpliceRecipient {
    /// As [`splice_from`](SpliceRecipient::splice_from), to the position `offset`; the file's own stays where it is.
    ///
    /// # Errors
    /// As for [`splice_from`](SpliceRecipient::splice_from).
    fn splice_from_at(
        &self,
        offset: u64,
        pipe: &PipeReader,
        length: usize,
        flags: SpliceFlags,
    ) -> Result<usize, Error> {
        loop {
            if let Some(moved) = self.try_splice_from_at(offset, pipe, length, flags)? {
                return Ok(moved);
            }
            wait_for_both(pipe, self.as_fd()).map_err(|errno| failed(self.as_fd(), errno))?;
        }
    }

    /// As [`try_splice_from`](SpliceRecipient::try_splice_from), to the position `offset`; the file's own stays
    /// where it is.
    ///
    /// # Errors
    /// As for [`splice_from`](SpliceRecipient::splice_from).
    fn try_splice_from_at(
        &self,
        offset: u64,
        pipe: &PipeReader,
        length: usize,
        flags: SpliceFlags,
    ) -> Result<Option<usize>, Error> {
        attempt(|| {
            let mut offset = offset;
            splice(pipe, None, self.as_fd(), Some(&mut offset), length, flags.without_waiting())
        })
        .map_err(|errno| failed(self.as_fd(), errno))
    }
}

#[cold]
fn failed(descriptor: BorrowedFd<'_>, errno: Errno) -> Error {
    let object = format!("descriptor {}", descriptor.as_raw_fd());
    let appends = || fcntl_getfl(descriptor).is_ok_and(|flags| flags.contains(OFlags::APPEND));
    if errno == Errno::INVAL && appends() {
        return Error::invalid("splice into", object.as_str(), "takes a file that is not open for appending");
    }
    Error::system("splice into", object.as_str(), errno)
}

impl SpliceRecipient for File {}
impl SpliceRecipientAt for File {}
impl SpliceRecipient for PipeWriter {}
impl SpliceRecipient for std::io::PipeWriter {}
impl SpliceRecipient for ChildStdin {}
impl SpliceRecipient for TcpStream {}
impl SpliceRecipient for UdpSocket {}
impl SpliceRecipient for UnixDatagram {}
impl SpliceRecipient for UnixStream {}
impl<F: StreamFamily> SpliceRecipient for socket::Stream<F> {}
impl<F: DatagramFamily> SpliceRecipient for socket::Datagram<F> {}
impl<F: SequencedFamily> SpliceRecipient for socket::Sequenced<F> {}
