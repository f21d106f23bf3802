//! Sockets that wait for connections: listen(2), accept(2).

use core::marker::PhantomData;
use std::{os::fd::OwnedFd, time::Duration};

use linux_support_base::{Errno, Error};
use rustix::{event::PollFlags, net::acceptfrom_with};

use super::{
    Connection, Socket, Unconnected,
    address::sealed::Encoded,
    exchange::{until, within},
    family::sealed::Numbered,
    general::{FROM_BIRTH, socket},
};
use crate::{readiness::attempt, sys::socket::RawAddress};

/// A socket that waits for connections: [`TcpListener`](super::TcpListener), [`UnixListener`](super::UnixListener) …
///
/// ```
/// use std::time::Duration;
/// use linux_support_fd::socket::{UnixAddress, UnixListener, Socket, UnixStream};
///
/// // The kernel chooses an abstract name.
/// let listener = UnixListener::bind(&UnixAddress::UNNAMED)?;
/// assert!(listener.try_accept()?.is_none());
/// assert!(listener.accept_within(Duration::from_millis(5))?.is_none());
///
/// let _here = UnixStream::connect(&listener.local_address()?)?;
/// let (_there, from) = listener.accept()?;
/// assert!(from.is_some_and(|from| from.is_unnamed()));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
pub struct Listener<C: Connection>(OwnedFd, PhantomData<C>);

socket!([C: Connection] Listener<C>, name: C::LISTENER, fits: |kind| {
    kind.is(C::Family::DOMAINS, C::STYLE) && kind.listening && C::Family::is_protocol(kind)
});

impl<C: Connection> Socket for Listener<C> {
    type Address = C::Address;
}

/// A connection that was accepted, and where it comes from, where the kernel knows.
pub type Accepted<C> = (C, Option<<C as Socket>::Address>);

impl<C: Connection> Listener<C> {
    /// The most connections that wait to be accepted, if nothing else is said: the kernel takes no more than
    /// `/proc/sys/net/core/somaxconn` (4,096).
    pub const BACKLOG: u32 = 4096;

    pub(crate) fn owning(descriptor: OwnedFd) -> Self {
        Self(descriptor, PhantomData)
    }

    /// Listens at this address. Of TCP, an address that was in use a moment ago is free (SO_REUSEADDR).
    ///
    /// # Errors
    /// The address is in use (EADDRINUSE), or not this machine's (EADDRNOTAVAIL).
    pub fn bind(address: &C::Address) -> Result<Self, Error> {
        let socket = Unconnected::<C>::for_address(address)?;
        socket.reuse_address()?;
        socket.bind(address)?;
        socket.listen(Self::BACKLOG)
    }

    /// Accepts a connection, which is close-on-exec and non-blocking from birth. `None` says that there is none now.
    ///
    /// A connection that ended before it was accepted is passed over.
    ///
    /// # Errors
    /// There is no descriptor left: the connection goes on waiting.
    #[doc(alias = "accept4")]
    pub fn try_accept(&self) -> Result<Option<Accepted<C>>, Error> {
        let accepted = loop {
            match attempt(|| acceptfrom_with(&self.0, FROM_BIRTH)) {
                // What accept(2) says of errors that belong to the connection and not to the listener.
                Err(
                    Errno::CONNABORTED
                    | Errno::NETDOWN
                    | Errno::PROTO
                    | Errno::NOPROTOOPT
                    | Errno::HOSTDOWN
                    | Errno::NONET
                    | Errno::HOSTUNREACH
                    | Errno::NETUNREACH,
                ) => {}
                other => break other.map_err(|errno| Error::system("accept from", C::LISTENER, errno))?,
            }
        };
        Ok(accepted.map(|(descriptor, from)| {
            let from = match from {
                Some(from) => C::Address::decode(RawAddress::from(&from).as_bytes()),
                None => C::unnamed(),
            };
            (C::owning(descriptor), from)
        }))
    }

    /// Accepts a connection as soon as there is one.
    ///
    /// # Errors
    /// As [`try_accept`](Self::try_accept).
    pub fn accept(&self) -> Result<Accepted<C>, Error> {
        until(self, PollFlags::IN, "accept from", || self.try_accept())
    }

    /// The same, but waits no longer than this. `None` says that the time ran out.
    ///
    /// # Errors
    /// As [`try_accept`](Self::try_accept).
    pub fn accept_within(&self, timeout: Duration) -> Result<Option<Accepted<C>>, Error> {
        within(self, PollFlags::IN, "accept from", Some(timeout), || self.try_accept())
    }
}
