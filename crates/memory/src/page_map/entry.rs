use core::fmt;

use linux_support_base::PageSize;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// An entry of a page map: what the kernel says of one page of a process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, FromBytes, Immutable, IntoBytes)]
#[repr(transparent)]
pub struct PageMapEntry(u64);

/// Where a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PageLocation {
    /// Nowhere: nothing is mapped, or it was never used.
    None,
    /// In this frame.
    Frame(FrameNumber),
    /// In a frame, which the kernel withholds: CAP_SYS_ADMIN is missing.
    FrameWithheld,
    /// In swap, or on its way from one frame to another.
    Swap(SwapSlot),
    /// In swap, at a place that the kernel withholds: CAP_SYS_ADMIN is missing.
    SwapWithheld,
}

/// The number of a frame: a page of physical memory, of the base size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "PFN")]
pub struct FrameNumber(u64);

/// A place in swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SwapSlot {
    /// The number of the swap area; numbers above those that there are stand for pages on their way.
    pub area: u8,
    /// The place in it, in pages.
    pub offset: u64,
}

/// An address of physical memory.
///
/// `Display` is hexadecimal, with `0x`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhysicalAddress(u64);

impl PageMapEntry {
    const FRAME: u64 = (1 << 55) - 1;

    /// The entry of these 64 bits.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Its 64 bits, with those that have no name here.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Reads the entries of a part of `/proc/PID/pagemap`: 8 bytes each, in the machine's order. What is left over at the
    /// end is passed over.
    pub fn parse_all(bytes: &[u8]) -> impl ExactSizeIterator<Item = Self> {
        bytes.as_chunks().0.iter().map(|bytes| Self(u64::from_ne_bytes(*bytes)))
    }

    const fn bit(self, bit: u32) -> bool {
        self.0 >> bit & 1 != 0
    }

    /// Where the page is.
    #[must_use]
    pub const fn location(self) -> PageLocation {
        let frame = self.0 & Self::FRAME;
        match (self.bit(63), self.bit(62)) {
            // No page of a process is in frame 0, and no slot of swap is the first, where its header is.
            (true, _) if frame == 0 => PageLocation::FrameWithheld,
            (true, _) => PageLocation::Frame(FrameNumber(frame)),
            (false, true) if frame >> 5 == 0 => PageLocation::SwapWithheld,
            (false, true) => PageLocation::Swap(SwapSlot { area: (frame & 31) as u8, offset: frame >> 5 }),
            (false, false) => PageLocation::None,
        }
    }

    /// Whether the page is in memory.
    #[must_use]
    pub const fn is_present(self) -> bool {
        self.bit(63)
    }

    /// Whether it is in swap, or on its way.
    #[must_use]
    pub const fn is_swapped(self) -> bool {
        self.bit(62) && !self.bit(63)
    }

    /// Whether it is of a file or of shared memory.
    #[must_use]
    pub const fn is_file_or_shared(self) -> bool {
        self.bit(61)
    }

    /// Whether it is in a guard region. Since Linux 6.15.
    #[must_use]
    pub const fn is_guard(self) -> bool {
        self.bit(58)
    }

    /// Whether userfaultfd is told of writes to it. Since Linux 5.14.
    #[must_use]
    pub const fn is_userfault_write_protected(self) -> bool {
        self.bit(57)
    }

    /// Whether it is mapped once only. Since Linux 4.2.
    #[must_use]
    pub const fn is_exclusively_mapped(self) -> bool {
        self.bit(56)
    }

    /// Whether it was written since `/proc/PID/clear_refs` was. With `CONFIG_MEM_SOFT_DIRTY`.
    #[must_use]
    pub const fn is_soft_dirty(self) -> bool {
        self.bit(55)
    }
}

impl fmt::Debug for PageMapEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PageMapEntry({:#018x}: {:?})", self.0, self.location())
    }
}

impl FrameNumber {
    /// The frame of this number; `None` from 2^55 on, which no entry can hold.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        if number <= PageMapEntry::FRAME { Some(Self(number)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The address at which it begins, where base pages are of this size; the last that there is where 64 bits can't hold
    /// it.
    #[must_use]
    pub const fn address(self, page: PageSize) -> PhysicalAddress {
        PhysicalAddress(self.0.saturating_mul(page.bytes().get()))
    }
}

impl PhysicalAddress {
    /// This address.
    #[must_use]
    pub const fn new(address: u64) -> Self {
        Self(address)
    }

    /// The address.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for PhysicalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::Debug for PhysicalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhysicalAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(bits: u64) -> PageMapEntry {
        PageMapEntry::from_bits(bits)
    }

    #[test]
    fn every_state_of_a_page_is_told_apart() {
        assert_eq!(entry(0).location(), PageLocation::None);
        let present = entry(1 << 63 | 1 << 61 | 1 << 56 | 0x1234);
        assert_eq!(present.location(), PageLocation::Frame(FrameNumber(0x1234)));
        assert!(present.is_present() && present.is_file_or_shared() && present.is_exclusively_mapped());
        assert!(!present.is_soft_dirty() && !present.is_guard() && !present.is_userfault_write_protected());
        let swapped = entry(1 << 62 | 77 << 5 | 3 | 1 << 55);
        assert_eq!(swapped.location(), PageLocation::Swap(SwapSlot { area: 3, offset: 77 }));
        assert!(swapped.is_swapped() && swapped.is_soft_dirty());
        assert!(entry(1 << 58).is_guard() && entry(1 << 57).is_userfault_write_protected());
    }

    #[test]
    fn frames_that_are_withheld_are_no_frame_0() {
        assert_eq!(entry(1 << 63).location(), PageLocation::FrameWithheld);
        assert_eq!(entry(1 << 63 | 1 << 56).location(), PageLocation::FrameWithheld);
        assert_eq!(entry(1 << 62).location(), PageLocation::SwapWithheld);
    }

    #[test]
    fn entries_are_eight_bytes_each_and_the_rest_is_passed_over() {
        let mut bytes = 5u64.to_ne_bytes().to_vec();
        bytes.extend(u64::MAX.to_ne_bytes());
        bytes.extend([1, 2, 3]);
        assert!(PageMapEntry::parse_all(&bytes).eq([entry(5), entry(u64::MAX)]));
        assert_eq!(PageMapEntry::parse_all(b"").len(), 0);
    }
}
