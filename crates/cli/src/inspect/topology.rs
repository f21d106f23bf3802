use std::io;

use linux_support::{
    base::{Bytes, CpuSet, Machine, NumaNode, Reading},
    cpu::{Caches, Topology},
    memory::numa::{self, NodeSets},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell, reading};

/// Where CPUs, caches and memory are.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MachineTopology {
    pub(super) topology: Reading<Topology>,
    pub(super) caches: Reading<Caches>,
    pub(super) node_sets: NodeSets,
    pub(super) nodes: Reading<Vec<NodeInTopology>>,
}

/// A NUMA node's place.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NodeInTopology {
    pub(super) node: NumaNode,
    pub(super) cpus: Reading<CpuSet>,
    /// How much memory it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) memory: Option<Bytes>,
    /// How far each node is, in the order of the nodes that are online: 10 is its own memory.
    pub(super) distances: Reading<Vec<u32>>,
}

impl MachineTopology {
    pub(crate) fn read(machine: &Machine) -> Self {
        let nodes = numa::nodes(machine).map(|nodes| {
            let place = |node: numa::Node| NodeInTopology {
                node: node.node,
                memory: node.size(),
                cpus: node.cpus,
                distances: node.distances,
            };
            nodes.into_iter().map(place).collect()
        });
        Self {
            topology: Topology::read(machine).into(),
            caches: Caches::read(machine).into(),
            node_sets: NodeSets::read(machine),
            nodes: nodes.into(),
        }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Topology")?;
        if let Some(topology) = page.or_why(&self.topology)? {
            self.show_packages(page, topology)?;
        }
        page.heading("Caches")?;
        if let Some(caches) = page.or_why(&self.caches)? {
            let mut table = Table::new(&[
                ("CACHE", Align::Left),
                ("SIZE", Align::Right),
                ("WAYS", Align::Right),
                ("LINE", Align::Right),
                ("SETS", Align::Right),
                ("CPUS", Align::Left),
            ]);
            for cache in &caches.list {
                let optional = |value: Option<String>| cell(value.as_deref().unwrap_or("-"));
                table.row([
                    cell(cache.name()),
                    optional(cache.size.map(|size| size.to_string())),
                    optional(cache.ways.map(|ways| ways.to_string())),
                    optional(cache.line_size.map(|size| size.to_string())),
                    optional(cache.sets.map(|sets| sets.to_string())),
                    cell(&cache.cpus),
                ]);
            }
            page.table(table)?;
        }
        page.heading("NUMA nodes")?;
        let Some(nodes) = page.or_why(&self.nodes)? else { return Ok(()) };
        let numbers: Vec<_> = nodes.iter().map(|node| format!("TO {}", node.node)).collect();
        let mut columns = vec![("NODE", Align::Right), ("CPUS", Align::Left), ("MEMORY", Align::Right)];
        columns.extend(numbers.iter().map(|number| (number.as_str(), Align::Right)));
        let mut table = Table::new(&columns);
        for node in nodes {
            let memory = node.memory.map(|memory| memory.to_string());
            let mut cells =
                vec![cell(node.node), reading(&node.cpus), cell(memory.as_deref().unwrap_or("-"))];
            let distances = node.distances.value().map(Vec::as_slice).unwrap_or_default();
            cells.extend(distances.iter().map(cell));
            table.row_of(cells);
        }
        page.table(table)
    }

    fn show_packages(&self, page: &mut Page<'_>, topology: &Topology) -> io::Result<()> {
        let mut table = Table::new(&[("PLACE", Align::Left), ("CPUS", Align::Left)]);
        let number = |id: Option<u32>| id.map_or_else(|| "?".to_owned(), |id| id.to_string());
        for package in &topology.packages {
            table.row([cell(format_args!("package {}", number(package.id))), cell(&package.cpus)]);
            for die in &package.dies {
                if die.id.is_some() && package.dies.len() > 1 {
                    table.row([cell(format_args!("  die {}", number(die.id))), cell(&die.cpus)]);
                }
                for cluster in &die.clusters {
                    table.row([cell(format_args!("  cluster {}", number(cluster.id))), cell(&cluster.cpus)]);
                }
                for core in &die.cores {
                    table.row([cell(format_args!("    core {}", number(core.id))), cell(&core.threads)]);
                }
            }
        }
        for kind in &topology.kinds {
            table.row([cell(format_args!("kind {}", kind.name)), cell(&kind.cpus)]);
        }
        if !topology.offline.is_empty() {
            table.row([cell("offline"), cell(&topology.offline)]);
        }
        if !topology.unplaced.is_empty() {
            table.row([cell("of unknown place"), cell(&topology.unplaced)]);
        }
        page.table(table)
    }
}
