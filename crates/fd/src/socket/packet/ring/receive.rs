//! Blocks of packets that come in.

use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
    time::Duration,
};

use linux_raw_sys::if_packet::{PACKET_RX_RING, TP_FT_REQ_FILL_RXHASH};
use linux_support_base::{Bytes, Error};
use rustix::param::page_size;

use super::{
    RingPackets, Version,
    arrival::{Arrivals, Arrived},
    failed, invalid, set, set_version,
};
use crate::{
    record::Record,
    socket::PacketSocket,
    sys::packet_ring::{Area, Ring, Way},
};

/// How a ring is made whose packets come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceiveRingOptions {
    /// The size of a block: a multiple of the page size. A packet that is longer is cut short.
    pub block_size: Bytes,
    /// How many blocks there are: while all of them wait for the program, packets are lost.
    pub blocks: u32,
    /// For how long a block that has packets may wait for more, in milliseconds; `None` leaves it to the kernel, which
    /// goes by the speed of the link.
    pub longest_wait: Option<Duration>,
    /// Whether packets come with the hash of their flow.
    pub hashes: bool,
}

impl Default for ReceiveRingOptions {
    /// 16 blocks of 128 KiB, none of which waits for more than 10 milliseconds.
    fn default() -> Self {
        Self {
            block_size: Bytes::new(128 * 1024),
            blocks: 16,
            longest_wait: Some(Duration::from_millis(10)),
            hashes: false,
        }
    }
}

impl ReceiveRingOptions {
    /// `struct tpacket_req3`.
    pub(super) fn request(&self) -> Result<[u32; 7], Error> {
        let size = u32::try_from(self.block_size.get()).ok();
        let size = size
            .filter(|&size| size != 0 && (size as usize).is_multiple_of(page_size()))
            .ok_or_else(|| invalid("takes blocks of a multiple of the page size, below 4 GiB"))?;
        if self.blocks == 0 {
            return Err(invalid("takes at least one block"));
        }
        let wait = match self.longest_wait {
            None => 0,
            Some(wait) => u32::try_from(wait.as_millis())
                .ok()
                .filter(|&wait| wait != 0 && wait <= i32::MAX as u32)
                .ok_or_else(|| invalid("takes blocks that wait from 1 ms to 24 days for more"))?,
        };
        let hashes = if self.hashes { TP_FT_REQ_FILL_RXHASH } else { 0 };
        Ok([size, self.blocks, size, self.blocks, wait, 0, hashes])
    }
}

/// A packet socket whose packets come into blocks that are shared with the kernel.
///
/// It becomes readable when a block is the program's. See [the module](super) for an example.
///
/// # Source
/// packet(7), PACKET_RX_RING; of the third version.
#[derive(Debug)]
#[doc(alias = "PACKET_RX_RING")]
#[doc(alias = "TPACKET_V3")]
pub struct ReceiveRing(Arrivals);

impl ReceiveRing {
    /// Gives a socket a ring. Best before it is bound, as [`PacketSocket::open`] with protocol 0 makes it: what came
    /// before is dropped.
    ///
    /// # Errors
    /// The options are out of range, there is no memory for so many blocks, or the socket has a ring.
    pub fn new(socket: PacketSocket, options: ReceiveRingOptions) -> Result<Self, Error> {
        let request = options.request()?;
        set_version(&socket, Version::Third).map_err(failed)?;
        set(&socket, PACKET_RX_RING, &request).map_err(failed)?;
        Self::map(socket, options, 0)
    }

    /// Maps the ring of a socket that has just been made, and that of these bytes behind it.
    pub(super) fn map(
        socket: PacketSocket,
        options: ReceiveRingOptions,
        behind: usize,
    ) -> Result<Self, Error> {
        let (part, count) = (options.block_size.get() as usize, options.blocks as usize);
        let ring =
            Ring::map(&socket, Area { part, count, before: 0, behind }, Way::Blocks).map_err(failed)?;
        Ok(Self(Arrivals::new(ring, socket)))
    }

    /// The socket: to bind it, to share packets, to ask for counts.
    #[must_use]
    pub const fn socket(&self) -> &PacketSocket {
        &self.0.socket
    }

    /// The next block, if the kernel has filled it.
    pub fn try_block(&mut self) -> Option<PacketBlock<'_>> {
        self.0.try_next().map(PacketBlock)
    }

    /// Waits for the next block.
    ///
    /// # Errors
    /// The interface is down or gone.
    pub fn block(&mut self) -> Result<PacketBlock<'_>, Error> {
        self.0.next().map(PacketBlock)
    }

    /// Waits for the next block, but no longer than this. `None` says that the time ran out.
    ///
    /// # Errors
    /// Those of [`block`](Self::block).
    pub fn block_within(&mut self, timeout: Duration) -> Result<Option<PacketBlock<'_>>, Error> {
        Ok(self.0.next_within(Some(timeout))?.map(PacketBlock))
    }
}

impl AsFd for ReceiveRing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.socket.as_fd()
    }
}

impl AsRawFd for ReceiveRing {
    fn as_raw_fd(&self) -> RawFd {
        self.0.socket.as_raw_fd()
    }
}

/// A block of packets, which goes back to the kernel when it is dropped.
#[derive(Debug)]
#[doc(alias = "tpacket_block_desc")]
pub struct PacketBlock<'r>(Arrived<'r>);

impl PacketBlock<'_> {
    /// Its packets.
    #[must_use]
    pub fn packets(&self) -> RingPackets<'_> {
        RingPackets::parse(self.0.bytes())
    }

    /// The number of the block among all that the kernel has filled: one that is missing was lost.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        Record(self.0.bytes()).u64(24).unwrap_or_default()
    }

    /// Whether it came before it was full, since it had waited long enough.
    #[must_use]
    #[doc(alias = "TP_STATUS_BLK_TMO")]
    pub fn has_waited(&self) -> bool {
        Record(self.0.bytes()).u32(8).unwrap_or_default() & 1 << 5 != 0
    }
}
