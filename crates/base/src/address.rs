use core::fmt;

use crate::text::{ParseError, hexadecimal, split_once};

/// A range of addresses: `start` is its first, `end` the one after its last.
///
/// `Display` is the kernel's format of `/proc/PID/maps`: hexadecimal with at least eight digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    start: u64,
    end: u64,
}

impl AddressRange {
    /// The range from `start` to before `end`; `None` where `end` is below `start`.
    #[must_use]
    pub const fn new(start: u64, end: u64) -> Option<Self> {
        if start <= end { Some(Self { start, end }) } else { None }
    }

    /// The first address.
    #[must_use]
    pub const fn start(self) -> u64 {
        self.start
    }

    /// The address after the last.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.end
    }

    /// How many bytes lie in it.
    #[must_use]
    pub const fn length(self) -> u64 {
        self.end - self.start
    }

    /// Whether `address` lies in it.
    #[must_use]
    pub const fn contains(self, address: u64) -> bool {
        self.start <= address && address < self.end
    }

    /// Reads `start-end` in hexadecimal without `0x`, as in `/proc/PID/maps`.
    ///
    /// # Errors
    /// Anything else, and ranges that fall.
    #[inline]
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let (start, end) =
            split_once(text, b'-').ok_or_else(|| ParseError::expected("two addresses apart by -", text))?;
        Self::new(hexadecimal(start)?, hexadecimal(end)?)
            .ok_or_else(|| ParseError::expected("a range of addresses that rises", text))
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:08x}", self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_page_is_read() {
        let range = AddressRange::parse(b"ffffffffff600000-ffffffffff601000").unwrap();
        assert_eq!((range.length(), range.contains(0xffff_ffff_ff60_0fff)), (0x1000, true));
        assert_eq!(range.to_string(), "ffffffffff600000-ffffffffff601000");
        assert_eq!(AddressRange::parse(b"00400000-00401000").unwrap().to_string(), "00400000-00401000");
    }

    #[test]
    fn ranges_that_fall_or_are_cut_are_refused() {
        for text in ["", "1", "1-", "-1", "2-1", "0x1-0x2", "1-10000000000000000"] {
            assert!(AddressRange::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
