//! The namespaces that a process lives in, and how users and groups are numbered there.

use core::fmt;

use linux_support_base::{
    ByteString, GroupId, ParseError, UserId,
    text::{decimal, fields, lines},
};

use crate::{descriptor::InodeNumber, serialize::plain_number};

/// What a namespace keeps apart.
///
/// # Source
/// namespaces(7).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NamespaceKind {
    /// `cgroup`: the root of the cgroup tree.
    Cgroup,
    /// `ipc`: System V objects and POSIX message queues.
    Ipc,
    /// `mnt`: mounts.
    Mount,
    /// `net`: network devices, addresses, sockets.
    Network,
    /// `pid`: process numbers.
    Pid,
    /// `time`: the clocks that count from the machine's start.
    Time,
    /// `user`: users, groups and capabilities.
    User,
    /// `uts`: the machine's name.
    Uts,
    /// A word that is not known here.
    Unknown(ByteString),
}

impl From<&[u8]> for NamespaceKind {
    fn from(word: &[u8]) -> Self {
        match word {
            b"cgroup" => Self::Cgroup,
            b"ipc" => Self::Ipc,
            b"mnt" => Self::Mount,
            b"net" => Self::Network,
            b"pid" => Self::Pid,
            b"time" => Self::Time,
            b"user" => Self::User,
            b"uts" => Self::Uts,
            word => Self::Unknown(word.into()),
        }
    }
}

impl fmt::Display for NamespaceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Cgroup => "cgroup",
            Self::Ipc => "ipc",
            Self::Mount => "mnt",
            Self::Network => "net",
            Self::Pid => "pid",
            Self::Time => "time",
            Self::User => "user",
            Self::Uts => "uts",
            Self::Unknown(word) => return word.fmt(f),
        })
    }
}

crate::serialize::as_text!(
    NamespaceKind,
    "NamespaceKind",
    "cgroup, ipc, mnt, net, pid, time, user, uts, or another word of the kernel's."
);

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

plain_number! {
    /// How many ids a range has.
    IdCount(u32), "How many ids a range has."
}

/// A range of ids in a user namespace, and where they lie outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IdRange<T> {
    /// The first id inside.
    pub inside: T,
    /// The id that it is outside: in the namespace of the reader, or, where both are in the same, in its parent.
    pub outside: T,
    /// How many there are.
    pub count: IdCount,
}

/// `/proc/PID/uid_map` or `gid_map`: how the ids of a user namespace are numbered outside of it. Empty where
/// nothing was mapped yet.
///
/// # Source
/// user_namespaces(7), "User and group ID mappings".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IdMap<T>(Vec<IdRange<T>>);

impl<T: Copy + From<u32> + Into<u32>> IdMap<T> {
    /// Reads the file.
    ///
    /// # Errors
    /// A line that is not three numbers.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        lines(text)
            .map(|line| {
                let mut fields = fields(line);
                let mut next = |field| decimal::<u32>(fields.required(field)?);
                Ok(IdRange {
                    inside: T::from(next("inside")?),
                    outside: T::from(next("outside")?),
                    count: IdCount::new(next("count")?),
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The ranges.
    #[must_use]
    pub fn ranges(&self) -> &[IdRange<T>] {
        &self.0
    }

    /// Whether every id is the same inside and outside: the machine's first user namespace.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        matches!(&self.0[..], [range] if range.inside.into() == 0 && range.outside.into() == 0 && range.count.get() == u32::MAX)
    }

    /// The id outside for the one inside.
    #[must_use]
    pub fn outside(&self, inside: T) -> Option<T> {
        let id = inside.into();
        self.0.iter().find_map(|range| {
            let offset = id.checked_sub(range.inside.into()).filter(|&offset| offset < range.count.get())?;
            range.outside.into().checked_add(offset).map(T::from)
        })
    }
}

/// `/proc/PID/uid_map`.
pub type UserIdMap = IdMap<UserId>;
/// `/proc/PID/gid_map`.
pub type GroupIdMap = IdMap<GroupId>;

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

    #[test]
    fn ids_are_found_outside() {
        let map = UserIdMap::parse(b"         0       1000          1\n         1     100000      65536\n")
            .unwrap();
        assert_eq!(map.outside(UserId::ROOT), Some(UserId::new(1000)));
        assert_eq!(map.outside(UserId::new(65536)), Some(UserId::new(165_535)));
        assert_eq!(map.outside(UserId::new(65537)), None);
        assert!(!map.is_identity() && map.ranges().len() == 2);
        assert!(GroupIdMap::parse(b"         0          0 4294967295\n").unwrap().is_identity());
        assert_eq!(GroupIdMap::parse(b"").unwrap().ranges().len(), 0);
        assert!(GroupIdMap::parse(b"0 0\n").is_err());
    }
}
