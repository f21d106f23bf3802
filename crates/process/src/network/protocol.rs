//! The protocols that the kernel has sockets for: `/proc/PID/net/protocols`.

use linux_support_base::{ByteString, Bytes, ParseError, text::lines};

use super::columns::Columns;

/// A protocol that the kernel has sockets for.
///
/// # Source
/// net/core/sock.c, proto_seq_printf.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/net/protocols")]
pub struct NetworkProtocol {
    /// Its name.
    pub name: ByteString,
    /// How much memory the kernel needs for a socket.
    pub size: Bytes,
    /// How many sockets there are.
    pub sockets: i64,
    /// How many pages its buffers take; `None` where that is not counted.
    pub memory: Option<u64>,
    /// Whether memory is short for it; `None` where that is not told.
    pub is_under_pressure: Option<bool>,
    /// The longest header.
    pub header_max: Bytes,
    /// Whether it has a slab of its own.
    pub has_slab: bool,
    /// The module that it is of; `None` for the kernel itself.
    pub module: Option<ByteString>,
    /// What it does by itself, by the kernel's two letters: `cl` (close), `co` (connect), `ac` (accept) …
    pub operations: Vec<ByteString>,
}

impl NetworkProtocol {
    /// Reads `net/protocols`.
    ///
    /// # Errors
    /// A line with a column that is missing or malformed.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        let mut lines = lines(text);
        let head = lines.next().unwrap_or_default();
        lines.map(|line| Self::parse(head, line)).collect()
    }

    fn parse(head: &[u8], line: &[u8]) -> Result<Self, ParseError> {
        let mut columns = Columns::of(line);
        let name = columns.word("protocol")?.into();
        let size = Bytes::new(columns.decimal("size")?);
        let sockets = columns.decimal("sockets")?;
        let memory: i64 = columns.decimal("memory")?;
        let is_under_pressure = match columns.word("press")? {
            b"NI" => None,
            word => Some(word == b"yes"),
        };
        let header_max = Bytes::new(columns.decimal("maxhdr")?);
        let has_slab = columns.word("slab")? == b"yes";
        let module = columns.word("module")?;
        let names = linux_support_base::text::fields(head).skip(8);
        let mut operations = Vec::new();
        for name in names {
            if columns.word("operation")? == b"y" {
                operations.push(name.into());
            }
        }
        Ok(Self {
            name,
            size,
            sockets,
            memory: u64::try_from(memory).ok(),
            is_under_pressure,
            header_max,
            has_slab,
            module: (module != b"kernel").then(|| module.into()),
            operations,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_the_names_of_the_first_line() {
        let text = b"protocol  size sockets  memory press maxhdr  slab module     cl co di\n\
            AF_VSOCK  1240      0      -1   NI       0   yes  kernel      y  n  n\n\
            TCP       2304      5       1   no     320   yes  tcp_x       y  y  n\n";
        let protocols = NetworkProtocol::parse_all(text).unwrap();
        assert_eq!((protocols[0].memory, protocols[0].is_under_pressure), (None, None));
        assert_eq!((protocols[0].operations.as_slice(), &protocols[0].module), (&["cl".into()][..], &None));
        let tcp = &protocols[1];
        assert_eq!((tcp.memory, tcp.is_under_pressure, tcp.sockets), (Some(1), Some(false), 5));
        assert_eq!((tcp.size, tcp.header_max), (Bytes::new(2304), Bytes::new(320)));
        assert_eq!((tcp.operations.len(), tcp.module.as_ref().unwrap()), (2, &"tcp_x".into()));
        assert_eq!(NetworkProtocol::parse_all(text.trim_ascii_end()), Ok(protocols));
        let error =
            NetworkProtocol::parse_all(b"a b c d e f g h cl\nTCP 1 2 3 no 4 yes kernel\n").unwrap_err();
        assert_eq!(error.field(), Some("operation"));
    }
}
