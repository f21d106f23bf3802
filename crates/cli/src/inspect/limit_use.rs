use std::io;

use linux_support::{
    base::{Error, Machine, Pid},
    process::{LimitUse, Process},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell};

/// The limits of a process, and what it uses of them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProcessLimits {
    /// The number of the process.
    pid: Pid,
    /// Each limit.
    limits: Vec<LimitUse>,
}

impl ProcessLimits {
    pub(crate) fn read(machine: &Machine, pid: Pid) -> Result<Self, Error> {
        Ok(Self { pid, limits: LimitUse::read_all(&Process::open(machine, pid)?)? })
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading(format_args!("Limits of process {}", self.pid))?;
        page.table(table(&self.limits))
    }
}

/// The limits as a table.
pub(super) fn table(limits: &[LimitUse]) -> Table {
    let mut table = Table::new(&[
        ("LIMIT", Align::Left),
        ("USED", Align::Right),
        ("SOFT", Align::Right),
        ("HARD", Align::Right),
        ("UNIT", Align::Left),
        ("", Align::Right),
    ]);
    for limit in limits {
        let share = limit.fraction().map(|fraction| format!("{:.1} %", fraction * 100.0));
        table.row([
            cell(&limit.name),
            cell(limit.used.map_or_else(|| "-".to_owned(), |used| used.to_string())),
            cell(limit.limit.soft),
            cell(limit.limit.hard),
            cell(&limit.unit),
            cell(share.unwrap_or_default()),
        ]);
    }
    table
}
