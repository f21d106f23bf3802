//! The sockets within the machine: `/proc/PID/net/unix`.

use linux_support_base::{
    ByteString, ParseError,
    text::{decimal, find_near, hexadecimal_digits},
};

use super::columns::Columns;
use crate::descriptor::InodeNumber;

/// A socket within the machine.
///
/// # Source
/// proc_pid_net(5); unix(7); net/unix/af_unix.c, unix_seq_show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct UnixSocketEntry<'a> {
    /// How often it is referred to.
    pub references: u32,
    /// Whether it waits for connections.
    pub is_listening: bool,
    /// How it carries data.
    pub kind: SocketKind,
    /// Whether it is connected.
    pub state: UnixState,
    /// Its number; `None` for a connection that was not accepted yet.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub inode: Option<InodeNumber>,
    /// Its name, where it has one.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub name: Option<UnixName<'a>>,
}

/// The name of a socket within the machine.
///
/// The kernel writes it as it is, but for NULs, which become `@`. So a path that begins with `@` looks abstract, and a
/// name with newlines can look like more sockets: whoever must not be deceived asks through netlink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum UnixName<'a> {
    /// A path.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::serialize::bytes"))]
    Path(#[cfg_attr(feature = "schema", schemars(with = "ByteString"))] &'a [u8]),
    /// An abstract name, without the byte before it.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::serialize::bytes"))]
    Abstract(#[cfg_attr(feature = "schema", schemars(with = "ByteString"))] &'a [u8]),
}

impl UnixName<'_> {
    /// The name as bytes of its own.
    #[must_use]
    pub fn to_byte_string(&self) -> ByteString {
        match self {
            Self::Path(name) | Self::Abstract(name) => (*name).into(),
        }
    }
}

/// How a socket carries data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum SocketKind {
    /// `SOCK_STREAM`: bytes.
    Stream,
    /// `SOCK_DGRAM`: messages.
    Datagram,
    /// `SOCK_RAW`.
    Raw,
    /// `SOCK_SEQPACKET`: messages over a connection.
    SequencedPacket,
    /// Another, by the kernel's number.
    Unknown(u32),
}

impl SocketKind {
    /// The kind of this number.
    #[must_use]
    pub const fn of_number(number: u32) -> Self {
        match number {
            1 => Self::Stream,
            2 => Self::Datagram,
            3 => Self::Raw,
            5 => Self::SequencedPacket,
            number => Self::Unknown(number),
        }
    }
}

/// Whether a socket within the machine is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum UnixState {
    /// It is not.
    Unconnected,
    /// It is being connected: a connection that was not accepted yet.
    Connecting,
    /// It is.
    Connected,
    /// It is being disconnected.
    Disconnecting,
    /// Another, by the kernel's number.
    Unknown(u32),
}

/// The sockets of the table, one by one; an item is an error where its line is malformed.
#[derive(Clone, Debug)]
pub struct UnixSockets<'a> {
    rest: &'a [u8],
}

impl<'a> UnixSockets<'a> {
    /// The sockets of `text`, the whole of the file.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Self {
        let start = memchr::memchr(b'\n', text).map_or(text.len(), |end| end + 1);
        Self { rest: &text[start..] }
    }
}

/// Whether `text` begins as a line of the table does.
fn is_start(text: &[u8]) -> bool {
    match find_near(b':', &text[..text.len().min(17)]) {
        Some(end) => end >= 8 && text[..end].iter().all(u8::is_ascii_hexdigit),
        None => false,
    }
}

impl<'a> Iterator for UnixSockets<'a> {
    type Item = Result<UnixSocketEntry<'a>, ParseError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        if let Some((entry, rest)) = UnixSocketEntry::at_columns(self.rest) {
            self.rest = rest;
            return Some(Ok(entry));
        }
        let (line, rest) = split_line(self.rest);
        self.rest = rest;
        Some(UnixSocketEntry::parse(line))
    }
}

/// The line with which `text` begins, and what is after it. Newlines within a name do not end it.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let mut end = 0;
    while let Some(at) = memchr::memchr(b'\n', &text[end..]) {
        let (line, rest) = (&text[..end + at], &text[end + at + 1..]);
        if rest.is_empty() || is_start(rest) || !is_start(line) {
            return (line, rest);
        }
        end += at + 1;
    }
    (text, b"")
}

impl<'a> UnixSocketEntry<'a> {
    /// Reads a line whose columns stand where they do on most; `None` if they do not.
    #[inline]
    fn at_columns(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        const COLUMNS: usize = 53;
        let (line, mut rest) = text.split_first_chunk::<COLUMNS>()?;
        if line[16] != b':' || [17, 26, 35, 44, 49, 52].iter().any(|&at| line[at] != b' ') {
            return None;
        }
        let mut digits = [b'0'; 32];
        digits[..8].copy_from_slice(&line[18..26]);
        digits[8..16].copy_from_slice(&line[27..35]);
        digits[16..24].copy_from_slice(&line[36..44]);
        digits[24..28].copy_from_slice(&line[45..49]);
        digits[28..30].copy_from_slice(&line[50..52]);
        let numbers = hexadecimal_digits(digits)?;
        while let [b' ', after @ ..] = rest {
            rest = after;
        }
        let (mut inode, before) = (0_u64, rest.len());
        while let [digit @ b'0'..=b'9', after @ ..] = rest {
            inode = inode.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
            rest = after;
        }
        if rest.len() == before {
            return None;
        }
        let (name, rest) = match rest {
            [] => (&b""[..], &b""[..]),
            [b'\n', rest @ ..] => (&b""[..], rest),
            // Newlines can be in a name only.
            [b' ', after @ ..] => {
                let start = text.len() - after.len();
                let (line, rest) = split_line(text);
                (line.get(start..)?, rest)
            }
            _ => return None,
        };
        let flags = (numbers >> 32) as u32;
        let entry = Self::of(
            (numbers >> 96) as u32,
            flags,
            (numbers >> 16) as u16,
            (numbers >> 8) as u8,
            inode,
            name,
        );
        Some((entry, rest))
    }

    fn parse(line: &'a [u8]) -> Result<Self, ParseError> {
        let mut columns = Columns::of(line);
        let _address = columns.word("Num")?;
        let references = columns.hexadecimal_32("RefCount")?;
        let _protocol = columns.hexadecimal("Protocol")?;
        let flags = columns.hexadecimal_32("Flags")?;
        let kind = columns.hexadecimal_16("Type")?;
        let state = columns.hexadecimal_8("St")?;
        // The name may begin with spaces: exactly one belongs to the table.
        let rest = columns.rest_untrimmed().trim_ascii_start();
        let end = find_near(b' ', rest).unwrap_or(rest.len());
        let inode: u64 = decimal(&rest[..end]).map_err(|error| error.in_field("Inode"))?;
        Ok(Self::of(references, flags, kind, state, inode, rest.get(end + 1..).unwrap_or_default()))
    }

    #[inline]
    fn of(references: u32, flags: u32, kind: u16, state: u8, inode: u64, name: &'a [u8]) -> Self {
        Self {
            references,
            is_listening: flags & 0x1_0000 != 0,
            kind: SocketKind::of_number(kind.into()),
            state: match state {
                1 => UnixState::Unconnected,
                2 => UnixState::Connecting,
                3 => UnixState::Connected,
                4 => UnixState::Disconnecting,
                number => UnixState::Unknown(number.into()),
            },
            inode: (inode != 0).then(|| InodeNumber::new(inode)),
            name: match name {
                [] => None,
                [b'@', name @ ..] => Some(UnixName::Abstract(name)),
                name => Some(UnixName::Path(name)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
        000000003ab235de: 00000003 00000000 00000000 0001 03 1769013\n\
        000000004c2f91dd: 00000002 00000000 00010000 0005 01  1056 /run/a b\n\
        0000000000000001: 00000002 00000000 00000000 0002 01 77 @/tmp/x@y\n\
        0000000000000002: 00000002 00000000 00000000 0001 02     0  space\n";

    #[test]
    fn sockets_have_names_or_none() {
        let sockets: Vec<_> = UnixSockets::parse(TEXT).map(Result::unwrap).collect();
        assert_eq!((sockets[0].references, sockets[0].name), (3, None));
        assert_eq!((sockets[0].kind, sockets[0].state), (SocketKind::Stream, UnixState::Connected));
        assert_eq!(sockets[0].inode, Some(InodeNumber::new(1_769_013)));
        assert!(sockets[1].is_listening && sockets[1].kind == SocketKind::SequencedPacket);
        assert_eq!(sockets[1].name, Some(UnixName::Path(b"/run/a b")));
        assert_eq!(sockets[2].name, Some(UnixName::Abstract(b"/tmp/x@y")));
        assert_eq!((sockets[3].inode, sockets[3].name), (None, Some(UnixName::Path(b" space"))));
        assert!(UnixSockets::parse(&TEXT[..TEXT.len() - 1]).map(Result::unwrap).eq(sockets));
        assert_eq!(UnixSockets::parse(b"").count(), 0);
    }

    #[test]
    fn a_newline_in_a_name_makes_no_other_socket() {
        let text = b"Num\n0000000000000001: 00000002 00000000 00000000 0002 01 77 @a\nb: c\n\nd\n\
            0000000000000002: 00000002 00000000 00000000 0001 01 78\n";
        let sockets: Vec<_> = UnixSockets::parse(text).map(Result::unwrap).collect();
        assert_eq!(sockets[0].name, Some(UnixName::Abstract(b"a\nb: c\n\nd")));
        assert_eq!((sockets.len(), sockets[1].inode), (2, Some(InodeNumber::new(78))));
    }

    #[test]
    fn a_line_that_is_malformed_names_its_column() {
        let text =
            b"Num\n0000000000000001: 00000002 x\n0000000000000002: 00000002 00000000 00000000 0001 01 78\n";
        let sockets: Vec<_> = UnixSockets::parse(text).collect();
        assert_eq!(sockets[0].as_ref().unwrap_err().field(), Some("Protocol"));
        assert!(sockets[1].is_ok());
    }

    proptest! {
        #[test]
        fn lines_are_read_at_their_columns_as_word_by_word(
            numbers: (u32, u32, u16, u8), inode: u64, pad in 0..7_usize, name in "( [@a-z0-9: ]{0,30})?",
        ) {
            let (references, flags, kind, state) = numbers;
            let inode = format!("{:pad$}{inode}", "");
            let line = format!("000000003ab235de: {references:08X} 00000000 {flags:08X} {kind:04X} {state:02X} {inode}{name}");
            let text = format!("{line}\n");
            let (entry, rest) = UnixSocketEntry::at_columns(text.as_bytes()).unwrap();
            prop_assert_eq!(Ok(entry), UnixSocketEntry::parse(line.as_bytes()));
            prop_assert_eq!(rest, b"");
            prop_assert_eq!((entry.references, entry.is_listening), (references, flags & 0x1_0000 != 0));
        }

        #[test]
        fn nothing_panics(text in "([0-9a-f]{16}:|[0-9a-f]{1,8}| |@|\n){0,24}", bytes: Vec<u8>) {
            for text in [text.as_bytes(), &bytes] {
                let lines = text.split(|&byte| byte == b'\n').count();
                prop_assert!(UnixSockets::parse(text).count() <= lines);
            }
        }
    }
}
