//! Frames of packets that come in.

use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
    time::Duration,
};

use linux_raw_sys::if_packet::PACKET_RX_RING;
use linux_support_base::{Bytes, Error, ParseError};

use super::{
    RingPacket, Version,
    arrival::{Arrivals, Arrived},
    failed,
    layout::FrameLayout,
    set, set_version,
};
use crate::{
    socket::PacketSocket,
    sys::packet_ring::{Ring, Way},
};

/// How a ring is made into whose frames packets come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameRingOptions {
    /// The size of a frame: a power of two from 128 bytes to 1 MiB, of which about 80 bytes are not for the packet. A
    /// packet that is longer is cut short.
    pub frame_size: Bytes,
    /// How many frames there are at least: as many more as fill whole pages. While all of them wait for the program,
    /// packets are lost.
    pub frames: u32,
}

impl Default for FrameRingOptions {
    /// 1024 frames of 2 KiB.
    fn default() -> Self {
        Self { frame_size: Bytes::new(2048), frames: 1024 }
    }
}

/// A packet socket whose packets come into frames that are shared with the kernel, one into each: a packet is the
/// program's at once, where one in a [block](super::ReceiveRing) waits for others.
///
/// ```
/// use std::time::Duration;
/// use linux_support_fd::socket::{
///     Interface, LinkAddress, PacketSocket,
///     packet::ring::{FrameRing, FrameRingOptions},
/// };
///
/// let socket = match PacketSocket::open(0) {
///     Ok(socket) => socket,
///     Err(error) => return Ok(println!("{error}")), // without CAP_NET_RAW
/// };
/// let mut ring = FrameRing::new(socket, FrameRingOptions::default())?;
/// ring.socket().bind(&LinkAddress::new(Some(Interface::named("lo")?), LinkAddress::EVERY_PROTOCOL))?;
/// # let _ = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"content", "127.0.0.1:9");
/// if let Some(frame) = ring.frame_within(Duration::from_secs(1))? {
///     println!("{} bytes", frame.packet().unwrap().length);
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// packet(7), PACKET_RX_RING; of the second version.
#[derive(Debug)]
#[doc(alias = "PACKET_RX_RING")]
#[doc(alias = "TPACKET_V2")]
pub struct FrameRing(Arrivals);

impl FrameRing {
    /// Gives a socket a ring. Best before it is bound, as [`PacketSocket::open`] with protocol 0 makes it: what came
    /// before is dropped.
    ///
    /// # Errors
    /// The options are out of range, there is no memory for so many frames, or the socket has a ring.
    pub fn new(socket: PacketSocket, options: FrameRingOptions) -> Result<Self, Error> {
        let layout = FrameLayout::new(options.frame_size, options.frames)?;
        set_version(&socket, Version::Second).map_err(failed)?;
        set(&socket, PACKET_RX_RING, &layout.request()).map_err(failed)?;
        let ring = Ring::map(&socket, layout.area(0), Way::Frames).map_err(failed)?;
        Ok(Self(Arrivals::new(ring, socket)))
    }

    /// The socket: to bind it, to share packets, to ask for counts.
    #[must_use]
    pub const fn socket(&self) -> &PacketSocket {
        &self.0.socket
    }

    /// How many frames there are.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.0.ring.count()
    }

    /// The next frame, if a packet has come into it.
    pub fn try_frame(&mut self) -> Option<ReceivedFrame<'_>> {
        self.0.try_next().map(ReceivedFrame)
    }

    /// Waits for the next packet.
    ///
    /// # Errors
    /// The interface is down or gone.
    pub fn frame(&mut self) -> Result<ReceivedFrame<'_>, Error> {
        self.0.next().map(ReceivedFrame)
    }

    /// Waits for the next packet, but no longer than this. `None` says that the time ran out.
    ///
    /// # Errors
    /// Those of [`frame`](Self::frame).
    pub fn frame_within(&mut self, timeout: Duration) -> Result<Option<ReceivedFrame<'_>>, Error> {
        Ok(self.0.next_within(Some(timeout))?.map(ReceivedFrame))
    }
}

impl AsFd for FrameRing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.socket.as_fd()
    }
}

impl AsRawFd for FrameRing {
    fn as_raw_fd(&self) -> RawFd {
        self.0.socket.as_raw_fd()
    }
}

/// A frame with a packet, which goes back to the kernel when it is dropped.
#[derive(Debug)]
#[doc(alias = "tpacket2_hdr")]
pub struct ReceivedFrame<'r>(Arrived<'r>);

impl ReceivedFrame<'_> {
    /// Its packet.
    ///
    /// # Errors
    /// It does not lie within the frame: the kernel writes none such.
    pub fn packet(&self) -> Result<RingPacket<'_>, ParseError> {
        RingPacket::parse_frame(self.0.bytes())
    }
}
