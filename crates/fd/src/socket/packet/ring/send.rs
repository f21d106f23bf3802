//! Frames of packets that go out.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use linux_raw_sys::if_packet::{PACKET_LOSS, PACKET_TX_RING};
use linux_support_base::{Bytes, Errno, Error};
use rustix::net::{SendFlags, send, sendto};

use super::{NAME, Version, failed, layout::FrameLayout, set, set_version};
use crate::{
    readiness::attempt,
    socket::{LinkAddress, PacketSocket, Socket, address},
    sys::packet_ring::{Part, Ring, Way},
};

/// How a ring is made whose packets go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendRingOptions {
    /// The size of a frame: a power of two from 128 bytes to 1 MiB, of which all but 32 bytes are for the packet, or 48
    /// [beside blocks](super::ring_pair).
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

impl SendRingOptions {
    pub(super) fn layout(&self) -> Result<FrameLayout, Error> {
        FrameLayout::new(self.frame_size, self.frames)
    }
}

/// A frame that is malformed would hold up all that follow, with no way to get it out again. To be said before there is
/// any ring.
pub(super) fn leave_out_malformed(socket: &PacketSocket) -> Result<(), Error> {
    set(socket, PACKET_LOSS, &[1]).map_err(failed)
}

/// A packet socket whose packets go out of frames that are shared with the kernel.
///
/// What the device doesn't take (a packet longer than its largest, or shorter than the header of its link) is left out
/// without a word. See [the module](super) for an example.
///
/// # Source
/// packet(7), PACKET_TX_RING; of the second version, or of the third beside a [`ReceiveRing`](super::ReceiveRing).
#[derive(Debug)]
#[doc(alias = "PACKET_TX_RING")]
#[doc(alias = "TPACKET_V2")]
#[doc(alias = "TPACKET_V3")]
pub struct SendRing {
    // Unmapped before the socket is closed.
    ring: Ring,
    socket: PacketSocket,
    next: usize,
    header: Header,
}

/// Where the header of a frame has the packet's length, and how long it is: the packet is behind it.
#[derive(Clone, Copy, Debug)]
struct Header {
    length_at: usize,
    size: usize,
}

const SECOND: Header = Header { length_at: 4, size: 32 };
const THIRD: Header = Header { length_at: 16, size: 48 };

impl SendRing {
    /// Gives a socket a ring. What is sent needs it to be bound to an interface.
    ///
    /// # Errors
    /// The options are out of range, there is no memory for so many frames, or the socket has a ring.
    pub fn new(socket: PacketSocket, options: SendRingOptions) -> Result<Self, Error> {
        let layout = options.layout()?;
        set_version(&socket, Version::Second).map_err(failed)?;
        leave_out_malformed(&socket)?;
        set(&socket, PACKET_TX_RING, &layout.request()).map_err(failed)?;
        let ring = Ring::map(&socket, layout.area(0), Way::Send).map_err(failed)?;
        Ok(Self { ring, socket, next: 0, header: SECOND })
    }

    /// Asks for a ring of the third version, which can stand beside blocks.
    pub(super) fn request_beside_blocks(socket: &PacketSocket, layout: &FrameLayout) -> Result<(), Error> {
        let [block, blocks, size, count] = layout.request();
        set(socket, PACKET_TX_RING, &[block, blocks, size, count, 0, 0, 0]).map_err(failed)
    }

    /// Maps such a ring, and the one of `before` bytes before it.
    pub(super) fn map_beside_blocks(
        socket: PacketSocket,
        layout: &FrameLayout,
        before: usize,
    ) -> Result<Self, Error> {
        let ring = Ring::map(&socket, layout.area(before), Way::SendBesideBlocks).map_err(failed)?;
        Ok(Self { ring, socket, next: 0, header: THIRD })
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
        Some(SendFrame { part, next: &mut self.next, header: self.header })
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
    header: Header,
}

impl SendFrame<'_> {
    /// The room for the packet: with the header of the link, unless the socket is without. It holds what the frame was
    /// last filled with.
    #[must_use]
    pub fn buffer(&mut self) -> &mut [u8] {
        let size = self.header.size;
        let (before, behind) = self.part.bytes_mut();
        &mut behind[size - before.len() - STATUS..]
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
        let at = self.header.length_at;
        let (before, behind) = self.part.bytes_mut();
        let place = match at.checked_sub(before.len() + STATUS) {
            Some(at) => &mut behind[at..at + 4],
            None => &mut before[at..at + 4],
        };
        place.copy_from_slice(&length.to_ne_bytes());
        *self.next = self.part.following();
        self.part.give();
        Ok(())
    }
}

/// The size of the status, which is not among the bytes that can be written.
const STATUS: usize = 4;
