use core::fmt;

use crate::{ByteString, as_text};

/// What a namespace keeps apart.
///
/// ```
/// use linux_support_base::{NamespaceKind, NamespaceKinds};
///
/// assert_eq!(NamespaceKind::from(&b"net"[..]), NamespaceKind::Network);
/// assert_eq!(NamespaceKind::Network.flag(), Some(NamespaceKinds::NETWORK));
/// assert_eq!(NamespaceKind::of_flag(NamespaceKinds::NETWORK).to_string(), "net");
/// ```
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
    /// A flag that is not known here, or several.
    UnknownFlag(u32),
}

/// All that are known here, with their words and flags.
const KNOWN: [(NamespaceKind, &str, NamespaceKinds); 8] = [
    (NamespaceKind::Cgroup, "cgroup", NamespaceKinds::CGROUP),
    (NamespaceKind::Ipc, "ipc", NamespaceKinds::IPC),
    (NamespaceKind::Mount, "mnt", NamespaceKinds::MOUNT),
    (NamespaceKind::Network, "net", NamespaceKinds::NETWORK),
    (NamespaceKind::Pid, "pid", NamespaceKinds::PID),
    (NamespaceKind::Time, "time", NamespaceKinds::TIME),
    (NamespaceKind::User, "user", NamespaceKinds::USER),
    (NamespaceKind::Uts, "uts", NamespaceKinds::UTS),
];

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
    /// The kind that the kernel has this flag for.
    #[must_use]
    pub fn of_flag(flag: NamespaceKinds) -> Self {
        let known = KNOWN.into_iter().find(|known| known.2 == flag);
        known.map_or(Self::UnknownFlag(flag.bits()), |known| known.0)
    }

    /// The kernel's flag for it; `None` where only a word is known.
    #[must_use]
    pub fn flag(&self) -> Option<NamespaceKinds> {
        match self {
            Self::UnknownFlag(flag) => Some(NamespaceKinds::from_bits_retain(*flag)),
            known => KNOWN.iter().find(|(kind, ..)| kind == known).map(|&(.., flag)| flag),
        }
    }
}

impl From<&[u8]> for NamespaceKind {
    fn from(word: &[u8]) -> Self {
        let known = KNOWN.into_iter().find(|known| known.1.as_bytes() == word);
        known.map_or_else(|| Self::Unknown(word.into()), |known| known.0)
    }
}

impl fmt::Display for NamespaceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(word) => word.fmt(f),
            Self::UnknownFlag(flag) => write!(f, "{flag:#x}"),
            known => f.pad(KNOWN.iter().find(|(kind, ..)| kind == known).map_or("", |&(_, word, _)| word)),
        }
    }
}

as_text!(
    NamespaceKind,
    "NamespaceKind",
    "cgroup, ipc, mnt, net, pid, time, user, uts, or another word of the kernel's."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_word_and_a_flag_of_its_own() {
        for (kind, word, flag) in KNOWN {
            assert_eq!(NamespaceKind::from(word.as_bytes()), kind);
            assert_eq!(NamespaceKind::of_flag(flag), kind);
            assert_eq!((kind.to_string().as_str(), kind.flag()), (word, Some(flag)));
        }
    }

    #[test]
    fn what_is_not_known_is_kept() {
        let word = NamespaceKind::from(&b"new_kind"[..]);
        assert_eq!((word.to_string().as_str(), word.flag()), ("new_kind", None));
        let flag = NamespaceKind::of_flag(NamespaceKinds::from_bits_retain(0x40));
        assert_eq!(flag, NamespaceKind::UnknownFlag(0x40));
        assert_eq!((flag.to_string().as_str(), flag.flag().unwrap().bits()), ("0x40", 0x40));
    }
}
