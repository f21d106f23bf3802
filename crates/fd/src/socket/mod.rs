//! Sockets: TCP, UDP, Unix, vsock, CAN, packets and raw IP, each a type that says what it is.
//!
//! # The types
//!
//! | | Internet | Unix | vsock |
//! |---|---|---|---|
//! | a stream of bytes | [`TcpStream`] | [`UnixStream`] | [`VsockStream`] |
//! | what accepts it | [`TcpListener`] | [`UnixListener`] | [`VsockListener`] |
//! | a connection that keeps the bounds of messages | | [`UnixSequenced`] | [`VsockSequenced`] |
//! | what accepts it | | [`UnixSequencedListener`] | [`VsockSequencedListener`] |
//! | datagrams | [`UdpSocket`] | [`UnixDatagram`] | [`VsockDatagram`] |
//!
//! Beside them: [`CanSocket`], [`PacketSocket`], [`RawSocket`] and [`NetlinkSocket`]. An [`Unconnected`] socket takes the
//! options that matter before it is connected or listens.
//!
//! # What all of them have in common
//!
//! - They are non-blocking from birth. `try_…` says "not now" with `None` (or `false`); the counterpart without waits
//!   with `poll`, and `…_within` no longer than it is told.
//! - [`Socket`]: [options](option), addresses, errors. [`Exchange`]: messages of several parts and what goes along with
//!   them ([`ancillary`]). Many at once: [`ReceiveBatch`], [`SendBatch`]. Without a copy: [`ZeroCopy`].
//! - A peer that has gone is an error (EPIPE), never a signal.
//! - They become std's types with `into`, and std's types become them with `try_into`.
//!
//! ```
//! use linux_support_fd::socket::{TcpListener, UdpSocket, UnixStream};
//!
//! let listener = TcpListener::bind(&"127.0.0.1:0".parse().unwrap())?;
//! let std: std::net::TcpListener = listener.into();
//! let listener = TcpListener::try_from(std)?;
//!
//! let error = UdpSocket::try_from(std::os::fd::OwnedFd::from(listener)).unwrap_err();
//! assert!(error.to_string().ends_with("is no UDP socket, but listening stream socket of IPv4, protocol 6"));
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod address;
pub mod ancillary;
mod batch;
pub mod can;
mod connection;
mod datagram;
mod exchange;
mod family;
mod general;
mod kind;
mod listener;
mod netlink;
pub mod option;
pub mod packet;
mod raw;
mod sequenced;
mod stream;
mod unconnected;
mod unix;
mod vsock;
mod zero_copy;

pub use address::{Address, ContextId, Interface, LinkAddress, PacketKind, UnixAddress, VsockAddress};
pub use batch::{BatchMessage, ReceiveBatch, SendBatch};
pub use can::CanSocket;
pub use connection::Connection;
pub use datagram::{Datagram, FromWhere, Record};
pub use exchange::{Exchange, Incoming, Outgoing, ReceiveFlags, SendFlags};
pub use family::{DatagramFamily, Family, Internet, SequencedFamily, StreamFamily, Unix, Vsock};
pub use general::{Direction, Socket};
pub use kind::SocketKind;
pub use listener::{Accepted, Listener};
pub use netlink::{NetlinkAddress, NetlinkSocket};
pub use packet::PacketSocket;
pub use raw::RawSocket;
pub use sequenced::Sequenced;
pub use stream::Stream;
pub use unconnected::{Connect, Connecting, IpVersion, Unconnected};
pub use unix::{Placement, Published, SocketFile, UnixPeer};
pub use zero_copy::{Completion, ZeroCopy, ZeroCopyBuffer};

/// A stream of TCP.
pub type TcpStream = Stream<Internet>;
/// A listener for streams of TCP.
pub type TcpListener = Listener<TcpStream>;
/// A socket of UDP.
pub type UdpSocket = Datagram<Internet>;
/// A stream within the machine.
pub type UnixStream = Stream<Unix>;
/// A listener for streams within the machine.
pub type UnixListener = Listener<UnixStream>;
/// A connection within the machine that keeps the bounds of messages.
pub type UnixSequenced = Sequenced<Unix>;
/// A listener for such connections.
pub type UnixSequencedListener = Listener<UnixSequenced>;
/// A datagram socket within the machine.
pub type UnixDatagram = Datagram<Unix>;
/// A stream between a virtual machine and its host.
pub type VsockStream = Stream<Vsock>;
/// A listener for streams between a virtual machine and its host.
pub type VsockListener = Listener<VsockStream>;
/// A connection between a virtual machine and its host that keeps the bounds of messages.
pub type VsockSequenced = Sequenced<Vsock>;
/// A listener for such connections.
pub type VsockSequencedListener = Listener<VsockSequenced>;
/// A datagram socket between a virtual machine and its host: VMware's hypervisor alone has them.
pub type VsockDatagram = Datagram<Vsock>;
