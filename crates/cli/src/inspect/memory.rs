use std::io;

use linux_support::{
    base::{Machine, Reading},
    memory::{
        MemoryInformation, SamePageMerging, Swap, SystemPressure, VirtualMemoryStatistics,
        block::MemoryBlocks,
        huge_page::{self, HugePagePool, TransparentHugePages},
        numa::{self, Node, NodeSets},
        zone::{self, FreeBlocks, ZoneInformation},
    },
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell, reading};

/// How memory is used.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Memory {
    meminfo: Reading<MemoryInformation>,
    vmstat: Reading<VirtualMemoryStatistics>,
    swaps: Reading<Vec<Swap>>,
    pressure: SystemPressure,
    huge_page_pools: Reading<Vec<HugePagePool>>,
    transparent_huge_pages: Reading<TransparentHugePages>,
    same_page_merging: Reading<SamePageMerging>,
    node_sets: NodeSets,
    nodes: Reading<Vec<Node>>,
    blocks: Reading<MemoryBlocks>,
    zones: Reading<Vec<ZoneInformation>>,
    free_blocks: Reading<Vec<FreeBlocks>>,
}

impl Memory {
    pub(crate) fn read(machine: &Machine) -> Self {
        Self {
            meminfo: MemoryInformation::read(machine).into(),
            vmstat: VirtualMemoryStatistics::read(machine).into(),
            swaps: Swap::read_all(machine).into(),
            pressure: SystemPressure::read(machine),
            huge_page_pools: huge_page::pools(machine).into(),
            transparent_huge_pages: TransparentHugePages::read(machine).into(),
            same_page_merging: SamePageMerging::read(machine).into(),
            node_sets: NodeSets::read(machine),
            nodes: numa::nodes(machine).into(),
            blocks: MemoryBlocks::read(machine).into(),
            zones: zone::zones(machine).into(),
            free_blocks: FreeBlocks::read_all(machine).into(),
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
        page.heading("Swap")?;
        if let Some(swaps) = page.or_why(&self.swaps)? {
            if swaps.is_empty() {
                page.line("  none")?;
            } else {
                let mut table = Table::new(&[
                    ("PATH", Align::Left),
                    ("SIZE", Align::Right),
                    ("USED", Align::Right),
                    ("PRIORITY", Align::Right),
                ]);
                for swap in swaps {
                    table.row([cell(&swap.path), cell(swap.size), cell(swap.used), cell(swap.priority)]);
                }
                page.table(table)?;
            }
        }
        self.show_pressure(page)?;
        self.show_zones(page)?;
        page.heading("Memory blocks")?;
        if let Some(blocks) = page.or_why(&self.blocks)? {
            let mut values = vec![("block size", blocks.block_size.to_string())];
            values.extend(blocks.ranges(|a, b| a.state == b.state && a.nodes == b.nodes).iter().map(
                |range| {
                    let state = match range.first.state.as_result() {
                        Ok(state) => format!("{state:?}").to_lowercase(),
                        Err(error) => format!("({})", error.reason()),
                    };
                    let blocks = format!(
                        "{}-{} of node {}: {state}",
                        range.first.number, range.last.number, range.first.nodes
                    );
                    ("blocks", blocks)
                },
            ));
            page.values(&values)?;
        }
        Ok(())
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

    fn show_zones(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Zones")?;
        let Some(zones) = page.or_why(&self.zones)? else { return Ok(()) };
        let mut table = Table::new(&[
            ("NODE", Align::Right),
            ("ZONE", Align::Left),
            ("PAGES", Align::Right),
            ("FREE", Align::Right),
            ("MIN", Align::Right),
            ("LOW", Align::Right),
            ("HIGH", Align::Right),
            ("FREE BLOCKS BY ORDER", Align::Left),
        ]);
        let blocks = self.free_blocks.value().map(Vec::as_slice).unwrap_or_default();
        for zone in zones {
            let pages = |pages: Option<linux_support::base::Pages>| {
                cell(pages.map_or_else(|| "-".to_owned(), |pages| pages.to_string()))
            };
            let blocks = blocks.iter().find(|blocks| blocks.node == zone.node && blocks.zone == zone.zone);
            let counts = blocks.map(|blocks| blocks.counts.as_slice()).unwrap_or_default();
            let counts: Vec<_> = counts.iter().map(u64::to_string).collect();
            table.row([
                cell(zone.node),
                cell(&zone.zone),
                pages(zone.managed),
                pages(zone.free),
                pages(zone.watermarks.min),
                pages(zone.watermarks.low),
                pages(zone.watermarks.high),
                cell(counts.join(" ")),
            ]);
        }
        page.table(table)
    }

    fn show_pressure(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Pressure")?;
        let mut table = Table::new(&[
            ("RESOURCE", Align::Left),
            ("WAITING", Align::Left),
            ("10 S", Align::Right),
            ("1 MIN", Align::Right),
            ("5 MIN", Align::Right),
            ("ALTOGETHER", Align::Right),
        ]);
        let resources = [
            ("cpu", &self.pressure.cpu),
            ("memory", &self.pressure.memory),
            ("io", &self.pressure.io),
            ("irq", &self.pressure.irq),
        ];
        for (name, pressure) in resources {
            match pressure.as_result() {
                Ok(pressure) => {
                    for (who, stall) in [("some", pressure.some), ("full", pressure.full)] {
                        let Some(stall) = stall else { continue };
                        table.row([
                            cell(name),
                            cell(who),
                            cell(stall.last_ten_seconds),
                            cell(stall.last_minute),
                            cell(stall.last_five_minutes),
                            cell(format_args!("{:.1} s", stall.total.as_secs_f64())),
                        ]);
                    }
                }
                Err(error) => table.row_of(vec![cell(name), cell(format_args!("({})", error.reason()))]),
            }
        }
        page.table(table)
    }
}

/// Whether a field of meminfo is a plain number.
fn is_count(name: &str) -> bool {
    name.starts_with("HugePages_")
}
