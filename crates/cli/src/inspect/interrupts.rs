use std::io;

use linux_support::{
    base::{Machine, Reading},
    cpu::{InterruptAffinities, Interrupts, Softirqs},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell, reading};

/// The interrupts: counts, names, affinity.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct InterruptTables {
    hardware: Reading<Interrupts>,
    software: Reading<Softirqs>,
    affinity: Reading<InterruptAffinities>,
}

impl InterruptTables {
    pub(crate) fn read(machine: &Machine) -> Self {
        Self {
            hardware: Interrupts::read(machine).into(),
            software: Softirqs::read(machine).into(),
            affinity: InterruptAffinities::read(machine).into(),
        }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Interrupts")?;
        if let Some(interrupts) = page.or_why(&self.hardware)? {
            let mut table = Table::new(&[
                ("IRQ", Align::Right),
                ("COUNT", Align::Right),
                ("ALLOWED", Align::Left),
                ("EFFECTIVE", Align::Left),
                ("NAME", Align::Left),
            ]);
            for interrupt in &interrupts.list {
                let label = interrupt.label.to_string();
                let affinity = self.affinity.value().and_then(|affinity| {
                    affinity.list.iter().find(|affinity| affinity.number.to_string() == label)
                });
                let names: Vec<_> = interrupt.actions.iter().map(ToString::to_string).collect();
                let name =
                    if names.is_empty() { interrupt.description.to_string() } else { names.join(", ") };
                let (allowed, effective) = match affinity {
                    Some(affinity) => (reading(&affinity.allowed), reading(&affinity.effective)),
                    None => (cell("-"), cell("-")),
                };
                table.row([cell(label), cell(interrupt.total()), allowed, effective, cell(name)]);
            }
            page.table(table)?;
        }
        page.heading("Soft interrupts")?;
        let Some(softirqs) = page.or_why(&self.software)? else { return Ok(()) };
        let mut table = Table::new(&[("NAME", Align::Left), ("COUNT", Align::Right)]);
        for softirq in &softirqs.list {
            table.row([cell(&softirq.name), cell(softirq.total())]);
        }
        page.table(table)
    }
}
