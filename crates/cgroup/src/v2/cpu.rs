//! The controller `cpu` of version 2.

use core::{fmt, time::Duration};

use linux_support_base::{Limit, ParseError, Percentage, text};

use crate::format::{boolean, flat_keyed, integer, interface_files, microseconds};

interface_files! {
    /// The distribution of CPU time to a group.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, "CPU".
    pub struct CpuControl of "cpu" {
        /// Its share, relative to the groups beside it: 1 to 10,000, and 100 where nobody set it; 0 is idle.
        weight: u64 = "cpu.weight" BelowRoot by crate::format::count;
        /// The nice value nearest to the weight: -20 to 19.
        weight_nice: i64 = "cpu.weight.nice" BelowRoot by integer;
        /// How much it may use.
        max: CpuBandwidth = "cpu.max" BelowRoot needs "CONFIG_CFS_BANDWIDTH" by CpuBandwidth::parse;
        /// How much of what it did not use it may use later, at once.
        max_burst: Duration = "cpu.max.burst" BelowRoot since 5 14 needs "CONFIG_CFS_BANDWIDTH" by microseconds,
            ["max_burst_seconds" as "linux_support_base::Reading<f64>"];
        /// Whether its processes run only where nobody else wants to.
        idle: bool = "cpu.idle" BelowRoot since 5 15 by boolean;
        /// The least performance that is asked of CPUs for it.
        utilization_min: Limit<Percentage> = "cpu.uclamp.min" BelowRoot since 5 4 needs "CONFIG_UCLAMP_TASK_GROUP" by percentage_limit;
        /// The most performance that is asked of CPUs for it.
        utilization_max: Limit<Percentage> = "cpu.uclamp.max" BelowRoot since 5 4 needs "CONFIG_UCLAMP_TASK_GROUP" by percentage_limit;
    }
}

flat_keyed! {
    /// The CPU time that a group used.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, `cpu.stat`.
    #[doc(alias = "cpu.stat")]
    pub struct CpuStatistics {
        /// All of it.
        required usage: Duration = "usage_usec" microseconds ["usage_seconds" as "f64"];
        /// In user space.
        required user: Duration = "user_usec" microseconds ["user_seconds" as "f64"];
        /// In the kernel.
        required system: Duration = "system_usec" microseconds ["system_seconds" as "f64"];
        /// At a nice value above 0, as a part of `user`.
        optional nice: Duration = "nice_usec" microseconds ["nice_seconds" as "Option<f64>"];
        /// Idle because what else could run on the core may not run beside it.
        optional forced_idle: Duration = "core_sched.force_idle_usec" microseconds ["forced_idle_seconds" as "Option<f64>"];
        /// How many periods of `cpu.max` there were in which it could run. Without the controller, this and
        /// those below are not there.
        optional periods: u64 = "nr_periods" count;
        /// In how many of them it had to wait.
        optional throttled_periods: u64 = "nr_throttled" count;
        /// How long it had to wait.
        optional throttled: Duration = "throttled_usec" microseconds ["throttled_seconds" as "Option<f64>"];
        /// In how many periods it used what it had saved.
        optional bursts: u64 = "nr_bursts" count;
        /// How much of that it used.
        optional burst: Duration = "burst_usec" microseconds ["burst_seconds" as "Option<f64>"];
    }
}

flat_keyed! {
    /// The CPU time for which a group had to wait itself, without the groups below it.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, `cpu.stat.local`.
    #[doc(alias = "cpu.stat.local")]
    pub struct CpuLocalStatistics {
        /// How long it had to wait; not there at the root.
        optional throttled: Duration = "throttled_usec" microseconds ["throttled_seconds" as "Option<f64>"];
    }
}

fn percentage_limit(text: &[u8]) -> Result<Limit<Percentage>, ParseError> {
    Limit::parse_with(text::trim(text), Percentage::parse)
}

/// How much CPU time a group may use: so much in each period, on all CPUs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "cpu.max")]
pub struct CpuBandwidth {
    /// The time that it may use.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "limit_seconds", serialize_with = "crate::serialize::seconds")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Limit<f64>"))]
    pub limit: Limit<Duration>,
    /// In each of these periods.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "period_seconds", serialize_with = "crate::serialize::seconds")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub period: Duration,
}

impl CpuBandwidth {
    /// Reads the file `cpu.max`: `90000 100000`, `max 100000`, in microseconds.
    ///
    /// # Errors
    /// Anything but two numbers, of which the first may be `max`.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut fields = text::fields(text::trim(text));
        let limit = Limit::parse_with(fields.required("limit")?, microseconds)
            .map_err(|error| error.in_field("limit"))?;
        let period = microseconds(fields.required("period")?).map_err(|error| error.in_field("period"))?;
        Ok(Self { limit, period })
    }

    /// How many CPUs' time that is: 0.5 for the half of one. `None` where there is no limit.
    #[must_use]
    pub fn cpus(&self) -> Option<f64> {
        let (limit, period) = (self.limit.value()?.as_nanos(), self.period.as_nanos());
        (period != 0).then(|| limit as f64 / period as f64)
    }
}

impl fmt::Display for CpuBandwidth {
    /// The form of `cpu.max`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.limit.map(|limit| limit.as_micros()), self.period.as_micros())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bandwidth_has_a_limit_or_none() {
        let limited = CpuBandwidth::parse(b"50000 100000\n").unwrap();
        assert_eq!(limited.limit, Limit::At(Duration::from_millis(50)));
        assert_eq!((limited.cpus(), limited.to_string()), (Some(0.5), "50000 100000".into()));
        let free = CpuBandwidth::parse(b"max 100000").unwrap();
        assert_eq!((free.cpus(), free.to_string()), (None, "max 100000".into()));
        assert_eq!(CpuBandwidth::parse(b"max\n").unwrap_err().field(), Some("period"));
        assert!(CpuBandwidth::parse(b"").is_err() && CpuBandwidth::parse(b"-1 5").is_err());
        assert_eq!(CpuBandwidth::parse(b"90000 100000").unwrap().cpus(), Some(0.9));
        assert_eq!(CpuBandwidth::parse(b"5 0").unwrap().cpus(), None);
    }

    #[test]
    fn statistics_without_the_controller_have_the_first_three() {
        let text = b"usage_usec 51477\nuser_usec 20543\nsystem_usec 30934\n";
        let statistics = CpuStatistics::parse(text).unwrap();
        assert_eq!(statistics.usage, Duration::from_micros(51477));
        assert_eq!((statistics.periods, statistics.throttled), (None, None));
        assert!(CpuStatistics::parse(b"usage_usec 1\n").is_err());
    }

    #[test]
    fn the_root_waits_for_nothing() {
        assert_eq!(CpuLocalStatistics::parse(b"").unwrap().throttled, None);
        let local = CpuLocalStatistics::parse(b"throttled_usec 7\n").unwrap();
        assert_eq!(local.throttled, Some(Duration::from_micros(7)));
    }

    #[test]
    fn a_clamp_is_a_percentage_or_none() {
        let clamp = percentage_limit(b"12.34\n").unwrap();
        assert_eq!(clamp.value().map(Percentage::hundredths), Some(1234));
        assert_eq!(percentage_limit(b"max\n"), Ok(Limit::Max));
        assert!(percentage_limit(b"12\n").is_err());
    }

    #[cfg(feature = "serde")]
    #[test]
    fn json_has_seconds() {
        let bandwidth = CpuBandwidth::parse(b"max 100000").unwrap();
        assert_eq!(
            serde_json::to_string(&bandwidth).unwrap(),
            r#"{"limit_seconds":"max","period_seconds":0.1}"#
        );
        let statistics = CpuStatistics::parse(b"usage_usec 1500000\nuser_usec 0\nsystem_usec 0\n").unwrap();
        assert_eq!(
            serde_json::to_string(&statistics).unwrap(),
            r#"{"usage_seconds":1.5,"user_seconds":0.0,"system_seconds":0.0}"#
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (CpuLocalStatistics::parse(&text), CpuBandwidth::parse(&text), CpuStatistics::parse(&text), percentage_limit(&text));
        }
    }
}
