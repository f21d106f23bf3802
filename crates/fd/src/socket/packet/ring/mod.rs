//! Packets in memory that is shared with the kernel, without a system call or a copy for each: the kernel's
//! Documentation/networking/packet_mmap.rst.
//!
//! A [`ReceiveRing`] lends block after block of packets, a [`SendRing`] frame after frame to be filled: each is the
//! program's until it is dropped or committed.
//!
//! ```
//! use std::time::Duration;
//! use linux_support_fd::socket::{
//!     Interface, LinkAddress, PacketSocket,
//!     packet::ring::{ReceiveRing, ReceiveRingOptions, SendRing, SendRingOptions},
//! };
//!
//! // One for experiments.
//! const PROTOCOL: u16 = 0x88b5;
//! let open = || PacketSocket::open(0);
//! let (socket, other) = match (open(), open()) {
//!     (Ok(socket), Ok(other)) => (socket, other),
//!     (Err(error), _) | (_, Err(error)) => return Ok(println!("{error}")), // without CAP_NET_RAW
//! };
//! let loopback = LinkAddress::new(Some(Interface::named("lo")?), PROTOCOL);
//!
//! let mut received = ReceiveRing::new(socket, ReceiveRingOptions::default())?;
//! received.socket().bind(&loopback)?;
//! let mut sent = SendRing::new(other, SendRingOptions::default())?;
//! sent.socket().bind(&loopback)?;
//!
//! let mut frame = sent.frame()?;
//! frame.buffer()[12..21].copy_from_slice(b"\x88\xb5content");
//! frame.commit(21)?;
//! sent.flush()?;
//! if let Some(block) = received.block_within(Duration::from_secs(5))? {
//!     for packet in block.packets() {
//!         assert!(packet.unwrap().bytes.ends_with(b"content"));
//!     }
//! }
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod packet;
mod receive;
mod send;

use std::os::fd::AsFd;

use linux_raw_sys::if_packet::PACKET_VERSION;
pub use packet::{PacketStatus, RingPacket, RingPackets};
pub use receive::{PacketBlock, ReceiveRing, ReceiveRingOptions};
pub use send::{SendFrame, SendRing, SendRingOptions};

use super::PacketSocket;
use crate::sys::socket::set_option;

const NAME: &str = "packet ring";

/// Sets an option of numbers.
fn set(socket: &PacketSocket, option: u32, words: &[u32]) -> Result<(), rustix::io::Errno> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    set_option(socket.as_fd(), libc::SOL_PACKET, option as libc::c_int, &bytes)
}

/// Chooses the form of the ring that is made next.
fn set_version(socket: &PacketSocket, version: u32) -> Result<(), rustix::io::Errno> {
    set(socket, PACKET_VERSION, &[version])
}
