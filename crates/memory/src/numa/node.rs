use linux_support_base::{
    Bytes, CpuSet, Error, FileKind, Machine, NumaNode, NumaNodeSet, ParseError, Reading, text,
};

use super::{Access, MemoryFailures, MemorySideCache, NEEDS, NodeStatistics, ROOT};
use crate::{MemoryInformation, VirtualMemoryStatistics};

/// A NUMA node.
///
/// # Source
/// `/sys/devices/system/node/nodeN`, Documentation/ABI/stable/sysfs-devices-node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Node {
    /// Its number.
    pub node: NumaNode,
    /// Its CPUs; none where it has memory only.
    pub cpus: Reading<CpuSet>,
    /// How its memory is used.
    pub memory: Reading<MemoryInformation>,
    /// How far each node that is online is from this one, by number: 10 is its own memory, 20 twice as slow.
    pub distances: Reading<Vec<u32>>,
    /// How allocations met their wishes.
    pub statistics: Reading<NodeStatistics>,
    /// The virtual memory statistics of this node.
    pub vmstat: Reading<VirtualMemoryStatistics>,
    /// Caches between its memory and the rest of the machine.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub memory_side_caches: Vec<MemorySideCache>,
    /// How fast its memory is, for those nearest to it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub access: Vec<Access>,
    /// Pages whose memory failed. Since Linux 6.3.
    pub memory_failures: Reading<MemoryFailures>,
    /// How much of its memory holds enclaves of SGX, on x86_64. Since Linux 5.17.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Reading::is_absent"))]
    pub sgx_total: Reading<Bytes>,
}

impl Node {
    /// Reads the node.
    ///
    /// # Errors
    /// There is no such node.
    pub fn read(machine: &Machine, node: NumaNode) -> Result<Self, Error> {
        let directory =
            machine.directory(format!("{ROOT}/node{node}")).map_err(|error| machine.explain(error, NEEDS))?;
        let cpus = directory.parse("cpulist", CpuSet::parse_list).or_else(|error| {
            // Kernels before 2.6.28 have the mask only.
            if error.is_absent() { directory.parse("cpumap", CpuSet::parse_mask) } else { Err(error) }
        });
        Ok(Self {
            node,
            cpus: cpus.into(),
            memory: directory.parse("meminfo", MemoryInformation::parse_node).into(),
            distances: directory.parse("distance", parse_distances).into(),
            statistics: directory.parse("numastat", NodeStatistics::parse).into(),
            vmstat: directory.parse("vmstat", VirtualMemoryStatistics::parse).into(),
            memory_side_caches: MemorySideCache::read_all(&directory),
            access: Access::read_all(&directory),
            memory_failures: MemoryFailures::read(&directory),
            sgx_total: directory
                .parse("x86/sgx_total_bytes", |bytes| text::decimal(text::trim(bytes)).map(Bytes::new))
                .into(),
        })
    }

    /// How much memory it has.
    #[must_use]
    pub fn size(&self) -> Option<Bytes> {
        self.memory.value()?.mem_total
    }
}

/// All nodes that are in use, by number.
///
/// # Errors
/// The kernel knows no nodes.
pub fn nodes(machine: &Machine) -> Result<Vec<Node>, Error> {
    let set = match super::online(machine) {
        Ok(set) => set,
        Err(error) => listed(machine).map_err(|_| error)?,
    };
    // A node that has gone since it was listed is not there.
    Ok(set.iter().filter_map(|node| Node::read(machine, node).ok()).collect())
}

/// The nodes that have a directory: for trees without the list.
fn listed(machine: &Machine) -> Result<NumaNodeSet, Error> {
    let entries = machine.entries(ROOT)?;
    let nodes = entries.iter().filter(|entry| entry.kind != FileKind::File);
    let nodes: NumaNodeSet = nodes
        .filter_map(|entry| NumaNode::parse(entry.name.as_bytes().strip_prefix(b"node")?).ok())
        .collect();
    match nodes.is_empty() {
        true => Err(Error::new("list", ROOT, linux_support_base::Reason::Absent)),
        false => Ok(nodes),
    }
}

fn parse_distances(bytes: &[u8]) -> Result<Vec<u32>, ParseError> {
    text::fields(text::trim(bytes)).map(text::decimal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_numbers_apart_by_spaces() {
        assert_eq!(parse_distances(b"10 21 31 21 \n"), Ok(vec![10, 21, 31, 21]));
        assert_eq!(parse_distances(b"\n"), Ok(vec![]));
        assert!(parse_distances(b"10 x").is_err());
    }

    #[test]
    fn every_node_of_this_machine_has_a_distance_to_every_other() {
        let nodes = nodes(&Machine::live().unwrap()).unwrap_or_default();
        for node in &nodes {
            assert_eq!(node.distances.value().unwrap().len(), nodes.len());
            assert_eq!(
                node.distances.value().unwrap()
                    [nodes.iter().position(|other| other.node == node.node).unwrap()],
                10
            );
        }
    }
}
