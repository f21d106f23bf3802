use core::time::Duration;

use linux_support_base::{CpuSet, Limit, NumaNodeSet, Percentage};

use super::{Checked, flag};
use crate::{CpuBandwidth, PartitionKind};

/// A setting of CPU time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CpuSetting {
    /// Its share, relative to the groups beside it: 1 to 10,000, where 100 is usual.
    #[doc(alias = "cpu.weight")]
    Weight(u64),
    /// Its share as a nice value: -20 to 19.
    #[doc(alias = "cpu.weight.nice")]
    WeightNice(i8),
    /// How much it may use in each period. A limit is of 1 ms at least, and a period from 1 ms to 1 s.
    #[doc(alias = "cpu.max")]
    Max(CpuBandwidth),
    /// How much of what it did not use it may use later; no more than the limit. Since 5.14.
    #[doc(alias = "cpu.max.burst")]
    MaxBurst(Duration),
    /// Whether its processes run only where nobody else wants to. Since 5.15.
    #[doc(alias = "cpu.idle")]
    Idle(bool),
    /// The least performance that is asked of CPUs for it. Since 5.4.
    #[doc(alias = "cpu.uclamp.min")]
    UtilizationMin(Limit<Percentage>),
    /// The most performance that is asked of CPUs for it. Since 5.4.
    #[doc(alias = "cpu.uclamp.max")]
    UtilizationMax(Limit<Percentage>),
}

/// A setting of CPUs and memory nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CpusetSetting {
    /// The CPUs that are asked for; none for those of the group above.
    #[doc(alias = "cpuset.cpus")]
    Cpus(CpuSet),
    /// The memory nodes that are asked for; none for those of the group above.
    #[doc(alias = "cpuset.mems")]
    Nodes(NumaNodeSet),
    /// The CPUs that it may keep for a partition; none for those that it has. Since 6.7.
    #[doc(alias = "cpuset.cpus.exclusive")]
    Exclusive(CpuSet),
    /// Whether its CPUs are its own.
    #[doc(alias = "cpuset.cpus.partition")]
    Partition(PartitionKind),
}

const MILLISECOND: Duration = Duration::from_millis(1);

impl CpuSetting {
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::Weight(_) => "cpu.weight",
            Self::WeightNice(_) => "cpu.weight.nice",
            Self::Max(_) => "cpu.max",
            Self::MaxBurst(_) => "cpu.max.burst",
            Self::Idle(_) => "cpu.idle",
            Self::UtilizationMin(_) => "cpu.uclamp.min",
            Self::UtilizationMax(_) => "cpu.uclamp.max",
        }
    }

    pub(super) fn text(self) -> String {
        match self {
            Self::Weight(weight) => weight.to_string(),
            Self::WeightNice(nice) => nice.to_string(),
            Self::Max(bandwidth) => bandwidth.to_string(),
            Self::MaxBurst(burst) => burst.as_micros().to_string(),
            Self::Idle(idle) => flag(idle),
            Self::UtilizationMin(limit) | Self::UtilizationMax(limit) => limit
                .map(|part| format!("{}.{:02}", part.hundredths() / 100, part.hundredths() % 100))
                .to_string(),
        }
    }

    pub(super) fn check(self) -> Checked {
        match self {
            Self::Weight(weight) if !(1..=10_000).contains(&weight) => Err("1 to 10000"),
            Self::WeightNice(nice) if !(-20..=19).contains(&nice) => Err("-20 to 19"),
            Self::Max(CpuBandwidth { period, .. })
                if !(MILLISECOND..=Duration::from_secs(1)).contains(&period) =>
            {
                Err("a period from 1 ms to 1 s")
            }
            Self::Max(CpuBandwidth { limit: Limit::At(limit), .. }) if limit < MILLISECOND => {
                Err("a limit of 1 ms at least")
            }
            Self::UtilizationMin(Limit::At(part)) | Self::UtilizationMax(Limit::At(part))
                if part.hundredths() > 10_000 =>
            {
                Err("0.00 to 100.00")
            }
            _ => Ok(()),
        }
    }
}

impl CpusetSetting {
    pub(super) fn file(&self) -> &'static str {
        match self {
            Self::Cpus(_) => "cpuset.cpus",
            Self::Nodes(_) => "cpuset.mems",
            Self::Exclusive(_) => "cpuset.cpus.exclusive",
            Self::Partition(_) => "cpuset.cpus.partition",
        }
    }

    pub(super) fn text(&self) -> String {
        let line = |list: String| if list.is_empty() { "\n".into() } else { list };
        match self {
            Self::Cpus(cpus) | Self::Exclusive(cpus) => line(cpus.to_string()),
            Self::Nodes(nodes) => line(nodes.to_string()),
            Self::Partition(kind) => crate::Partition { kind: kind.clone(), invalid: None }.to_string(),
        }
    }
}
