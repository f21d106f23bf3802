//! What a child is born into, and what it is called.

use std::os::fd::OwnedFd;

use linux_support_base::{GroupId, NamespaceKinds, Pid, UserId};

use super::Program;

impl Program {
    /// It is born into new namespaces of these kinds.
    ///
    /// # Capabilities
    /// CAP_SYS_ADMIN, or a user namespace among them.
    #[must_use]
    #[doc(alias = "unshare")]
    pub fn new_namespaces(mut self, kinds: NamespaceKinds) -> Self {
        self.namespaces |= u64::from(kinds.bits());
        self
    }

    /// It is born into a new user namespace, where the caller's effective user and group have these numbers and nobody
    /// else has one. Further groups can't be set there. For other maps enter a namespace that has them, by
    /// [`Step::enter_namespace`](super::Step::enter_namespace).
    #[must_use]
    #[doc(alias = "uid_map")]
    pub fn new_user_namespace(mut self, user: UserId, group: GroupId) -> Self {
        self.mapped = Some((user, group));
        self.new_namespaces(NamespaceKinds::USER)
    }

    /// It has these numbers: the first in its own namespace of process numbers, each further one in the next outer.
    ///
    /// # Capabilities
    /// CAP_CHECKPOINT_RESTORE in each of these.
    #[must_use]
    #[doc(alias = "set_tid")]
    pub fn numbers(mut self, numbers: impl IntoIterator<Item = Pid>) -> Self {
        self.numbers = numbers.into_iter().collect();
        self
    }

    /// It is born into the control group of this directory (of cgroup v2): nothing of it ever ran, or was counted,
    /// elsewhere.
    #[must_use]
    #[doc(alias = "CLONE_INTO_CGROUP")]
    pub fn cgroup(mut self, directory: impl Into<OwnedFd>) -> Self {
        self.cgroup = Some(directory.into());
        self
    }
}
