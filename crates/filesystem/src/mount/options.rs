//! The options of one mount, apart from those of its file system.

use core::fmt;

use bitflags::bitflags;
use linux_support_base::ByteString;

bitflags! {
    /// What one mount of a file system allows or leaves out, whatever the file system itself allows.
    ///
    /// # Source
    /// `mount(2)`, `mount_setattr(2)`, `mount(8)`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MountFlags: u32 {
        /// Nothing can be changed through this mount.
        const READ_ONLY = 1 << 0;
        /// Set-user-ID, set-group-ID and file capabilities are not honoured.
        const NO_SET_USER_ID = 1 << 1;
        /// Device files can't be opened.
        const NO_DEVICES = 1 << 2;
        /// Programs can't be executed.
        const NO_EXECUTION = 1 << 3;
        /// Access times are never changed.
        const NO_ACCESS_TIME = 1 << 4;
        /// Access times of directories are never changed.
        const NO_DIRECTORY_ACCESS_TIME = 1 << 5;
        /// Access times are changed only where they are older than the last change or a day.
        const RELATIVE_ACCESS_TIME = 1 << 6;
        /// Symbolic links are not followed.
        ///
        /// # Kernel
        /// Since Linux 5.10.
        const NO_SYMBOLIC_LINKS = 1 << 7;
        /// Owners are mapped to other users and groups.
        ///
        /// # Kernel
        /// Since Linux 5.12.
        const ID_MAPPED = 1 << 8;
    }
}

const WORDS: [(&[u8], MountFlags); 9] = [
    (b"ro", MountFlags::READ_ONLY),
    (b"nosuid", MountFlags::NO_SET_USER_ID),
    (b"nodev", MountFlags::NO_DEVICES),
    (b"noexec", MountFlags::NO_EXECUTION),
    (b"noatime", MountFlags::NO_ACCESS_TIME),
    (b"nodiratime", MountFlags::NO_DIRECTORY_ACCESS_TIME),
    (b"relatime", MountFlags::RELATIVE_ACCESS_TIME),
    (b"nosymfollow", MountFlags::NO_SYMBOLIC_LINKS),
    (b"idmapped", MountFlags::ID_MAPPED),
];

impl MountFlags {
    /// The flag that the kernel writes as `word`; the empty set for `rw`.
    #[inline]
    #[must_use]
    pub fn from_word(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"rw" => Self::empty(),
            b"relatime" => Self::RELATIVE_ACCESS_TIME,
            b"ro" => Self::READ_ONLY,
            b"nosuid" => Self::NO_SET_USER_ID,
            b"nodev" => Self::NO_DEVICES,
            b"noexec" => Self::NO_EXECUTION,
            b"noatime" => Self::NO_ACCESS_TIME,
            b"nodiratime" => Self::NO_DIRECTORY_ACCESS_TIME,
            b"nosymfollow" => Self::NO_SYMBOLIC_LINKS,
            b"idmapped" => Self::ID_MAPPED,
            _ => return None,
        })
    }

    /// The flags among the options of mountinfo's field 6; the others are passed over.
    #[inline]
    #[must_use]
    pub fn parse(options: &[u8]) -> Self {
        options.split(|&byte| byte == b',').filter_map(Self::from_word).collect()
    }
}

/// The options of one mount: the flags that are known, and the words that are not.
///
/// `Display` is the kernel's form (`rw,nosuid,relatime`).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MountOptions {
    /// Those that this library knows.
    pub flags: MountFlags,
    /// The others, as they were written.
    pub other: Vec<ByteString>,
}

impl Clone for MountOptions {
    #[inline]
    fn clone(&self) -> Self {
        let other = if self.other.is_empty() { Vec::new() } else { self.other.clone() };
        Self { flags: self.flags, other }
    }
}

impl MountOptions {
    /// Reads field 6 of mountinfo: words apart by commas.
    #[must_use]
    pub fn parse(field: &[u8]) -> Self {
        let mut options = Self::default();
        for word in field.split(|&byte| byte == b',').filter(|word| !word.is_empty()) {
            match MountFlags::from_word(word) {
                Some(flag) => options.flags |= flag,
                None => options.other.push(word.into()),
            }
        }
        options
    }

    /// Whether nothing can be changed through this mount.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.flags.contains(MountFlags::READ_ONLY)
    }

    /// The words, as the kernel writes them, beginning with `rw` or `ro`.
    pub fn words(&self) -> impl Iterator<Item = &[u8]> {
        let write = (!self.is_read_only()).then_some(&b"rw"[..]);
        let flags = WORDS.iter().filter(|(_, flag)| self.flags.contains(*flag)).map(|(word, _)| *word);
        write.into_iter().chain(flags).chain(self.other.iter().map(ByteString::as_bytes))
    }
}

impl fmt::Display for MountOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.words().collect();
        ByteString::from(words.join(&b',')).fmt(f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for MountOptions {
    /// The list of words.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.words().map(ByteString::from))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for MountOptions {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MountOptions".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<ByteString>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_kernel_is_known_and_written_back() {
        for (word, flag) in WORDS {
            assert_eq!(MountFlags::from_word(word), Some(flag));
        }
        let text = "ro,nosuid,nodev,noexec,noatime,nodiratime,relatime,nosymfollow,idmapped";
        let options = MountOptions::parse(text.as_bytes());
        assert_eq!(options.flags, MountFlags::all());
        assert_eq!(options.to_string(), text);
    }

    #[test]
    fn words_not_known_are_kept() {
        let options = MountOptions::parse(b"rw,frobnicate,relatime");
        assert_eq!(options.flags, MountFlags::RELATIVE_ACCESS_TIME);
        assert_eq!(options.other, [ByteString::from("frobnicate")]);
        assert_eq!(options.to_string(), "rw,relatime,frobnicate");
    }
}
