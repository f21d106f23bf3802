//! Performance Co-Pilot's readings of CPU time, with the CPUs' states and frequencies that are in the same file.

use std::path::Path;

use corpus::{
    Score,
    pcp::{self, Value},
    unpack,
};
use libtest_mimic::Failed;
use linux_support::{
    base::{ClockTicks, Cpu, Machine},
    cpu::{CpuSets, Frequencies, Frequency},
    kernel::{CpuTime, Statistics},
};

pub(crate) fn compare(path: &Path, name: &str) -> Result<(), Failed> {
    let (_unpacked, tree) = unpack(path)?;
    let machine = Machine::captured(tree)?;
    let statistics = Statistics::read(&machine)?;
    let online = CpuSets::read(&machine).online.into_result()?;
    let frequencies = Frequencies::read(&machine)?;
    let mut score = Score::default();
    for Value { metric, instance, number } in pcp::values(path)? {
        let what = format!("{metric} {instance}");
        let cpu = instance.strip_prefix("cpu").and_then(|number| Cpu::parse(number.as_bytes()).ok());
        let of_cpu = |cpu: Cpu| statistics.cpus.iter().find(|(other, _)| *other == cpu).map(|(_, time)| time);
        let ours = if let Some(field) = metric.strip_prefix("kernel.all.cpu.") {
            milliseconds(&statistics.total, field)
        } else if let Some(field) = metric.strip_prefix("kernel.percpu.cpu.") {
            cpu.and_then(of_cpu).and_then(|time| milliseconds(time, field))
        } else if let Some(field) = metric.strip_prefix("kernel.pernode.cpu.") {
            // The machine has one node: all its CPUs are of it.
            statistics.cpus.iter().map(|(_, time)| milliseconds(time, field)).sum()
        } else if metric == "hinv.cpu.online" {
            cpu.map(|cpu| u64::from(online.contains(cpu)))
        } else if let Some(bound) = metric.strip_prefix("hinv.cpu.frequency_scaling.") {
            cpu.and_then(|cpu| frequency(&frequencies, cpu, bound)).map(|found| found.kilohertz() / 1000)
        } else if metric.starts_with("hinv.cpu.thermal_throttle") {
            score.explain(what, "the library has no model of thermal throttling");
            continue;
        } else if metric == "hinv.node.online" {
            // Compared with the memory of nodes.
            continue;
        } else {
            None
        };
        if metric == "hinv.cpu.online" && ours == Some(1) && number == 0.0 {
            score.explain(
                what,
                "PCP read cpuN/online, which the list of online CPUs contradicts in this tree",
            );
            continue;
        }
        score.check(what, ours, Some(number as u64));
    }
    score.finish(name)
}

fn frequency(frequencies: &Frequencies, cpu: Cpu, bound: &str) -> Option<Frequency> {
    let policy = frequencies.policies.iter().find(|policy| policy.cpus.contains(cpu))?;
    match bound {
        "max" => policy.maximum.value().copied(),
        "min" => policy.minimum.value().copied(),
        _ => None,
    }
}

/// PCP takes a tick for 10 ms.
fn milliseconds(time: &CpuTime, field: &str) -> Option<u64> {
    let ticks = ClockTicks::get;
    let value = match field {
        "user" => ticks(time.user_ticks),
        "vuser" => ticks(time.user_ticks) - ticks(time.guest_ticks?),
        "nice" => ticks(time.nice_ticks),
        "vnice" => ticks(time.nice_ticks) - ticks(time.guest_nice_ticks?),
        "sys" => ticks(time.system_ticks),
        "idle" => ticks(time.idle_ticks),
        "wait.total" => ticks(time.io_wait_ticks?),
        "irq.hard" => ticks(time.interrupt_ticks?),
        "irq.soft" => ticks(time.soft_interrupt_ticks?),
        "intr" => ticks(time.interrupt_ticks?) + ticks(time.soft_interrupt_ticks?),
        "steal" => ticks(time.steal_ticks?),
        "guest" => ticks(time.guest_ticks?),
        "guest_nice" => ticks(time.guest_nice_ticks?),
        _ => return None,
    };
    Some(value * 10)
}
