mod switch;

use linux_support_base::{ByteString, Bytes, Error, Machine, ParseError, Requirement, text};

pub use self::switch::{ActiveSwap, SwapDiscard, SwapOptions, turn_off_swap};

/// A swap area in use.
///
/// # Source
/// `/proc/swaps`, `proc_swaps(5)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Swap {
    /// The device or file; it ends in ` (deleted)` where that was removed while in use.
    pub path: ByteString,
    /// What it is.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: SwapKind,
    /// How much it can hold.
    pub size: Bytes,
    /// How much it holds.
    pub used: Bytes,
    /// Areas of higher priority are filled first; those of the kernel's own choice are negative.
    pub priority: i32,
}

/// What a swap area lies on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum SwapKind {
    /// A block device.
    Partition,
    /// A file.
    File,
    /// Something that this library does not know.
    Unknown(ByteString),
}

impl Swap {
    /// Reads the lines after the heading.
    ///
    /// # Errors
    /// An empty text, a line with too few fields, or a malformed number.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>, ParseError> {
        if bytes.trim_ascii().is_empty() {
            return Err(ParseError::expected("a heading that begins with Filename", bytes));
        }
        text::lines(bytes)
            .filter(|line| !line.starts_with(b"Filename") && !line.trim_ascii().is_empty())
            .map(Self::parse)
            .collect()
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let mut fields = text::fields(line);
        let path = text::unescape_octal(fields.required("Filename")?).into();
        let kind = match fields.required("Type")? {
            b"partition" => SwapKind::Partition,
            b"file" => SwapKind::File,
            other => SwapKind::Unknown(other.into()),
        };
        let mut size = |field| {
            let text = fields.required(field)?;
            let kib = text::decimal(text).map_err(|error: ParseError| error.in_field(field))?;
            Bytes::from_kib(kib)
                .ok_or_else(|| ParseError::expected("a number of kB below 2⁵⁴", text).in_field(field))
        };
        let (size, used) = (size("Size")?, size("Used")?);
        let priority =
            text::decimal(fields.required("Priority")?).map_err(|error| error.in_field("Priority"))?;
        Ok(Self { path, kind, size, used, priority })
    }

    /// Reads `/proc/swaps`.
    ///
    /// # Errors
    /// The file is absent (a kernel without swap) or malformed.
    pub fn read_all(machine: &Machine) -> Result<Vec<Self>, Error> {
        machine.parse_needing(
            "/proc/swaps",
            Requirement::none().configuration("CONFIG_SWAP"),
            Self::parse_all,
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n\
        /dev/sda2                               partition\t2000088\t\t1024\t\t-2\n\
        /swap\\040file\\040(deleted)\t\tfile\t\t4\t\t0\t\t5\n";

    #[test]
    fn names_with_spaces_and_priorities_are_read() {
        let swaps = Swap::parse_all(TEXT).unwrap();
        assert_eq!((swaps.len(), &swaps[0].kind, swaps[0].priority), (2, &SwapKind::Partition, -2));
        assert_eq!((swaps[0].size, swaps[0].used), (Bytes::new(2_000_088 << 10), Bytes::new(1 << 20)));
        assert_eq!(swaps[1].path, "/swap file (deleted)");
        assert_eq!(Swap::parse_all(TEXT.trim_ascii_end()), Ok(swaps));
    }

    #[test]
    fn a_heading_alone_is_no_swap() {
        assert_eq!(Swap::parse_all(b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"), Ok(Vec::new()));
        assert!(Swap::parse_all(b"").is_err(), "without swap, the kernel writes the heading");
        assert_eq!(Swap::parse_all(b"/dev/a partition 1 x 0").unwrap_err().field(), Some("Used"));
        assert_eq!(Swap::parse_all(b"/dev/a partition 1").unwrap_err().field(), Some("Used"));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            let _ = Swap::parse_all(&bytes);
        }
    }
}
