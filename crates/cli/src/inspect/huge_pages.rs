use std::io;

use linux_support::{
    base::{Bytes, Choice, Machine, Pid, Reading},
    kernel::CommandLine,
    memory::{
        Counter, VirtualMemoryStatistics,
        huge_page::{
            self, BootHugePages, HugePageMount, HugePagePool, HugePageSizes, TransparentHugePages,
            transparent_counters,
        },
        mapping::{Field, MemoryUse, smaps},
    },
    process::{ProcessName, ProcessRecord, processes},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell, reading};

/// Huge pages: those that are set aside, and transparent ones.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HugePages {
    sizes: HugePageSizes,
    pools: Reading<Vec<HugePagePool>>,
    mounts: Reading<Vec<HugePageMount>>,
    /// What the boot command line sets.
    boot: Reading<BootHugePages>,
    transparent: Reading<TransparentHugePages>,
    /// What happened with transparent huge pages, by the names of vmstat.
    transparent_counters: Reading<Vec<Count>>,
    /// The processes that are seen to be on huge pages.
    processes: Reading<Vec<Use>>,
}

/// A counter of vmstat.
#[derive(Debug, Serialize, JsonSchema)]
struct Count {
    name: &'static str,
    value: u64,
}

/// A process on huge pages.
#[derive(Debug, Serialize, JsonSchema)]
struct Use {
    pid: Pid,
    name: ProcessName,
    /// On pages of pools.
    pool: Bytes,
    /// Anonymous memory on transparent huge pages.
    anonymous: Bytes,
    /// Shared memory mapped with huge pages.
    shared: Bytes,
    /// Files mapped with huge pages.
    file: Bytes,
    /// Why only `pool` is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    unavailable: Option<linux_support::base::Error>,
}

impl HugePages {
    pub(crate) fn read(machine: &Machine) -> Self {
        let sizes = HugePageSizes::read(machine);
        let offered = sizes.offered.value().cloned().unwrap_or_default();
        // Without a default size there are no pools, and what is set for them is ignored.
        let boot = CommandLine::read(machine).and_then(|line| {
            let default = sizes.default.clone().into_result()?;
            Ok(BootHugePages::of(&line, &offered, default))
        });
        let transparent = TransparentHugePages::read(machine);
        let page = transparent.as_ref().ok().and_then(|settings| settings.page_size.value().copied());
        let counters = VirtualMemoryStatistics::read(machine).map(|statistics| {
            let count = |(counter, value): (Counter, u64)| Count { name: counter.as_str(), value };
            transparent_counters(&statistics).map(count).collect()
        });
        Self {
            pools: huge_page::pools(machine).into(),
            mounts: HugePageMount::read_all(machine).into(),
            boot: boot.into(),
            transparent_counters: counters.into(),
            processes: uses(machine, page.map_or(Bytes::new(u64::MAX), linux_support::base::PageSize::bytes))
                .into(),
            transparent: transparent.into(),
            sizes,
        }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Huge pages")?;
        let list = |sizes: &[linux_support::base::PageSize]| {
            let sizes: Vec<_> = sizes.iter().map(ToString::to_string).collect();
            if sizes.is_empty() { "-".to_owned() } else { sizes.join(", ") }
        };
        let offered = match self.sizes.offered.as_result() {
            Ok(sizes) => list(sizes),
            Err(error) => format!("({})", error.reason()),
        };
        page.values(&[
            ("sizes", offered),
            ("default", self.sizes.default.to_string()),
            ("of the processor", list(&self.sizes.of_processor)),
        ])?;
        self.show_pools(page)?;
        self.show_mounts(page)?;
        self.show_boot(page)?;
        self.show_transparent(page)?;
        self.show_processes(page)
    }

    fn show_pools(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Pools")?;
        let Some(pools) = page.or_why(&self.pools)? else { return Ok(()) };
        let mut table = Table::new(&[
            ("SIZE", Align::Right),
            ("NODE", Align::Right),
            ("TOTAL", Align::Right),
            ("FREE", Align::Right),
            ("RESERVED", Align::Right),
            ("SURPLUS", Align::Right),
            ("OVERCOMMIT", Align::Right),
        ]);
        for pool in pools {
            table.row([
                cell(pool.size),
                cell("all"),
                reading(&pool.total),
                reading(&pool.free),
                reading(&pool.reserved),
                reading(&pool.surplus),
                reading(&pool.overcommit),
            ]);
            for part in &pool.nodes {
                table.row([
                    cell(pool.size),
                    cell(part.node),
                    reading(&part.total),
                    reading(&part.free),
                    cell("-"),
                    reading(&part.surplus),
                    cell("-"),
                ]);
            }
        }
        page.table(table)
    }

    fn show_mounts(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Mounts of hugetlbfs")?;
        let Some(mounts) = page.or_why(&self.mounts)? else { return Ok(()) };
        if mounts.is_empty() {
            return page.line("  none");
        }
        let mut table = Table::new(&[
            ("PAGES OF", Align::Right),
            ("LIMIT", Align::Right),
            ("SET ASIDE", Align::Right),
            ("USER", Align::Right),
            ("GROUP", Align::Right),
            ("MODE", Align::Right),
            ("MOUNT POINT", Align::Left),
        ]);
        let size = |size: Option<Bytes>| cell(size.map_or_else(|| "-".to_owned(), |size| size.to_string()));
        for mount in mounts {
            let covered = if mount.visible { "" } else { " (covered)" };
            table.row([
                cell(mount.page_size),
                size(mount.size),
                size(mount.min_size),
                cell(mount.user),
                cell(mount.group),
                cell(format_args!("{:o}", mount.mode)),
                cell(format_args!("{}{covered}", mount.mount_point)),
            ]);
        }
        page.table(table)
    }

    fn show_boot(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Set at boot")?;
        let Some(boot) = page.or_why(&self.boot)? else { return Ok(()) };
        let text = boot.to_string();
        page.line(format_args!("  {}", if text.is_empty() { "nothing" } else { &text }))?;
        for ignored in &boot.ignored {
            page.line(format_args!("  {} is ignored: {}", ignored.text, ignored.reason))?;
        }
        Ok(())
    }

    fn show_transparent(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Transparent huge pages")?;
        let Some(transparent) = page.or_why(&self.transparent)? else { return Ok(()) };
        page.values(&[
            ("enabled", chosen(&transparent.enabled)),
            ("defrag", chosen(&transparent.defrag)),
            ("shared memory", chosen(&transparent.shmem_enabled)),
            ("page of zeros", transparent.use_zero_page.to_string()),
            ("size", transparent.page_size.to_string()),
        ])?;
        if !transparent.sizes.is_empty() {
            let mut table = Table::new(&[
                ("SIZE", Align::Right),
                ("ENABLED", Align::Left),
                ("SHARED MEMORY", Align::Left),
                ("FAULTS", Align::Right),
                ("FELL BACK", Align::Right),
                ("NOW", Align::Right),
                ("SPLIT", Align::Right),
            ]);
            for size in &transparent.sizes {
                let count = |name: &str| {
                    let count = size.statistics.value().and_then(|statistics| statistics.get(name));
                    cell(count.map_or_else(|| "-".to_owned(), |count| count.to_string()))
                };
                table.row([
                    cell(size.size),
                    cell(chosen(&size.enabled)),
                    cell(chosen(&size.shmem_enabled)),
                    count("anon_fault_alloc"),
                    count("anon_fault_fallback"),
                    count("nr_anon"),
                    count("split"),
                ]);
            }
            page.table(table)?;
        }
        if let Some(daemon) = page.or_why(&transparent.khugepaged)? {
            page.heading("Daemon khugepaged")?;
            page.values(&[
                ("pages to scan", daemon.pages_to_scan.to_string()),
                ("sleeps", format!("{} ms", daemon.scan_sleep_milliseconds)),
                ("without a page", format!("{} ms", daemon.alloc_sleep_milliseconds)),
                ("may compact", daemon.defrag.to_string()),
                (
                    "may be missing, swapped, shared",
                    format!("{}, {}, {}", daemon.max_ptes_none, daemon.max_ptes_swap, daemon.max_ptes_shared),
                ),
                ("collapsed", daemon.pages_collapsed.to_string()),
                ("full scans", daemon.full_scans.to_string()),
            ])?;
        }
        page.heading("Counters of transparent huge pages")?;
        let Some(counters) = page.or_why(&self.transparent_counters)? else { return Ok(()) };
        let values: Vec<_> = counters.iter().map(|count| (count.name, count.value.to_string())).collect();
        page.values(&values)
    }

    fn show_processes(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Processes on huge pages")?;
        let Some(processes) = page.or_why(&self.processes)? else { return Ok(()) };
        if processes.is_empty() {
            return page.line("  none that can be seen");
        }
        let mut table = Table::new(&[
            ("PID", Align::Right),
            ("POOL", Align::Right),
            ("ANONYMOUS", Align::Right),
            ("SHARED", Align::Right),
            ("FILES", Align::Right),
            ("NAME", Align::Left),
        ]);
        for process in processes {
            let size = |size: Bytes| match process.unavailable {
                Some(_) => cell("?"),
                None => cell(size),
            };
            table.row([
                cell(process.pid),
                cell(process.pool),
                size(process.anonymous),
                size(process.shared),
                size(process.file),
                cell(&process.name),
            ]);
        }
        page.table(table)
    }
}

fn chosen(choice: &Reading<Choice>) -> String {
    match choice.as_result() {
        Ok(choice) => choice.chosen.to_string(),
        Err(error) if error.is_absent() => "-".to_owned(),
        Err(error) => format!("({})", error.reason()),
    }
}

/// The processes on huge pages. The sums of a process's memory are asked for where it is large enough to hold a `page`.
fn uses(machine: &Machine, page: Bytes) -> Result<Vec<Use>, linux_support::base::Error> {
    Ok(processes(machine)?.filter_map(|record| of_process(machine, page, record)).collect())
}

fn of_process(machine: &Machine, page: Bytes, record: ProcessRecord) -> Option<Use> {
    // One that has ended, or that can't be read, is not seen.
    let status = record.status.into_result().ok()?;
    let pool = status.memory.huge_pages.unwrap_or_default();
    let zero = Bytes::default();
    let mut found = Use {
        pid: record.pid,
        name: status.name,
        pool,
        anonymous: zero,
        shared: zero,
        file: zero,
        unavailable: None,
    };
    if status.memory.resident.unwrap_or_default() >= page {
        match machine.read(format!("/proc/{}/smaps_rollup", record.pid)) {
            Ok(text) => {
                let sums = smaps::entries(&text).next().and_then(Result::ok).map(|entry| entry.memory);
                let size =
                    |field| sums.as_ref().and_then(|sums: &MemoryUse| sums.get(field)).unwrap_or_default();
                found.anonymous = size(Field::AnonHugePages);
                found.shared = size(Field::ShmemPmdMapped);
                found.file = size(Field::FilePmdMapped);
            }
            Err(error) => found.unavailable = Some(error),
        }
    }
    let any = [found.pool, found.anonymous, found.shared, found.file].into_iter().any(|size| size != zero);
    any.then_some(found)
}
