//! How memory is used.

mod blocks;
mod merging;
mod monitors;
mod page_types;
mod pressure;
mod promised;
mod shared_segments;
mod slabs;
mod swap;
mod zones;

use std::io;

use linux_support::{
    base::{Machine, Reading},
    memory::{
        AccessMonitor, MemoryInformation, SamePageMerging, Swap, SystemPressure, SystemVSegment,
        VirtualMemoryStatistics,
        block::MemoryBlocks,
        huge_page::{self, HugePagePool, TransparentHugePages},
        numa::{self, Node, NodeSets},
        zone::{self, FreeBlocks, PageTypes, ZoneInformation},
    },
};
use schemars::JsonSchema;
use serde::Serialize;

use self::{promised::Promised, slabs::Slabs};
use crate::presentation::{Align, Page, Table, cell, reading};

/// How memory is used.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Memory {
    meminfo: Reading<MemoryInformation>,
    vmstat: Reading<VirtualMemoryStatistics>,
    #[serde(rename = "overcommit")]
    promised: Promised,
    swaps: Reading<Vec<Swap>>,
    pressure: SystemPressure,
    huge_page_pools: Reading<Vec<HugePagePool>>,
    transparent_huge_pages: Reading<TransparentHugePages>,
    same_page_merging: Reading<SamePageMerging>,
    /// The monitors of data access (DAMON) that are set up.
    access_monitors: Reading<Vec<AccessMonitor>>,
    /// The segments of System V shared memory in this namespace.
    shared_segments: Reading<Vec<SystemVSegment>>,
    node_sets: NodeSets,
    nodes: Reading<Vec<Node>>,
    blocks: Reading<MemoryBlocks>,
    zones: Reading<Vec<ZoneInformation>>,
    free_blocks: Reading<Vec<FreeBlocks>>,
    /// Which kinds of page the free blocks are for.
    page_types: Reading<PageTypes>,
    /// The caches of the kernel's slab allocator.
    slabs: Reading<Slabs>,
}

impl Memory {
    pub(crate) fn read(machine: &Machine) -> Self {
        let meminfo = MemoryInformation::read(machine).into();
        Self {
            promised: Promised::read(machine, &meminfo),
            meminfo,
            vmstat: VirtualMemoryStatistics::read(machine).into(),
            swaps: Swap::read_all(machine).into(),
            pressure: SystemPressure::read(machine),
            huge_page_pools: huge_page::pools(machine).into(),
            transparent_huge_pages: TransparentHugePages::read(machine).into(),
            same_page_merging: SamePageMerging::read(machine).into(),
            access_monitors: AccessMonitor::read_all(machine).into(),
            shared_segments: SystemVSegment::read_all(machine).into(),
            node_sets: NodeSets::read(machine),
            nodes: numa::nodes(machine).into(),
            blocks: MemoryBlocks::read(machine).into(),
            zones: zone::zones(machine).into(),
            free_blocks: FreeBlocks::read_all(machine).into(),
            page_types: PageTypes::read(machine).into(),
            slabs: Slabs::read(machine).into(),
        }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Memory")?;
        if let Some(meminfo) = page.or_why(&self.meminfo)? {
            let values: Vec<_> = meminfo
                .iter()
                .map(|(name, value)| {
                    let shown = if is_count(name) {
                        value.to_string()
                    } else {
                        linux_support::base::Bytes::new(value).to_string()
                    };
                    (name, format!("{shown:>10}"))
                })
                .collect();
            page.values(&values)?;
        }
        self.show_nodes(page)?;
        self.show_huge_pages(page)?;
        self.promised.show(page)?;
        swap::show(page, &self.swaps)?;
        pressure::show(page, &self.pressure)?;
        shared_segments::show(page, &self.shared_segments)?;
        merging::show(page, &self.same_page_merging)?;
        monitors::show(page, &self.access_monitors)?;
        zones::show(page, &self.zones, &self.free_blocks)?;
        page_types::show(page, &self.page_types)?;
        slabs::show(page, &self.slabs)?;
        blocks::show(page, &self.blocks)
    }

    fn show_nodes(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("NUMA nodes")?;
        let Some(nodes) = page.or_why(&self.nodes)? else { return Ok(()) };
        let mut table = Table::new(&[
            ("NODE", Align::Right),
            ("CPUS", Align::Left),
            ("TOTAL", Align::Right),
            ("FREE", Align::Right),
            ("HIT", Align::Right),
            ("MISS", Align::Right),
            ("FOREIGN", Align::Right),
        ]);
        for node in nodes {
            let memory = node.memory.value();
            let size = |bytes: Option<linux_support::base::Bytes>| {
                cell(bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string()))
            };
            let count =
                |count: Option<u64>| cell(count.map_or_else(|| "-".to_owned(), |count| count.to_string()));
            let statistics = node.statistics.value();
            table.row([
                cell(node.node),
                reading(&node.cpus),
                size(memory.and_then(|memory| memory.mem_total)),
                size(memory.and_then(|memory| memory.mem_free)),
                count(statistics.and_then(|statistics| statistics.numa_hit)),
                count(statistics.and_then(|statistics| statistics.numa_miss)),
                count(statistics.and_then(|statistics| statistics.numa_foreign)),
            ]);
        }
        page.table(table)
    }

    fn show_huge_pages(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Huge pages")?;
        if let Some(pools) = page.or_why(&self.huge_page_pools)? {
            let mut table = Table::new(&[
                ("SIZE", Align::Right),
                ("TOTAL", Align::Right),
                ("FREE", Align::Right),
                ("RESERVED", Align::Right),
                ("SURPLUS", Align::Right),
                ("OVERCOMMIT", Align::Right),
                ("BY NODE", Align::Left),
            ]);
            for pool in pools {
                let nodes: Vec<_> =
                    pool.nodes.iter().map(|node| format!("{}:{}", node.node, node.total)).collect();
                table.row([
                    cell(pool.size),
                    reading(&pool.total),
                    reading(&pool.free),
                    reading(&pool.reserved),
                    reading(&pool.surplus),
                    reading(&pool.overcommit),
                    cell(nodes.join(" ")),
                ]);
            }
            page.table(table)?;
        }
        page.heading("Transparent huge pages")?;
        let Some(transparent) = page.or_why(&self.transparent_huge_pages)? else { return Ok(()) };
        let chosen = |choice: &Reading<linux_support::base::Choice>| match choice.as_result() {
            Ok(choice) => choice.chosen.to_string(),
            Err(error) => format!("({})", error.reason()),
        };
        let mut values = vec![
            ("enabled", chosen(&transparent.enabled)),
            ("defrag", chosen(&transparent.defrag)),
            ("shared memory", chosen(&transparent.shmem_enabled)),
            ("size", transparent.page_size.to_string()),
        ];
        values.extend(
            transparent
                .sizes
                .iter()
                .map(|size| ("of size", format!("{}: {}", size.size, chosen(&size.enabled)))),
        );
        page.values(&values)
    }
}

/// Whether a field of meminfo is a plain number.
fn is_count(name: &str) -> bool {
    name.starts_with("HugePages_")
}
