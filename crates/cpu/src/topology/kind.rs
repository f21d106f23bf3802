//! Machines whose cores are unlike.

use linux_support_base::{ByteString, Cpu, CpuSet, Error, Machine, text};

use crate::{CPU_DIRECTORY, each::noted};

/// A kind of cores, where a machine has several: the kernel has an event source `cpu_KIND` for each.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "hybrid")]
pub struct CpuKind {
    /// `core` for the strong ones, `atom` for the efficient ones, `lowpower`.
    pub name: ByteString,
    /// The CPUs of this kind that are online.
    pub cpus: CpuSet,
}

/// CPUs that can do as much as one another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Capacity {
    /// How much they can do: the strongest CPU of the machine has 1024.
    #[doc(alias = "cpu_capacity")]
    pub capacity: u32,
    /// The CPUs.
    pub cpus: CpuSet,
}

pub(super) fn kinds(machine: &Machine, problems: &mut Vec<Error>) -> Vec<CpuKind> {
    let mut kinds = Vec::new();
    for name in ["core", "atom", "lowpower"] {
        let cpus = machine.parse(format!("/sys/devices/cpu_{name}/cpus"), CpuSet::parse_list);
        if let Some(cpus) = noted(cpus, problems) {
            kinds.push(CpuKind { name: name.into(), cpus });
        }
    }
    kinds
}

/// The capacities from the largest to the smallest; none where the kernel does not tell.
pub(super) fn capacities(machine: &Machine, online: &CpuSet, problems: &mut Vec<Error>) -> Vec<Capacity> {
    let mut capacities: Vec<Capacity> = Vec::new();
    for cpu in online {
        let Some(capacity) = capacity(machine, cpu, problems) else {
            if capacities.is_empty() {
                // What the first lacks, all lack.
                break;
            }
            continue;
        };
        match capacities.iter_mut().find(|known| known.capacity == capacity) {
            Some(known) => {
                known.cpus.insert(cpu);
            }
            None => capacities.push(Capacity { capacity, cpus: cpu.into() }),
        }
    }
    capacities.sort_by_key(|known| core::cmp::Reverse(known.capacity));
    capacities
}

fn capacity(machine: &Machine, cpu: Cpu, problems: &mut Vec<Error>) -> Option<u32> {
    let path = format!("{CPU_DIRECTORY}/cpu{cpu}/cpu_capacity");
    noted(machine.parse(path, |bytes| text::decimal(text::trim(bytes))), problems)
}
