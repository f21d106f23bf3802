//! Packets as they are on the link: packet(7).

mod fanout;
mod membership;
pub mod ring;

use core::num::NonZeroU32;
use std::os::fd::OwnedFd;

pub use fanout::{ClassicInstruction, Fanout, FanoutFlags};
use linux_support_base::Error;
pub use membership::Membership;
use rustix::net::{AddressFamily, Protocol, SocketType, bind};

use super::{Exchange, LinkAddress, Socket, address, general::socket, raw};

/// A socket for packets as they are on the link.
///
/// ```
/// use std::io::IoSliceMut;
/// use linux_support_fd::socket::{Exchange, Interface, LinkAddress, PacketSocket, ancillary::Ancillary};
///
/// let socket = match PacketSocket::open(LinkAddress::EVERY_PROTOCOL) {
///     Ok(socket) => socket,
///     Err(error) => return Ok(println!("{error}")), // without CAP_NET_RAW
/// };
/// socket.bind(&LinkAddress::new(Some(Interface::named("lo")?), LinkAddress::EVERY_PROTOCOL))?;
/// # let _ = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"content", "127.0.0.1:9");
/// let mut bytes = [0; 2048];
/// let packet = socket.receive_message(&mut [IoSliceMut::new(&mut bytes)], &mut Ancillary::default())?;
/// println!("{} bytes from {:?}", packet.length, packet.from);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// Many packets at once, in memory that is shared with the kernel: [`ring`].
///
/// # Capabilities
/// CAP_NET_RAW.
#[doc(alias = "AF_PACKET")]
pub struct PacketSocket(OwnedFd);

const NAME: &str = "packet socket";

socket!([] PacketSocket, name: NAME, fits: |kind| {
    kind.is(&[AddressFamily::PACKET], SocketType::RAW) || kind.is(&[AddressFamily::PACKET], SocketType::DGRAM)
});

impl Socket for PacketSocket {
    type Address = LinkAddress;
}

impl Exchange for PacketSocket {
    const RECEIVE_FLAGS: u32 = libc::MSG_TRUNC as u32;
}

impl PacketSocket {
    fn owning(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// A socket for packets of this protocol, with the header of the link.
    ///
    /// Until it is bound, packets of all interfaces come: with protocol 0, none do.
    ///
    /// # Errors
    /// The capability is missing.
    pub fn open(protocol: u16) -> Result<Self, Error> {
        Self::of_style(SocketType::RAW, protocol)
    }

    /// A socket for packets of this protocol, without the header of the link: the kernel takes it off, and makes it
    /// out of the address that is sent to.
    ///
    /// # Errors
    /// The capability is missing.
    pub fn without_header(protocol: u16) -> Result<Self, Error> {
        Self::of_style(SocketType::DGRAM, protocol)
    }

    fn of_style(style: SocketType, protocol: u16) -> Result<Self, Error> {
        let protocol = NonZeroU32::new(protocol.to_be().into()).map(Protocol::from_raw);
        raw::open(NAME, AddressFamily::PACKET, style, protocol).map(Self)
    }

    /// Receives only what comes by this interface and is of this protocol.
    ///
    /// # Errors
    /// There is no such interface (ENODEV), or it is down (ENETDOWN).
    pub fn bind(&self, address: &LinkAddress) -> Result<(), Error> {
        bind(self, &address::raw(address))
            .map_err(|errno| Error::system("bind to", address.to_string(), errno))
    }
}
