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

bitflags::bitflags! {
    /// Kinds of namespaces, by the kernel's flags for them.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct NamespaceKinds: u32 {
        /// The clocks that count from the machine's start; of children only.
        #[doc(alias = "CLONE_NEWTIME")]
        const TIME = 0x0000_0080;
        /// Mounts.
        #[doc(alias = "CLONE_NEWNS")]
        const MOUNT = 0x0002_0000;
        /// The root of the cgroup tree.
        #[doc(alias = "CLONE_NEWCGROUP")]
        const CGROUP = 0x0200_0000;
        /// The machine's name.
        #[doc(alias = "CLONE_NEWUTS")]
        const UTS = 0x0400_0000;
        /// System V objects and POSIX message queues.
        #[doc(alias = "CLONE_NEWIPC")]
        const IPC = 0x0800_0000;
        /// Users, groups and capabilities.
        #[doc(alias = "CLONE_NEWUSER")]
        const USER = 0x1000_0000;
        /// Process numbers; of children only.
        #[doc(alias = "CLONE_NEWPID")]
        const PID = 0x2000_0000;
        /// Network devices, addresses, sockets.
        #[doc(alias = "CLONE_NEWNET")]
        const NETWORK = 0x4000_0000;
    }
}

impl NamespaceKind {
    /// The kernel's flag for it; `None` of a kind that is not known.
    #[must_use]
    pub fn flag(&self) -> Option<NamespaceKinds> {
        Some(match self {
            Self::Cgroup => NamespaceKinds::CGROUP,
            Self::Ipc => NamespaceKinds::IPC,
            Self::Mount => NamespaceKinds::MOUNT,
            Self::Network => NamespaceKinds::NETWORK,
            Self::Pid => NamespaceKinds::PID,
            Self::Time => NamespaceKinds::TIME,
            Self::User => NamespaceKinds::USER,
            Self::Uts => NamespaceKinds::UTS,
            Self::Unknown(_) => return None,
        })
    }
}
