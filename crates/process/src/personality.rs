use core::fmt;

use linux_support_base::{ParseError, text::hexadecimal};

/// `/proc/PID/personality`: how the kernel behaves towards a process that expects another system or other
/// habits.
///
/// `Display` is the kernel's format: eight hexadecimal digits.
///
/// # Source
/// personality(2).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Personality(u32);

const FLAGS: [(u32, &str); 11] = [
    (0x002_0000, "UNAME26"),
    (0x004_0000, "ADDR_NO_RANDOMIZE"),
    (0x008_0000, "FDPIC_FUNCPTRS"),
    (0x010_0000, "MMAP_PAGE_ZERO"),
    (0x020_0000, "ADDR_COMPAT_LAYOUT"),
    (0x040_0000, "READ_IMPLIES_EXEC"),
    (0x080_0000, "ADDR_LIMIT_32BIT"),
    (0x100_0000, "SHORT_INODE"),
    (0x200_0000, "WHOLE_SECONDS"),
    (0x400_0000, "STICKY_TIMEOUTS"),
    (0x800_0000, "ADDR_LIMIT_3GB"),
];

impl Personality {
    /// The personality of these bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// All bits: the system in the low eight, flags above.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Which system the process expects: 0 is Linux, 8 is 32-bit Linux (`PER_LINUX32`).
    #[must_use]
    pub const fn domain(self) -> u8 {
        self.0 as u8
    }

    /// Whether its addresses are not randomized.
    #[doc(alias = "ADDR_NO_RANDOMIZE")]
    #[must_use]
    pub const fn has_fixed_addresses(self) -> bool {
        self.0 & 0x004_0000 != 0
    }

    /// The kernel's names of the flags, and the other bits (the system, where it is not Linux) in hexadecimal.
    pub fn names(self) -> impl Iterator<Item = String> {
        let known = FLAGS.iter().fold(0, |known, (bit, _)| known | bit);
        let other = (self.0 & !known != 0).then(|| format!("{:#x}", self.0 & !known));
        other.into_iter().chain(
            FLAGS.into_iter().filter(move |(bit, _)| self.0 & bit != 0).map(|(_, name)| name.to_owned()),
        )
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Anything but hexadecimal digits.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        hexadecimal(text.trim_ascii()).map(Self)
    }
}

impl fmt::Display for Personality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for Personality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

crate::serialize::as_names!(
    Personality,
    "Personality",
    "The names of the flags; other bits in hexadecimal. Empty for the usual personality."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_named_and_the_rest_kept() {
        let personality = Personality::parse(b"00040008\n").unwrap();
        assert_eq!(personality.names().collect::<Vec<_>>(), ["0x8", "ADDR_NO_RANDOMIZE"]);
        assert!(personality.has_fixed_addresses());
        assert_eq!((personality.domain(), personality.to_string()), (8, "00040008".to_owned()));
        assert!(Personality::parse(b"").is_err());
    }
}
