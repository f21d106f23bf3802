use core::fmt;

use linux_support_base::{ByteString, as_text};

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

as_text!(
    NamespaceKind,
    "NamespaceKind",
    "cgroup, ipc, mnt, net, pid, time, user, uts, or another word of the kernel's."
);
