use std::io;

use linux_support::{
    base::{Error, Machine, Pid, Reason},
    process::{Process, ProcessName, SignalQueue, SignalSet},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell};

/// What the signals of a process meet.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProcessSignals {
    /// The number of the process.
    pid: Pid,
    /// Those that it ignores.
    ignored: Option<SignalSet>,
    /// Those that it has handlers for.
    caught: Option<SignalSet>,
    /// Those that wait for any of its threads.
    pending: Option<SignalSet>,
    /// How many wait for all processes of its user, and how many may.
    queue: Option<SignalQueue>,
    /// Its threads.
    threads: Vec<ThreadSignals>,
}

/// What the signals of a thread meet.
#[derive(Debug, Serialize, JsonSchema)]
struct ThreadSignals {
    /// The number of the thread.
    tid: Pid,
    /// Its name.
    name: ProcessName,
    /// Those that wait for it alone.
    pending: Option<SignalSet>,
    /// Those that it blocks.
    blocked: Option<SignalSet>,
}

impl ProcessSignals {
    pub(crate) fn read(machine: &Machine, pid: Pid) -> Result<Self, Error> {
        let process = Process::open(machine, pid)?;
        let status = process.status()?;
        let mut threads = Vec::new();
        for tid in process.thread_ids()? {
            match process.thread(tid).and_then(|thread| thread.status()) {
                Ok(status) => threads.push(ThreadSignals {
                    tid,
                    name: status.name,
                    pending: status.signals_pending,
                    blocked: status.signals_blocked,
                }),
                // One that has ended meanwhile is not missed.
                Err(error) if matches!(error.reason(), Reason::Absent | Reason::Gone) => {}
                Err(error) => return Err(error),
            }
        }
        process.ensure_alive()?;
        Ok(Self {
            pid,
            ignored: status.signals_ignored,
            caught: status.signals_caught,
            pending: status.signals_pending_process,
            queue: status.signal_queue,
            threads,
        })
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading(format_args!("Signals of process {}", self.pid))?;
        let queue = self.queue.map_or_else(
            || "-".to_owned(),
            |queue| format!("{} of {} wait for its user", queue.queued, queue.limit),
        );
        page.values(&[
            ("ignored", names(self.ignored)),
            ("caught", names(self.caught)),
            ("pending", names(self.pending)),
            ("queue", queue),
        ])?;
        page.heading("Threads")?;
        let mut table = Table::new(&[
            ("THREAD", Align::Right),
            ("NAME", Align::Left),
            ("PENDING", Align::Left),
            ("BLOCKED", Align::Left),
        ]);
        for thread in &self.threads {
            table.row([
                cell(thread.tid),
                cell(&thread.name),
                cell(names(thread.pending)),
                cell(names(thread.blocked)),
            ]);
        }
        page.table(table)
    }
}

/// The names without the prefix that all have: `HUP INT`.
fn names(signals: Option<SignalSet>) -> String {
    let Some(signals) = signals else { return "-".into() };
    let names: Vec<_> = signals
        .iter()
        .map(|signal| {
            let name = signal.to_string();
            name.strip_prefix("SIG").map_or_else(|| name.clone(), str::to_owned)
        })
        .collect();
    if names.is_empty() { "none".into() } else { names.join(" ") }
}
