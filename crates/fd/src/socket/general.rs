//! What all sockets have in common.

use std::{os::fd::OwnedFd, time::Duration};

use linux_support_base::{Errno, Error};
use rustix::{
    event::PollFlags,
    net::{
        AddressFamily, Protocol, Shutdown, SocketFlags, SocketType, getsockname, shutdown, socket_with,
        sockopt,
    },
};

use super::{
    SocketKind,
    address::{Address, sealed::Encoded},
    option::{ReadableOption, Takes, WritableOption},
};
use crate::{Descriptor, readiness::wait_until, sys::socket::RawAddress};

/// A socket of any kind.
///
/// All of them are non-blocking from birth. Those that came from elsewhere are made so, for all who share them.
pub trait Socket: Descriptor {
    /// Where sockets of this kind are.
    type Address: Address;

    /// Reads an option.
    ///
    /// ```
    /// use linux_support_fd::socket::{Socket, UdpSocket, option};
    ///
    /// let socket = UdpSocket::bind(&"127.0.0.1:0".parse().unwrap())?;
    /// assert_eq!(socket.option::<option::TimeToLive>()?, option::TimeToLive(64));
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    ///
    /// # Errors
    /// The kernel doesn't have it, or not for this socket.
    fn option<O: ReadableOption>(&self) -> Result<O, Error>
    where
        Self: Takes<O::Level>,
    {
        super::option::read(self.as_fd())
    }

    /// Sets an option.
    ///
    /// # Errors
    /// The value is out of the option's range, a capability is missing, or the kernel doesn't have the option.
    fn set_option<O: WritableOption>(&self, option: O) -> Result<(), Error>
    where
        Self: Takes<O::Level>,
    {
        super::option::write(self.as_fd(), &option)
    }

    /// The error that waits to be reported, and is no longer there afterwards.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "SO_ERROR")]
    fn take_error(&self) -> Result<Option<Errno>, Error> {
        let error = sockopt::socket_error(self).map_err(|errno| Error::system("query", Self::NAME, errno))?;
        Ok(error.err())
    }

    /// What the kernel says that it is.
    ///
    /// # Errors
    /// None that is known.
    fn kind(&self) -> Result<SocketKind, Error> {
        SocketKind::of(self)
    }

    /// Where it is.
    ///
    /// # Errors
    /// The machine is out of memory.
    #[doc(alias = "getsockname")]
    fn local_address(&self) -> Result<Self::Address, Error> {
        let address =
            getsockname(self).map_err(|errno| Error::system("find address of", Self::NAME, errno))?;
        Self::Address::decode(RawAddress::from(&address).as_bytes())
            .ok_or_else(|| Error::system("find address of", Self::NAME, Errno::AFNOSUPPORT))
    }

    /// Waits until there is something to receive or to accept, or the other end has gone. `false` says that the time
    /// ran out.
    ///
    /// # Errors
    /// The machine is out of memory.
    fn wait_readable(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        wait_until(self, PollFlags::IN, timeout).map_err(|errno| Error::system("wait for", Self::NAME, errno))
    }

    /// Waits until there is room to send, or the other end has gone. `false` says that the time ran out.
    ///
    /// # Errors
    /// The machine is out of memory.
    fn wait_writable(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        wait_until(self, PollFlags::OUT, timeout)
            .map_err(|errno| Error::system("wait for", Self::NAME, errno))
    }

    /// Takes the filter off that decides which packets are received; nothing happens where there is none.
    ///
    /// # Errors
    /// The filter was locked.
    #[doc(alias = "SO_DETACH_FILTER")]
    fn detach_filter(&self) -> Result<(), Error> {
        match super::option::detach(self.as_fd(), linux_raw_sys::net::SO_DETACH_FILTER) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(Error::system("take filter off", Self::NAME, errno)),
        }
    }
}

/// Which direction of a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Nothing more is received here.
    Receiving,
    /// Nothing more is sent from here: the other end sees the end, once it has received what was sent.
    Sending,
    /// Neither.
    Both,
}

/// Ends a direction of a connection.
pub(crate) fn end(socket: &impl Socket, name: &'static str, direction: Direction) -> Result<(), Error> {
    let how = match direction {
        Direction::Receiving => Shutdown::Read,
        Direction::Sending => Shutdown::Write,
        Direction::Both => Shutdown::Both,
    };
    shutdown(socket, how).map_err(|errno| Error::system("shut down", name, errno))
}

/// How all of our sockets are from birth.
pub(crate) const FROM_BIRTH: SocketFlags = SocketFlags::CLOEXEC.union(SocketFlags::NONBLOCK);

/// A new socket.
pub(crate) fn create(
    name: &'static str,
    domain: AddressFamily,
    style: SocketType,
    protocol: Option<Protocol>,
) -> Result<OwnedFd, Error> {
    socket_with(domain, style, FROM_BIRTH, protocol).map_err(|errno| Error::system("create", name, errno))
}

/// A newtype over an `OwnedFd` that is a socket: `socket!([F: StreamFamily] Stream<F>, name: …, fits: …)`.
macro_rules! socket {
    ([$($generics:tt)*] $type:ty, name: $name:expr, fits: $fits:expr) => {
        impl<$($generics)*> $crate::Descriptor for $type {
            const NAME: &'static str = $name;
        }

        impl<$($generics)*> core::fmt::Debug for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{} (descriptor {})", $name, std::os::fd::AsRawFd::as_raw_fd(&self.0))
            }
        }

        impl<$($generics)*> std::os::fd::AsFd for $type {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.0.as_fd()
            }
        }

        impl<$($generics)*> std::os::fd::AsRawFd for $type {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsRawFd::as_raw_fd(&self.0)
            }
        }

        impl<$($generics)*> From<$type> for std::os::fd::OwnedFd {
            fn from(socket: $type) -> Self {
                socket.0
            }
        }

        impl<$($generics)*> TryFrom<std::os::fd::OwnedFd> for $type {
            type Error = linux_support_base::Error;

            /// Takes a socket, and makes it close-on-exec and, for all that share it, non-blocking.
            ///
            /// # Errors
            /// It is of another kind. The descriptor is closed then.
            fn try_from(descriptor: std::os::fd::OwnedFd) -> Result<Self, linux_support_base::Error> {
                $crate::socket::SocketKind::take(descriptor, $name, $fits).map(Self::owning)
            }
        }

        impl<$($generics)*> $type {
            /// Another descriptor of the same socket, close-on-exec as well.
            ///
            /// # Errors
            /// There is no descriptor left.
            pub fn try_clone(&self) -> Result<Self, linux_support_base::Error> {
                rustix::io::fcntl_dupfd_cloexec(&self.0, 0)
                    .map(Self::owning)
                    .map_err(|errno| linux_support_base::Error::system("duplicate", $name, errno))
            }
        }
    };
}

pub(crate) use socket;
