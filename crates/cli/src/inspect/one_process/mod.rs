//! One process, whole.

mod descriptors;
mod show;

use std::io;

use linux_support::{
    base::{Error, Machine, Pid, Reading},
    process::{LimitUse, NamespaceSockets, Process, ProcessDetail, ProcessOwner, Socket, SummaryContext},
};
use schemars::JsonSchema;
use serde::Serialize;

use super::process_memory::ProcessMemory;
use crate::presentation::Page;

/// One process.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OneProcess {
    #[serde(flatten)]
    detail: ProcessDetail,
    /// The user for whom it acts.
    user: Reading<ProcessOwner>,
    /// Its CPU time, that of all its threads; missing in a captured tree that does not say how many clock ticks make a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_time_seconds: Option<f64>,
    /// Its limits, beside what it uses of them.
    limits_in_use: Reading<Vec<LimitUse>>,
    /// The sockets that it holds, as far as its network namespace lists them.
    sockets: Reading<Vec<Socket>>,
    /// What it has mapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<ProcessMemory>,
}

impl OneProcess {
    pub(crate) fn read(machine: &Machine, pid: Pid, memory: bool) -> Result<Self, Error> {
        let process = Process::open(machine, pid)?;
        let memory = memory.then(|| ProcessMemory::read(machine, &process)).transpose()?;
        let limits_in_use = LimitUse::read_all(&process).into();
        let sockets = NamespaceSockets::held_by(&process).map(|held| held.sockets).into();
        let detail = ProcessDetail::read(&process)?;
        let context = SummaryContext::new(machine);
        let user = detail.status.clone().map(|status| context.owner(status.users.effective));
        let ticks = machine.facts().clock_ticks_per_second;
        let time = detail.stat.value().and_then(|stat| Some(stat.cpu_time().duration(ticks?)));
        let cpu_time_seconds = time.map(|time| time.as_secs_f64());
        Ok(Self { detail, user, cpu_time_seconds, limits_in_use, sockets, memory })
    }

    /// The picture of what it has mapped, if that was read.
    pub(crate) fn picture(&self) -> Option<String> {
        let name = self.detail.status.value().map(|status| format!(" ({})", status.name));
        let title = format!("process {}{}", self.detail.pid, name.unwrap_or_default());
        Some(self.memory.as_ref()?.picture(&title))
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        self.show_identity(page)?;
        if let Some(memory) = &self.memory {
            return memory.show(page);
        }
        self.show_scheduling(page)?;
        self.show_rights(page)?;
        self.show_use(page)?;
        page.heading("Limits")?;
        if let Some(limits) = page.or_why(&self.limits_in_use)? {
            page.table(super::limit_use::table(limits))?;
        }
        self.show_namespaces(page)?;
        self.show_threads(page)?;
        self.show_descriptors(page)
    }
}
