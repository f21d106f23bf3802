use std::io;

use linux_support::{
    base::{Machine, Pid, Reading},
    process::{ProcessList, ProcessSummary, ProcessTree},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::Page;

/// Who descends from whom.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Descent {
    /// The processes, each before those that it has started.
    processes: Reading<Vec<Descendant>>,
}

/// A process in its place among its relatives.
#[derive(Debug, Serialize, JsonSchema)]
struct Descendant {
    /// How many ancestors it has here.
    depth: usize,
    /// Whether it is the last child of its parent.
    last: bool,
    #[serde(flatten)]
    process: ProcessSummary,
}

impl Descent {
    pub(crate) fn read(machine: &Machine) -> Self {
        Self { processes: ProcessList::read(machine).map(of).into() }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Processes by descent")?;
        let Some(processes) = page.or_why(&self.processes)? else { return Ok(()) };
        // Whether the line of each ancestor goes on below.
        let mut goes_on: Vec<bool> = Vec::new();
        for Descendant { depth, last, process } in processes {
            goes_on.truncate(*depth);
            let mut line = String::from("  ");
            for on in goes_on.iter().skip(1) {
                line += if *on { "│ " } else { "  " };
            }
            if *depth > 0 {
                line += if *last { "└─" } else { "├─" };
            }
            goes_on.push(!last);
            let threads = match process.threads {
                0 | 1 => String::new(),
                threads => format!(" ({threads} threads)"),
            };
            let name = &process.name;
            let name = if process.kernel_thread { format!("[{name}]") } else { name.to_string() };
            page.line(format_args!("{line}{} {name}{threads}", process.pid))?;
        }
        Ok(())
    }
}

fn of(list: ProcessList) -> Vec<Descendant> {
    let tree: ProcessTree = list.processes.iter().collect();
    let mut summaries: std::collections::BTreeMap<Pid, ProcessSummary> =
        list.processes.into_iter().map(|process| (process.pid, process)).collect();
    tree.walk()
        .filter_map(|(pid, depth)| {
            let last = tree.parent(pid).is_none_or(|parent| tree.children(parent).last() == Some(&pid));
            Some(Descendant { depth, last, process: summaries.remove(&pid)? })
        })
        .collect()
}
