//! Packets in memory that is shared with the kernel, without a system call or a copy for each: the kernel's
//! Documentation/networking/packet_mmap.rst.
//!
//! A [`ReceiveRing`] lends block after block of packets, a [`FrameRing`] packet after packet, a [`SendRing`] frame after
//! frame to be filled: each is the program's until it is dropped or committed. [`ring_pair`] gives one socket both ways.
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

mod arrival;
mod frame;
mod layout;
mod packet;
mod pair;
mod receive;
mod send;

use std::os::fd::AsFd;

pub use frame::{FrameRing, FrameRingOptions, ReceivedFrame};
use linux_raw_sys::if_packet::PACKET_VERSION;
use linux_support_base::{Errno, Error};
pub use packet::{PacketStatus, RingPacket, RingPackets};
pub use pair::ring_pair;
pub use receive::{PacketBlock, ReceiveRing, ReceiveRingOptions};
pub use send::{SendFrame, SendRing, SendRingOptions};

use super::PacketSocket;
use crate::sys::socket::set_option;

const NAME: &str = "packet ring";

/// Sets an option of numbers.
fn set(socket: &PacketSocket, option: u32, words: &[u32]) -> Result<(), Errno> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    set_option(socket.as_fd(), libc::SOL_PACKET, option as libc::c_int, &bytes)
}

/// The form of a ring.
#[derive(Clone, Copy, Debug)]
enum Version {
    Second = 1,
    Third = 2,
}

/// Chooses the form of the rings that are made next.
fn set_version(socket: &PacketSocket, version: Version) -> Result<(), Errno> {
    set(socket, PACKET_VERSION, &[version as u32])
}

fn invalid(accepted: &'static str) -> Error {
    Error::invalid("make", NAME, accepted)
}

/// What is said when no ring could be made.
#[cold]
fn failed(errno: Errno) -> Error {
    match errno {
        Errno::BUSY => invalid("takes a socket that has no ring"),
        errno => Error::system("make", NAME, errno),
    }
}
