use core::fmt;

use linux_support_base::{ParseError, text::hexadecimal};

/// `/proc/PID/coredump_filter`: which kinds of memory go into a process's core dump.
///
/// `Display` is the kernel's format: eight hexadecimal digits.
///
/// # Source
/// core(5).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CoreDumpFilter(u32);

const NAMES: [&str; 9] = [
    "anonymous-private",
    "anonymous-shared",
    "file-private",
    "file-shared",
    "elf-headers",
    "huge-private",
    "huge-shared",
    "dax-private",
    "dax-shared",
];

impl CoreDumpFilter {
    /// The filter of these bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The kinds of memory, in the order of the bits; bits that are not known here as `bit-N`.
    pub fn names(self) -> impl Iterator<Item = String> {
        (0..32).filter(move |bit| self.0 >> bit & 1 == 1).map(|bit| match NAMES.get(bit as usize) {
            Some(name) => (*name).to_owned(),
            None => format!("bit-{bit}"),
        })
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Anything but hexadecimal digits.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        hexadecimal(text.trim_ascii()).map(Self)
    }
}

impl fmt::Display for CoreDumpFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for CoreDumpFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

crate::serialize::as_names!(
    CoreDumpFilter,
    "CoreDumpFilter",
    "The kinds of memory that go into a core dump."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_filter_has_its_names() {
        let filter = CoreDumpFilter::parse(b"00000233\n").unwrap();
        assert_eq!(
            filter.names().collect::<Vec<_>>(),
            ["anonymous-private", "anonymous-shared", "elf-headers", "huge-private", "bit-9"]
        );
        assert_eq!(filter.to_string(), "00000233");
    }
}
