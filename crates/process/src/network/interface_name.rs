use core::{fmt, ops::Deref};

use bstr::ByteSlice;
use linux_support_base::ByteString;
use smallvec::SmallVec;

/// The name of a network interface: at most 15 bytes, without spaces, slashes and colons. It needs no memory of its
/// own.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceName(SmallVec<[u8; 16]>);

impl InterfaceName {
    /// The name of these bytes.
    #[inline]
    #[must_use]
    pub fn new(name: &[u8]) -> Self {
        Self(SmallVec::from_slice(name))
    }

    /// The name as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for InterfaceName {
    #[inline]
    fn from(name: &[u8]) -> Self {
        Self::new(name)
    }
}

impl From<&str> for InterfaceName {
    fn from(name: &str) -> Self {
        Self::new(name.as_bytes())
    }
}

impl Deref for InterfaceName {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq<&str> for InterfaceName {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl fmt::Display for InterfaceName {
    /// As [`ByteString`] does it: control characters are shown as escapes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ByteString::from(self.as_bytes()).fmt(f)
    }
}

impl fmt::Debug for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_bytes().as_bstr(), f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for InterfaceName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ByteString::from(self.as_bytes()).serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for InterfaceName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        ByteString::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        ByteString::json_schema(generator)
    }
}
