//! A range of a file's bytes.

use core::{fmt, num::NonZeroU64, ops::Range};

use linux_support_base::Error;

/// A range of a file's bytes that is not empty and ends within what a file can hold, 2^63 - 1 bytes.
///
/// ```
/// use linux_support_fd::file::ByteRange;
///
/// let range = ByteRange::new(4096, 512)?;
/// assert_eq!((range.start(), range.end(), range.length()), (4096, 4608, 512));
/// assert!(ByteRange::new(0, 0).is_err());
/// assert!(ByteRange::new(u64::MAX, 1).is_err());
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteRange {
    start: u64,
    length: NonZeroU64,
}

/// The most bytes that a file can have.
const MAXIMUM: u64 = i64::MAX as u64;

impl ByteRange {
    /// The `length` bytes from `start`.
    ///
    /// # Errors
    /// `length` is 0, or the range ends beyond 2^63 - 1.
    pub fn new(start: u64, length: u64) -> Result<Self, Error> {
        let length = NonZeroU64::new(length)
            .filter(|length| start.checked_add(length.get()).is_some_and(|end| end <= MAXIMUM));
        match length {
            Some(length) => Ok(Self { start, length }),
            None => Err(Error::invalid(
                "take",
                "range of bytes",
                "needs at least one byte and an end of at most 9223372036854775807",
            )),
        }
    }

    /// Where it begins.
    #[must_use]
    pub const fn start(self) -> u64 {
        self.start
    }

    /// The byte after its last.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.start + self.length.get()
    }

    /// How many bytes it has: at least 1.
    #[must_use]
    pub const fn length(self) -> u64 {
        self.length.get()
    }
}

impl TryFrom<Range<u64>> for ByteRange {
    type Error = Error;

    fn try_from(range: Range<u64>) -> Result<Self, Error> {
        Self::new(range.start, range.end.saturating_sub(range.start))
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_are_empty_fall_or_end_beyond_every_file_are_refused() {
        assert_eq!(ByteRange::new(MAXIMUM - 1, 1).unwrap().end(), MAXIMUM);
        for (start, length) in [(0, 0), (MAXIMUM, 1), (1, MAXIMUM), (u64::MAX, u64::MAX), (2, u64::MAX - 1)] {
            assert!(ByteRange::new(start, length).is_err(), "{start} {length}");
        }
        #[expect(clippy::reversed_empty_ranges, reason = "it is to be refused")]
        let falling = ByteRange::try_from(5..4);
        assert!(falling.is_err());
        assert_eq!(ByteRange::try_from(4..6).unwrap().to_string(), "4..6");
    }
}
