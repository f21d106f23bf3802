//! What streams and connections of sequenced packets have in common.

use linux_support_base::{Errno, Error};
use rustix::net::{SocketType, getpeername};

use super::{Exchange, Family, address::sealed::Encoded, general};
use crate::sys::socket::RawAddress;

/// A connection: a [`Stream`](super::Stream) or [`Sequenced`](super::Sequenced).
pub trait Connection: Exchange<Address = <Self::Family as Family>::Address> + sealed::Made {
    /// The family that it is of.
    type Family: Family;
    /// What a listener for such connections is called in errors.
    const LISTENER: &'static str;

    /// Where the other end is.
    ///
    /// # Errors
    /// The connection has ended, and with it the answer.
    #[doc(alias = "getpeername")]
    fn peer_address(&self) -> Result<Self::Address, Error> {
        let address =
            getpeername(self).map_err(|errno| Error::system("find other end of", Self::NAME, errno))?;
        match address {
            Some(address) => Self::Address::decode(RawAddress::from(&address).as_bytes()),
            // An end without a name has an address of no bytes, or of the family alone.
            None => Self::unnamed(),
        }
        .ok_or_else(|| Error::system("find other end of", Self::NAME, Errno::AFNOSUPPORT))
    }

    /// Ends a direction of the connection, for all who share it.
    ///
    /// # Errors
    /// The connection has ended already.
    fn shut_down(&self, direction: general::Direction) -> Result<(), Error> {
        general::end(self, Self::NAME, direction)
    }
}

/// How connections of a kind are begun.
macro_rules! connecting {
    ($kind:ident, $families:ident) => {
        impl<F: $families> $kind<F> {
            /// Connects, and waits for it.
            ///
            /// # Errors
            /// Nobody listens there (ECONNREFUSED), there is no way there, or the kernel's own time-out has passed.
            pub fn connect(address: &F::Address) -> Result<Self, Error> {
                super::Unconnected::for_address(address)?.connect(address)
            }

            /// Connects, and waits for it no longer than this. `None` says that the time ran out.
            ///
            /// # Errors
            /// As [`connect`](Self::connect).
            pub fn connect_within(address: &F::Address, timeout: Duration) -> Result<Option<Self>, Error> {
                super::Unconnected::for_address(address)?.connect_within(address, Some(timeout))
            }

            /// Begins to connect.
            ///
            /// # Errors
            /// As [`connect`](Self::connect).
            pub fn try_connect(address: &F::Address) -> Result<super::Connect<Self>, Error> {
                super::Unconnected::for_address(address)?.try_connect(address)
            }
        }

        impl $kind<Unix> {
            /// Connects to the socket of this path, of any length.
            ///
            /// # Errors
            /// Nobody listens there (ECONNREFUSED), or it is no socket of this kind.
            pub fn connect_path(path: impl AsRef<std::path::Path>) -> Result<Self, Error> {
                super::unix::connect_path(path.as_ref())
            }
        }
    };
}

pub(super) use connecting;

pub(crate) mod sealed {
    use std::os::fd::OwnedFd;

    use super::SocketType;

    /// A connection that this crate makes.
    pub trait Made: super::super::Socket {
        /// The type of its socket.
        const STYLE: SocketType;

        /// Owns a socket that is of this kind.
        fn owning(descriptor: OwnedFd) -> Self;

        /// The address of an end that has none.
        fn unnamed() -> Option<Self::Address> {
            use super::Encoded;
            Self::Address::decode(&(libc::AF_UNIX as u16).to_ne_bytes())
        }
    }
}
