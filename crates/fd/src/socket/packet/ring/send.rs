//! Frames of packets that go out.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use linux_raw_sys::if_packet::{PACKET_LOSS, PACKET_TX_RING};
use linux_support_base::{Bytes, Errno, Error};
use rustix::{
    net::{SendFlags, send, sendto},
    param::page_size,
};

use super::{NAME, set, set_version};
use crate::{
    readiness::attempt,
    socket::{LinkAddress, PacketSocket, Socket, address},
    sys::packet_ring::{Part, Ring, Way},
};

/// How a ring is made whose packets go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendRingOptions {
    /// The size of a frame: a power of two from 128 bytes to 1 MiB, of which all but 32 bytes are for the packet.
    pub frame_size: Bytes,
    /// How many frames there are at least: as many more as fill whole pages.
    pub frames: u32,
}

impl Default for SendRingOptions {
    /// 256 frames of 2 KiB.
    fn default() -> Self {
        Self { frame_size: Bytes::new(2048), frames: 256 }
    }
}

/// A packet socket whose packets go out of frames that are shared with the kernel.
///
/// What the device doesn't take (a packet longer than its largest, or shorter than the header of its link) is left out
/// without a word. See [the module](super) for an example.
///
/// # Source
/// packet(7), PACKET_TX_RING; of the second version.
#[derive(Debug)]
#[doc(alias = "PACKET_TX_RING")]
#[doc(alias = "TPACKET_V2")]
pub struct SendRing {
    // Unmapped before the socket is closed.
    ring: Ring,
    socket: PacketSocket,
    next: usize,
}

/// Where the packet is in a frame, behind the header.
const DATA: usize = 32;

impl SendRing {
    /// Gives a socket a ring. What is sent needs it to be bound to an interface.
    ///
    /// # Errors
    /// The options are out of range, there is no memory for so many frames, or the socket has a ring.
    pub fn new(socket: PacketSocket, options: SendRingOptions) -> Result<Self, Error> {
        let invalid = |accepted: &'static str| Error::invalid("make", NAME, accepted);
        let size = options.frame_size.get();
        if !(128..=1 << 20).contains(&size) || !size.is_power_of_two() {
            return Err(invalid("takes frames of a power of two from 128 bytes to 1 MiB"));
        }
        // Pages, and so blocks, are of powers of two as well: no frame lies in two of them.
        let block = size.max(page_size() as u64);
        let bytes = (size * u64::from(options.frames)).next_multiple_of(block);
        let numbers = (|| Some((u32::try_from(bytes / block).ok()?, u32::try_from(bytes / size).ok()?)))();
        let (blocks, frames) = numbers
            .filter(|numbers| numbers.0 != 0)
            .ok_or_else(|| invalid("takes from 1 to 2^32 - 1 frames"))?;
        let failed = |errno| match errno {
            Errno::BUSY => invalid("takes a socket that has no ring"),
            errno => Error::system("make", NAME, errno),
        };
        set_version(&socket, 1).map_err(failed)?;
        // A frame that is malformed would hold up all that follow, with no way to get it out again.
        set(&socket, PACKET_LOSS, &[1]).map_err(failed)?;
        set(&socket, PACKET_TX_RING, &[block as u32, blocks, size as u32, frames]).map_err(failed)?;
        let ring = Ring::map(&socket, size as usize, frames as usize, Way::Send).map_err(failed)?;
        Ok(Self { ring, socket, next: 0 })
    }

    /// The socket: to bind it.
    #[must_use]
    pub const fn socket(&self) -> &PacketSocket {
        &self.socket
    }

    /// How many frames there are.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.ring.count()
    }

    /// The next frame, if the kernel has sent what was in it.
    pub fn try_frame(&mut self) -> Option<SendFrame<'_>> {
        let part = self.ring.take(self.next)?;
        Some(SendFrame { part, next: &mut self.next })
    }

    /// The next frame. Where all of them are committed, they are sent, and one is waited for.
    ///
    /// # Errors
    /// Those of [`flush`](Self::flush).
    pub fn frame(&mut self) -> Result<SendFrame<'_>, Error> {
        while !self.ring.is_ours(self.next) {
            self.flush()?;
            if !self.ring.is_ours(self.next) {
                self.socket.wait_writable(None)?;
            }
        }
        self.try_frame().ok_or_else(|| Error::system("wait for", NAME, Errno::AGAIN))
    }

    /// Sends all frames that are committed, without waiting for the device, and says how many bytes went.
    ///
    /// # Errors
    /// The socket is not bound to an interface (ENXIO), or the interface is down (ENETDOWN).
    pub fn flush(&self) -> Result<Bytes, Error> {
        self.sent(attempt(|| send(&self.socket, &[], SendFlags::DONTWAIT)))
    }

    /// Sends all frames that are committed to one address: those of a socket
    /// [without header](PacketSocket::without_header).
    ///
    /// # Errors
    /// There is no such interface, or it is down (ENETDOWN).
    pub fn flush_to(&self, to: &LinkAddress) -> Result<Bytes, Error> {
        let to = address::raw(to);
        self.sent(attempt(|| sendto(&self.socket, &[], SendFlags::DONTWAIT, &to)))
    }

    fn sent(&self, sent: Result<Option<usize>, Errno>) -> Result<Bytes, Error> {
        match sent {
            Ok(bytes) => Ok(Bytes::new(bytes.unwrap_or(0) as u64)),
            Err(errno) => Err(Error::system("send", NAME, errno)),
        }
    }
}

impl AsFd for SendRing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for SendRing {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// A frame to be filled with a packet. One that is dropped without being committed is the next one again.
#[derive(Debug)]
#[doc(alias = "tpacket2_hdr")]
#[must_use = "a frame that isn't committed isn't sent"]
pub struct SendFrame<'r> {
    part: Part<'r>,
    next: &'r mut usize,
}

impl SendFrame<'_> {
    /// The room for the packet: with the header of the link, unless the socket is without. It holds what the frame was
    /// last filled with.
    #[must_use]
    pub fn buffer(&mut self) -> &mut [u8] {
        &mut self.part.bytes_mut()[DATA - STATUS..]
    }

    /// Makes the first `length` bytes a packet that the next flush sends.
    ///
    /// # Errors
    /// It has no bytes, or more than there is room for.
    pub fn commit(mut self, length: usize) -> Result<(), Error> {
        let room = self.buffer().len();
        let length = u32::try_from(length)
            .ok()
            .filter(|&length| length != 0 && length as usize <= room)
            .ok_or_else(|| Error::invalid("commit", NAME, format!("takes packets from 1 to {room} bytes")))?;
        self.part.bytes_mut()[..4].copy_from_slice(&length.to_ne_bytes());
        *self.next = self.part.following();
        self.part.give();
        Ok(())
    }
}

/// The status, which is not among the bytes that can be written; the packet's length follows it.
const STATUS: usize = 4;
