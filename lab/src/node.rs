//! NUMA nodes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{CpuList, Size};

/// A NUMA node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its CPUs; a node may have none.
    #[serde(default)]
    pub cpus: CpuList,
    /// Its memory.
    pub memory: Size,
    /// The distance to each node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distances: Vec<u32>,
    /// The node whose CPUs are nearest, where this one has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator: Option<usize>,
    /// How long a CPU of this node waits for the memory of each node, in nanoseconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latency: Vec<u32>,
    /// How much a CPU of this node can read from the memory of each node, in MiB per second.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bandwidth: Vec<u32>,
    /// How many huge pages of which size are set aside here at boot.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub huge_pages: BTreeMap<Size, u32>,
}
