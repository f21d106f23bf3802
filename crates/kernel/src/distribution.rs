//! The distribution.

use linux_support_base::{ByteString, Error, Machine, ParseError, text};

/// What `/etc/os-release` says of the distribution.
///
/// # Source
/// `os-release(5)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Distribution {
    /// Its name for programs: `debian`; `linux` where it is not said.
    pub id: ByteString,
    /// Its version for programs: `12`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub version_id: Option<ByteString>,
    /// Its name and version for people.
    pub pretty_name: ByteString,
    /// All else that is said there.
    pub other: Vec<(ByteString, ByteString)>,
}

impl Distribution {
    /// Reads assignments as a shell has them: values may be quoted; comments and other lines are passed over.
    ///
    /// # Errors
    /// None.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut distribution = Self { id: "linux".into(), pretty_name: "Linux".into(), ..Self::default() };
        for line in text::lines(text) {
            let line = line.trim_ascii();
            let Some((name, value)) = text::split_once(line, b'=').filter(|_| !line.starts_with(b"#")) else {
                continue;
            };
            let value = unquoted(value);
            match name {
                b"ID" => distribution.id = value,
                b"VERSION_ID" => distribution.version_id = Some(value),
                b"PRETTY_NAME" => distribution.pretty_name = value,
                name => distribution.other.push((name.into(), value)),
            }
        }
        Ok(distribution)
    }

    /// Reads `/etc/os-release`, or `/usr/lib/os-release` where that is absent.
    ///
    /// # Errors
    /// Neither is there or can be read.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        match machine.parse("/etc/os-release", Self::parse) {
            Err(error) if error.is_absent() => machine.parse("/usr/lib/os-release", Self::parse),
            outcome => outcome,
        }
    }
}

/// The value of a shell assignment without its quotes and escapes.
fn unquoted(value: &[u8]) -> ByteString {
    let (inside, quote) = match value {
        [b'"', inside @ .., b'"'] => (inside, Some(b'"')),
        [b'\'', inside @ .., b'\''] => return inside.into(),
        bare => (bare, None),
    };
    let mut plain = Vec::with_capacity(inside.len());
    let mut bytes = inside.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let escaped = |next: &u8| quote.is_none() || matches!(next, b'"' | b'$' | b'\\' | b'`');
        match byte {
            b'\\' => plain.push(bytes.next_if(escaped).unwrap_or(b'\\')),
            byte => plain.push(byte),
        }
    }
    plain.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quoted_and_bare_values_are_read() {
        let text = b"# a comment = none\nPRETTY_NAME=\"An \\\"odd\\\" Linux\"\nID=odd\nVERSION_ID='1 2'\n\nX=a\\ b\nbroken";
        let distribution = Distribution::parse(text).unwrap();
        assert_eq!(distribution.pretty_name, r#"An "odd" Linux"#);
        assert_eq!((distribution.id, distribution.version_id), ("odd".into(), Some("1 2".into())));
        assert_eq!(distribution.other, [("X".into(), "a b".into())]);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, text in "[A-Z=\"'\\\\\n]{0,30}") {
            let _ = Distribution::parse(&bytes);
            let _ = Distribution::parse(text.as_bytes());
        }
    }
}
