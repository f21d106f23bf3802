use core::{fmt, ops::Deref};

use linux_support_base::ByteString;
use smallvec::SmallVec;

/// The name of a process or thread (`comm`): any bytes without NUL, at most 15 for programs; kernel threads
/// may have longer ones.
///
/// It need not be the name of the program: a thread may give itself another (`PR_SET_NAME`), such as `) (` or
/// one with a newline. Names up to 32 bytes need no memory of their own.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "comm")]
pub struct ProcessName(SmallVec<[u8; 32]>);

impl ProcessName {
    /// The name of these bytes.
    #[inline]
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(SmallVec::from_slice(bytes))
    }

    /// The name as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name as text, where it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        str::from_utf8(&self.0).ok()
    }

    /// The name in the form in which other names are.
    #[must_use]
    pub fn to_byte_string(&self) -> ByteString {
        ByteString::from(self.as_bytes())
    }

    /// Reads `/proc/PID/comm`: the name and a newline.
    ///
    /// # Errors
    /// None: every text is a name.
    pub fn parse(text: &[u8]) -> Result<Self, linux_support_base::ParseError> {
        Ok(Self::new(text.strip_suffix(b"\n").unwrap_or(text)))
    }
}

impl Deref for ProcessName {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq<str> for ProcessName {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for ProcessName {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Display for ProcessName {
    /// As [`ByteString`] does it: control characters are shown as escapes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_byte_string().fmt(f)
    }
}

impl fmt::Debug for ProcessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(bstr::BStr::new(self.as_bytes()), f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for ProcessName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_byte_string().serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ProcessName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        ByteString::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        ByteString::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newline_of_the_file_is_taken_off() {
        assert_eq!(ProcessName::parse(b"a\n\n").unwrap().as_bytes(), b"a\n");
        assert_eq!(ProcessName::parse(b"cat").unwrap(), "cat");
        assert_eq!(ProcessName::parse(b"a\n\n").unwrap().to_string(), "a\\n");
    }
}
