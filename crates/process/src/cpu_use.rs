//! How much of the CPUs a process or thread used between two moments.

use core::time::Duration;
use std::time::Instant;

use linux_support_base::{ClockTicks, Error, Facts, Pid, Reason};

use crate::{stat::Stat, task::Task};

/// What a process or thread had used of the CPUs at a moment.
///
/// Two of them give its [use](CpuUse) in between. That of the whole machine, and of each CPU, is told by the two times of
/// `/proc/stat`: see `Statistics` of `linux-support-kernel`.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_process::Process;
///
/// let machine = Machine::live()?;
/// let process = Process::of_caller(&machine)?;
/// let before = process.cpu_sample()?;
/// let some_work: u64 = (0..100_000).sum();
/// let used = process.cpu_sample()?.since(&before)?;
/// if let Some(cpus) = used.cpus() {
///     println!("{cpus:.2} CPUs for {some_work}");
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuSample {
    pid: Pid,
    start: ClockTicks,
    user: Duration,
    system: Duration,
    at: Instant,
}

/// How much of the CPUs a process (all its threads together) or a thread used in an interval.
///
/// The kernel counts in clock ticks, of 10 ms as a rule: over less than a second or so this is coarse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CpuUse {
    /// In user mode.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "user_seconds", serialize_with = "crate::serialize::seconds::plain")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub user: Duration,
    /// In the kernel.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "system_seconds", serialize_with = "crate::serialize::seconds::plain")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub system: Duration,
    /// How long that took by the clock, the machine's sleep not included.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "interval_seconds", serialize_with = "crate::serialize::seconds::plain")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub interval: Duration,
}

impl CpuSample {
    /// The sample in a `stat` that was read at the moment `at`, where so many ticks make a second.
    #[must_use]
    pub fn of(stat: &Stat, ticks_per_second: u32, at: Instant) -> Self {
        Self {
            pid: stat.pid,
            start: stat.start,
            user: stat.user_time.duration(ticks_per_second),
            system: stat.system_time.duration(ticks_per_second),
            at,
        }
    }

    /// Whose it is.
    #[must_use]
    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// What was used between `earlier` and this. Where they are given the wrong way round it is nothing, in no time.
    ///
    /// # Errors
    /// `earlier` is of another process or thread: that one has ended ([`Reason::Gone`]), if this has its number.
    pub fn since(&self, earlier: &Self) -> Result<CpuUse, Error> {
        if self.pid != earlier.pid {
            return Err(Error::invalid(
                "compare",
                format!("CPU times of {} and {}", earlier.pid, self.pid),
                "expected two of one process or thread",
            ));
        }
        if self.start != earlier.start {
            return Err(Error::new("compare", format!("CPU times of {}", earlier.pid), Reason::Gone));
        }
        Ok(CpuUse {
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
            interval: self.at.saturating_duration_since(earlier.at),
        })
    }
}

impl CpuUse {
    /// The CPU time, in user mode and in the kernel.
    #[must_use]
    pub const fn total(&self) -> Duration {
        self.user.saturating_add(self.system)
    }

    /// How many CPUs were used on average: 1.0 where one was busy all the time; `None` if no time had passed.
    ///
    /// Since the kernel counts in ticks, it may be a little more than there are threads.
    #[must_use]
    #[doc(alias = "%CPU")]
    pub fn cpus(&self) -> Option<f64> {
        (!self.interval.is_zero()).then(|| self.total().as_secs_f64() / self.interval.as_secs_f64())
    }
}

impl Task<'_> {
    /// What it has used of the CPUs until now.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); also a captured machine that does not say how many ticks make a second.
    pub fn cpu_sample(&self) -> Result<CpuSample, Error> {
        let ticks = self.ticks_per_second()?;
        let stat = self.stat()?;
        Ok(CpuSample::of(&stat, ticks, Instant::now()))
    }

    pub(crate) fn ticks_per_second(&self) -> Result<u32, Error> {
        self.machine()
            .facts()
            .clock_ticks_per_second
            .ok_or_else(|| Error::new("find the clock ticks in", Facts::PATH, Reason::Absent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &[u8] = b"7 (a) S 1 7 7 0 -1 4194560 99 0 0 0 12 3 0 0 20 0 1 0 600101 3133440 413 \
        18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

    fn sample(change: impl FnOnce(&mut Stat), at: Instant) -> CpuSample {
        let mut stat = Stat::parse(LINE).unwrap();
        change(&mut stat);
        CpuSample::of(&stat, 100, at)
    }

    #[test]
    fn the_use_is_the_difference_by_the_time_that_passed() {
        let begin = Instant::now();
        let before = sample(|_| (), begin);
        let after = sample(
            |stat| {
                stat.user_time = ClockTicks::new(212);
                stat.system_time = ClockTicks::new(103);
            },
            begin + Duration::from_secs(2),
        );
        let used = after.since(&before).unwrap();
        assert_eq!((used.user, used.system), (Duration::from_secs(2), Duration::from_secs(1)));
        assert_eq!((used.total(), used.cpus()), (Duration::from_secs(3), Some(1.5)));
    }

    #[test]
    fn in_no_time_there_is_no_rate_and_no_fault() {
        let begin = Instant::now();
        let before = sample(|_| (), begin);
        assert_eq!(before.since(&before).unwrap().cpus(), None);
        let later = sample(|stat| stat.user_time = ClockTicks::new(99), begin + Duration::from_secs(1));
        assert_eq!(before.since(&later), Ok(CpuUse::default()), "the wrong way round");
    }

    #[test]
    fn a_number_that_is_used_again_is_not_the_same_process() {
        let begin = Instant::now();
        let before = sample(|_| (), begin);
        let other = sample(|stat| stat.start = ClockTicks::new(600_102), begin);
        assert!(matches!(other.since(&before).unwrap_err().reason(), Reason::Gone));
        let another = sample(|stat| stat.pid = Pid::new(8).unwrap(), begin);
        assert!(matches!(another.since(&before).unwrap_err().reason(), Reason::Invalid { .. }));
    }
}
