//! Sockets on their way to a connection: bind(2), connect(2), listen(2).

use core::marker::PhantomData;
use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
    time::{Duration, Instant},
};

use libc::c_int;
use linux_raw_sys::net::{SO_REUSEADDR, SO_SNDTIMEO_OLD, SOL_SOCKET};
use linux_support_base::{Errno, Error};
use rustix::{
    event::PollFlags,
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    net::{AddressFamily, bind, connect, listen, sockopt},
};

use super::{
    Connection, Internet, Listener, Stream, StreamFamily, address,
    family::domain_of,
    general::create,
    option::{ReadableOption, Takes, WritableOption},
};
use crate::{
    readiness::{attempt, wait_until},
    sys::socket::{RawAddress, set_option},
};

/// Version 4 or 6 of the internet protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IpVersion {
    /// IPv4.
    V4,
    /// IPv6, which takes IPv4 as well unless [`Ipv6Only`](super::option::Ipv6Only) is set.
    V6,
}

impl IpVersion {
    pub(crate) const fn domain(self) -> AddressFamily {
        match self {
            Self::V4 => AddressFamily::INET,
            Self::V6 => AddressFamily::INET6,
        }
    }
}

/// A socket that will be a connection or a listener: for the options that matter before.
///
/// ```
/// use linux_support_fd::socket::{Socket, TcpListener, TcpStream, Unconnected, option};
///
/// let address = "127.0.0.1:0".parse().unwrap();
/// let socket = Unconnected::<TcpStream>::for_address(&address)?;
/// socket.set_option(option::ReusePort(true))?;
/// socket.set_option(option::ReceiveBuffer(linux_support_base::Bytes::new(1 << 20)))?;
/// socket.bind(&address)?;
/// let listener: TcpListener = socket.listen(128)?;
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Debug)]
pub struct Unconnected<C: Connection>(OwnedFd, PhantomData<C>);

/// How far a connection has come.
#[derive(Debug)]
pub enum Connect<C: Connection> {
    /// It is there.
    Done(C),
    /// It is on its way.
    Pending(Connecting<C>),
    /// The other end has no room for it now: to be tried again later.
    NotNow(Unconnected<C>),
}

/// A connection on its way.
#[derive(Debug)]
pub struct Connecting<C: Connection>(OwnedFd, PhantomData<C>);

impl<C: Connection> AsFd for Unconnected<C> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl<C: Connection> AsFd for Connecting<C> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl<C: Connection> AsRawFd for Connecting<C> {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl<C: Connection> Connecting<C> {
    /// Takes the connection if it is there. A runtime waits for it to be writable.
    ///
    /// # Errors
    /// Nobody listens there (ECONNREFUSED), or the kernel's time-out has passed (ETIMEDOUT).
    pub fn try_finish(self) -> Result<Connect<C>, Error> {
        let ready = wait_until(&self, PollFlags::OUT, Some(Duration::ZERO))
            .map_err(|errno| Error::system("wait for", C::NAME, errno))?;
        if ready { self.finished().map(Connect::Done) } else { Ok(Connect::Pending(self)) }
    }

    /// Waits for the connection.
    ///
    /// # Errors
    /// As [`try_finish`](Self::try_finish).
    pub fn finish(self) -> Result<C, Error> {
        wait_until(&self, PollFlags::OUT, None).map_err(|errno| Error::system("wait for", C::NAME, errno))?;
        self.finished()
    }

    fn finished(self) -> Result<C, Error> {
        sockopt::socket_error(&self)
            .and_then(|error| error)
            .map_err(|errno| Error::system("connect", C::NAME, errno))?;
        Ok(C::owning(self.0))
    }
}

impl<C: Connection> Unconnected<C> {
    /// A socket for this address: of its family.
    ///
    /// # Errors
    /// The machine doesn't have the family (EAFNOSUPPORT), or no descriptor is left.
    pub fn for_address(address: &C::Address) -> Result<Self, Error> {
        Self::of_domain(domain_of(address))
    }

    pub(super) fn of_domain(domain: AddressFamily) -> Result<Self, Error> {
        create(C::NAME, domain, C::STYLE, None).map(|descriptor| Self(descriptor, PhantomData))
    }

    /// Reads an option.
    ///
    /// # Errors
    /// As [`Socket::option`](super::Socket::option).
    pub fn option<O: ReadableOption>(&self) -> Result<O, Error>
    where
        C: Takes<O::Level>,
    {
        super::option::read(self.as_fd())
    }

    /// Sets an option.
    ///
    /// # Errors
    /// As [`Socket::set_option`](super::Socket::set_option).
    pub fn set_option<O: WritableOption>(&self, option: O) -> Result<(), Error>
    where
        C: Takes<O::Level>,
    {
        super::option::write(self.as_fd(), &option)
    }

    /// An address of TCP is in use for minutes after its last connection ended, if this isn't set. For Unix it means
    /// nothing; of vsock there is none.
    pub(super) fn reuse_address(&self) -> Result<(), Error> {
        let (level, name) = (SOL_SOCKET as c_int, SO_REUSEADDR as c_int);
        match set_option(self.as_fd(), level, name, &1i32.to_ne_bytes()) {
            Ok(()) | Err(Errno::NOPROTOOPT) => Ok(()),
            Err(errno) => Err(Error::system("set SO_REUSEADDR of", C::LISTENER, errno)),
        }
    }

    /// Gives the socket this address.
    ///
    /// # Errors
    /// The address is in use (EADDRINUSE), or not this machine's (EADDRNOTAVAIL).
    pub fn bind(&self, address: &C::Address) -> Result<(), Error> {
        bind(self, &address::raw(address))
            .map_err(|errno| Error::system("bind to", address.to_string(), errno))
    }

    /// Waits for connections from now on, of which so many may wait to be accepted.
    ///
    /// # Errors
    /// It has no address (EINVAL), or another listens at it (EADDRINUSE).
    pub fn listen(self, backlog: u32) -> Result<Listener<C>, Error> {
        let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
        listen(&self, backlog).map_err(|errno| Error::system("listen with", C::LISTENER, errno))?;
        Ok(Listener::owning(self.0))
    }

    /// Begins to connect.
    ///
    /// # Errors
    /// Nobody listens there (ECONNREFUSED), or there is no way there.
    pub fn try_connect(self, address: &C::Address) -> Result<Connect<C>, Error> {
        self.begin(&address::raw(address), address)
    }

    pub(super) fn begin(self, raw: &RawAddress, shown: &dyn core::fmt::Display) -> Result<Connect<C>, Error> {
        match connect(&self, raw) {
            Ok(()) => Ok(Connect::Done(C::owning(self.0))),
            // An interrupted one goes on as well.
            Err(Errno::INPROGRESS | Errno::INTR) => Ok(Connect::Pending(Connecting(self.0, PhantomData))),
            Err(Errno::AGAIN) => Ok(Connect::NotNow(self)),
            Err(errno) => Err(Error::system("connect to", shown.to_string(), errno)),
        }
    }

    /// Connects, and waits for it.
    ///
    /// # Errors
    /// As [`try_connect`](Self::try_connect).
    pub fn connect(self, address: &C::Address) -> Result<C, Error> {
        let timed_out = || Error::system("connect to", address.to_string(), Errno::TIMEDOUT);
        self.connect_within(address, None)?.ok_or_else(timed_out)
    }

    /// Connects, and waits for it no longer than this. `None` says that the time ran out.
    ///
    /// # Errors
    /// As [`try_connect`](Self::try_connect).
    pub fn connect_within(self, address: &C::Address, timeout: Option<Duration>) -> Result<Option<C>, Error> {
        self.finish_within(&address::raw(address), address, timeout)
    }

    pub(super) fn finish_within(
        self,
        raw: &RawAddress,
        shown: &dyn core::fmt::Display,
        timeout: Option<Duration>,
    ) -> Result<Option<C>, Error> {
        let failed = |errno| Error::system("connect to", shown.to_string(), errno);
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let left = || end.map(|end| end.saturating_duration_since(Instant::now()));
        match self.begin(raw, shown)? {
            Connect::Done(connection) => Ok(Some(connection)),
            Connect::Pending(connecting) => {
                if !wait_until(&connecting, PollFlags::OUT, left()).map_err(failed)? {
                    return Ok(None);
                }
                let error = sockopt::socket_error(&connecting).and_then(|error| error);
                error.map_err(failed)?;
                Ok(Some(C::owning(connecting.0)))
            }
            Connect::NotNow(socket) => socket.wait_for_room(raw, &left).map_err(failed),
        }
    }

    /// Waits for room at the other end. Nothing but a call that blocks can do that.
    fn wait_for_room(
        self,
        raw: &RawAddress,
        left: &dyn Fn() -> Option<Duration>,
    ) -> Result<Option<C>, Errno> {
        let flags = fcntl_getfl(&self)?;
        fcntl_setfl(&self, flags - OFlags::NONBLOCK)?;
        let done = loop {
            // A time-out of 0 is none to the kernel.
            let time = left().map_or(Duration::ZERO, |left| left.max(Duration::from_micros(1)));
            set_send_timeout(self.as_fd(), time)?;
            match attempt(|| connect(&self, raw)) {
                Ok(Some(())) | Err(Errno::ISCONN) => break true,
                // A call that began anew after an interruption began with all of the time.
                Ok(None) if left().is_none_or(|left| left.is_zero()) => break false,
                Ok(None) => {}
                Err(errno) => return Err(errno),
            }
        };
        set_send_timeout(self.as_fd(), Duration::ZERO)?;
        fcntl_setfl(&self, flags)?;
        Ok(done.then(|| C::owning(self.0)))
    }
}

/// Says how long a call may wait to send, or to connect.
fn set_send_timeout(socket: BorrowedFd<'_>, timeout: Duration) -> Result<(), Errno> {
    let mut value = [0; 16];
    value[..8].copy_from_slice(&i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX).to_ne_bytes());
    value[8..].copy_from_slice(&i64::from(timeout.subsec_micros()).to_ne_bytes());
    set_option(socket, SOL_SOCKET as c_int, SO_SNDTIMEO_OLD as c_int, &value)
}

impl Unconnected<Stream<Internet>> {
    /// A socket of this version.
    ///
    /// # Errors
    /// The machine doesn't have it (EAFNOSUPPORT), or no descriptor is left.
    pub fn of_version(version: IpVersion) -> Result<Self, Error> {
        Self::of_domain(version.domain())
    }

    /// A socket of Multipath TCP of this version, which falls back to TCP where the other end doesn't have it.
    ///
    /// # Errors
    /// The kernel doesn't have it (EPROTONOSUPPORT), or no descriptor is left.
    #[doc(alias = "IPPROTO_MPTCP")]
    pub fn multipath(version: IpVersion) -> Result<Self, Error> {
        use rustix::net::{SocketType, ipproto};
        let descriptor =
            create(Internet::STREAM, version.domain(), SocketType::STREAM, Some(ipproto::MPTCP))?;
        Ok(Self(descriptor, PhantomData))
    }
}
