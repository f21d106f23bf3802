//! The families of sockets that have streams, sequenced packets or datagrams.

use std::net::SocketAddr;

use rustix::net::AddressFamily;

use super::{
    SocketKind, UnixAddress, VsockAddress,
    address::{self, Address},
};

/// A family of sockets: what their addresses are. [`Internet`], [`Unix`] or [`Vsock`].
pub trait Family: sealed::Numbered + 'static {
    /// Where its sockets are.
    type Address: Address;
}

/// A family whose streams there are.
pub trait StreamFamily: Family {
    /// What a stream is called in errors.
    const STREAM: &'static str;
    /// What a listener for streams is called in errors.
    const STREAM_LISTENER: &'static str;
}

/// A family whose connections of sequenced packets there are.
pub trait SequencedFamily: Family {
    /// What a connection is called in errors.
    const SEQUENCED: &'static str;
    /// What a listener for them is called in errors.
    const SEQUENCED_LISTENER: &'static str;
}

/// A family whose datagram sockets there are.
pub trait DatagramFamily: Family {
    /// What they are called in errors.
    const DATAGRAM: &'static str;
}

/// IPv4 and IPv6: ip(7), ipv6(7).
#[derive(Debug)]
pub enum Internet {}

/// Sockets within a machine: unix(7).
#[derive(Debug)]
pub enum Unix {}

/// Sockets between a virtual machine and its host: vsock(7).
#[derive(Debug)]
pub enum Vsock {}

impl Family for Internet {
    type Address = SocketAddr;
}

impl Family for Unix {
    type Address = UnixAddress;
}

impl Family for Vsock {
    type Address = VsockAddress;
}

impl StreamFamily for Internet {
    const STREAM: &'static str = "TCP stream";
    const STREAM_LISTENER: &'static str = "TCP listener";
}

impl StreamFamily for Unix {
    const STREAM: &'static str = "Unix stream";
    const STREAM_LISTENER: &'static str = "Unix listener";
}

impl StreamFamily for Vsock {
    const STREAM: &'static str = "vsock stream";
    const STREAM_LISTENER: &'static str = "vsock listener";
}

impl SequencedFamily for Unix {
    const SEQUENCED: &'static str = "Unix sequenced-packet socket";
    const SEQUENCED_LISTENER: &'static str = "Unix sequenced-packet listener";
}

impl SequencedFamily for Vsock {
    const SEQUENCED: &'static str = "vsock sequenced-packet socket";
    const SEQUENCED_LISTENER: &'static str = "vsock sequenced-packet listener";
}

impl DatagramFamily for Internet {
    const DATAGRAM: &'static str = "UDP socket";
}

impl DatagramFamily for Unix {
    const DATAGRAM: &'static str = "Unix datagram socket";
}

impl DatagramFamily for Vsock {
    const DATAGRAM: &'static str = "vsock datagram socket";
}

pub(crate) mod sealed {
    use super::{AddressFamily, SocketKind};

    /// A family's numbers.
    pub trait Numbered {
        /// All of its numbers.
        const DOMAINS: &'static [AddressFamily];

        /// The flags that each receiving has.
        const RECEIVE_FLAGS: u32 = 0;

        /// Whether a socket of the right family and type is of the right protocol.
        fn is_protocol(_: SocketKind) -> bool {
            true
        }
    }
}

/// The number of the family that this address is of.
pub(crate) fn domain_of<A: Address>(address: &A) -> AddressFamily {
    let raw = address::raw(address);
    AddressFamily::from_raw(raw.as_bytes().first_chunk().copied().map_or(0, u16::from_ne_bytes))
}

impl sealed::Numbered for Internet {
    const DOMAINS: &'static [AddressFamily] = &[AddressFamily::INET, AddressFamily::INET6];

    fn is_protocol(kind: SocketKind) -> bool {
        match kind.style {
            libc::SOCK_STREAM => matches!(kind.protocol, libc::IPPROTO_TCP | libc::IPPROTO_MPTCP),
            _ => kind.protocol == libc::IPPROTO_UDP,
        }
    }
}

impl sealed::Numbered for Unix {
    const DOMAINS: &'static [AddressFamily] = &[AddressFamily::UNIX];
    const RECEIVE_FLAGS: u32 = libc::MSG_CMSG_CLOEXEC as u32;
}

impl sealed::Numbered for Vsock {
    const DOMAINS: &'static [AddressFamily] = &[AddressFamily::VSOCK];
}
