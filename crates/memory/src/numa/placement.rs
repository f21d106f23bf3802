use linux_raw_sys::mempolicy::{MPOL_MF_MOVE, MPOL_MF_MOVE_ALL};
use linux_support_base::{Errno, Error, NumaNode, NumaNodeSet, Pid, Reason, Requirement};
use rustix::param::page_size;

use super::{Moving, allowed_nodes, object_of, set_policy};
use crate::{
    mapping::{Kind, Mapping, Protection},
    numa::MemoryPolicy,
    sys::policy,
};

/// Where a page is, or why that is not known or could not be changed.
///
/// # Source
/// move_pages(2), "Page states in the status array".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PageStatus {
    /// It is on this node.
    On(NumaNode),
    /// It is not in memory: not used yet, or in swap.
    NotPresent,
    /// Nothing is mapped there, or the page of zeros that all share.
    NotMapped,
    /// Other processes have it too, and it was not to be moved from them.
    Shared,
    /// It is in use by the kernel for now: try again.
    Busy,
    /// It must be written back first, and can't be.
    CannotWrite,
    /// It changed, and its file system can't move such pages.
    CannotMove,
    /// There is no memory for it on the node.
    NoMemory,
    /// The kernel stopped before it came to it.
    NotReached,
    /// For another reason.
    Failed(Errno),
}

/// A status that the kernel never gives.
const UNTOUCHED: i32 = i32::MIN;

impl PageStatus {
    /// Reads the status of one page, as the kernel writes it: a number of 32 bits.
    #[must_use]
    pub fn from_number(status: i32) -> Self {
        let Err(_) = u32::try_from(status) else {
            return NumaNode::new(status as u32).map_or(Self::Failed(Errno::RANGE), Self::On);
        };
        if status == UNTOUCHED {
            return Self::NotReached;
        }
        match Errno::from_raw_os_error(status.saturating_neg().min(4095)) {
            Errno::NOENT => Self::NotPresent,
            Errno::FAULT => Self::NotMapped,
            Errno::ACCESS => Self::Shared,
            Errno::BUSY | Errno::AGAIN => Self::Busy,
            Errno::IO => Self::CannotWrite,
            Errno::INVAL => Self::CannotMove,
            Errno::NOMEM => Self::NoMemory,
            errno => Self::Failed(errno),
        }
    }

    /// The node, where it is known.
    #[must_use]
    pub const fn node(self) -> Option<NumaNode> {
        match self {
            Self::On(node) => Some(node),
            _ => None,
        }
    }
}

/// Which pages are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MoveScope {
    /// Those that the process alone has.
    #[doc(alias = "MPOL_MF_MOVE")]
    Own,
    /// Those that others have too. Needs CAP_SYS_NICE.
    #[doc(alias = "MPOL_MF_MOVE_ALL")]
    All,
}

/// Where the pages at `addresses` of a process (`None` is this one) are, in the same order. No page is brought in.
///
/// # Errors
/// There is no such process ([`Reason::Gone`]), or it may not be looked at.
///
/// # Capabilities
/// For processes of others, the permission to trace them.
#[doc(alias = "move_pages")]
pub fn placement(process: Option<Pid>, addresses: &[u64]) -> Result<Vec<PageStatus>, Error> {
    moved(process, addresses, None, 0, "find the pages of")
}

/// Moves the page at each address of a process (`None` is this one) to a node, and says where it is then, in the same
/// order.
///
/// # Errors
/// There is no such process, or it may not be changed; a node is not there, or not allowed for it. Of this process, nodes
/// are looked at before anything is moved; of others, pages before such a node may have moved.
///
/// # Capabilities
/// CAP_SYS_NICE for [`MoveScope::All`]; for processes of others, the permission to trace them.
pub fn move_pages(
    process: Option<Pid>,
    moves: &[(u64, NumaNode)],
    scope: MoveScope,
) -> Result<Vec<PageStatus>, Error> {
    const OPERATION: &str = "move pages of";
    if process.is_none() {
        let wanted: NumaNodeSet = moves.iter().map(|(_, node)| *node).collect();
        let allowed = allowed_nodes()?;
        if !wanted.is_subset(&allowed) {
            let accepted = format!("to nodes {wanted}: this task may use {allowed}");
            return Err(Error::invalid(OPERATION, object_of(process).as_bytes(), accepted));
        }
    }
    let addresses: Vec<_> = moves.iter().map(|(address, _)| *address).collect();
    let nodes: Vec<_> = moves.iter().map(|(_, node)| node.number() as i32).collect();
    let flags = match scope {
        MoveScope::Own => MPOL_MF_MOVE,
        MoveScope::All => MPOL_MF_MOVE_ALL,
    };
    moved(process, &addresses, Some(&nodes), flags, OPERATION)
}

fn moved(
    process: Option<Pid>,
    addresses: &[u64],
    nodes: Option<&[i32]>,
    flags: u32,
    operation: &'static str,
) -> Result<Vec<PageStatus>, Error> {
    let mut statuses = vec![UNTOUCHED; addresses.len()];
    if !addresses.is_empty() {
        policy::move_pages(process.map_or(0, Pid::number), addresses, nodes, &mut statuses, flags)
            .map_err(|errno| failed(operation, process, errno))?;
    }
    Ok(statuses.into_iter().map(PageStatus::from_number).collect())
}

/// Moves all pages of a process (`None` is this one) that are on nodes of `from` to nodes of `to`, which keep their order,
/// and gives the number of pages that could not be moved.
///
/// # Errors
/// A set is empty; there is no such process, or it may not be changed; nodes of `to` are not there or not allowed.
///
/// # Capabilities
/// CAP_SYS_NICE for nodes that the process itself may not use; for processes of others, the permission to trace them.
///
/// # Source
/// migrate_pages(2).
pub fn migrate_pages(process: Option<Pid>, from: &NumaNodeSet, to: &NumaNodeSet) -> Result<u64, Error> {
    const OPERATION: &str = "migrate pages of";
    if from.is_empty() || to.is_empty() {
        let accepted = "needs at least one node to move from, and one to move to";
        return Err(Error::invalid(OPERATION, object_of(process).as_bytes(), accepted));
    }
    policy::migrate(process.map_or(0, Pid::number), from.as_words(), to.as_words()).map_err(|errno| {
        match (errno, allowed_nodes()) {
            (Errno::INVAL, Ok(allowed)) => {
                let accepted = format!("from nodes {from} to {to}: this task may use {allowed}");
                Error::invalid(OPERATION, object_of(process).as_bytes(), accepted)
            }
            _ => failed(OPERATION, process, errno),
        }
    })
}

#[cold]
fn failed(operation: &'static str, process: Option<Pid>, errno: Errno) -> Error {
    const NEEDS: Requirement = Requirement::none().capability("CAP_SYS_NICE");
    let object = object_of(process);
    match errno {
        Errno::NODEV => Error::invalid(operation, object.as_bytes(), "a node is not there"),
        Errno::ACCESS => {
            Error::invalid(operation, object.as_bytes(), "a node is not allowed for the process")
        }
        Errno::NOSYS => {
            Error::new(operation, object.as_bytes(), Reason::Absent).explained(super::NEEDS, None)
        }
        errno => Error::system(operation, object.as_bytes(), errno).explained(NEEDS, None),
    }
}

impl<K: Kind, P: Protection> Mapping<K, P> {
    /// Where each of its base pages is, in order.
    ///
    /// # Errors
    /// The kernel is built without `CONFIG_MIGRATION`.
    pub fn placement(&self) -> Result<Vec<PageStatus>, Error> {
        placement(None, &self.page_addresses().collect::<Vec<_>>())
    }

    /// Moves its pages to `node`, and says where each base page is then, in order.
    ///
    /// # Errors
    /// The node is not there or not allowed.
    pub fn move_to(&self, node: NumaNode) -> Result<Vec<PageStatus>, Error> {
        move_pages(None, &self.page_addresses().map(|page| (page, node)).collect::<Vec<_>>(), MoveScope::Own)
    }

    /// Sets from which nodes its pages come.
    ///
    /// # Errors
    /// As for [`set_policy`].
    #[doc(alias = "mbind")]
    pub fn set_policy(&self, policy: &MemoryPolicy, moving: Moving) -> Result<(), Error> {
        set_policy(self.range(), policy, moving)
    }

    fn page_addresses(&self) -> impl Iterator<Item = u64> {
        let range = self.range();
        (range.start()..range.end()).step_by(page_size())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_of_32_bits_and_each_has_its_meaning() {
        assert_eq!(PageStatus::from_number(3).node(), NumaNode::new(3));
        for (number, status) in [
            (-2, PageStatus::NotPresent),
            (-14, PageStatus::NotMapped),
            (-13, PageStatus::Shared),
            (-16, PageStatus::Busy),
            (-12, PageStatus::NoMemory),
            (i32::MIN, PageStatus::NotReached),
            (-1, PageStatus::Failed(Errno::PERM)),
            (i32::MAX, PageStatus::Failed(Errno::RANGE)),
        ] {
            assert_eq!(PageStatus::from_number(number), status, "{number}");
        }
        // Any other number is kept as an error, and none panics.
        for number in [-4095, -4096, i32::MIN + 1, 65536] {
            assert!(matches!(PageStatus::from_number(number), PageStatus::Failed(_)), "{number}");
        }
    }
}
