use std::{io, time::Duration};

use linux_support::{
    base::{CpuSet, Error, Machine, Reading},
    cpu::isolation::{Activity, CpuIsolation, Isolation, Occurrence, Remedy},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Failure,
    presentation::{Align, Page, Table, cell},
};

/// Which CPUs are really left alone, and what to change so that they are.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct IsolatedCpus(Reading<LeftAlone>);

#[derive(Debug, Serialize, JsonSchema)]
struct LeftAlone {
    #[serde(flatten)]
    isolation: Isolation,
    /// What to change.
    remedies: Vec<Change>,
}

/// One thing to change.
#[derive(Debug, Serialize, JsonSchema)]
struct Change {
    /// What it is about.
    #[serde(flatten)]
    remedy: Remedy,
    /// What to do, in a line.
    text: String,
}

impl IsolatedCpus {
    /// Reads it, and counts nothing.
    pub(crate) fn read(machine: &Machine) -> Self {
        Self(LeftAlone::read(machine, None).into())
    }

    /// Reads it; of the machine that runs, with what comes to the CPUs in so many `seconds`.
    pub(crate) fn counted(machine: &Machine, seconds: u32) -> Result<Self, Failure> {
        if !machine.is_live() {
            return Ok(Self::read(machine));
        }
        let activity = Activity::measure(machine, Duration::from_secs(seconds.into()))?;
        Ok(Self(LeftAlone::read(machine, Some(&activity)).into()))
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("CPUs that are left alone")?;
        match page.or_why(&self.0)? {
            Some(left_alone) => left_alone.show(page),
            None => Ok(()),
        }
    }
}

impl LeftAlone {
    fn read(machine: &Machine, activity: Option<&Activity>) -> Result<Self, Error> {
        let isolation = Isolation::read(machine, None, activity)?;
        let change = |remedy: Remedy| Change { text: remedy.to_string(), remedy };
        let remedies = isolation.remedies().into_iter().map(change).collect();
        Ok(Self { isolation, remedies })
    }

    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let isolation = &self.isolation;
        let isolcpus = match &isolation.isolcpus {
            Reading::Value(Some(given)) => {
                let words: Vec<_> = given.flags.iter().map(ToString::to_string).collect();
                [&words[..], &[given.cpus.to_string()]].concat().join(",")
            }
            Reading::Value(None) => "not given".to_owned(),
            Reading::Unavailable(error) => format!("({error})"),
        };
        page.values(&[
            ("isolcpus at boot", isolcpus),
            ("no tick (nohz_full)", set(&isolation.nohz_full)),
            ("no RCU callbacks", set(&isolation.rcu_nocbs)),
            ("new interrupts go to", set(&isolation.new_interrupts)),
            ("unbound work is done on", set(&isolation.unbound_work)),
            ("lockup detector watches", set(&isolation.watchdog)),
            ("left for all else", isolation.housekeeping.to_string()),
        ])?;
        if isolation.cpus.is_empty() {
            return page.line("no CPU that is online was isolated or made tickless at boot");
        }
        let mut table = Table::new(&[
            ("CPU", Align::Right),
            ("FREE", Align::Left),
            ("ISOLATED", Align::Left),
            ("TICKLESS", Align::Left),
            ("NO CALLBACKS", Align::Left),
            ("UNBOUND WORK", Align::Left),
            ("WATCHED", Align::Left),
            ("INTERRUPTS", Align::Right),
            ("KERNEL THREADS", Align::Right),
            ("TICKS/S", Align::Right),
            ("OTHERS/S", Align::Right),
        ]);
        for cpu in &isolation.cpus {
            let [ticks, others] = self.rates(cpu);
            table.row([
                cell(cpu.cpu),
                word(cpu.is_free()),
                word(cpu.is_isolated),
                word(cpu.is_tickless),
                word(cpu.is_callback_free),
                word(cpu.has_unbound_work),
                word(cpu.is_watched),
                cell(cpu.interrupts.len()),
                cell(cpu.kernel_threads.len()),
                cell(ticks),
                cell(others),
            ]);
        }
        page.table(table)?;
        page.heading("What to change")?;
        if self.remedies.is_empty() {
            return page.line("nothing");
        }
        self.remedies.iter().try_for_each(|change| page.line(&change.text))
    }

    /// How often a CPU's timer and other interrupts came in a second.
    fn rates(&self, cpu: &CpuIsolation) -> [String; 2] {
        let (Some(measured), Some(activity)) = (self.isolation.measured, &cpu.activity) else {
            return ["-".to_owned(), "-".to_owned()];
        };
        let seconds = measured.as_secs_f64().max(1e-9);
        let sum = |list: &[Occurrence]| list.iter().map(|one| one.count as f64).sum::<f64>();
        [activity.ticks as f64, sum(&activity.interrupts)].map(|count| format!("{:.0}", count / seconds))
    }
}

fn set(cpus: &Reading<CpuSet>) -> String {
    match cpus.value() {
        Some(cpus) if cpus.is_empty() => "none".to_owned(),
        _ => cpus.to_string(),
    }
}

fn word(is_so: bool) -> comfy_table::Cell {
    cell(if is_so { "yes" } else { "no" })
}
