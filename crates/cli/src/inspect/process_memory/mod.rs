//! What one process has mapped.

mod palette;
mod picture;

use std::{collections::BTreeMap, io};

use linux_support::{
    base::{Bytes, Error, Machine, NumaNode, Reason},
    memory::mapping::{KindTotal, MappedRange, MappingTotal, MemoryMap},
    process::Process,
};
use rustix::io::Errno;
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell};

/// What one process has mapped.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProcessMemory {
    /// All mappings together.
    total: MappingTotal,
    /// The mappings of each kind together.
    kinds: Vec<KindTotal>,
    #[serde(flatten)]
    map: MemoryMap,
}

impl ProcessMemory {
    pub(crate) fn read(machine: &Machine, process: &Process<'_>) -> Result<Self, Error> {
        let mut map =
            MemoryMap::read(machine, process.directory()).map_err(|error| explained(machine, error))?;
        map.nodes_unavailable = map.nodes_unavailable.map(|error| explained(machine, error));
        Ok(Self { total: map.total(), kinds: map.totals(), map })
    }

    /// Reads the files that tell what a process has mapped, for what that leaves in a recording.
    pub(crate) fn visit(machine: &Machine, process: &Process<'_>) {
        // What can't be read is remembered with the reason.
        let _ = process.directory().read("smaps_rollup");
        let _ = MemoryMap::read(machine, process.directory());
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Memory")?;
        let total = &self.total;
        let mut values = vec![
            ("mappings", total.mappings.to_string()),
            ("size", total.size.to_string()),
            ("resident", shown(total.resident)),
            ("proportional", shown(total.proportional)),
            ("swapped", shown(total.swapped)),
            ("locked", shown(total.locked)),
            ("on transparent huge pages", shown(total.transparent_huge)),
        ];
        let pools: Vec<_> = total
            .pools
            .iter()
            .map(|pool| format!("{} on pages of {}", pool.resident, pool.page_size))
            .collect();
        values.push((
            "from pools of huge pages",
            if pools.is_empty() { "none".into() } else { pools.join("\n") },
        ));
        if let Some(error) = &self.map.nodes_unavailable {
            values.push(("nodes", format!("({error})")));
        }
        page.values(&values)?;
        page.heading("By kind")?;
        self.show_kinds(page)?;
        page.heading("Mappings")?;
        self.show_mappings(page)
    }

    /// How much is known to be on each node that has a part of it.
    fn on_nodes(&self) -> BTreeMap<NumaNode, Bytes> {
        let mut nodes = BTreeMap::new();
        for on in self.map.mappings.iter().filter_map(|mapping| mapping.nodes.as_ref()).flatten() {
            let sum: &mut Bytes = nodes.entry(on.node).or_default();
            *sum = [*sum, on.resident].into_iter().sum();
        }
        nodes
    }

    fn show_kinds(&self, page: &mut Page<'_>) -> io::Result<()> {
        let nodes: Vec<_> = self.on_nodes().into_keys().collect();
        let names: Vec<_> = nodes.iter().map(|node| format!("NODE {node}")).collect();
        let mut columns = vec![
            ("KIND", Align::Left),
            ("MAPPINGS", Align::Right),
            ("SIZE", Align::Right),
            ("RESIDENT", Align::Right),
            ("PROPORTIONAL", Align::Right),
            ("SWAPPED", Align::Right),
            ("TRANSPARENT HUGE", Align::Right),
        ];
        let pools: Vec<_> = self.total.pools.iter().map(|pool| format!("POOL {}", pool.page_size)).collect();
        columns.extend(pools.iter().map(|name| (name.as_str(), Align::Right)));
        columns.extend(names.iter().map(|name| (name.as_str(), Align::Right)));
        let mut table = Table::new(&columns);
        for KindTotal { kind, total, .. } in &self.kinds {
            let mut cells = vec![
                cell(kind),
                cell(total.mappings),
                cell(total.size),
                cell(shown(total.resident)),
                cell(shown(total.proportional)),
                cell(shown(total.swapped)),
                cell(shown(total.transparent_huge)),
            ];
            cells.extend(self.total.pools.iter().map(|pool| {
                let found = total.pools.iter().find(|known| known.page_size == pool.page_size);
                cell(found.map_or(Bytes::new(0), |found| found.resident))
            }));
            cells.extend(nodes.iter().map(|node| {
                let on = total.nodes.as_ref().map(|nodes| nodes.iter().find(|on| on.node == *node));
                cell(shown(on.map(|on| on.map_or(Bytes::new(0), |on| on.resident))))
            }));
            table.row_of(cells);
        }
        page.table(table)
    }

    fn show_mappings(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut table = Table::new(&[
            ("ADDRESSES", Align::Left),
            ("MAY", Align::Left),
            ("KIND", Align::Left),
            ("SIZE", Align::Right),
            ("RESIDENT", Align::Right),
            ("SWAPPED", Align::Right),
            ("HUGE", Align::Right),
            ("NODES", Align::Left),
            ("NAME", Align::Left),
        ]);
        for mapping in &self.map.mappings {
            table.row([
                cell(mapping.range),
                cell(mapping.permissions),
                cell(mapping.kind),
                cell(Bytes::new(mapping.range.length())),
                cell(shown(mapping.resident())),
                cell(shown(swapped(mapping))),
                cell(huge(mapping)),
                cell(nodes(mapping)),
                cell(&mapping.raw_name),
            ]);
        }
        page.table(table)
    }
}

/// Says of a file that a captured machine lacks what to do about it.
fn explained(machine: &Machine, error: Error) -> Error {
    let advice = match error.reason() {
        _ if machine.is_live() => return error,
        Reason::System(Errno::FBIG) => {
            "was left out of the capture, as too large: capture with a larger --process-memory"
        }
        // Without this file, the kernel has no nodes; a capture has it wherever it has the other.
        _ if error.object().ends_with(b"/numa_maps") => return error,
        _ if error.is_absent() => {
            "is not in the capture: that was made by an older version, with --process-memory 0, or of a kernel without \
             CONFIG_PROC_PAGE_MONITOR"
        }
        _ => return error,
    };
    Error::new(error.operation(), error.object().clone(), Reason::Invalid(advice.to_owned()))
}

fn swapped(mapping: &MappedRange) -> Option<Bytes> {
    mapping.memory.as_ref()?.get(linux_support::memory::mapping::Field::Swap)
}

fn shown(size: Option<Bytes>) -> String {
    size.map_or_else(|| "-".to_owned(), |size| size.to_string())
}

/// What is on huge pages: of a pool, with the size of its pages, or transparent ones.
fn huge(mapping: &MappedRange) -> String {
    match (mapping.pool_pages(), mapping.transparent_huge()) {
        (Some((size, resident)), _) => format!("{resident} of {size}"),
        (None, Some(resident)) if resident > Bytes::new(0) => resident.to_string(),
        _ => "-".to_owned(),
    }
}

/// What is on each node: `0:4 KiB 1:8 MiB`.
fn nodes(mapping: &MappedRange) -> String {
    match mapping.nodes.as_deref() {
        None | Some([]) => "-".to_owned(),
        Some(nodes) => {
            nodes.iter().map(|on| format!("{}:{}", on.node, on.resident)).collect::<Vec<_>>().join(" ")
        }
    }
}
