//! The namespaces that a process lives in.

use core::fmt;

pub use linux_support_base::NamespaceKind;
use linux_support_base::{ByteString, ParseError, text::decimal};

use crate::descriptor::InodeNumber;

/// A namespace: two processes are in the same one if kind and number agree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Namespace {
    /// What it keeps apart.
    pub kind: NamespaceKind,
    /// Its number in the kernel's file system of namespaces.
    pub inode: InodeNumber,
}

impl Namespace {
    /// Reads `net:[4026531840]`, as the links in `/proc/PID/ns` have it.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let error = || ParseError::expected("a kind of namespace and [its number]", text);
        let open = text.windows(2).position(|pair| pair == b":[").ok_or_else(error)?;
        let inode = text[open + 2..].strip_suffix(b"]").ok_or_else(error)?;
        Ok(Self { kind: text[..open].into(), inode: InodeNumber::new(decimal(inode)?) })
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:[{}]", self.kind, self.inode)
    }
}

/// A link in `/proc/PID/ns`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NamespaceLink {
    /// Its name: the kind, or one such as `pid_for_children`.
    pub name: ByteString,
    /// The namespace.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub namespace: Namespace,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_comes_back() {
        for text in ["net:[4026531840]", "uts:[1]", "new_kind:[18446744073709551615]"] {
            assert_eq!(Namespace::parse(text.as_bytes()).unwrap().to_string(), text);
        }
        assert_eq!(Namespace::parse(b"mnt:[1]").unwrap().kind, NamespaceKind::Mount);
        for text in ["", "net", "net:[]", "net:[x]", "net:[1", "net:1]"] {
            assert!(Namespace::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
