//! Sockets for any protocol of IP: raw(7).

use std::{
    net::SocketAddr,
    os::fd::{AsFd, OwnedFd},
};

use core::num::NonZeroU32;
use linux_support_base::{Error, Requirement};
use rustix::net::{AddressFamily, Protocol, SocketType, bind, connect};

use super::{
    Exchange, Family, Internet, IpVersion, Socket, address, family::sealed::Numbered, general::socket,
};
use crate::sys::socket::set_option;

/// A socket for a protocol of IP: what is received begins with IPv4's header, and what is sent gets one. Ports of
/// addresses mean nothing.
///
/// ```
/// use linux_support_fd::socket::{IpVersion, RawSocket};
///
/// const ICMP: u8 = 1;
/// let socket = match RawSocket::open(IpVersion::V4, ICMP) {
///     Ok(socket) => socket,
///     Err(error) => return Ok(println!("{error}")), // without CAP_NET_RAW
/// };
/// socket.take_icmp([0])?; // Answers to echo requests.
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Capabilities
/// CAP_NET_RAW.
pub struct RawSocket(OwnedFd);

socket!([] RawSocket, name: "raw socket", fits: |kind| kind.is(Internet::DOMAINS, SocketType::RAW));

impl Socket for RawSocket {
    type Address = SocketAddr;
}

impl Exchange for RawSocket {
    const RECEIVE_FLAGS: u32 = libc::MSG_TRUNC as u32;
}

impl RawSocket {
    fn owning(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// A socket for this protocol: 1 is ICMP, 58 ICMPv6, and 255 any that is sent.
    ///
    /// # Errors
    /// The capability is missing.
    pub fn open(version: IpVersion, protocol: u8) -> Result<Self, Error> {
        let protocol = NonZeroU32::new(protocol.into()).map(Protocol::from_raw);
        open("raw socket", version.domain(), SocketType::RAW, protocol).map(Self)
    }

    /// Receives only what is sent to this address.
    ///
    /// # Errors
    /// It is not this machine's (EADDRNOTAVAIL).
    pub fn bind(&self, address: &<Internet as Family>::Address) -> Result<(), Error> {
        bind(self, &address::raw(address))
            .map_err(|errno| Error::system("bind to", address.to_string(), errno))
    }

    /// Exchanges messages with this address alone.
    ///
    /// # Errors
    /// There is no way there.
    pub fn connect(&self, address: &<Internet as Family>::Address) -> Result<(), Error> {
        connect(self, &address::raw(address))
            .map_err(|errno| Error::system("connect to", address.to_string(), errno))
    }

    /// Of ICMP, takes only packets of these types, each below 32.
    ///
    /// # Errors
    /// It is no socket of ICMP (EOPNOTSUPP), or a type is not below 32.
    #[doc(alias = "ICMP_FILTER")]
    pub fn take_icmp(&self, types: impl IntoIterator<Item = u8>) -> Result<(), Error> {
        /// SOL_RAW, ICMP_FILTER.
        const FILTER: (i32, i32) = (255, 1);
        let mut refused = u32::MAX;
        for kind in types {
            let bit = 1u32.checked_shl(kind.into());
            refused &=
                !bit.ok_or_else(|| Error::invalid("set", "ICMP_FILTER", "takes types from 0 to 31"))?;
        }
        set_option(self.as_fd(), FILTER.0, FILTER.1, &refused.to_ne_bytes())
            .map_err(|errno| Error::system("set", "ICMP_FILTER", errno))
    }

    /// Of ICMPv6, takes only packets of these types.
    ///
    /// # Errors
    /// It is no socket of ICMPv6.
    #[doc(alias = "ICMPV6_FILTER")]
    pub fn take_icmp_v6(&self, types: impl IntoIterator<Item = u8>) -> Result<(), Error> {
        /// SOL_ICMPV6, ICMPV6_FILTER.
        const FILTER: (i32, i32) = (58, 1);
        let mut refused = [u32::MAX; 8];
        for kind in types {
            refused[usize::from(kind / 32)] &= !(1 << (kind % 32));
        }
        set_option(self.as_fd(), FILTER.0, FILTER.1, refused.map(u32::to_ne_bytes).as_flattened())
            .map_err(|errno| Error::system("set", "ICMPV6_FILTER", errno))
    }

    /// Of IPv6, has the kernel write and check the sum of 16 bits at this place of each packet; `None` for none.
    ///
    /// # Errors
    /// It is a socket of IPv4 or of ICMPv6, or the place is odd.
    #[doc(alias = "IPV6_CHECKSUM")]
    pub fn checksum_at(&self, place: Option<u16>) -> Result<(), Error> {
        let place = place.map_or(-1, i32::from);
        set_option(self.as_fd(), libc::SOL_IPV6, libc::IPV6_CHECKSUM, &place.to_ne_bytes())
            .map_err(|errno| Error::system("set", "IPV6_CHECKSUM", errno))
    }
}

/// A new socket of a kind that takes CAP_NET_RAW.
pub(super) fn open(
    name: &'static str,
    domain: AddressFamily,
    style: SocketType,
    protocol: Option<Protocol>,
) -> Result<OwnedFd, Error> {
    const NEEDS: Requirement = Requirement::none().capability("CAP_NET_RAW");
    super::general::create(name, domain, style, protocol).map_err(|error| error.explained(NEEDS, None))
}
