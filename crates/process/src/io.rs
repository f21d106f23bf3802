use linux_support_base::{
    Bytes, ParseError,
    text::{colon_keyed, decimal},
};

use crate::status::OtherLine;

/// `/proc/PID/io`: what a process has read and written.
///
/// # Source
/// proc(5), "/proc/PID/io"; Documentation/filesystems/proc.rst, 3.3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InputOutput {
    /// rchar: what it read through system calls, from caches or terminals too.
    pub read_characters: Bytes,
    /// wchar: what it wrote through system calls.
    pub written_characters: Bytes,
    /// syscr: system calls that read.
    pub read_calls: u64,
    /// syscw: system calls that write.
    pub write_calls: u64,
    /// read_bytes: what was fetched from storage for it.
    pub read_bytes: Bytes,
    /// write_bytes: what it caused to be sent to storage.
    pub written_bytes: Bytes,
    /// cancelled_write_bytes: what of that was not sent after all, because files were cut or removed.
    pub cancelled_written_bytes: Bytes,
    /// Lines that are not known here.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty", default))]
    pub other: Vec<OtherLine>,
}

impl InputOutput {
    /// Reads the file.
    ///
    /// # Errors
    /// One of the seven lines missing or malformed.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        const KEYS: [&str; 7] =
            ["rchar", "wchar", "syscr", "syscw", "read_bytes", "write_bytes", "cancelled_write_bytes"];
        let mut values = [None; 7];
        let mut other = Vec::new();
        for (key, value) in colon_keyed(text) {
            let value = value.unwrap_or_default();
            match KEYS.iter().position(|known| known.as_bytes() == key) {
                Some(index) => {
                    values[index] = Some(decimal::<u64>(value).map_err(|error| error.in_field(KEYS[index]))?);
                }
                None if key.is_empty() && value.is_empty() => {}
                None => other.push(OtherLine { key: key.into(), value: value.into() }),
            }
        }
        let value = |index: usize| {
            let end = &text[text.len()..];
            values[index].ok_or_else(|| ParseError::expected("one more line", end).in_field(KEYS[index]))
        };
        Ok(Self {
            read_characters: Bytes::new(value(0)?),
            written_characters: Bytes::new(value(1)?),
            read_calls: value(2)?,
            write_calls: value(3)?,
            read_bytes: Bytes::new(value(4)?),
            written_bytes: Bytes::new(value(5)?),
            cancelled_written_bytes: Bytes::new(value(6)?),
            other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"rchar: 6976\nwchar: 5\nsyscr: 10\nsyscw: 1\nread_bytes: 4096\nwrite_bytes: 8192\n\
        cancelled_write_bytes: 12\n";

    #[test]
    fn every_line_is_read() {
        let io = InputOutput::parse(TEXT).unwrap();
        assert_eq!((io.read_characters, io.written_characters), (Bytes::new(6976), Bytes::new(5)));
        assert_eq!((io.read_calls, io.write_calls), (10, 1));
        assert_eq!((io.read_bytes, io.written_bytes), (Bytes::new(4096), Bytes::new(8192)));
        assert_eq!(io.cancelled_written_bytes, Bytes::new(12));
        assert_eq!(InputOutput::parse(TEXT.trim_ascii_end()), Ok(io));
    }

    #[test]
    fn new_lines_are_kept_and_missing_ones_named() {
        let newer = [TEXT, b"dirtied_bytes: 7\n"].concat();
        assert_eq!(InputOutput::parse(&newer).unwrap().other[0].value, "7");
        assert_eq!(InputOutput::parse(&TEXT[..90]).unwrap_err().field(), Some("cancelled_write_bytes"));
        assert_eq!(InputOutput::parse(b"").unwrap_err().field(), Some("rchar"));
    }
}
