//! Types of file systems.

mod class;
mod registered;

use core::fmt;

use linux_support_base::{ByteString, text};

pub use class::FileSystemClass;
pub use registered::RegisteredFileSystem;

/// The type of a mounted file system, by the kernel's name for it, and the subtype that a file system in user
/// space gives itself: `ext4`, `fuse.sshfs`.
///
/// `Display` is the form of mountinfo.
///
/// ```
/// use linux_support_filesystem::{FileSystemClass, FileSystemKind};
///
/// let kind = FileSystemKind::parse(b"fuse.sshfs");
/// assert_eq!((kind.name(), kind.subtype()), (&b"fuse"[..], Some(&b"sshfs"[..])));
/// assert_eq!(kind.class(), FileSystemClass::Network);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "fstype")]
pub struct FileSystemKind(ByteString);

impl FileSystemKind {
    /// The kind that this field of mountinfo, `/proc/mounts` or fstab names, with its octal escapes.
    #[must_use]
    pub fn parse(field: &[u8]) -> Self {
        Self(text::unescape_octal(field).into())
    }

    /// The type of this name, with its subtype after a dot.
    pub(crate) const fn named(name: ByteString) -> Self {
        Self(name)
    }

    /// The kernel's name, without the subtype.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.split().0
    }

    /// What a file system in user space calls itself.
    #[must_use]
    pub fn subtype(&self) -> Option<&[u8]> {
        self.split().1
    }

    fn split(&self) -> (&[u8], Option<&[u8]>) {
        match text::split_once(&self.0, b'.') {
            Some((name, subtype)) => (name, Some(subtype)),
            None => (&self.0, None),
        }
    }

    /// The whole name.
    #[must_use]
    pub const fn as_byte_string(&self) -> &ByteString {
        &self.0
    }

    /// What kind of place its files are in.
    #[must_use]
    pub fn class(&self) -> FileSystemClass {
        FileSystemClass::of(&self.0)
    }

    /// Whether it is the kernel's automounter, which mounts something else when it is entered.
    #[must_use]
    pub fn is_automount(&self) -> bool {
        self.0.as_bytes() == b"autofs"
    }
}

impl fmt::Display for FileSystemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for FileSystemKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for FileSystemKind {
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
    fn only_the_first_dot_parts_name_and_subtype() {
        let kind = FileSystemKind::parse(b"fuse.a.b");
        assert_eq!((kind.name(), kind.subtype()), (&b"fuse"[..], Some(&b"a.b"[..])));
        assert_eq!(kind.to_string(), "fuse.a.b");
        assert_eq!(FileSystemKind::parse(b"ext4").subtype(), None);
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(FileSystemKind::parse(br"fuse.a\040b").subtype(), Some(&b"a b"[..]));
    }
}
