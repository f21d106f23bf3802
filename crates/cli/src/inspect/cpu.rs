use std::io;

use linux_support::{
    base::{Machine, Reading},
    cpu::{
        CpuInfo, CpuSets, Frequencies, Smt, Virtualisation, Vulnerabilities, VulnerabilityState,
        info::{Identity, ProcessorModel},
    },
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell, reading};

/// The processors.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Cpus {
    sets: CpuSets,
    smt: Smt,
    info: Reading<CpuInfo>,
    frequencies: Reading<Frequencies>,
    vulnerabilities: Reading<Vulnerabilities>,
    virtualisation: Virtualisation,
}

impl Cpus {
    pub(crate) fn read(machine: &Machine) -> Self {
        Self {
            sets: CpuSets::read(machine),
            smt: Smt::read(machine),
            info: CpuInfo::read(machine).into(),
            frequencies: Frequencies::read(machine).into(),
            vulnerabilities: Vulnerabilities::read(machine).into(),
            virtualisation: Virtualisation::read(machine),
        }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("CPUs")?;
        page.values(&[
            ("online", self.sets.online.to_string()),
            ("offline", self.sets.offline.to_string()),
            ("possible", self.sets.possible.to_string()),
            ("present", self.sets.present.to_string()),
            ("isolated", self.sets.isolated.to_string()),
            ("nohz_full", self.sets.nohz_full.to_string()),
            ("multithreading", self.smt.control.to_string()),
        ])?;
        if let Some(info) = self.info.value() {
            for model in &info.models {
                show_model(page, model)?;
            }
        } else {
            page.heading("Processors")?;
            page.or_why(&self.info)?;
        }
        self.show_frequencies(page)?;
        self.show_vulnerabilities(page)
    }

    fn show_frequencies(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Frequency")?;
        let Some(frequencies) = page.or_why(&self.frequencies)? else { return Ok(()) };
        let mut table = Table::new(&[
            ("CPUS", Align::Left),
            ("NOW", Align::Right),
            ("LEAST", Align::Right),
            ("MOST", Align::Right),
            ("GOVERNOR", Align::Left),
            ("DRIVER", Align::Left),
        ]);
        for policy in &frequencies.policies {
            table.row([
                cell(&policy.cpus),
                reading(&policy.current),
                reading(&policy.minimum),
                reading(&policy.maximum),
                reading(&policy.governor),
                reading(&policy.driver),
            ]);
        }
        for told in &frequencies.told_by_cpuinfo {
            table.row([cell(told.cpu), cell(told.frequency), cell("-"), cell("-"), cell("-"), cell("-")]);
        }
        page.table(table)
    }

    fn show_vulnerabilities(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Vulnerabilities")?;
        let Some(vulnerabilities) = page.or_why(&self.vulnerabilities)? else { return Ok(()) };
        let mut table = Table::new(&[("NAME", Align::Left), ("STATE", Align::Left)]);
        for vulnerability in &vulnerabilities.list {
            let state = match vulnerability.status.as_result() {
                Ok(status) => {
                    let alarming = status.state == VulnerabilityState::Vulnerable;
                    cell(&status.text).fg(if alarming {
                        comfy_table::Color::Red
                    } else {
                        comfy_table::Color::Reset
                    })
                }
                Err(error) => cell(format_args!("({})", error.reason())),
            };
            table.row([cell(&vulnerability.name), state]);
        }
        page.table(table)
    }
}

fn show_model(page: &mut Page<'_>, model: &ProcessorModel) -> io::Result<()> {
    let name =
        model.name.as_ref().map_or_else(|| "a processor without a name".to_owned(), ToString::to_string);
    page.heading(format_args!("{name}: CPUs {}", model.cpus))?;
    let mut values = identity(&model.identity);
    let features: Vec<_> = model.features.iter().map(String::from_utf8_lossy).collect();
    values.push(("features", features.join(" ")));
    page.values(&values)
}

/// What names the make of a processor on its architecture.
fn identity(identity: &Identity) -> Vec<(&'static str, String)> {
    fn number(value: Option<u32>) -> String {
        value.map_or_else(|| "?".to_owned(), |value| value.to_string())
    }
    fn text(value: Option<impl ToString>) -> String {
        value.map_or_else(|| "?".to_owned(), |value| value.to_string())
    }
    match identity {
        Identity::X86(x86) => vec![
            ("vendor", text(x86.vendor.as_ref())),
            (
                "family, model, stepping",
                format!("{}, {}, {}", number(x86.cpu_family), number(x86.model), number(x86.stepping)),
            ),
            ("microcode", x86.microcode.map_or_else(|| "?".to_owned(), |revision| format!("{revision:#x}"))),
            ("bugs", text(x86.bugs.as_ref())),
        ],
        Identity::Arm(arm) => vec![
            ("implementer", text(arm.implementer_name.or(arm.implementer.map(|_| "unknown")))),
            ("part", text(arm.part_name.or(arm.part.map(|_| "unknown")))),
            ("MIDR", arm.midr().map_or_else(|| "?".to_owned(), |midr| format!("{midr:#010x}"))),
        ],
        Identity::Riscv(riscv) => {
            vec![("ISA", text(riscv.isa.as_ref())), ("MMU", text(riscv.mmu.as_ref()))]
        }
        Identity::Power(power) => vec![("revision", text(power.revision.as_ref()))],
        Identity::S390(s390) => {
            vec![("vendor", text(s390.vendor.as_ref())), ("machine", text(s390.machine.as_ref()))]
        }
        Identity::Loongarch(loongarch) => vec![("family", text(loongarch.cpu_family.as_ref()))],
        _ => Vec::new(),
    }
}
