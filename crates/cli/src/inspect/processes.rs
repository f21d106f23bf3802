use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeMap,
    io, thread,
    time::{Duration, Instant},
};

use linux_support::{
    base::{Error, Machine, Pid, Reading},
    cgroup::Membership,
    process::{
        CpuSample, CpuUse, Process, ProcessDetail, ProcessList, ProcessSummary, ProgramName, UnixSeconds,
        UnreadableProcess, processes,
    },
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    arguments::{Key, Order},
    inspect::process_memory::ProcessMemory,
    presentation::{Align, Page, Table, cell, clock, reading},
};

/// All processes, as `ps` lists them.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct ProcessTable {
    list: Reading<ListedProcesses>,
}

/// The processes of a machine.
#[derive(Debug, Serialize, JsonSchema)]
struct ListedProcesses {
    /// When the machine was started, in seconds since 1970; the processes' starts count from it.
    #[serde(rename = "boot_unix_seconds")]
    boot_time: Reading<UnixSeconds>,
    /// The processes, by number unless another order was asked for. Those that ended while the list was made are not in it.
    processes: Vec<ListedProcess>,
    /// Those that there are, but could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    unreadable: Vec<UnreadableProcess>,
}

/// A process of the list.
#[derive(Debug, Serialize, JsonSchema)]
struct ListedProcess {
    #[serde(flatten)]
    summary: ProcessSummary,
    /// The name of its program.
    program: ProgramName,
    /// When it was started, in seconds since 1970.
    #[serde(rename = "started_unix_seconds", skip_serializing_if = "Option::is_none")]
    started: Option<UnixSeconds>,
    /// How much of the CPUs it used while it was watched; missing where nothing was watched, or it began meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_use: Option<CpuUse>,
}

impl ListedProcesses {
    fn of(list: ProcessList) -> Self {
        let boot = list.boot_time.value().copied();
        let listed = |summary: ProcessSummary| ListedProcess {
            program: summary.program(),
            started: boot.and_then(|boot| summary.started(boot)),
            cpu_use: None,
            summary,
        };
        Self {
            boot_time: list.boot_time,
            processes: list.processes.into_iter().map(listed).collect(),
            unreadable: list.unreadable,
        }
    }
}

impl ProcessTable {
    pub(crate) fn read(machine: &Machine) -> Self {
        Self { list: ProcessList::read(machine).map(ListedProcesses::of).into() }
    }

    /// Watches for so long how much of the CPUs each process uses, and lists them anew with that.
    pub(crate) fn watch(&mut self, machine: &Machine, time: Duration) -> Result<(), Error> {
        let before = samples(machine)?;
        thread::sleep(time);
        // Listed in between, so that a process that was there before and after is the one that was listed.
        *self = Self::read(machine);
        let after = samples(machine)?;
        let Reading::Value(list) = &mut self.list else { return Ok(()) };
        for process in &mut list.processes {
            let pid = process.summary.pid;
            if let (Some(before), Some(after)) = (before.get(&pid), after.get(&pid)) {
                process.cpu_use = after.since(before).ok();
            }
        }
        Ok(())
    }

    fn is_watched(&self) -> bool {
        self.list.value().is_some_and(|list| list.processes.iter().any(|process| process.cpu_use.is_some()))
    }

    /// Sorts the processes; equal ones stay in the order of their numbers.
    pub(crate) fn sort(&mut self, order: Order) {
        let Reading::Value(list) = &mut self.list else { return };
        list.processes.sort_by(|one, other| {
            let ordering = one.compared(other, order.key);
            if order.descending { ordering.reverse() } else { ordering }
        });
    }

    /// Reads each process whole, for what that leaves in a recording.
    pub(crate) fn visit_each(&self, machine: &Machine) {
        let processes = self.list.value().map(|list| list.processes.as_slice()).unwrap_or_default();
        for process in processes {
            // One that has ended by now leaves nothing, and is not missed.
            let _ =
                Process::open(machine, process.summary.pid).and_then(|process| ProcessDetail::read(&process));
            let _ = Membership::read_all(machine, process.summary.pid);
        }
    }

    /// Reads what each process has mapped, the largest first, for what that leaves in a recording.
    pub(crate) fn visit_memory(&self, machine: &Machine) {
        let processes = self.list.value().map(|list| list.processes.as_slice()).unwrap_or_default();
        let mut processes: Vec<_> = processes.iter().collect();
        processes.sort_by_key(|process| Reverse(process.summary.resident.value().copied()));
        for process in processes {
            if let Ok(process) = Process::open(machine, process.summary.pid) {
                ProcessMemory::visit(machine, &process);
            }
        }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Processes")?;
        let Some(list) = page.or_why(&self.list)? else { return Ok(()) };
        let is_watched = self.is_watched();
        let mut columns = vec![
            ("USER", Align::Left),
            ("PID", Align::Right),
            ("PARENT", Align::Right),
            ("STATE", Align::Left),
            ("THREADS", Align::Right),
            ("NICE", Align::Right),
            ("POLICY", Align::Left),
            ("CPU TIME", Align::Right),
            ("CPU", Align::Right),
            ("RESIDENT", Align::Right),
            ("START", Align::Left),
            ("TERMINAL", Align::Left),
            ("PROGRAM", Align::Left),
            ("COMMAND", Align::Left),
        ];
        if !is_watched {
            columns.remove(CPU_COLUMN);
        }
        let mut table = Table::new(&columns);
        for process in &list.processes {
            let mut cells = process.row();
            if !is_watched {
                cells.remove(CPU_COLUMN);
            }
            table.row_of(cells);
        }
        page.table(table)?;
        for process in &list.unreadable {
            page.line(format_args!("  {}: ({})", process.pid, process.error))?;
        }
        Ok(())
    }
}

/// The place of the column that is there only where something was watched.
const CPU_COLUMN: usize = 8;

/// What each process has used until now.
fn samples(machine: &Machine) -> Result<BTreeMap<Pid, CpuSample>, Error> {
    let ticks = machine.facts().clock_ticks_per_second;
    let sample = |stat: &_| Some(CpuSample::of(stat, ticks?, Instant::now()));
    Ok(processes(machine)?.filter_map(|record| Some((record.pid, sample(record.stat.value()?)?))).collect())
}

impl ListedProcess {
    fn compared(&self, other: &Self, key: Key) -> Ordering {
        let (one, two) = (&self.summary, &other.summary);
        match key {
            Key::Pid => one.pid.cmp(&two.pid),
            Key::Parent => one.parent.cmp(&two.parent),
            Key::User => self.user().cmp(&other.user()),
            Key::State => one.state.letter().cmp(&two.state.letter()),
            Key::Threads => one.threads.cmp(&two.threads),
            Key::Nice => one.nice.cmp(&two.nice),
            Key::CpuUse => self.cpu_use.map(|used| used.total()).cmp(&other.cpu_use.map(|used| used.total())),
            Key::Time => one.cpu_time.cmp(&two.cpu_time),
            Key::Resident => one.resident.value().cmp(&two.resident.value()),
            Key::Virtual => one.virtual_memory.cmp(&two.virtual_memory),
            Key::Start => one.start.cmp(&two.start),
            Key::Terminal => one.terminal.cmp(&two.terminal),
            Key::Program => self.program.as_bytes().cmp(other.program.as_bytes()),
        }
    }

    fn user(&self) -> String {
        match self.summary.user.as_result() {
            Ok(owner) => owner.name.as_ref().map_or_else(|| owner.id.to_string(), ToString::to_string),
            Err(error) => format!("({})", error.reason()),
        }
    }

    fn row(&self) -> Vec<comfy_table::Cell> {
        let process = &self.summary;
        let optional = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let share = self.cpu_use.and_then(|used| used.cpus());
        vec![
            cell(self.user()),
            cell(process.pid),
            cell(optional(process.parent.map(|parent| parent.to_string()))),
            cell(process.state),
            cell(process.threads),
            cell(process.nice),
            cell(process.policy),
            cell(optional(process.cpu_time.map(clock))),
            cell(optional(share.map(|cpus| format!("{:.1} %", cpus * 100.0)))),
            reading(&process.resident),
            cell(optional(self.started.map(|started| started.to_string()))),
            cell(optional(process.terminal.as_ref().map(ToString::to_string))),
            cell(&self.program),
            cell(process.command()),
        ]
    }
}
