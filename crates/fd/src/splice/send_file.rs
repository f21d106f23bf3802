//! From a file to anything.

use core::ops::{ControlFlow, Range};
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
    event::PollFlags,
    fs::{OFlags, fcntl_getfl, sendfile},
};

use super::progress::{Moved, TransferEnd, TransferError, Transferred};
use crate::{
    PipeWriter,
    readiness::{attempt, wait_until},
    socket::{self, DatagramFamily, SequencedFamily, StreamFamily},
};

/// The most that one call moves, as for every reading and writing.
const AT_ONCE: u64 = 0x7fff_f000;

/// A descriptor to which files can be sent.
///
/// Implement it, with an empty body, for your own types of descriptors.
///
/// ```
/// use std::{io::{Read, Write}, ops::ControlFlow, os::unix::net::UnixStream};
/// use linux_support_fd::{SendFile, TransferEnd};
///
/// let mut file = tempfile::tempfile().unwrap();
/// file.write_all(b"0123456789").unwrap();
/// let (socket, mut client) = UnixStream::pair().unwrap();
/// let done = socket.send_file_range(&file, 3..7, |_sent| ControlFlow::Continue(()))?;
/// assert_eq!((done.delivered, done.end), (4, TransferEnd::Complete));
/// let mut part = [0; 4];
/// client.read_exact(&mut part).unwrap();
/// assert_eq!(&part, b"3456");
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// sendfile(2).
pub trait SendFile: AsFd {
    /// Sends up to `length` bytes of `file` from the position `offset`, and says how many; waits for room. 0 is the
    /// end of the file. The file's own position stays where it is.
    ///
    /// # Errors
    /// `file` is none that can be mapped: a pipe or a socket. The descriptor is open for appending. Nobody reads any
    /// more ([`Errno::PIPE`]).
    #[doc(alias = "sendfile")]
    fn send_file(&self, file: impl AsFd, offset: u64, length: usize) -> Result<usize, Error> {
        loop {
            if let Some(sent) = self.try_send_file(file.as_fd(), offset, length)? {
                return Ok(sent);
            }
            wait_until(self.as_fd(), PollFlags::OUT, None).map_err(|errno| failed(self.as_fd(), errno))?;
        }
    }

    /// As [`send_file`](Self::send_file); `None` for "not now". It waits if the descriptor was not made
    /// non-blocking, as those of std are not.
    ///
    /// # Errors
    /// As for [`send_file`](Self::send_file).
    fn try_send_file(&self, file: impl AsFd, offset: u64, length: usize) -> Result<Option<usize>, Error> {
        attempt(|| {
            let mut offset = offset;
            sendfile(self.as_fd(), file.as_fd(), Some(&mut offset), length)
        })
        .map_err(|errno| failed(self.as_fd(), errno))
    }

    /// Sends up to `length` bytes of `file` from its own position, which moves on; `None` for "not now".
    ///
    /// # Errors
    /// As for [`send_file`](Self::send_file).
    fn try_send_file_onward(&self, file: impl AsFd, length: usize) -> Result<Option<usize>, Error> {
        attempt(|| sendfile(self.as_fd(), file.as_fd(), None, length))
            .map_err(|errno| failed(self.as_fd(), errno))
    }

    /// Sends all bytes of `range`, or as many of them as `file` has. After each step `progress` hears how many were
    /// sent, and may stop.
    ///
    /// # Errors
    /// As for [`send_file`](Self::send_file), with what had been sent before.
    fn send_file_range(
        &self,
        file: impl AsFd,
        range: Range<u64>,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Transferred, TransferError> {
        let length = range.end.saturating_sub(range.start);
        let mut sent = Moved(0);
        while sent.0 < length {
            let most = (length - sent.0).min(AT_ONCE) as usize;
            match self.send_file(file.as_fd(), range.start + sent.0, most) {
                Ok(0) => return Ok(sent.ended(TransferEnd::EndOfSource)),
                Ok(moved) => sent.0 += moved as u64,
                Err(error) => return Err(sent.failed(error)),
            }
            if progress(sent.0).is_break() {
                return Ok(sent.ended(TransferEnd::Stopped));
            }
        }
        Ok(sent.ended(TransferEnd::Complete))
    }
}

#[cold]
fn failed(descriptor: BorrowedFd<'_>, errno: Errno) -> Error {
    let object = format!("descriptor {}", descriptor.as_raw_fd());
    if errno == Errno::INVAL {
        let appends = fcntl_getfl(descriptor).is_ok_and(|flags| flags.contains(OFlags::APPEND));
        let accepted = if appends {
            "takes a file only where it is not open for appending"
        } else {
            "takes what can be mapped, such as a file, from a position up to 2^63 - 1"
        };
        return Error::invalid("send a file to", object.as_str(), accepted);
    }
    Error::system("send a file to", object.as_str(), errno)
}

impl SendFile for File {}
impl SendFile for PipeWriter {}
impl SendFile for std::io::PipeWriter {}
impl SendFile for ChildStdin {}
impl SendFile for TcpStream {}
impl SendFile for UdpSocket {}
impl SendFile for UnixDatagram {}
impl SendFile for UnixStream {}
impl<F: StreamFamily> SendFile for socket::Stream<F> {}
impl<F: DatagramFamily> SendFile for socket::Datagram<F> {}
impl<F: SequencedFamily> SendFile for socket::Sequenced<F> {}
