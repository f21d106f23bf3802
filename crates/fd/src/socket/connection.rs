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
