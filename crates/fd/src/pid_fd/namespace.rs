//! The namespaces of the process of a pidfd.

use std::os::fd::AsFd;

use linux_support_base::{Error, Requirement};

use super::{PidFd, information::too_old};
use crate::{namespace::Namespace, sys::pid_fd};

/// A namespace that a process is in, or that its children will be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProcessNamespace {
    /// The root of the cgroup tree.
    Cgroup,
    /// System V objects and POSIX message queues.
    Ipc,
    /// Mounts.
    Mount,
    /// Network devices, addresses, sockets.
    Network,
    /// Process numbers.
    Pid,
    /// Process numbers of its children.
    PidForChildren,
    /// The clocks that count from the machine's start.
    Time,
    /// Those of its children.
    TimeForChildren,
    /// Users, groups and capabilities.
    User,
    /// The machine's name.
    Uts,
}

impl ProcessNamespace {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Cgroup,
        Self::Ipc,
        Self::Mount,
        Self::Network,
        Self::Pid,
        Self::PidForChildren,
        Self::Time,
        Self::TimeForChildren,
        Self::User,
        Self::Uts,
    ];

    /// The number of the request that opens it.
    const fn request(self) -> u8 {
        match self {
            Self::Cgroup => 1,
            Self::Ipc => 2,
            Self::Mount => 3,
            Self::Network => 4,
            Self::Pid => 5,
            Self::PidForChildren => 6,
            Self::Time => 7,
            Self::TimeForChildren => 8,
            Self::User => 9,
            Self::Uts => 10,
        }
    }
}

impl PidFd {
    /// Opens a namespace of the process.
    ///
    /// # Errors
    /// It has ended ([`Reason::Gone`](linux_support_base::Reason::Gone)), this kernel has no such namespaces, or the
    /// caller may not.
    ///
    /// # Kernel
    /// Since 6.11.
    ///
    /// # Capabilities
    /// What ptrace(2) takes to read a process: CAP_SYS_PTRACE for those of others.
    #[doc(alias = "PIDFD_GET_NET_NAMESPACE")]
    pub fn namespace(&self, namespace: ProcessNamespace) -> Result<Namespace, Error> {
        let needs = Requirement::none().since(6, 11).capability("CAP_SYS_PTRACE");
        pid_fd::namespace(self.as_fd(), namespace.request())
            .map(Namespace::of_kernel)
            .map_err(|errno| too_old("open namespace of", errno, needs))
    }
}
