use std::io;

use linux_support::memory::SystemPressure;

use crate::presentation::{Align, Page, Table, cell};

/// How long tasks have waited for resources.
pub(super) fn show(page: &mut Page<'_>, pressure: &SystemPressure) -> io::Result<()> {
    page.heading("Pressure")?;
    let mut table = Table::new(&[
        ("RESOURCE", Align::Left),
        ("WAITING", Align::Left),
        ("10 S", Align::Right),
        ("1 MIN", Align::Right),
        ("5 MIN", Align::Right),
        ("ALTOGETHER", Align::Right),
    ]);
    let resources =
        [("cpu", &pressure.cpu), ("memory", &pressure.memory), ("io", &pressure.io), ("irq", &pressure.irq)];
    let mut unavailable = Vec::new();
    for (name, pressure) in resources {
        match pressure.as_result() {
            Ok(pressure) => {
                for (who, stall) in [("some", pressure.some), ("full", pressure.full)] {
                    let Some(stall) = stall else { continue };
                    table.row([
                        cell(name),
                        cell(who),
                        cell(stall.last_ten_seconds),
                        cell(stall.last_minute),
                        cell(stall.last_five_minutes),
                        cell(format_args!("{:.1} s", stall.total.as_secs_f64())),
                    ]);
                }
            }
            Err(error) => unavailable.push(format!("  {name}: ({})", error.reason())),
        }
    }
    if unavailable.len() < resources.len() {
        page.table(table)?;
    }
    unavailable.iter().try_for_each(|line| page.line(line))
}
