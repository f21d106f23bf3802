use linux_raw_sys::mempolicy::{MPOL_F_ADDR, MPOL_F_NODE, MPOL_MF_MOVE, MPOL_MF_MOVE_ALL, MPOL_MF_STRICT};
use linux_support_base::{AddressRange, Error, NumaNode, Reason, Requirement};
use rustix::{io::Errno, param::page_size};

use super::MemoryPolicy;
use crate::sys::policy;

/// What becomes of pages that are there already when a range gets a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Moving {
    /// They stay where they are.
    #[default]
    Nothing,
    /// They stay; it is an error if any is where the policy has none, and the policy is set all the same.
    #[doc(alias = "MPOL_MF_STRICT")]
    Check,
    /// Those of this process alone move.
    #[doc(alias = "MPOL_MF_MOVE")]
    Own,
    /// Those of this process alone move, and it is an error if any could not.
    OwnStrictly,
    /// All move, those that others have too. Needs CAP_SYS_NICE.
    #[doc(alias = "MPOL_MF_MOVE_ALL")]
    All,
    /// All move, and it is an error if any could not. Needs CAP_SYS_NICE.
    AllStrictly,
}

impl Moving {
    const fn flags(self) -> u32 {
        match self {
            Self::Nothing => 0,
            Self::Check => MPOL_MF_STRICT,
            Self::Own => MPOL_MF_MOVE,
            Self::OwnStrictly => MPOL_MF_MOVE | MPOL_MF_STRICT,
            Self::All => MPOL_MF_MOVE_ALL,
            Self::AllStrictly => MPOL_MF_MOVE_ALL | MPOL_MF_STRICT,
        }
    }
}

/// Sets the policy of a range of this process's addresses, of whole pages. Of shared memory, it is the policy of the
/// memory itself, for all who have it; of a file that is not on tmpfs, it has no effect.
///
/// # Errors
/// `range` is empty or cuts pages; parts of it are not mapped (`EFAULT`); as for
/// [`set_thread_policy`](super::set_thread_policy); `EIO`: pages are elsewhere and did not move.
///
/// # Source
/// mbind(2).
#[doc(alias = "mbind")]
pub fn set_policy(range: AddressRange, policy: &MemoryPolicy, moving: Moving) -> Result<(), Error> {
    check("set the policy of", range)?;
    policy::bind(range.start(), range.length(), policy.encode()?, policy.nodes().as_words(), moving.flags())
        .map_err(|errno| match errno {
            Errno::FAULT => unmapped("set the policy of", range),
            errno => policy.refused("set for a range", errno),
        })
}

/// Sets the node near which a range's memory is to be, within the nodes of its policy, which is
/// [bind](super::PolicyMode::Bind) or [preferred many](super::PolicyMode::PreferredMany).
///
/// # Errors
/// `range` is empty or cuts pages; it has another policy (`EOPNOTSUPP`), or none; there is no such node.
///
/// # Kernel
/// Since Linux 5.17.
///
/// # Source
/// set_mempolicy_home_node(2).
#[doc(alias = "set_mempolicy_home_node")]
pub fn set_home_node(range: AddressRange, node: NumaNode) -> Result<(), Error> {
    const OPERATION: &str = "set the home node of";
    const NEEDS: Requirement = Requirement::none().since(5, 17).configuration("CONFIG_NUMA");
    check(OPERATION, range)?;
    policy::set_home_node(range.start(), range.length(), node.number()).map_err(|errno| {
        let object = range.to_string();
        match errno {
            Errno::NOSYS => Error::new(OPERATION, object.as_bytes(), Reason::Absent).explained(NEEDS, None),
            Errno::OPNOTSUPP | Errno::NOENT => Error::invalid(
                OPERATION,
                object.as_bytes(),
                "needs a range of which the policy is bind or prefer (many)",
            ),
            Errno::INVAL => {
                Error::invalid(OPERATION, object.as_bytes(), format!("node {node} is not online"))
            }
            errno => Error::system(OPERATION, object.as_bytes(), errno),
        }
    })
}

/// The policy of an address of this process.
///
/// # Errors
/// Nothing is mapped there.
#[doc(alias = "MPOL_F_ADDR")]
pub fn policy_of_address(address: u64) -> Result<MemoryPolicy, Error> {
    let (mode, words) = policy::get(address, MPOL_F_ADDR)
        .map_err(|errno| at_address("read the policy of", address, errno))?;
    Ok(MemoryPolicy::decode(mode, &words))
}

/// The node that has the page at an address of this process; a page that is not there yet is brought in.
///
/// # Errors
/// Nothing is mapped there, or it can't be read.
///
/// See [`placement`](fn@super::super::placement) for many pages, which brings none in.
#[doc(alias = "get_mempolicy")]
pub fn node_of_address(address: u64) -> Result<NumaNode, Error> {
    const OPERATION: &str = "find the node of";
    let (node, _) = policy::get(address, MPOL_F_ADDR | MPOL_F_NODE)
        .map_err(|errno| at_address(OPERATION, address, errno))?;
    u32::try_from(node)
        .ok()
        .and_then(NumaNode::new)
        .ok_or_else(|| at_address(OPERATION, address, Errno::RANGE))
}

#[cold]
fn at_address(operation: &'static str, address: u64, errno: Errno) -> Error {
    let object = format!("address {address:#x}");
    match errno {
        Errno::FAULT => {
            Error::invalid(operation, object.as_bytes(), "nothing is mapped there that can be read")
        }
        Errno::NOSYS => {
            Error::new(operation, object.as_bytes(), Reason::Absent).explained(crate::numa::NEEDS, None)
        }
        errno => Error::system(operation, object.as_bytes(), errno),
    }
}

fn check(operation: &'static str, range: AddressRange) -> Result<(), Error> {
    let page = page_size() as u64;
    if range.length() == 0 || !range.start().is_multiple_of(page) || !range.end().is_multiple_of(page) {
        let accepted = format!("a range is of whole pages of {page} bytes, at least one");
        return Err(Error::invalid(operation, range.to_string().as_bytes(), accepted));
    }
    Ok(())
}

#[cold]
fn unmapped(operation: &'static str, range: AddressRange) -> Error {
    Error::invalid(operation, range.to_string().as_bytes(), "not all of it is mapped")
}
