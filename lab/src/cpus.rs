//! How many CPUs a machine has, and lists of them.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

/// The CPUs of a machine: packages of dies of cores of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cpus {
    /// Packages, also called sockets.
    #[serde(default = "one")]
    pub packages: u32,
    /// Dies in each package.
    #[serde(default = "one")]
    pub dies: u32,
    /// Cores in each die.
    #[serde(default = "one")]
    pub cores: u32,
    /// Threads of each core.
    #[serde(default = "one")]
    pub threads: u32,
}

fn one() -> u32 {
    1
}

impl Cpus {
    /// The number of logical CPUs.
    #[must_use]
    pub fn count(&self) -> u32 {
        [self.dies, self.cores, self.threads]
            .iter()
            .fold(self.packages, |count, part| count.saturating_mul(*part))
    }
}

/// CPUs as a list of numbers and ranges: `0-3,6`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CpuList(BTreeSet<u32>);

impl CpuList {
    /// The numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().copied()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ranges without gaps, ascending: first and last CPU of each.
    #[must_use]
    pub fn ranges(&self) -> Vec<(u32, u32)> {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for cpu in self.iter() {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == cpu => *last = cpu,
                _ => ranges.push((cpu, cpu)),
            }
        }
        ranges
    }
}

impl fmt::Display for CpuList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.ranges().into_iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match first == last {
                true => write!(formatter, "{comma}{first}")?,
                false => write!(formatter, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

impl From<CpuList> for String {
    fn from(list: CpuList) -> Self {
        list.to_string()
    }
}

impl TryFrom<String> for CpuList {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = |part: &str| {
            part.parse::<u32>()
                .ok()
                .filter(|number| *number < 4096)
                .ok_or_else(|| format!("CPUs {text:?}: {part:?} is not the number of a CPU (0 to 4095)"))
        };
        let mut cpus = BTreeSet::new();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            cpus.extend(number(first)?..=number(last)?);
        }
        Ok(Self(cpus))
    }
}
