//! Streams: tcp(7), unix(7), vsock(7).

use core::marker::PhantomData;
use std::{
    io::{IoSlice, IoSliceMut},
    os::fd::OwnedFd,
    time::Duration,
};

use linux_support_base::{Errno, Error};
use rustix::{
    event::PollFlags,
    net::{AddressFamily, RecvFlags, SendFlags, SocketType, recv, send, socketpair},
};

use super::{
    Connection, Exchange, Internet, Outgoing, Socket, StreamFamily, Unix,
    ancillary::Ancillary,
    connection::{connecting, sealed::Made},
    exchange::{until, within},
    general::{FROM_BIRTH, socket},
};
use crate::readiness::attempt;

/// A stream of bytes to another socket: [`TcpStream`](super::TcpStream), [`UnixStream`](super::UnixStream) or
/// [`VsockStream`](super::VsockStream).
///
/// ```
/// use linux_support_fd::socket::{Socket, TcpListener, TcpStream};
///
/// let listener = TcpListener::bind(&"127.0.0.1:0".parse().unwrap())?;
/// let here = TcpStream::connect(&listener.local_address()?)?;
/// let (there, _) = listener.accept()?;
///
/// here.send_all(b"ping")?;
/// let mut bytes = [0; 16];
/// assert_eq!(there.receive(&mut bytes)?, 4);
/// assert_eq!(there.try_receive(&mut bytes)?, None);
/// drop(here);
/// assert_eq!(there.receive(&mut bytes)?, 0);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
pub struct Stream<F: StreamFamily>(OwnedFd, PhantomData<F>);

socket!([F: StreamFamily] Stream<F>, name: F::STREAM, fits: |kind| {
    kind.is(F::DOMAINS, SocketType::STREAM) && !kind.listening && F::is_protocol(kind)
});

impl<F: StreamFamily> Socket for Stream<F> {
    type Address = F::Address;
}

impl<F: StreamFamily> Exchange for Stream<F> {
    const RECEIVE_FLAGS: u32 = F::RECEIVE_FLAGS;
}

impl<F: StreamFamily> Made for Stream<F> {
    const STYLE: SocketType = SocketType::STREAM;

    fn owning(descriptor: OwnedFd) -> Self {
        Self(descriptor, PhantomData)
    }
}

impl<F: StreamFamily> Connection for Stream<F> {
    type Family = F;
    const LISTENER: &'static str = F::STREAM_LISTENER;
}

connecting!(Stream, StreamFamily);

impl<F: StreamFamily> Stream<F> {
    /// Receives up to as many bytes as there is room for; 0 says that the other end sends no more, or that there is no
    /// room. `None` says that there are none now.
    ///
    /// # Errors
    /// The connection was broken (ECONNRESET), or has timed out.
    #[inline]
    pub fn try_receive(&self, bytes: &mut [u8]) -> Result<Option<usize>, Error> {
        attempt(|| recv(&self.0, &mut *bytes, RecvFlags::empty()).map(|(stored, _)| stored))
            .map_err(|errno| Error::system("receive from", F::STREAM, errno))
    }

    /// Receives up to as many bytes as there is room for, as soon as there are any; 0 says that the other end sends no
    /// more, or that there is no room.
    ///
    /// # Errors
    /// As [`try_receive`](Self::try_receive).
    #[inline]
    pub fn receive(&self, bytes: &mut [u8]) -> Result<usize, Error> {
        until(self, PollFlags::IN, "receive from", || self.try_receive(bytes))
    }

    /// The same, but waits no longer than this. `None` says that the time ran out.
    ///
    /// # Errors
    /// As [`try_receive`](Self::try_receive).
    pub fn receive_within(&self, bytes: &mut [u8], timeout: Duration) -> Result<Option<usize>, Error> {
        within(self, PollFlags::IN, "receive from", Some(timeout), || self.try_receive(bytes))
    }

    /// Fills `bytes`.
    ///
    /// # Errors
    /// As [`try_receive`](Self::try_receive), and the stream ended before (EPIPE): what came is in `bytes`.
    pub fn receive_all(&self, bytes: &mut [u8]) -> Result<(), Error> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.receive(rest)? {
                0 => return Err(Error::system("receive whole from", F::STREAM, Errno::PIPE)),
                stored => rest = &mut rest[stored..],
            }
        }
        Ok(())
    }

    /// Receives into several parts, one after the other.
    ///
    /// # Errors
    /// As [`try_receive`](Self::try_receive).
    pub fn try_receive_vectored(&self, parts: &mut [IoSliceMut<'_>]) -> Result<Option<usize>, Error> {
        let received = self.try_receive_message(parts, &mut Ancillary::default())?;
        Ok(received.map(|message| message.stored))
    }

    /// Sends as many of these bytes as there is room for. `None` says that there is none now.
    ///
    /// # Errors
    /// The other end has gone (EPIPE, ECONNRESET), or has not answered in time.
    #[inline]
    pub fn try_send(&self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        attempt(|| send(&self.0, bytes, SendFlags::NOSIGNAL))
            .map_err(|errno| Error::system("send to", F::STREAM, errno))
    }

    /// Sends as many of these bytes as there is room for, as soon as there is any.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    #[inline]
    pub fn send(&self, bytes: &[u8]) -> Result<usize, Error> {
        until(self, PollFlags::OUT, "send to", || self.try_send(bytes))
    }

    /// The same, but waits no longer than this. `None` says that the time ran out.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub fn send_within(&self, bytes: &[u8], timeout: Duration) -> Result<Option<usize>, Error> {
        within(self, PollFlags::OUT, "send to", Some(timeout), || self.try_send(bytes))
    }

    /// Sends all of these bytes.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send): some of the bytes may have been sent.
    pub fn send_all(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let sent = self.send(rest)?;
            rest = &rest[sent..];
        }
        Ok(())
    }

    /// Sends several parts, one after the other, as far as there is room.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub fn try_send_vectored(&self, parts: &[IoSlice<'_>]) -> Result<Option<usize>, Error> {
        self.try_send_message(&Outgoing::new(parts))
    }
}

impl Stream<Unix> {
    /// Two ends of a new connection.
    ///
    /// # Errors
    /// There is no descriptor left.
    #[doc(alias = "socketpair")]
    pub fn pair() -> Result<(Self, Self), Error> {
        pair(SocketType::STREAM, Unix::STREAM).map(|(one, other)| (Self::owning(one), Self::owning(other)))
    }
}

/// Two sockets that are connected with each other.
pub(super) fn pair(style: SocketType, name: &'static str) -> Result<(OwnedFd, OwnedFd), Error> {
    socketpair(AddressFamily::UNIX, style, FROM_BIRTH, None)
        .map_err(|errno| Error::system("create pair of", name, errno))
}

/// To and from the types of std.
macro_rules! of_std {
    ($($ours:ty = $std:ty),* $(,)?) => {$(
        impl From<$ours> for $std {
            /// Non-blocking as it was.
            fn from(socket: $ours) -> Self {
                OwnedFd::from(socket).into()
            }
        }

        impl TryFrom<$std> for $ours {
            type Error = Error;

            /// Takes a socket of std, and makes it non-blocking for all that share it.
            ///
            /// # Errors
            /// It is of another kind than std takes it for.
            fn try_from(socket: $std) -> Result<Self, Error> {
                OwnedFd::from(socket).try_into()
            }
        }
    )*};
}

of_std! {
    Stream<Internet> = std::net::TcpStream,
    Stream<Unix> = std::os::unix::net::UnixStream,
    super::Listener<Stream<Internet>> = std::net::TcpListener,
    super::Listener<Stream<Unix>> = std::os::unix::net::UnixListener,
    super::Datagram<Internet> = std::net::UdpSocket,
    super::Datagram<Unix> = std::os::unix::net::UnixDatagram,
}
