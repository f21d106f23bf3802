//! Sockets to the kernel's own services: netlink(7).

use core::fmt;
use std::os::fd::OwnedFd;

use linux_support_base::Error;
use rustix::net::{AddressFamily, Protocol, SocketType, bind};

use super::{
    Exchange, Socket, address,
    address::sealed::Encoded,
    general::{create, socket},
};
use crate::sys::socket::ADDRESS_ROOM;

/// A socket to one of the kernel's own services: to route, to watch devices, to audit. It holds the descriptor and
/// exchanges messages; what these say is for others.
///
/// ```
/// use linux_support_fd::socket::{NetlinkAddress, NetlinkSocket, Socket};
///
/// const NETLINK_ROUTE: i32 = 0;
/// let socket = NetlinkSocket::open(NETLINK_ROUTE)?;
/// socket.bind(NetlinkAddress::default())?;
/// assert_ne!(socket.local_address()?.port, 0);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
pub struct NetlinkSocket(OwnedFd);

socket!([] NetlinkSocket, name: "netlink socket", fits: |kind| {
    kind.is(&[AddressFamily::NETLINK], SocketType::RAW) || kind.is(&[AddressFamily::NETLINK], SocketType::DGRAM)
});

impl Socket for NetlinkSocket {
    type Address = NetlinkAddress;
}

impl Exchange for NetlinkSocket {
    const RECEIVE_FLAGS: u32 = libc::MSG_TRUNC as u32;
}

impl NetlinkSocket {
    fn owning(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// A socket to the service of this number, `NETLINK_…`.
    ///
    /// # Errors
    /// The kernel doesn't have it (EPROTONOSUPPORT), or no descriptor is left.
    pub fn open(service: i32) -> Result<Self, Error> {
        let protocol =
            u32::try_from(service).ok().and_then(core::num::NonZeroU32::new).map(Protocol::from_raw);
        create("netlink socket", AddressFamily::NETLINK, SocketType::RAW, protocol).map(Self)
    }

    /// Gives it an address: port 0 lets the kernel choose.
    ///
    /// # Errors
    /// Another has it (EADDRINUSE), or the groups need CAP_NET_ADMIN.
    pub fn bind(&self, address: NetlinkAddress) -> Result<(), Error> {
        bind(self, &address::raw(&address))
            .map_err(|errno| Error::system("bind to", address.to_string(), errno))
    }
}

/// The address of a netlink socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[doc(alias = "sockaddr_nl")]
pub struct NetlinkAddress {
    /// The socket's number within its service: 0 is the kernel.
    pub port: u32,
    /// The first 32 groups that it is in, one a bit.
    pub groups: u32,
}

impl fmt::Display for NetlinkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "netlink port {}, groups {:#x}", self.port, self.groups)
    }
}

impl Encoded for NetlinkAddress {
    fn encode(&self, bytes: &mut [u8; ADDRESS_ROOM]) -> usize {
        bytes[..2].copy_from_slice(&(libc::AF_NETLINK as u16).to_ne_bytes());
        bytes[4..8].copy_from_slice(&self.port.to_ne_bytes());
        bytes[8..12].copy_from_slice(&self.groups.to_ne_bytes());
        12
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.get(..2)? != (libc::AF_NETLINK as u16).to_ne_bytes() {
            return None;
        }
        let number = |offset: usize| bytes.get(offset..)?.first_chunk().copied().map(u32::from_ne_bytes);
        Some(Self { port: number(4)?, groups: number(8)? })
    }
}
