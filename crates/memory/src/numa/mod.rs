//! NUMA nodes: parts of the machine's memory, each with the CPUs nearest to it.
//!
//! - [`nodes`] and [`NodeSets`]: which there are, and what each has.
//! - [`MemoryPolicy`]: from which nodes memory comes, for the thread ([`ThreadPolicy`]), for a range ([`set_policy`]), for
//!   memory that is being mapped ([`MapOptions::policy`](crate::mapping::MapOptions::policy)).
//! - [`placement`](fn@placement), [`move_pages`], [`migrate_pages`]: where pages are, and moving them.
//! - [`RunOn`]: threads on the CPUs of nodes.
//! - [`NodeExpression`]: nodes as numactl names them.
//! - [`MemoryTier`], [`DEMOTION`], [`NumaBalancing`], [`ReclaimSettings`]: what the kernel moves and reclaims of its own accord.

mod access;
mod balancing;
mod cache;
mod expression;
mod failure;
mod node;
mod placement;
mod policy;
mod reclaim;
mod run;
mod statistics;
mod tier;
mod weights;

use linux_support_base::{Error, Machine, NumaNodeSet, Pid, Reading, Requirement};

pub use access::{Access, AccessClass, Performance};
pub use balancing::{BalancingMode, BalancingScan, NumaBalancing};
pub use cache::{CacheAddressMode, CacheIndexing, CacheWritePolicy, MemorySideCache};
pub use expression::{CpuExpression, DeviceReference, NodeExpression, SetExpression};
pub use failure::MemoryFailures;
pub use node::{Node, nodes};
pub use placement::{MoveScope, PageStatus, migrate_pages, move_pages, placement};
pub use policy::{
    MemoryPolicy, Moving, PolicyFlags, PolicyMode, ThreadPolicy, allowed_nodes, next_interleaved_node,
    node_of_address, policy_of_address, set_home_node, set_policy, set_thread_policy, thread_policy,
};
pub use reclaim::{ReclaimSettings, ZoneReclaim, compact_node, reclaim_from_node};
pub use run::{RunOn, cpus_of_nodes, node_of_cpu, thread_cpus};
pub use statistics::NodeStatistics;
pub use tier::{DEMOTION, MemoryTier};
pub use weights::{
    InterleaveWeights, reset_interleave_weights, set_automatic_interleave_weights, set_interleave_weight,
};

const ROOT: &str = "/sys/devices/system/node";
const NEEDS: Requirement = Requirement::none().configuration("CONFIG_NUMA");

/// Which nodes there are, and what they have.
///
/// # Source
/// `/sys/devices/system/node`, Documentation/ABI/stable/sysfs-devices-node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NodeSets {
    /// Those that could be there.
    pub possible: Reading<NumaNodeSet>,
    /// Those that are in use.
    pub online: Reading<NumaNodeSet>,
    /// Those with CPUs.
    pub has_cpu: Reading<NumaNodeSet>,
    /// Those with memory.
    pub has_memory: Reading<NumaNodeSet>,
    /// Those with memory that the kernel can use for itself.
    pub has_normal_memory: Reading<NumaNodeSet>,
    /// Those with devices that read and write memory, and no CPUs. Since Linux 5.10.
    pub has_generic_initiator: Reading<NumaNodeSet>,
}

impl NodeSets {
    /// Reads the sets.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        let set = |name: &str| self::set(machine, name).into();
        Self {
            possible: set("possible"),
            online: set("online"),
            has_cpu: set("has_cpu"),
            has_memory: set("has_memory"),
            has_normal_memory: set("has_normal_memory"),
            has_generic_initiator: set("has_generic_initiator"),
        }
    }
}

/// The nodes that are in use.
///
/// # Errors
/// The kernel knows no nodes, or the file is malformed.
pub fn online(machine: &Machine) -> Result<NumaNodeSet, Error> {
    set(machine, "online")
}

fn set(machine: &Machine, name: &str) -> Result<NumaNodeSet, Error> {
    machine.parse_needing(format!("{ROOT}/{name}"), NEEDS, NumaNodeSet::parse_list)
}

/// What an error about a process is about.
fn object_of(process: Option<Pid>) -> String {
    process.map_or_else(|| "this process".into(), |process| format!("process {process}"))
}
