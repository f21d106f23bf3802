use std::io;

use linux_support::{base::Reading, memory::AccessMonitor};

use crate::presentation::{Align, Page, Table, cell, reading};

/// The monitors of data access (DAMON) that are set up.
pub(super) fn show(page: &mut Page<'_>, monitors: &Reading<Vec<AccessMonitor>>) -> io::Result<()> {
    page.heading("Data access monitors (DAMON)")?;
    let Some(monitors) = page.or_why(monitors)? else { return Ok(()) };
    if monitors.is_empty() {
        return page.line("  the kernel has them, and none is set up");
    }
    let mut table = Table::new(&[
        ("NUMBER", Align::Right),
        ("STATE", Align::Left),
        ("THREAD", Align::Right),
        ("CONTEXT", Align::Right),
        ("WATCHES", Align::Left),
        ("TARGETS", Align::Right),
        ("SCHEMES", Align::Right),
    ]);
    for monitor in monitors {
        let thread = match monitor.thread.as_result() {
            Ok(Some(thread)) => thread.to_string(),
            Ok(None) => "-".to_owned(),
            Err(error) => format!("({})", error.reason()),
        };
        let head = || [cell(monitor.number), reading(&monitor.state), cell(&thread)].to_vec();
        match monitor.contexts.as_result() {
            Ok(contexts) if contexts.is_empty() => {
                table.row_of([head(), ["-", "-", "-", "-"].map(cell).to_vec()].concat());
            }
            Ok(contexts) => {
                for (index, context) in contexts.iter().enumerate() {
                    let of_context = [
                        cell(index),
                        reading(&context.operations),
                        reading(&context.targets),
                        reading(&context.schemes),
                    ];
                    table.row_of([head(), of_context.to_vec()].concat());
                }
            }
            Err(error) => {
                table.row_of([head(), [cell(format_args!("({})", error.reason()))].to_vec()].concat());
            }
        }
    }
    page.table(table)
}
