use linux_support_base::{Pages, ParseError, text::take_decimal};

/// `/proc/PID/statm`: a process's memory in pages.
///
/// Quick to read, and inexact: `/proc/PID/status` and the memory maps count better.
///
/// # Source
/// proc(5), "/proc/PID/statm".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MemoryPages {
    /// Its address space.
    pub size: Pages,
    /// What of it is in memory.
    pub resident: Pages,
    /// What of that is of files or shared memory.
    pub shared: Pages,
    /// Its program's code.
    #[doc(alias = "trs")]
    pub text: Pages,
    /// Libraries; always 0 since 2.6.
    #[doc(alias = "lrs")]
    pub libraries: Pages,
    /// Data and stack.
    #[doc(alias = "drs")]
    pub data: Pages,
    /// Pages to be written; always 0 since 2.6.
    #[doc(alias = "dt")]
    pub dirty: Pages,
}

impl MemoryPages {
    /// Reads the line.
    ///
    /// # Errors
    /// Fewer than seven numbers. More are passed over.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut rest = text;
        let mut pages = |field| {
            take_decimal(&mut rest).map(Pages::new).map_err(|error: ParseError| error.in_field(field))
        };
        Ok(Self {
            size: pages("size")?,
            resident: pages("resident")?,
            shared: pages("shared")?,
            text: pages("text")?,
            libraries: pages("lib")?,
            data: pages("data")?,
            dirty: pages("dt")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seven_numbers_are_read() {
        let pages = MemoryPages::parse(b"765 413 384 5 0 123 0\n").unwrap();
        assert_eq!((pages.size.get(), pages.resident.get(), pages.shared.get()), (765, 413, 384));
        assert_eq!((pages.text.get(), pages.data.get()), (5, 123));
        assert_eq!(MemoryPages::parse(b"765 413 384 5 0 123 0"), Ok(pages));
        assert_eq!(MemoryPages::parse(b"1 2 3 4 5 6").unwrap_err().field(), Some("dt"));
        assert!(MemoryPages::parse(b"").is_err());
    }
}
