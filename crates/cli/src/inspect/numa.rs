use std::io;

use linux_support::{
    base::{Bytes, CpuSet, Machine, NumaNodeSet, Reading},
    memory::{
        block::HotplugSettings,
        huge_page::{self, HugePagePool},
        numa::{
            self, DEMOTION, InterleaveWeights, MemoryPolicy, MemoryTier, Node, NodeSets, NodeStatistics,
            NumaBalancing, ReclaimSettings,
        },
    },
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell, reading};

/// Nodes, and what the kernel does of its own accord with their memory.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Numa {
    sets: NodeSets,
    nodes: Reading<Vec<Node>>,
    /// The tiers of memory, the fastest first.
    tiers: Reading<Vec<MemoryTier>>,
    /// Whether pages that are little used go to a slower tier.
    demotion: Reading<bool>,
    interleave_weights: Reading<InterleaveWeights>,
    balancing: NumaBalancing,
    reclaim: ReclaimSettings,
    hotplug: HotplugSettings,
    huge_page_pools: Reading<Vec<HugePagePool>>,
    /// What this program itself may use; not of a captured machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    own: Option<Own>,
}

/// What this program itself may use: what it starts inherits it.
#[derive(Debug, Serialize, JsonSchema)]
struct Own {
    policy: Reading<MemoryPolicy>,
    /// The CPUs on which it may run.
    cpus: Reading<CpuSet>,
    /// The nodes that have these CPUs.
    nodes: Reading<NumaNodeSet>,
    /// The nodes from which it may have memory.
    memory_nodes: Reading<NumaNodeSet>,
}

impl Own {
    fn read(machine: &Machine) -> Self {
        let cpus = numa::thread_cpus();
        let nodes = cpus.as_ref().map_err(Clone::clone).and_then(|cpus| {
            let mut nodes = NumaNodeSet::new();
            for node in &numa::online(machine)? {
                if !numa::cpus_of_nodes(machine, &node.into())?.is_disjoint(cpus) {
                    nodes.insert(node);
                }
            }
            Ok(nodes)
        });
        Self {
            policy: numa::thread_policy().into(),
            cpus: cpus.into(),
            nodes: nodes.into(),
            memory_nodes: numa::allowed_nodes().into(),
        }
    }
}

impl Numa {
    pub(crate) fn read(machine: &Machine) -> Self {
        Self {
            sets: NodeSets::read(machine),
            nodes: numa::nodes(machine).into(),
            tiers: MemoryTier::read_all(machine).into(),
            demotion: DEMOTION.read(machine).into(),
            interleave_weights: InterleaveWeights::read(machine).into(),
            balancing: NumaBalancing::read(machine),
            reclaim: ReclaimSettings::read(machine),
            hotplug: HotplugSettings::read(machine),
            huge_page_pools: huge_page::pools(machine).into(),
            own: machine.is_live().then(|| Own::read(machine)),
        }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Nodes")?;
        let Some(nodes) = page.or_why(&self.nodes)? else { return Ok(()) };
        self.show_nodes(page, nodes)?;
        show_distances(page, nodes)?;
        show_access(page, nodes)?;
        show_caches(page, nodes)?;
        self.show_tiers(page)?;
        self.show_own(page)?;
        show_statistics(page, nodes)?;
        show_memory(page, nodes)?;
        self.show_huge_pages(page, nodes)?;
        self.show_settings(page)
    }

    fn show_nodes(&self, page: &mut Page<'_>, nodes: &[Node]) -> io::Result<()> {
        page.values(&[
            ("available", format!("{} ({})", nodes.len(), self.sets.online)),
            ("possible", self.sets.possible.to_string()),
            ("with CPUs", self.sets.has_cpu.to_string()),
            ("with memory", self.sets.has_memory.to_string()),
            ("with memory only", self.memory_only()),
        ])?;
        let mut table = Table::new(&[
            ("NODE", Align::Right),
            ("CPUS", Align::Left),
            ("SIZE", Align::Right),
            ("FREE", Align::Right),
            ("TIER", Align::Right),
            ("WEIGHT", Align::Right),
            ("FAILED PAGES", Align::Right),
        ]);
        let tiers = self.tiers.value().map(Vec::as_slice).unwrap_or_default();
        for node in nodes {
            let memory = node.memory.value();
            let weight = self.interleave_weights.value().and_then(|weights| weights.weight(node.node));
            let failures = node.memory_failures.value().and_then(|failures| failures.total.value());
            table.row([
                cell(node.node),
                reading(&node.cpus),
                cell(or_dash(memory.and_then(|memory| memory.mem_total).map(mebibytes))),
                cell(or_dash(memory.and_then(|memory| memory.mem_free).map(mebibytes))),
                cell(or_dash(MemoryTier::of(tiers, node.node).map(|tier| tier.number))),
                cell(or_dash(weight)),
                cell(or_dash(failures)),
            ]);
        }
        page.table(table)
    }

    /// The nodes that have memory and no CPUs.
    fn memory_only(&self) -> String {
        match (self.sets.has_memory.as_result(), self.sets.has_cpu.as_result()) {
            (Ok(with_memory), Ok(with_cpus)) => {
                let nodes = with_memory - with_cpus;
                if nodes.is_empty() { "none".to_owned() } else { nodes.to_string() }
            }
            (Err(error), _) | (_, Err(error)) => format!("({})", error.reason()),
        }
    }

    fn show_tiers(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Tiers")?;
        if let Some(tiers) = page.or_why(&self.tiers)? {
            let mut values: Vec<_> =
                tiers.iter().map(|tier| ("tier", format!("{}: nodes {}", tier.number, tier.nodes))).collect();
            values.push(("demotion", on_or_off(&self.demotion)));
            page.values(&values)?;
        }
        Ok(())
    }

    fn show_own(&self, page: &mut Page<'_>) -> io::Result<()> {
        let Some(own) = &self.own else { return Ok(()) };
        page.heading("This program")?;
        page.values(&[
            ("policy", own.policy.to_string()),
            ("CPUs", own.cpus.to_string()),
            ("nodes of the CPUs", own.nodes.to_string()),
            ("nodes for memory", own.memory_nodes.to_string()),
        ])
    }

    fn show_huge_pages(&self, page: &mut Page<'_>, nodes: &[Node]) -> io::Result<()> {
        page.heading("Huge pages by node")?;
        let Some(pools) = page.or_why(&self.huge_page_pools)? else { return Ok(()) };
        let mut table = Table::new(&[
            ("NODE", Align::Right),
            ("SIZE", Align::Right),
            ("TOTAL", Align::Right),
            ("FREE", Align::Right),
            ("SURPLUS", Align::Right),
        ]);
        for node in nodes {
            for pool in pools {
                let of_node = pool.nodes.iter().find(|of_node| of_node.node == node.node);
                let Some(of_node) = of_node else { continue };
                table.row([
                    cell(node.node),
                    cell(pool.size),
                    reading(&of_node.total),
                    reading(&of_node.free),
                    reading(&of_node.surplus),
                ]);
            }
        }
        page.table(table)
    }

    fn show_settings(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Balancing, reclaim and hotplug")?;
        let scan = &self.balancing.scan;
        let milliseconds = |time: &Reading<u32>| or_reason(time, |time| format!("{time} ms"));
        let percent = |ratio: &Reading<u32>| or_reason(ratio, |ratio| format!("{ratio} %"));
        let reclaim = &self.reclaim;
        page.values(&[
            ("balancing", self.balancing.mode.to_string()),
            ("promotion in a second", or_reason(&self.balancing.promotion_rate_limit, ToString::to_string)),
            ("scan delay", milliseconds(&scan.delay_milliseconds)),
            ("scan period, shortest", milliseconds(&scan.period_min_milliseconds)),
            ("scan period, longest", milliseconds(&scan.period_max_milliseconds)),
            ("scan size", or_reason(&scan.size, ToString::to_string)),
            ("hot within", milliseconds(&scan.hot_threshold_milliseconds)),
            ("weights", weights(&self.interleave_weights)),
            ("zone reclaim mode", reclaim.zone_reclaim_mode.to_string()),
            ("unmapped pages, least", percent(&reclaim.min_unmapped_ratio)),
            ("slab, least", percent(&reclaim.min_slab_ratio)),
            ("watermark scale", reclaim.watermark_scale_factor.to_string()),
            ("watermark boost", reclaim.watermark_boost_factor.to_string()),
            ("kept free", or_reason(&reclaim.min_free, ToString::to_string)),
            ("statistics", on_or_off(&reclaim.numa_statistics)),
            ("plugged in memory", self.hotplug.auto_online.to_string()),
            ("online policy", self.hotplug.online_policy.to_string()),
        ])
    }
}

/// How far each node is from each.
fn show_distances(page: &mut Page<'_>, nodes: &[Node]) -> io::Result<()> {
    page.heading("Distances")?;
    let names: Vec<_> = nodes.iter().map(|node| node.node.to_string()).collect();
    let mut columns = vec![("NODE", Align::Right)];
    columns.extend(names.iter().map(|name| (&**name, Align::Right)));
    let mut table = Table::new(&columns);
    for node in nodes {
        let distances = node.distances.value().map(Vec::as_slice).unwrap_or_default();
        let mut row = vec![cell(node.node)];
        row.extend(distances.iter().map(cell));
        table.row_of(row);
    }
    page.table(table)
}

/// How fast the nodes nearest to each node reach its memory, where the firmware tells.
fn show_access(page: &mut Page<'_>, nodes: &[Node]) -> io::Result<()> {
    if nodes.iter().all(|node| node.access.is_empty()) {
        return Ok(());
    }
    page.heading("Speed of memory (HMAT)")?;
    let mut table = Table::new(&[
        ("NODE", Align::Right),
        ("NEAREST", Align::Left),
        ("FROM NODES", Align::Left),
        ("READ MB/S", Align::Right),
        ("WRITE MB/S", Align::Right),
        ("READ NS", Align::Right),
        ("WRITE NS", Align::Right),
    ]);
    for node in nodes {
        for access in &node.access {
            let class = match access.class {
                numa::AccessClass::Any => "of all".to_owned(),
                numa::AccessClass::Cpus => "with CPUs".to_owned(),
                other => format!("{other:?}"),
            };
            table.row([
                cell(node.node),
                cell(class),
                cell(&access.initiators),
                reading(&access.performance.read_bandwidth_mb_per_second),
                reading(&access.performance.write_bandwidth_mb_per_second),
                reading(&access.performance.read_latency_nanoseconds),
                reading(&access.performance.write_latency_nanoseconds),
            ]);
        }
    }
    page.table(table)
}

/// The caches between each node's memory and the rest of the machine.
fn show_caches(page: &mut Page<'_>, nodes: &[Node]) -> io::Result<()> {
    if nodes.iter().all(|node| node.memory_side_caches.is_empty()) {
        return Ok(());
    }
    page.heading("Memory-side caches")?;
    let mut table = Table::new(&[
        ("NODE", Align::Right),
        ("LEVEL", Align::Right),
        ("SIZE", Align::Right),
        ("LINE", Align::Right),
    ]);
    for node in nodes {
        for cache in &node.memory_side_caches {
            table.row([cell(node.node), cell(cache.level), reading(&cache.size), reading(&cache.line_size)]);
        }
    }
    page.table(table)
}

/// As `numastat` has them: pages since the machine was started.
fn show_statistics(page: &mut Page<'_>, nodes: &[Node]) -> io::Result<()> {
    page.heading("Allocations, in pages")?;
    let of = |statistics: &NodeStatistics| -> Vec<_> { statistics.iter().collect() };
    by_node(
        page,
        nodes,
        |node| node.statistics.value().map(of).unwrap_or_default(),
        |pages| pages.to_string(),
    )
}

/// As `numastat -m` has it.
fn show_memory(page: &mut Page<'_>, nodes: &[Node]) -> io::Result<()> {
    page.heading("Memory by node, in MiB")?;
    let rows = |node: &Node| -> Vec<(String, u64)> {
        let Some(memory) = node.memory.value() else { return Vec::new() };
        let sizes = memory.iter().filter(|(name, _)| !name.starts_with("HugePages_"));
        sizes.map(|(name, value)| (name.to_string(), value)).collect()
    };
    by_node(page, nodes, rows, |bytes| format!("{:.2}", bytes as f64 / f64::from(1 << 20)))
}

/// A row for each name, a column for each node.
fn by_node<N: PartialEq + ToString>(
    page: &mut Page<'_>,
    nodes: &[Node],
    rows: impl Fn(&Node) -> Vec<(N, u64)>,
    shown: impl Fn(u64) -> String,
) -> io::Result<()> {
    let names: Vec<_> = nodes.iter().map(|node| format!("NODE {}", node.node)).collect();
    let mut columns = vec![("NAME", Align::Left)];
    columns.extend(names.iter().map(|name| (&**name, Align::Right)));
    columns.push(("TOTAL", Align::Right));
    let mut table = Table::new(&columns);
    let of_nodes: Vec<_> = nodes.iter().map(rows).collect();
    for (name, _) in of_nodes.first().into_iter().flatten() {
        let values: Vec<_> = of_nodes
            .iter()
            .map(|rows| rows.iter().find(|(other, _)| other == name).map(|(_, value)| *value))
            .collect();
        let total = values.iter().flatten().fold(0u64, |sum, value| sum.saturating_add(*value));
        let mut row = vec![cell(name.to_string())];
        row.extend(values.into_iter().map(|value| cell(or_dash(value.map(&shown)))));
        row.push(cell(shown(total)));
        table.row_of(row);
    }
    page.table(table)
}

fn mebibytes(bytes: Bytes) -> String {
    format!("{} MiB", bytes.get() >> 20)
}

fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn or_reason<T>(reading: &Reading<T>, shown: impl FnOnce(&T) -> String) -> String {
    match reading.as_result() {
        Ok(value) => shown(value),
        Err(error) => format!("({})", error.reason()),
    }
}

fn on_or_off(reading: &Reading<bool>) -> String {
    or_reason(reading, |on| if *on { "on" } else { "off" }.to_owned())
}

fn weights(reading: &Reading<InterleaveWeights>) -> String {
    or_reason(reading, |weights| match weights.automatic.value() {
        Some(true) => "by the bandwidths that the firmware tells".to_owned(),
        _ => "as they were set".to_owned(),
    })
}
