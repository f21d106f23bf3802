use std::{cmp::Reverse, io};

use linux_support::{
    base::{Machine, Pid, Reading},
    process::{Process, ProcessDetail, ProcessList, ProcessSummary},
};
use schemars::JsonSchema;
use serde::Serialize;

use super::process_memory::ProcessMemory;
use crate::presentation::{Align, Page, Table, cell, reading};

/// All processes, as `ps` lists them.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct ProcessTable {
    list: Reading<ProcessList>,
}

impl ProcessTable {
    pub(crate) fn read(machine: &Machine) -> Self {
        Self { list: ProcessList::read(machine).into() }
    }

    /// Reads each process whole, for what that leaves in a recording.
    pub(crate) fn visit_each(&self, machine: &Machine) {
        let processes = self.list.value().map(|list| list.processes.as_slice()).unwrap_or_default();
        for process in processes {
            // One that has ended by now leaves nothing, and is not missed.
            let _ = Process::open(machine, process.pid).and_then(|process| ProcessDetail::read(&process));
        }
    }

    /// Reads what each process has mapped, the largest first, for what that leaves in a recording.
    pub(crate) fn visit_memory(&self, machine: &Machine) {
        let processes = self.list.value().map(|list| list.processes.as_slice()).unwrap_or_default();
        let mut processes: Vec<_> = processes.iter().collect();
        processes.sort_by_key(|process| Reverse(process.resident.value().copied()));
        for process in processes {
            if let Ok(process) = Process::open(machine, process.pid) {
                ProcessMemory::visit(machine, &process);
            }
        }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Processes")?;
        let Some(list) = page.or_why(&self.list)? else { return Ok(()) };
        let mut table = Table::new(&[
            ("PID", Align::Right),
            ("PARENT", Align::Right),
            ("USER", Align::Left),
            ("STATE", Align::Left),
            ("THREADS", Align::Right),
            ("CPU TIME", Align::Right),
            ("RESIDENT", Align::Right),
            ("NICE", Align::Right),
            ("POLICY", Align::Left),
            ("COMMAND", Align::Left),
        ]);
        for process in &list.processes {
            table.row(row(process));
        }
        page.table(table)?;
        for process in &list.unreadable {
            page.line(format_args!("  {}: ({})", process.pid, process.error))?;
        }
        Ok(())
    }
}

fn row(process: &ProcessSummary) -> [comfy_table::Cell; 10] {
    let user = match process.user.as_result() {
        Ok(owner) => owner.name.as_ref().map_or_else(|| owner.id.to_string(), ToString::to_string),
        Err(error) => format!("({})", error.reason()),
    };
    let time = process.cpu_time.map_or_else(
        || "-".to_owned(),
        |time| {
            let seconds = time.as_secs();
            format!("{}:{:02}.{:02}", seconds / 60, seconds % 60, time.subsec_millis() / 10)
        },
    );
    let parent = process.parent.map_or_else(|| "-".to_owned(), |parent| parent.to_string());
    [
        cell(process.pid),
        cell(parent),
        cell(user),
        cell(process.state),
        cell(process.threads),
        cell(time),
        reading(&process.resident),
        cell(process.nice),
        cell(process.policy),
        cell(process.command()),
    ]
}

/// One process.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OneProcess {
    #[serde(flatten)]
    detail: ProcessDetail,
    /// What it has mapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<ProcessMemory>,
}

impl OneProcess {
    pub(crate) fn read(
        machine: &Machine,
        pid: Pid,
        memory: bool,
    ) -> Result<Self, linux_support::base::Error> {
        let process = Process::open(machine, pid)?;
        let memory = memory.then(|| ProcessMemory::read(machine, &process)).transpose()?;
        Ok(Self { detail: ProcessDetail::read(&process)?, memory })
    }

    /// The picture of what it has mapped, if that was read.
    pub(crate) fn picture(&self) -> Option<String> {
        let name = self.detail.status.value().map(|status| format!(" ({})", status.name));
        Some(self.memory.as_ref()?.picture(&format!(
            "process {}{}",
            self.detail.pid,
            name.unwrap_or_default()
        )))
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let detail = &self.detail;
        page.heading(format_args!("Process {}", detail.pid))?;
        let mut values = vec![
            ("command line", detail.command_line.to_string()),
            ("executable", detail.executable.to_string()),
            ("working directory", detail.working_directory.to_string()),
            ("root", detail.root.to_string()),
        ];
        if let Some(status) = detail.status.value() {
            values.extend([
                ("name", status.name.to_string()),
                ("state", status.state.to_string()),
                ("parent", status.parent.map_or_else(|| "-".to_owned(), |parent| parent.to_string())),
                ("threads", status.threads.to_string()),
            ]);
            let optional = |name, value: Option<String>| value.map(|value| (name, value));
            values.extend(optional("CPUs allowed", status.cpus_allowed.as_ref().map(ToString::to_string)));
            values.extend(optional("nodes allowed", status.nodes_allowed.as_ref().map(ToString::to_string)));
        } else {
            values.push(("status", format!("{:?}", detail.status)));
        }
        values.extend([
            ("OOM score", detail.oom_score.to_string()),
            ("OOM adjustment", detail.oom_score_adjustment.to_string()),
            ("personality", detail.personality.to_string()),
        ]);
        page.values(&values)?;
        if let Some(memory) = &self.memory {
            return memory.show(page);
        }
        page.heading("Namespaces")?;
        if let Some(namespaces) = page.or_why(&detail.namespaces)? {
            let shown: Vec<_> =
                namespaces.iter().map(|link| (link.name.to_string(), link.namespace.to_string())).collect();
            let shown: Vec<_> = shown.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            page.values(&shown)?;
        }
        page.heading("Descriptors")?;
        if let Some(descriptors) = page.or_why(&detail.descriptors)? {
            let mut table = Table::new(&[("NUMBER", Align::Right), ("TARGET", Align::Left)]);
            for descriptor in descriptors {
                table.row([cell(descriptor.descriptor.number), reading(&descriptor.descriptor.target)]);
            }
            page.table(table)?;
        }
        Ok(())
    }
}
