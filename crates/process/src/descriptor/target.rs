//! What a descriptor is open on, as the links of `/proc/PID/fd` tell it.

use core::fmt;

use linux_support_base::{ByteString, text::decimal};

use super::InodeNumber;
use crate::namespace::Namespace;

/// What a file descriptor is open on, by the text of its link in `/proc/PID/fd`.
///
/// The text is the kernel's name for the thing and no proof: a file can be called `socket:[1]` too, but its text
/// would begin with `/`.
///
/// # Source
/// proc(5), "/proc/PID/fd/".
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(tag = "kind", rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum DescriptorTarget {
    /// A file, directory or device.
    Path {
        /// Its path, seen from the process's root; outside of that, from the machine's.
        path: ByteString,
        /// Whether it was removed. A file whose name ends in ` (deleted)` looks the same.
        deleted: bool,
    },
    /// A socket.
    Socket {
        /// Its number, by which `/proc/net` lists it.
        inode: InodeNumber,
    },
    /// A pipe.
    Pipe {
        /// Its number, which both ends share.
        inode: InodeNumber,
    },
    /// A namespace.
    Namespace {
        /// Which.
        namespace: Namespace,
    },
    /// Memory that `memfd_create(2)` made.
    MemoryFile {
        /// The name that it was given.
        name: ByteString,
    },
    /// Something that the kernel made and that has no file: `eventfd`, `eventpoll`, `inotify`, `io_uring`,
    /// `kvm-vcpu:0`, `pidfd` …
    Anonymous {
        /// What, without the brackets that most have.
        what: ByteString,
    },
    /// Another text.
    Other {
        /// The text.
        text: ByteString,
    },
}

const DELETED: &[u8] = b" (deleted)";

impl DescriptorTarget {
    /// Reads the text of a link: every text has a meaning.
    #[must_use]
    pub fn of_link(text: &[u8]) -> Self {
        let (name, deleted) = match text.strip_suffix(DELETED) {
            Some(name) => (name, true),
            None => (text, false),
        };
        if deleted && let Some(name) = name.strip_prefix(b"/memfd:") {
            return Self::MemoryFile { name: name.into() };
        }
        if name.starts_with(b"/") {
            return Self::Path { path: name.into(), deleted };
        }
        if let Some(what) = text.strip_prefix(b"anon_inode:") {
            let bare = what.strip_prefix(b"[").and_then(|what| what.strip_suffix(b"]")).unwrap_or(what);
            return Self::Anonymous { what: bare.into() };
        }
        let numbered = |kind: &[u8]| {
            let inode = text.strip_prefix(kind)?.strip_prefix(b":[")?.strip_suffix(b"]")?;
            decimal(inode).ok().map(InodeNumber::new)
        };
        if let Some(inode) = numbered(b"socket") {
            Self::Socket { inode }
        } else if let Some(inode) = numbered(b"pipe") {
            Self::Pipe { inode }
        } else if let Ok(namespace) = Namespace::parse(text) {
            Self::Namespace { namespace }
        } else {
            Self::Other { text: text.into() }
        }
    }
}

impl fmt::Display for DescriptorTarget {
    /// The kernel's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path { path, deleted: false } => path.fmt(f),
            Self::Path { path, deleted: true } => write!(f, "{path} (deleted)"),
            Self::Socket { inode } => write!(f, "socket:[{inode}]"),
            Self::Pipe { inode } => write!(f, "pipe:[{inode}]"),
            Self::Namespace { namespace } => namespace.fmt(f),
            Self::MemoryFile { name } => write!(f, "/memfd:{name} (deleted)"),
            Self::Anonymous { what } => write!(f, "anon_inode:[{what}]"),
            Self::Other { text } => text.fmt(f),
        }
    }
}

/// A link such as `/proc/PID/exe`: a path that may be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PathLink {
    /// The path.
    pub path: ByteString,
    /// Whether the file was removed, or replaced by another. A file whose name ends in ` (deleted)` looks the
    /// same.
    pub deleted: bool,
}

impl PathLink {
    /// Reads the text of a link: every text has a meaning.
    #[must_use]
    pub fn of_link(text: &[u8]) -> Self {
        match text.strip_suffix(DELETED) {
            Some(path) => Self { path: path.into(), deleted: true },
            None => Self { path: text.into(), deleted: false },
        }
    }
}

impl fmt::Display for PathLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.deleted { write!(f, "{} (deleted)", self.path) } else { self.path.fmt(f) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_of_link_is_told() {
        let of = DescriptorTarget::of_link;
        assert_eq!(of(b"socket:[123]"), DescriptorTarget::Socket { inode: InodeNumber::new(123) });
        assert_eq!(of(b"pipe:[4]"), DescriptorTarget::Pipe { inode: InodeNumber::new(4) });
        let eventfd = DescriptorTarget::Anonymous { what: "eventfd".into() };
        assert_eq!((of(b"anon_inode:[eventfd]"), of(b"anon_inode:eventfd")), (eventfd.clone(), eventfd));
        assert_eq!(of(b"anon_inode:kvm-vcpu:0"), DescriptorTarget::Anonymous { what: "kvm-vcpu:0".into() });
        assert_eq!(of(b"/memfd:x y (deleted)"), DescriptorTarget::MemoryFile { name: "x y".into() });
        let path = |path: &str, deleted| DescriptorTarget::Path { path: path.into(), deleted };
        assert_eq!(of(b"/memfd:x"), path("/memfd:x", false));
        assert_eq!(of(b"/dev/null"), path("/dev/null", false));
        assert_eq!(of(b"/tmp/a (deleted)"), path("/tmp/a", true));
        assert_eq!(of(b"/tmp/socket:[1]"), path("/tmp/socket:[1]", false));
        assert!(matches!(of(b"mnt:[1]"), DescriptorTarget::Namespace { .. }));
        assert_eq!(of(b"socket:[x]"), DescriptorTarget::Other { text: "socket:[x]".into() });
    }

    proptest! {
        #[test]
        fn every_text_is_kept(text in "[ -~]{0,40}") {
            // The brackets of an anonymous inode are not remembered.
            prop_assume!(!text.starts_with("anon_inode:"));
            let target = DescriptorTarget::of_link(text.as_bytes());
            // Nor are the zeros before a number.
            if !text.contains(":[0") {
                prop_assert_eq!(target.to_string(), text);
            }
        }
    }
}
