//! How frames lie in the blocks of a ring.

use linux_support_base::{Bytes, Error};
use rustix::param::page_size;

use super::invalid;
use crate::sys::packet_ring::Area;

/// Frames of one size, none of which lies in two blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameLayout {
    block: u32,
    blocks: u32,
    size: u32,
    count: u32,
}

impl FrameLayout {
    /// At least so many frames of this size, and as many more as fill whole pages.
    pub(super) fn new(size: Bytes, count: u32) -> Result<Self, Error> {
        let size = size.get();
        if !(128..=1 << 20).contains(&size) || !size.is_power_of_two() {
            return Err(invalid("takes frames of a power of two from 128 bytes to 1 MiB"));
        }
        // Pages, and so blocks, are of powers of two as well.
        let block = size.max(page_size() as u64);
        let bytes = (size * u64::from(count)).next_multiple_of(block);
        let numbers = (|| Some((u32::try_from(bytes / block).ok()?, u32::try_from(bytes / size).ok()?)))();
        let (blocks, count) = numbers
            .filter(|numbers| numbers.0 != 0)
            .ok_or_else(|| invalid("takes from 1 to 2^32 - 1 frames"))?;
        Ok(Self { block: block as u32, blocks, size: size as u32, count })
    }

    /// `struct tpacket_req`.
    pub(super) const fn request(&self) -> [u32; 4] {
        [self.block, self.blocks, self.size, self.count]
    }

    /// All of its bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.size as usize * self.count as usize
    }

    /// Where the ring is that is mapped behind one of `before` bytes.
    pub(super) const fn area(&self, before: usize) -> Area {
        Area { part: self.size as usize, count: self.count as usize, before, behind: 0 }
    }
}
