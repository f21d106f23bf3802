//! The controllers `cpu` and `cpuacct` of version 1.

use core::time::Duration;

use linux_support_base::{ClockTicks, Limit, ParseError, text};

use crate::{
    CpuBandwidth,
    format::{count, flat_keyed, interface_files, legacy_microseconds, microseconds, nanoseconds},
};

interface_files! {
    /// The distribution of CPU time to a group of version 1.
    ///
    /// # Source
    /// Documentation/scheduler/sched-bwc.rst, Documentation/scheduler/sched-rt-group.rst.
    pub struct LegacyCpu of "cpu" {
        /// Its share, relative to the groups beside it: 1,024 where nobody set it.
        shares: u64 = "cpu.shares" Everywhere by count;
        /// How much it may use in each period.
        quota: Limit<Duration> = "cpu.cfs_quota_us" Everywhere needs "CONFIG_CFS_BANDWIDTH" by legacy_microseconds,
            ["quota_seconds" as "linux_support_base::Reading<Limit<f64>>"];
        /// The period.
        period: Duration = "cpu.cfs_period_us" Everywhere needs "CONFIG_CFS_BANDWIDTH" by microseconds,
            ["period_seconds" as "linux_support_base::Reading<f64>"];
        /// How much of what it did not use it may use later, at once.
        burst: Duration = "cpu.cfs_burst_us" Everywhere since 5 14 needs "CONFIG_CFS_BANDWIDTH" by microseconds,
            ["burst_seconds" as "linux_support_base::Reading<f64>"];
        /// How much its realtime threads may use in each realtime period.
        realtime_runtime: Limit<Duration> = "cpu.rt_runtime_us" Everywhere needs "CONFIG_RT_GROUP_SCHED" by legacy_microseconds,
            ["realtime_runtime_seconds" as "linux_support_base::Reading<Limit<f64>>"];
        /// The realtime period.
        realtime_period: Duration = "cpu.rt_period_us" Everywhere needs "CONFIG_RT_GROUP_SCHED" by microseconds,
            ["realtime_period_seconds" as "linux_support_base::Reading<f64>"];
        /// How often it had to wait.
        stat: LegacyCpuStatistics = "cpu.stat" Everywhere needs "CONFIG_CFS_BANDWIDTH" by LegacyCpuStatistics::parse;
    }
}

impl LegacyCpu {
    /// The quota and its period together, as version 2 has them.
    #[must_use]
    pub fn bandwidth(&self) -> Option<CpuBandwidth> {
        Some(CpuBandwidth { limit: *self.quota.value()?, period: *self.period.value()? })
    }
}

flat_keyed! {
    /// How often a group of version 1 had to wait for CPU time.
    pub struct LegacyCpuStatistics {
        /// How many periods there were in which it could run.
        required periods: u64 = "nr_periods" count;
        /// In how many of them it had to wait.
        required throttled_periods: u64 = "nr_throttled" count;
        /// How long it had to wait, all CPUs together.
        required throttled: Duration = "throttled_time" nanoseconds ["throttled_seconds" as "f64"];
        /// In how many periods it used what it had saved.
        optional bursts: u64 = "nr_bursts" count;
        /// How much of that it used.
        optional burst: Duration = "burst_time" nanoseconds ["burst_seconds" as "Option<f64>"];
        /// How long single CPUs waited for other processes.
        optional wait: Duration = "wait_sum" nanoseconds ["wait_seconds" as "Option<f64>"];
    }
}

interface_files! {
    /// The CPU time that a group of version 1 used.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v1/cpuacct.rst.
    pub struct LegacyCpuAccount of "cpuacct" {
        /// All of it.
        usage: Duration = "cpuacct.usage" Everywhere by nanoseconds,
            ["usage_seconds" as "linux_support_base::Reading<f64>"];
        /// On each CPU that the kernel has room for, by its number.
        usage_by_cpu: Vec<Duration> = "cpuacct.usage_percpu" Everywhere by by_cpu,
            ["usage_by_cpu_seconds" as "linux_support_base::Reading<Vec<f64>>"];
        /// In user space.
        usage_user: Duration = "cpuacct.usage_user" Everywhere by nanoseconds,
            ["usage_user_seconds" as "linux_support_base::Reading<f64>"];
        /// In the kernel.
        usage_system: Duration = "cpuacct.usage_sys" Everywhere by nanoseconds,
            ["usage_system_seconds" as "linux_support_base::Reading<f64>"];
        /// In user space and in the kernel, in clock ticks.
        stat: CpuTicks = "cpuacct.stat" Everywhere by CpuTicks::parse;
    }
}

flat_keyed! {
    /// CPU time in clock ticks.
    #[doc(alias = "cpuacct.stat")]
    pub struct CpuTicks {
        /// In user space.
        required user_ticks: ClockTicks = "user" ticks;
        /// In the kernel.
        required system_ticks: ClockTicks = "system" ticks;
    }
}

fn by_cpu(text: &[u8]) -> Result<Vec<Duration>, ParseError> {
    text::fields(text::trim(text)).map(nanoseconds).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waiting_is_in_nanoseconds() {
        let text = b"nr_periods 5\nnr_throttled 1\nthrottled_time 1500000000\n";
        let statistics = LegacyCpuStatistics::parse(text).unwrap();
        assert_eq!((statistics.periods, statistics.throttled), (5, Duration::from_millis(1500)));
        assert_eq!(statistics.bursts, None);
    }

    #[test]
    fn a_trailing_space_makes_no_further_cpu() {
        let times = [Duration::from_nanos(47902236), Duration::ZERO];
        assert_eq!(by_cpu(b"47902236 0 \n").unwrap(), times);
        assert!(by_cpu(b"x\n").is_err() && by_cpu(b"\n").unwrap().is_empty());
    }

    #[test]
    fn a_quota_of_minus_one_is_none() {
        assert_eq!(legacy_microseconds(b"-1\n"), Ok(Limit::Max));
        assert_eq!(legacy_microseconds(b"90000\n"), Ok(Limit::At(Duration::from_millis(90))));
        assert!(legacy_microseconds(b"-2\n").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (LegacyCpuStatistics::parse(&text), CpuTicks::parse(&text), by_cpu(&text));
        }
    }
}
