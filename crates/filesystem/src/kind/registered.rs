//! The file systems that the running kernel can mount.

use linux_support_base::{ByteString, Error, Machine, ParseError, text};

/// A type of file system that the kernel has registered: built in, or its module is loaded.
///
/// One that is not listed may still be mounted where its module can be loaded on demand.
///
/// # Source
/// `proc_filesystems(5)` and `filesystems(5)`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/filesystems")]
pub struct RegisteredFileSystem {
    /// The kernel's name for the type.
    pub name: ByteString,
    /// Whether it is mounted from a block device; false for those marked `nodev`.
    pub needs_device: bool,
}

impl RegisteredFileSystem {
    /// Reads all lines of `/proc/filesystems`, in their order, in which mount(8) tries them.
    ///
    /// # Errors
    /// A line without a name.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        text::lines(text).filter(|line| !line.trim_ascii().is_empty()).map(Self::parse_line).collect()
    }

    fn parse_line(line: &[u8]) -> Result<Self, ParseError> {
        let (mark, name) =
            text::split_once(line, b'\t').ok_or_else(|| ParseError::expected("a tab and a name", line))?;
        if name.is_empty() {
            return Err(ParseError::expected("a name", name));
        }
        match mark {
            b"" => Ok(Self { name: name.into(), needs_device: true }),
            b"nodev" => Ok(Self { name: name.into(), needs_device: false }),
            mark => Err(ParseError::expected("nodev or nothing", mark)),
        }
    }

    /// The file systems that the kernel of `machine` has registered.
    ///
    /// # Errors
    /// `/proc/filesystems` can't be read or is malformed.
    pub fn read_all(machine: &Machine) -> Result<Vec<Self>, Error> {
        machine.parse("/proc/filesystems", Self::parse_all)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn those_without_a_device_are_told_from_the_others() {
        let expected = [("sysfs", false), ("ext4", true)];
        for text in [&b"nodev\tsysfs\n\text4\n"[..], b"nodev\tsysfs\n\text4"] {
            let all = RegisteredFileSystem::parse_all(text).unwrap();
            let all: Vec<_> = all.iter().map(|one| (one.name.as_str().unwrap(), one.needs_device)).collect();
            assert_eq!(all, expected);
        }
        assert_eq!(RegisteredFileSystem::parse_all(b""), Ok(vec![]));
    }

    #[test]
    fn a_mark_that_is_not_known_is_an_error() {
        assert!(RegisteredFileSystem::parse_all(b"maydev\tsysfs\n").is_err());
        assert!(RegisteredFileSystem::parse_all(b"nodev\t\n").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = RegisteredFileSystem::parse_all(&text);
        }
    }
}
