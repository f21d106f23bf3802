use core::time::Duration;

use linux_support_base::{
    ByteString, Error, Limit, LiveMachine, Machine, ParseError, Reading, Requirement, TemporarySetting,
    text::{decimal, trim},
};

#[cfg(feature = "serde")]
use crate::serialize::seconds;

const ROOT: &str = "/proc/sys/kernel";
const EXTENSIBLE: &str = "/sys/kernel/sched_ext";

/// The part of all CPU time that real-time threads may take, deadlines included.
///
/// # Source
/// Documentation/scheduler/sched-rt-group.rst, sched(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RealTimeShare {
    /// So much of every period; no limit where nothing is left for others.
    #[doc(alias = "sched_rt_runtime_us")]
    #[cfg_attr(feature = "serde", serde(rename = "runtime_seconds", serialize_with = "limit_of_seconds"))]
    #[cfg_attr(feature = "schema", schemars(with = "Limit<f64>"))]
    pub runtime: Limit<Duration>,
    /// The period.
    #[doc(alias = "sched_rt_period_us")]
    #[cfg_attr(feature = "serde", serde(rename = "period_seconds", serialize_with = "seconds::plain"))]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub period: Duration,
}

impl RealTimeShare {
    fn read(machine: &Machine) -> Result<Self, Error> {
        let runtime = machine.parse(format!("{ROOT}/sched_rt_runtime_us"), |text| match trim(text) {
            b"-1" => Ok(Limit::Max),
            text => decimal(text).map(Duration::from_micros).map(Limit::At),
        })?;
        let period = machine.parse(format!("{ROOT}/sched_rt_period_us"), microseconds)?;
        Ok(Self { runtime, period })
    }

    /// Which part of a CPU that is: 0.95 by default, 1 without a limit.
    #[must_use]
    pub fn part(&self) -> f64 {
        match self.runtime {
            Limit::At(runtime) => runtime.as_secs_f64() / self.period.as_secs_f64(),
            Limit::Max => 1.0,
        }
    }

    /// Sets the part, until what is returned is dropped: see [`TemporarySetting::keep`]. The period is left as it is.
    ///
    /// # Errors
    /// The runtime is longer than the period, or not whole microseconds; deadlines that were admitted would no longer fit
    /// (`EBUSY`).
    ///
    /// # Capabilities
    /// Root's, to write the file.
    pub fn set_runtime(
        machine: LiveMachine<'_>,
        runtime: Limit<Duration>,
    ) -> Result<TemporarySetting<'_>, Error> {
        let text = match runtime {
            Limit::Max => "-1".to_owned(),
            Limit::At(time) => whole_microseconds(time)?.to_string(),
        };
        machine.write_for_now(format!("{ROOT}/sched_rt_runtime_us"), text)
    }
}

/// What the scheduler is set to for the whole machine.
///
/// # Source
/// Documentation/admin-guide/sysctl/kernel.rst, sched(7), Documentation/scheduler/sched-ext.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SchedulerSettings {
    /// The part of all CPU time that real-time threads may take.
    pub real_time: Reading<RealTimeShare>,
    /// How long a thread of the round-robin policy has its turn.
    #[doc(alias = "sched_rr_timeslice_ms")]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "round_robin_interval_seconds", serialize_with = "seconds::reading")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Reading<f64>"))]
    pub round_robin_interval: Reading<Duration>,
    /// The shortest period of a deadline. Since Linux 5.2.
    #[doc(alias = "sched_deadline_period_min_us")]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "shortest_deadline_period_seconds", serialize_with = "seconds::reading")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Reading<f64>"))]
    pub shortest_deadline_period: Reading<Duration>,
    /// The longest period of a deadline. Since Linux 5.2.
    #[doc(alias = "sched_deadline_period_max_us")]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "longest_deadline_period_seconds", serialize_with = "seconds::reading")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Reading<f64>"))]
    pub longest_deadline_period: Reading<Duration>,
    /// Whether each session gets one share of the CPU. With CONFIG_SCHED_AUTOGROUP.
    #[doc(alias = "sched_autogroup_enabled")]
    pub autogroup: Reading<bool>,
    /// Whether statistics are kept. With CONFIG_SCHEDSTATS.
    #[doc(alias = "sched_schedstats")]
    pub statistics: Reading<bool>,
    /// Whether threads are placed by the energy that CPUs use. With CONFIG_ENERGY_MODEL.
    #[doc(alias = "sched_energy_aware")]
    pub energy_aware: Reading<bool>,
    /// How much of a cgroup's bandwidth a CPU takes at a time. With CONFIG_CFS_BANDWIDTH.
    #[doc(alias = "sched_cfs_bandwidth_slice_us")]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "bandwidth_slice_seconds", serialize_with = "seconds::reading")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Reading<f64>"))]
    pub bandwidth_slice: Reading<Duration>,
    /// The lowest that a thread may ask its utilisation to be taken for, of 1,024. With CONFIG_UCLAMP_TASK.
    #[doc(alias = "sched_util_clamp_min")]
    pub utilisation_min: Reading<u16>,
    /// The highest. With CONFIG_UCLAMP_TASK.
    #[doc(alias = "sched_util_clamp_max")]
    pub utilisation_max: Reading<u16>,
    /// What that of real-time threads is taken for that ask for nothing. With CONFIG_UCLAMP_TASK.
    #[doc(alias = "sched_util_clamp_min_rt_default")]
    pub real_time_utilisation_min: Reading<u16>,
    /// The state of the scheduler that was loaded as a BPF program: `disabled`, `enabled`. Since Linux 6.12, with
    /// CONFIG_SCHED_CLASS_EXT.
    #[doc(alias = "sched_ext")]
    pub extensible: Reading<ByteString>,
    /// The name of that scheduler. Absent while there is none.
    pub extensible_name: Reading<ByteString>,
}

impl SchedulerSettings {
    /// Reads the settings.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        let needs = Requirement::none();
        let time =
            |name: &str, needs, unit: fn(&[u8]) -> Result<Duration, ParseError>| -> Reading<Duration> {
                machine.parse_needing(format!("{ROOT}/{name}"), needs, unit).into()
            };
        let switch = |name: &str, configuration| -> Reading<bool> {
            machine.parse_needing(format!("{ROOT}/{name}"), needs.configuration(configuration), flag).into()
        };
        let parts = |name: &str| -> Reading<u16> {
            let needs = needs.configuration("CONFIG_UCLAMP_TASK");
            machine.parse_needing(format!("{ROOT}/{name}"), needs, |text| decimal(trim(text))).into()
        };
        let extensible = needs.since(6, 12).configuration("CONFIG_SCHED_CLASS_EXT");
        let word = |name: &str| -> Reading<ByteString> {
            machine
                .parse_needing(format!("{EXTENSIBLE}/{name}"), extensible, |text| Ok(trim(text).into()))
                .into()
        };
        Self {
            real_time: RealTimeShare::read(machine).into(),
            round_robin_interval: time("sched_rr_timeslice_ms", needs, |text| {
                decimal(trim(text)).map(Duration::from_millis)
            }),
            shortest_deadline_period: time("sched_deadline_period_min_us", needs.since(5, 2), microseconds),
            longest_deadline_period: time("sched_deadline_period_max_us", needs.since(5, 2), microseconds),
            autogroup: switch("sched_autogroup_enabled", "CONFIG_SCHED_AUTOGROUP"),
            statistics: switch("sched_schedstats", "CONFIG_SCHEDSTATS"),
            energy_aware: switch("sched_energy_aware", "CONFIG_ENERGY_MODEL"),
            bandwidth_slice: time(
                "sched_cfs_bandwidth_slice_us",
                needs.configuration("CONFIG_CFS_BANDWIDTH"),
                microseconds,
            ),
            utilisation_min: parts("sched_util_clamp_min"),
            utilisation_max: parts("sched_util_clamp_max"),
            real_time_utilisation_min: parts("sched_util_clamp_min_rt_default"),
            extensible: word("state"),
            extensible_name: word("root/ops"),
        }
    }

    /// Sets how long a thread of the round-robin policy has its turn, until what is returned is dropped; `None` for the
    /// kernel's default.
    ///
    /// # Errors
    /// The interval is not whole milliseconds, or 0.
    ///
    /// # Capabilities
    /// Root's, to write the file.
    pub fn set_round_robin_interval(
        machine: LiveMachine<'_>,
        interval: Option<Duration>,
    ) -> Result<TemporarySetting<'_>, Error> {
        let milliseconds = match interval {
            None => 0,
            Some(time) if time.as_millis() > 0 && time.subsec_nanos().is_multiple_of(1_000_000) => {
                time.as_millis()
            }
            Some(time) => {
                return Err(Error::invalid(
                    "set",
                    format!("the interval {time:?}"),
                    "expected whole milliseconds",
                ));
            }
        };
        machine.write_for_now(format!("{ROOT}/sched_rr_timeslice_ms"), milliseconds.to_string())
    }

    /// Gives each session one share of the CPU, or no longer, until what is returned is dropped.
    ///
    /// # Errors
    /// The kernel is built without CONFIG_SCHED_AUTOGROUP.
    ///
    /// # Capabilities
    /// Root's, to write the file.
    pub fn set_autogroup(machine: LiveMachine<'_>, enabled: bool) -> Result<TemporarySetting<'_>, Error> {
        let needs = Requirement::none().configuration("CONFIG_SCHED_AUTOGROUP");
        machine
            .write_for_now(format!("{ROOT}/sched_autogroup_enabled"), if enabled { "1" } else { "0" })
            .map_err(|error| machine.explain(error, needs))
    }
}

fn microseconds(text: &[u8]) -> Result<Duration, ParseError> {
    decimal(trim(text)).map(Duration::from_micros)
}

fn whole_microseconds(time: Duration) -> Result<u128, Error> {
    if time.subsec_nanos().is_multiple_of(1_000) {
        return Ok(time.as_micros());
    }
    Err(Error::invalid("set", format!("the time {time:?}"), "expected whole microseconds"))
}

fn flag(text: &[u8]) -> Result<bool, ParseError> {
    match trim(text) {
        b"0" => Ok(false),
        b"1" => Ok(true),
        other => Err(ParseError::expected("0 or 1", other)),
    }
}

#[cfg(feature = "serde")]
fn limit_of_seconds<S: serde::Serializer>(limit: &Limit<Duration>, to: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&limit.map(|time| time.as_secs_f64()), to)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn settings_are_read_in_their_units_and_absent_ones_say_what_they_need() {
        let tree = tempfile::tempdir().unwrap();
        let root = tree.path().join("proc/sys/kernel");
        fs::create_dir_all(&root).unwrap();
        for (name, text) in [
            ("sched_rt_period_us", "1000000\n"),
            ("sched_rt_runtime_us", "950000\n"),
            ("sched_rr_timeslice_ms", "100\n"),
            ("sched_deadline_period_min_us", "100\n"),
            ("sched_autogroup_enabled", "2\n"),
        ] {
            fs::write(root.join(name), text).unwrap();
        }
        let read = || SchedulerSettings::read(&Machine::captured(tree.path()).unwrap());
        let settings = read();
        let share = settings.real_time.into_result().unwrap();
        assert_eq!(share.part(), 0.95);
        assert_eq!(settings.round_robin_interval.value(), Some(&Duration::from_millis(100)));
        assert_eq!(settings.shortest_deadline_period.value(), Some(&Duration::from_micros(100)));
        assert_eq!(settings.autogroup.error().unwrap().reason().name(), "malformed");
        let missing = settings.utilisation_max.error().unwrap().to_string();
        assert!(missing.ends_with("absent: needs CONFIG_UCLAMP_TASK"), "{missing}");
        fs::write(root.join("sched_rt_runtime_us"), "-1\n").unwrap();
        assert_eq!(read().real_time.into_result().unwrap().part(), 1.0);
    }
}
