//! Datagrams: udp(7), unix(7), vsock(7).

use core::marker::PhantomData;
use std::{os::fd::OwnedFd, time::Duration};

use linux_support_base::{Errno, Error};
use rustix::{
    event::PollFlags,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketType, bind, connect, connect_unspec, getpeername, recv,
        recvfrom, send, sendto,
    },
};

use super::{
    DatagramFamily, Exchange, Family, Internet, IpVersion, Socket, Unix,
    address::{self, sealed::Encoded},
    exchange::{until, within},
    family::domain_of,
    general::{create, socket},
    stream::pair,
};
use crate::{readiness::attempt, sys::socket::RawAddress};

/// How much of a message was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// How many bytes were stored.
    pub stored: usize,
    /// How many bytes the message had; the rest is lost.
    pub length: usize,
}

impl Record {
    /// Whether all of it was stored.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.stored == self.length
    }
}

/// A socket for datagrams: [`UdpSocket`](super::UdpSocket), [`UnixDatagram`](super::UnixDatagram) or
/// [`VsockDatagram`](super::VsockDatagram).
///
/// ```
/// use linux_support_fd::socket::{Socket, UdpSocket};
///
/// let here = UdpSocket::bind(&"[::1]:0".parse().unwrap())?;
/// let there = UdpSocket::bind(&"[::1]:0".parse().unwrap())?;
/// here.send_to(b"a datagram", &there.local_address()?)?;
///
/// let mut bytes = [0; 4];
/// let (record, from) = there.receive_from(&mut bytes)?;
/// assert_eq!((record.stored, record.length, record.is_whole()), (4, 10, false));
/// assert_eq!(from, Some(here.local_address()?));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[doc(alias = "SOCK_DGRAM")]
pub struct Datagram<F: DatagramFamily>(OwnedFd, PhantomData<F>);

socket!([F: DatagramFamily] Datagram<F>, name: F::DATAGRAM, fits: |kind| {
    kind.is(F::DOMAINS, SocketType::DGRAM) && F::is_protocol(kind)
});

impl<F: DatagramFamily> Socket for Datagram<F> {
    type Address = F::Address;
}

impl<F: DatagramFamily> Exchange for Datagram<F> {
    const RECEIVE_FLAGS: u32 = F::RECEIVE_FLAGS | libc::MSG_TRUNC as u32;
}

/// A datagram, and where it comes from: nowhere, if the sender has no address.
pub type FromWhere<F> = (Record, Option<<F as Family>::Address>);

impl<F: DatagramFamily> Datagram<F> {
    fn owning(descriptor: OwnedFd) -> Self {
        Self(descriptor, PhantomData)
    }

    /// A socket at this address. Options that matter before that are for [`unbound`](Datagram::unbound) and
    /// [`bind_to`](Self::bind_to).
    ///
    /// # Errors
    /// The address is in use (EADDRINUSE), or not this machine's (EADDRNOTAVAIL).
    pub fn bind(address: &F::Address) -> Result<Self, Error> {
        let socket = Self::owning(create(F::DATAGRAM, domain_of(address), SocketType::DGRAM, None)?);
        socket.bind_to(address)?;
        Ok(socket)
    }

    /// Gives the socket this address, which it has for as long as it lives.
    ///
    /// # Errors
    /// As [`bind`](Self::bind), and it has one already (EINVAL).
    pub fn bind_to(&self, address: &F::Address) -> Result<(), Error> {
        bind(self, &address::raw(address))
            .map_err(|errno| Error::system("bind to", address.to_string(), errno))
    }

    /// Sends to this address alone from now on, and receives from it alone.
    ///
    /// # Errors
    /// There is no way there, or no such socket.
    pub fn connect(&self, address: &F::Address) -> Result<(), Error> {
        connect(self, &address::raw(address))
            .map_err(|errno| Error::system("connect to", address.to_string(), errno))
    }

    /// Takes that back.
    ///
    /// # Errors
    /// None that is known.
    pub fn disconnect(&self) -> Result<(), Error> {
        connect_unspec(self).map_err(|errno| Error::system("disconnect", F::DATAGRAM, errno))
    }

    /// Where it is connected to, if it is.
    ///
    /// # Errors
    /// None that is known.
    pub fn peer_address(&self) -> Result<Option<F::Address>, Error> {
        match getpeername(self) {
            Ok(address) => {
                Ok(address.and_then(|address| F::Address::decode(RawAddress::from(&address).as_bytes())))
            }
            Err(Errno::NOTCONN) => Ok(None),
            Err(errno) => Err(Error::system("find other end of", F::DATAGRAM, errno)),
        }
    }

    /// Receives a datagram. `None` says that there is none now.
    ///
    /// # Errors
    /// What was sent before did not arrive (ECONNREFUSED).
    #[inline]
    pub fn try_receive(&self, bytes: &mut [u8]) -> Result<Option<Record>, Error> {
        attempt(|| recv(&self.0, &mut *bytes, RecvFlags::TRUNC))
            .map(|taken| taken.map(|(stored, length)| Record { stored, length }))
            .map_err(|errno| Error::system("receive from", F::DATAGRAM, errno))
    }

    /// Receives a datagram as soon as there is one.
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

    /// Receives a datagram and where it comes from: nowhere, if the sender has no address. `None` says that there is
    /// none now.
    ///
    /// # Errors
    /// As [`try_receive`](Self::try_receive).
    pub fn try_receive_from(&self, bytes: &mut [u8]) -> Result<Option<FromWhere<F>>, Error> {
        let taken = attempt(|| recvfrom(&self.0, &mut *bytes, RecvFlags::TRUNC))
            .map_err(|errno| Error::system("receive from", F::DATAGRAM, errno))?;
        Ok(taken.map(|(stored, length, from)| {
            let from = from.and_then(|from| F::Address::decode(RawAddress::from(&from).as_bytes()));
            (Record { stored, length }, from)
        }))
    }

    /// Receives a datagram and where it comes from, as soon as there is one.
    ///
    /// # Errors
    /// As [`try_receive`](Self::try_receive).
    pub fn receive_from(&self, bytes: &mut [u8]) -> Result<FromWhere<F>, Error> {
        until(self, PollFlags::IN, "receive from", || self.try_receive_from(bytes))
    }

    /// Sends a datagram to where it is connected; says whether there was room for it.
    ///
    /// # Errors
    /// It is not connected, the other end has gone, or the datagram is too long (EMSGSIZE).
    #[inline]
    pub fn try_send(&self, bytes: &[u8]) -> Result<bool, Error> {
        attempt(|| send(&self.0, bytes, SendFlags::NOSIGNAL))
            .map(|sent| sent.is_some())
            .map_err(|errno| Error::system("send to", F::DATAGRAM, errno))
    }

    /// Sends a datagram to where it is connected, as soon as there is room for it.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub fn send(&self, bytes: &[u8]) -> Result<(), Error> {
        until(self, PollFlags::OUT, "send to", || Ok(self.try_send(bytes)?.then_some(())))
    }

    /// Sends a datagram to an address; says whether there was room for it. Of a Unix socket, that is room at the other
    /// end.
    ///
    /// # Errors
    /// There is no way there, nobody there, or the datagram is too long (EMSGSIZE).
    pub fn try_send_to(&self, bytes: &[u8], address: &F::Address) -> Result<bool, Error> {
        let raw = address::raw(address);
        attempt(|| sendto(&self.0, bytes, SendFlags::NOSIGNAL, &raw))
            .map(|sent| sent.is_some())
            .map_err(|errno| Error::system("send to", address.to_string(), errno))
    }

    /// Sends a datagram to an address, as soon as there is room for it.
    ///
    /// A Unix socket can't be waited for here: it is told by [`try_send_to`](Self::try_send_to) that the other end is
    /// full, and asks again every millisecond. One that is connected waits as it should.
    ///
    /// # Errors
    /// As [`try_send_to`](Self::try_send_to).
    pub fn send_to(&self, bytes: &[u8], address: &F::Address) -> Result<(), Error> {
        let mut pause = Duration::ZERO;
        until(self, PollFlags::OUT, "send to", || {
            std::thread::sleep(pause);
            pause = Duration::from_millis(1);
            Ok(self.try_send_to(bytes, address)?.then_some(()))
        })
    }
}

impl Datagram<Internet> {
    /// A socket without an address, of this version.
    ///
    /// # Errors
    /// The machine doesn't have this version (EAFNOSUPPORT), or no descriptor is left.
    pub fn unbound(version: IpVersion) -> Result<Self, Error> {
        create(Internet::DATAGRAM, version.domain(), SocketType::DGRAM, None).map(Self::owning)
    }
}

impl Datagram<Unix> {
    /// A socket without an address.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub fn unbound() -> Result<Self, Error> {
        create(Unix::DATAGRAM, AddressFamily::UNIX, SocketType::DGRAM, None).map(Self::owning)
    }

    /// Two sockets that are connected with each other.
    ///
    /// # Errors
    /// There is no descriptor left.
    #[doc(alias = "socketpair")]
    pub fn pair() -> Result<(Self, Self), Error> {
        pair(SocketType::DGRAM, Unix::DATAGRAM).map(|(one, other)| (Self::owning(one), Self::owning(other)))
    }
}
