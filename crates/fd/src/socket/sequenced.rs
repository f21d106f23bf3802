//! Connections that keep the bounds of messages: unix(7) and vsock(7), SOCK_SEQPACKET.

use core::marker::PhantomData;
use std::{os::fd::OwnedFd, time::Duration};

use linux_support_base::Error;
use rustix::{
    event::PollFlags,
    net::{RecvFlags, SendFlags, SocketType, recv, send},
};

use super::{
    Connection, Exchange, Record, SequencedFamily, Socket, Unix,
    connection::{connecting, sealed::Made},
    exchange::{until, within},
    general::socket,
    stream::pair,
};
use crate::readiness::attempt;

/// A connection that keeps the bounds of messages: [`UnixSequenced`](super::UnixSequenced) or
/// [`VsockSequenced`](super::VsockSequenced).
///
/// ```
/// use linux_support_fd::socket::UnixSequenced;
///
/// let (here, there) = UnixSequenced::pair()?;
/// here.send(b"one")?;
/// here.send(b"twenty-one")?;
///
/// let mut bytes = [0; 8];
/// assert!(there.receive(&mut bytes)?.is_whole());
/// let record = there.receive(&mut bytes)?;
/// assert_eq!((record.stored, record.length), (8, 10));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[doc(alias = "SOCK_SEQPACKET")]
pub struct Sequenced<F: SequencedFamily>(OwnedFd, PhantomData<F>);

socket!([F: SequencedFamily] Sequenced<F>, name: F::SEQUENCED, fits: |kind| {
    kind.is(F::DOMAINS, SocketType::SEQPACKET) && !kind.listening
});

impl<F: SequencedFamily> Socket for Sequenced<F> {
    type Address = F::Address;
}

impl<F: SequencedFamily> Exchange for Sequenced<F> {
    const RECEIVE_FLAGS: u32 = F::RECEIVE_FLAGS | libc::MSG_TRUNC as u32;
}

impl<F: SequencedFamily> Made for Sequenced<F> {
    const STYLE: SocketType = SocketType::SEQPACKET;

    fn owning(descriptor: OwnedFd) -> Self {
        Self(descriptor, PhantomData)
    }
}

impl<F: SequencedFamily> Connection for Sequenced<F> {
    type Family = F;
    const LISTENER: &'static str = F::SEQUENCED_LISTENER;
}

connecting!(Sequenced, SequencedFamily);

impl<F: SequencedFamily> Sequenced<F> {
    /// Receives a message. One of no bytes also says that the other end sends no more. `None` says that there is none
    /// now.
    ///
    /// # Errors
    /// The connection was broken (ECONNRESET).
    #[inline]
    pub fn try_receive(&self, bytes: &mut [u8]) -> Result<Option<Record>, Error> {
        attempt(|| recv(&self.0, &mut *bytes, RecvFlags::TRUNC))
            .map(|taken| taken.map(|(stored, length)| Record { stored, length }))
            .map_err(|errno| Error::system("receive from", F::SEQUENCED, errno))
    }

    /// Receives a message as soon as there is one. One of no bytes also says that the other end sends no more.
    ///
    /// # Errors
    /// As [`try_receive`](Self::try_receive).
    pub fn receive(&self, bytes: &mut [u8]) -> Result<Record, Error> {
        until(self, PollFlags::IN, "receive from", || self.try_receive(bytes))
    }

    /// The same, but waits no longer than this. `None` says that the time ran out.
    ///
    /// # Errors
    /// As [`try_receive`](Self::try_receive).
    pub fn receive_within(&self, bytes: &mut [u8], timeout: Duration) -> Result<Option<Record>, Error> {
        within(self, PollFlags::IN, "receive from", Some(timeout), || self.try_receive(bytes))
    }

    /// Sends a message; says whether there was room for it.
    ///
    /// # Errors
    /// The other end has gone (EPIPE), or the message is too long (EMSGSIZE).
    #[inline]
    pub fn try_send(&self, bytes: &[u8]) -> Result<bool, Error> {
        attempt(|| send(&self.0, bytes, SendFlags::NOSIGNAL))
            .map(|sent| sent.is_some())
            .map_err(|errno| Error::system("send to", F::SEQUENCED, errno))
    }

    /// Sends a message as soon as there is room for it.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub fn send(&self, bytes: &[u8]) -> Result<(), Error> {
        until(self, PollFlags::OUT, "send to", || Ok(self.try_send(bytes)?.then_some(())))
    }

    /// The same, but waits no longer than this; says whether there was room in that time.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub fn send_within(&self, bytes: &[u8], timeout: Duration) -> Result<bool, Error> {
        let attempt = || Ok(self.try_send(bytes)?.then_some(()));
        within(self, PollFlags::OUT, "send to", Some(timeout), attempt).map(|sent| sent.is_some())
    }
}

impl Sequenced<Unix> {
    /// Two ends of a new connection.
    ///
    /// # Errors
    /// There is no descriptor left.
    #[doc(alias = "socketpair")]
    pub fn pair() -> Result<(Self, Self), Error> {
        let (one, other) = pair(SocketType::SEQPACKET, Unix::SEQUENCED)?;
        Ok((Self::owning(one), Self::owning(other)))
    }
}
