//! From which nodes memory is taken.

mod mount_option;
mod range;
mod text;
mod thread;

use bitflags::bitflags;
use linux_raw_sys::mempolicy::{
    MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES, MPOL_MODE_FLAGS,
};
use linux_support_base::{Error, Machine, NumaNode, NumaNodeSet, Reason, Requirement};
use rustix::io::Errno;

pub use range::{Moving, node_of_address, policy_of_address, set_home_node, set_policy};
pub use thread::{ThreadPolicy, allowed_nodes, next_interleaved_node, set_thread_policy, thread_policy};

/// From which nodes a thread, or a range of addresses, gets its memory.
///
/// `Display` and [`parse`](Self::parse) have the kernel's own form, as in numa_maps and the option `mpol=` of tmpfs:
/// `bind=static:0-1`.
///
/// ```
/// use linux_support_base::NumaNodeSet;
/// use linux_support_memory::numa::MemoryPolicy;
///
/// let nodes: NumaNodeSet = "0-1".parse()?;
/// assert_eq!(MemoryPolicy::interleave(nodes).to_string(), "interleave:0-1");
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
///
/// # Source
/// Documentation/admin-guide/mm/numa_memory_policy.rst.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "mempolicy")]
pub struct MemoryPolicy {
    mode: PolicyMode,
    nodes: NumaNodeSet,
    flags: PolicyFlags,
}

/// How a [`MemoryPolicy`] chooses among its nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PolicyMode {
    /// That of whoever is asked next: of a range the thread's, of a thread the machine's, which is local.
    #[doc(alias = "MPOL_DEFAULT")]
    Default,
    /// One node, and others where it has no memory.
    #[doc(alias = "MPOL_PREFERRED")]
    Preferred,
    /// Those nodes and no others.
    #[doc(alias = "MPOL_BIND")]
    Bind,
    /// One after the other, page by page.
    #[doc(alias = "MPOL_INTERLEAVE")]
    Interleave,
    /// The node of the CPU that first uses the page.
    #[doc(alias = "MPOL_LOCAL")]
    Local,
    /// Those nodes, and others where they have no memory. Since Linux 5.15.
    #[doc(alias = "MPOL_PREFERRED_MANY")]
    PreferredMany,
    /// One after the other, as many pages from each as its weight says. Since Linux 6.9.
    #[doc(alias = "MPOL_WEIGHTED_INTERLEAVE")]
    WeightedInterleave,
    /// A way that this library does not know.
    Unknown(u16),
}

impl PolicyMode {
    const KNOWN: [Self; 7] = [
        Self::Default,
        Self::Preferred,
        Self::Bind,
        Self::Interleave,
        Self::Local,
        Self::PreferredMany,
        Self::WeightedInterleave,
    ];

    /// The kernel's number.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Default => 0,
            Self::Preferred => 1,
            Self::Bind => 2,
            Self::Interleave => 3,
            Self::Local => 4,
            Self::PreferredMany => 5,
            Self::WeightedInterleave => 6,
            Self::Unknown(number) => number,
        }
    }

    /// The mode of the kernel's number.
    #[must_use]
    pub fn from_number(number: u16) -> Self {
        Self::KNOWN.get(usize::from(number)).copied().unwrap_or(Self::Unknown(number))
    }

    const fn needs(self) -> Requirement {
        match self {
            Self::PreferredMany => Requirement::none().since(5, 15).configuration("CONFIG_NUMA"),
            Self::WeightedInterleave => Requirement::none().since(6, 9).configuration("CONFIG_NUMA"),
            _ => super::NEEDS,
        }
    }
}

bitflags! {
    /// What a [`MemoryPolicy`]'s nodes mean when the task's cpuset changes, and whether pages follow the thread.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct PolicyFlags: u16 {
        /// They stay those nodes, as far as they are allowed; else they are mapped to what is allowed.
        #[doc(alias = "MPOL_F_STATIC_NODES")]
        const STATIC = MPOL_F_STATIC_NODES as u16;
        /// They are places in the set of the nodes that are allowed.
        #[doc(alias = "MPOL_F_RELATIVE_NODES")]
        const RELATIVE = MPOL_F_RELATIVE_NODES as u16;
        /// The kernel may move pages among them to where they are used.
        #[doc(alias = "MPOL_F_NUMA_BALANCING")]
        const BALANCING = MPOL_F_NUMA_BALANCING as u16;
    }
}

impl Default for MemoryPolicy {
    fn default() -> Self {
        Self::of(PolicyMode::Default, NumaNodeSet::new())
    }
}

impl MemoryPolicy {
    fn of(mode: PolicyMode, nodes: NumaNodeSet) -> Self {
        Self { mode, nodes, flags: PolicyFlags::empty() }
    }

    /// The node of the CPU that first uses the page.
    #[must_use]
    pub fn local() -> Self {
        Self::of(PolicyMode::Local, NumaNodeSet::new())
    }

    /// These nodes and no others.
    #[must_use]
    pub fn bind(nodes: impl Into<NumaNodeSet>) -> Self {
        Self::of(PolicyMode::Bind, nodes.into())
    }

    /// This node, and others where it has no memory.
    #[must_use]
    pub fn preferred(node: NumaNode) -> Self {
        Self::of(PolicyMode::Preferred, node.into())
    }

    /// These nodes, and others where they have no memory.
    #[must_use]
    pub fn preferred_many(nodes: impl Into<NumaNodeSet>) -> Self {
        Self::of(PolicyMode::PreferredMany, nodes.into())
    }

    /// These nodes one after the other, page by page.
    #[must_use]
    pub fn interleave(nodes: impl Into<NumaNodeSet>) -> Self {
        Self::of(PolicyMode::Interleave, nodes.into())
    }

    /// These nodes one after the other, as many pages from each as its [weight](super::InterleaveWeights) says.
    #[must_use]
    pub fn weighted_interleave(nodes: impl Into<NumaNodeSet>) -> Self {
        Self::of(PolicyMode::WeightedInterleave, nodes.into())
    }

    /// The same, with these flags in place of those that it has.
    #[must_use]
    pub fn with_flags(self, flags: PolicyFlags) -> Self {
        Self { flags, ..self }
    }

    /// How it chooses.
    #[must_use]
    pub fn mode(&self) -> PolicyMode {
        self.mode
    }

    /// Its nodes.
    #[must_use]
    pub fn nodes(&self) -> &NumaNodeSet {
        &self.nodes
    }

    /// Its flags.
    #[must_use]
    pub fn flags(&self) -> PolicyFlags {
        self.flags
    }

    /// What the system calls take.
    fn encode(&self) -> Result<i32, Error> {
        let invalid = |accepted: &str| Err(Error::invalid("use", self.to_string().as_bytes(), accepted));
        let takes_nodes = !matches!(self.mode, PolicyMode::Default | PolicyMode::Local);
        if takes_nodes && self.nodes.is_empty() && !matches!(self.mode, PolicyMode::Unknown(_)) {
            return invalid("needs at least one node");
        }
        if !takes_nodes && (!self.nodes.is_empty() || !self.flags.is_empty()) {
            return invalid("takes neither nodes nor flags");
        }
        if self.flags.contains(PolicyFlags::STATIC | PolicyFlags::RELATIVE) {
            return invalid("nodes are static or relative, not both");
        }
        if self.mode == PolicyMode::Preferred && self.nodes.len() > 1 {
            return invalid("prefers one node: for more there is preferred_many");
        }
        Ok(i32::from(self.mode.number() | self.flags.bits()))
    }

    /// What the system calls give.
    fn decode(mode: i32, words: &[u64]) -> Self {
        let bits = mode as u32 as u16;
        Self {
            mode: PolicyMode::from_number(bits & !(MPOL_MODE_FLAGS as u16)),
            nodes: NumaNodeSet::from_words(words),
            flags: PolicyFlags::from_bits_truncate(bits),
        }
    }

    /// Why the kernel refused it.
    #[cold]
    fn refused(&self, operation: &'static str, errno: Errno) -> Error {
        let object = self.to_string();
        let live = Machine::live();
        let running = live.as_ref().ok().and_then(|machine| machine.kernel_release().ok());
        let running = running.map(|release| release.version());
        if errno == Errno::NOSYS {
            return Error::new(operation, object.as_bytes(), Reason::Absent).explained(super::NEEDS, running);
        }
        if errno != Errno::INVAL {
            return Error::system(operation, object.as_bytes(), errno)
                .explained(Requirement::none().capability("CAP_SYS_NICE"), running);
        }
        let too_old =
            Error::new(operation, object.as_bytes(), Reason::Absent).explained(self.mode.needs(), running);
        if matches!(too_old.reason(), Reason::KernelTooOld { .. }) {
            return too_old;
        }
        let with_memory = live.and_then(|machine| super::set(&machine, "has_memory"));
        match (allowed_nodes(), with_memory) {
            (Ok(allowed), Ok(with_memory)) if !self.nodes.is_subset(&(&allowed & &with_memory)) => {
                let accepted =
                    format!("nodes with memory are {with_memory}, and this task may use {allowed}");
                Error::invalid(operation, object.as_bytes(), accepted)
            }
            _ => Error::system(operation, object.as_bytes(), errno),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(list: &str) -> NumaNodeSet {
        list.parse().unwrap()
    }

    #[test]
    fn modes_and_flags_share_a_number_and_come_back() {
        for mode in PolicyMode::KNOWN {
            assert_eq!(PolicyMode::from_number(mode.number()), mode);
        }
        let policy =
            MemoryPolicy::bind(nodes("0,65")).with_flags(PolicyFlags::STATIC | PolicyFlags::BALANCING);
        assert_eq!(policy.encode().unwrap(), 2 | 0x8000 | 0x2000);
        assert_eq!(MemoryPolicy::decode(0xa002, &[1, 2, 0]), policy);
        let of_tomorrow = MemoryPolicy::decode(9, &[1]);
        assert_eq!(of_tomorrow.mode(), PolicyMode::Unknown(9));
        assert_eq!(of_tomorrow.encode().unwrap(), 9);
    }

    #[test]
    fn what_no_kernel_takes_is_refused_with_what_would_do() {
        let both = PolicyFlags::STATIC | PolicyFlags::RELATIVE;
        for (policy, said) in [
            (MemoryPolicy::bind(nodes("")), "at least one node"),
            (MemoryPolicy::interleave(nodes("")), "at least one node"),
            (MemoryPolicy::bind(nodes("0")).with_flags(both), "not both"),
            (MemoryPolicy::local().with_flags(PolicyFlags::STATIC), "neither nodes nor flags"),
            (MemoryPolicy::decode(1, &[3]), "prefers one node"),
        ] {
            let error = policy.encode().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        assert_eq!(MemoryPolicy::default().encode().unwrap(), 0);
    }
}
