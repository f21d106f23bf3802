use core::{fmt, num::NonZeroU64, str::FromStr, time::Duration};

use crate::text::{self, ParseError};

/// A number of bytes.
///
/// `Display` rounds to the largest binary unit that leaves at least 1 (`15.6 GiB`); `{:#}` gives the exact
/// number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(u64);

impl Bytes {
    /// This many bytes.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// This many units of 1,024 bytes, which the kernel calls kB; `None` where 64 bits can't hold it.
    #[must_use]
    pub const fn from_kib(kib: u64) -> Option<Self> {
        match kib.checked_mul(1024) {
            Some(bytes) => Some(Self(bytes)),
            None => None,
        }
    }

    /// The number of bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number of whole units of 1,024 bytes.
    #[must_use]
    pub const fn kib(self) -> u64 {
        self.0 / 1024
    }

    /// The sum, or `None` where 64 bits can't hold it.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(bytes) => Some(Self(bytes)),
            None => None,
        }
    }

    /// The difference, or 0 where it would be below.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl core::iter::Sum for Bytes {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        Self(iter.fold(0, |sum, bytes| sum.saturating_add(bytes.0)))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return self.0.fmt(f);
        }
        const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        let unit = (63 - self.0.max(1).leading_zeros() as usize) / 10;
        let whole = 1u64 << (10 * unit);
        let text = if self.0.is_multiple_of(whole) {
            format!("{} {}", self.0 / whole, UNITS[unit])
        } else {
            // Round to tenths without leaving integers: exact for every size.
            let tenths = (u128::from(self.0) * 10 + u128::from(whole) / 2) / u128::from(whole);
            format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
        };
        f.pad(&text)
    }
}

impl FromStr for Bytes {
    type Err = ParseError;

    /// Reads sizes such as `512M`, as [`text::bytes_with_suffix`] does.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        text::bytes_with_suffix(text.as_bytes())
    }
}

/// A number of pages of the machine's base size, as many files of `/proc` count memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pages(u64);

impl Pages {
    /// This many pages.
    #[must_use]
    pub const fn new(pages: u64) -> Self {
        Self(pages)
    }

    /// The number of pages.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// How many bytes these pages are, or the most that 64 bits can hold.
    #[must_use]
    pub const fn bytes(self, size: PageSize) -> Bytes {
        Bytes(self.0.saturating_mul(size.bytes().get()))
    }
}

impl fmt::Display for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The size of a page, base or huge: a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageSize(NonZeroU64);

impl PageSize {
    /// The page of so many bytes; `None` where that is no power of two.
    #[must_use]
    pub const fn new(bytes: Bytes) -> Option<Self> {
        match NonZeroU64::new(bytes.0) {
            Some(bytes) if bytes.is_power_of_two() => Some(Self(bytes)),
            _ => None,
        }
    }

    /// The bytes of one page.
    #[must_use]
    pub const fn bytes(self) -> Bytes {
        Bytes(self.0.get())
    }
}

impl fmt::Display for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes().fmt(f)
    }
}

/// A time in the clock ticks in which `/proc` counts CPU time and the start of processes.
///
/// How many make a second is [`Facts::clock_ticks_per_second`](crate::Facts::clock_ticks_per_second): 100 on
/// all but a few old architectures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "USER_HZ")]
#[doc(alias = "clock_t")]
pub struct ClockTicks(u64);

impl ClockTicks {
    /// This many ticks.
    #[must_use]
    pub const fn new(ticks: u64) -> Self {
        Self(ticks)
    }

    /// The number of ticks.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The sum, or the most that 64 bits can hold.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// How long these ticks take where so many make a second (0 counts as 1).
    #[must_use]
    pub fn duration(self, per_second: u32) -> Duration {
        let per_second = u64::from(per_second.max(1));
        let nanoseconds = self.0 % per_second * 1_000_000_000 / per_second;
        Duration::new(self.0 / per_second, nanoseconds as u32)
    }
}

impl fmt::Display for ClockTicks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_in_the_unit_that_fits() {
        let shown = |bytes| Bytes::new(bytes).to_string();
        assert_eq!(shown(0), "0 B");
        assert_eq!(shown(1023), "1023 B");
        assert_eq!(shown(1024), "1 KiB");
        assert_eq!(shown(1536), "1.5 KiB");
        assert_eq!(shown(503_316_480), "480 MiB");
        assert_eq!(shown(u64::MAX), "16.0 EiB");
        assert_eq!(format!("{:#}", Bytes::new(1536)), "1536");
        assert_eq!(format!("{:>8}|", Bytes::new(1024)), "   1 KiB|");
    }

    #[test]
    fn clock_ticks_become_time() {
        assert_eq!(ClockTicks::new(250).duration(100), Duration::from_millis(2500));
        assert_eq!(ClockTicks::new(1023).duration(1024), Duration::from_nanos(999_023_437));
        assert_eq!(ClockTicks::new(u64::MAX).duration(0), Duration::from_secs(u64::MAX));
        let sum = ClockTicks::new(u64::MAX).saturating_add(ClockTicks::new(1));
        assert_eq!(sum.duration(u32::MAX).subsec_nanos(), 0);
    }

    #[test]
    fn a_page_size_is_a_power_of_two() {
        assert!(PageSize::new(Bytes::new(0)).is_none());
        assert!(PageSize::new(Bytes::new(3 << 12)).is_none());
        let size = PageSize::new(Bytes::new(1 << 16)).unwrap();
        assert_eq!(Pages::new(3).bytes(size), Bytes::new(3 << 16));
        assert_eq!(Pages::new(u64::MAX).bytes(size), Bytes::new(u64::MAX));
    }
}
