use std::io;

use linux_support::{
    base::{ByteString, Error, Machine, Pid, Reading, Reason},
    process::{Process, ProcessName, SeccompCacheEntry, SeccompMode, Status},
    security::seccomp::{AuditArchitecture, SystemCall},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell};

/// How the system calls of a process are filtered.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProcessSeccomp {
    /// The number of the process.
    pid: Pid,
    /// Its threads.
    threads: Vec<ThreadSeccomp>,
    /// The system calls of its first thread, and which of them are allowed without asking a filter.
    calls: Reading<Vec<FilteredCall>>,
}

/// How the system calls of a thread are filtered.
#[derive(Debug, Serialize, JsonSchema)]
struct ThreadSeccomp {
    /// The number of the thread.
    tid: Pid,
    /// Its name.
    name: ProcessName,
    /// Whether and how.
    mode: Option<SeccompMode>,
    /// How many filters are asked.
    filters: Option<u32>,
    /// Whether programs that it runs get no privileges of their own.
    no_new_privileges: Option<bool>,
}

/// A system call.
#[derive(Debug, Serialize, JsonSchema)]
struct FilteredCall {
    /// Its name, where it is known.
    name: Option<ByteString>,
    #[serde(flatten)]
    entry: SeccompCacheEntry,
}

impl From<(Pid, Status)> for ThreadSeccomp {
    fn from((tid, status): (Pid, Status)) -> Self {
        Self {
            tid,
            name: status.name,
            mode: status.seccomp,
            filters: status.seccomp_filters,
            no_new_privileges: status.no_new_privileges,
        }
    }
}

impl ProcessSeccomp {
    pub(crate) fn read(machine: &Machine, pid: Pid) -> Result<Self, Error> {
        let process = Process::open(machine, pid)?;
        let mut threads = Vec::new();
        for tid in process.thread_ids().or_else(|error| none_in_a_capture(machine, error, pid))? {
            let status = if tid == pid {
                process.status()
            } else {
                process.thread(tid).and_then(|thread| thread.status())
            };
            match status {
                Ok(status) => threads.push((tid, status).into()),
                // One that has ended meanwhile is not missed.
                Err(error) if tid != pid && matches!(error.reason(), Reason::Absent | Reason::Gone) => {}
                Err(error) => return Err(error),
            }
        }
        let calls = process.seccomp_cache().map(|calls| calls.into_iter().map(FilteredCall::from).collect());
        process.ensure_alive()?;
        Ok(Self { pid, threads, calls: calls.into() })
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading(format_args!("System call filters of process {}", self.pid))?;
        let mut table = Table::new(&[
            ("THREAD", Align::Right),
            ("NAME", Align::Left),
            ("MODE", Align::Left),
            ("FILTERS", Align::Right),
            ("NEW PRIVILEGES", Align::Left),
        ]);
        let or_dash = |value: Option<String>| cell(value.unwrap_or_else(|| "-".to_owned()));
        for thread in &self.threads {
            let privileges =
                thread.no_new_privileges.map(|none| if none { "none" } else { "by programs' files" });
            table.row([
                cell(thread.tid),
                cell(&thread.name),
                or_dash(thread.mode.map(|mode| mode.to_string())),
                or_dash(thread.filters.map(|filters| filters.to_string())),
                or_dash(privileges.map(str::to_owned)),
            ]);
        }
        page.table(table)?;
        page.heading("Calls that are allowed without asking a filter")?;
        let Some(calls) = page.or_why(&self.calls)? else { return Ok(()) };
        for call in calls.iter().filter(|call| call.entry.is_always_allowed) {
            let architecture = &call.entry.architecture;
            match &call.name {
                Some(name) => page.line(format_args!("  {architecture} {name}"))?,
                None => page.line(format_args!("  {architecture} #{}", call.entry.call.get()))?,
            }
        }
        Ok(())
    }
}

/// A capture has not the threads of every process.
fn none_in_a_capture(machine: &Machine, error: Error, pid: Pid) -> Result<Vec<Pid>, Error> {
    if !machine.is_live() && error.is_absent() { Ok(vec![pid]) } else { Err(error) }
}

impl From<SeccompCacheEntry> for FilteredCall {
    fn from(entry: SeccompCacheEntry) -> Self {
        let architecture = match entry.architecture.as_bytes() {
            b"x86_64" => Some(AuditArchitecture::X86_64),
            b"aarch64" => Some(AuditArchitecture::AARCH64),
            b"riscv64" => Some(AuditArchitecture::RISCV64),
            _ => None,
        };
        let call = architecture.map(|architecture| SystemCall::of(architecture, entry.call.get()));
        Self { name: call.and_then(SystemCall::name).map(Into::into), entry }
    }
}
