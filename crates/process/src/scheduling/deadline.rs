use core::time::Duration;

use linux_support_base::Error;

bitflags::bitflags! {
    /// What else is asked for a thread with a deadline.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct DeadlineFlags: u64 {
        /// It may use bandwidth that other such threads leave. Since Linux 4.13.
        #[doc(alias = "SCHED_FLAG_RECLAIM")]
        const RECLAIM = 0x2;
        /// It is sent SIGXCPU when it has used up its time. Since Linux 4.16.
        #[doc(alias = "SCHED_FLAG_DL_OVERRUN")]
        const SIGNAL_OVERRUN = 0x4;
    }
}

/// So much time of a CPU in every period, within a deadline after the period's begin.
///
/// ```
/// use std::time::Duration;
/// use linux_support_process::scheduling::Deadline;
///
/// // 2 ms every 10 ms, done within 5 ms.
/// let millis = Duration::from_millis;
/// let deadline = Deadline::new(millis(2), millis(5), millis(10))?;
/// assert_eq!(deadline.bandwidth(), 0.2);
/// assert!(Deadline::new(millis(6), millis(5), millis(10)).is_err());
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// sched(7), "SCHED_DEADLINE"; Documentation/scheduler/sched-deadline.rst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deadline {
    runtime: Duration,
    deadline: Duration,
    period: Duration,
    /// What else is asked.
    pub flags: DeadlineFlags,
}

/// The shortest time that the kernel accounts for: 2^10 ns.
const SHORTEST: Duration = Duration::from_nanos(1 << 10);
/// The longest, since the kernel keeps one bit of its 64 for itself.
const LONGEST: Duration = Duration::from_nanos((1 << 63) - 1);

impl Deadline {
    /// `runtime` of CPU time within `deadline` after the begin of each `period`.
    ///
    /// # Errors
    /// The runtime is below 1,024 ns, or above the deadline; the deadline is above the period, or that above 2^63 ns.
    pub fn new(runtime: Duration, deadline: Duration, period: Duration) -> Result<Self, Error> {
        if runtime < SHORTEST || runtime > deadline || deadline > period || period > LONGEST {
            return Err(Error::invalid(
                "use",
                format!("the deadline {runtime:?} within {deadline:?} every {period:?}"),
                "expected 1.024µs <= runtime <= deadline <= period",
            ));
        }
        Ok(Self { runtime, deadline, period, flags: DeadlineFlags::empty() })
    }

    pub(super) fn from_kernel(runtime: u64, deadline: u64, period: u64, flags: u64) -> Self {
        Self {
            runtime: Duration::from_nanos(runtime),
            deadline: Duration::from_nanos(deadline),
            period: Duration::from_nanos(period),
            flags: DeadlineFlags::from_bits_truncate(flags),
        }
    }

    /// The same with these flags.
    #[must_use]
    pub const fn with(self, flags: DeadlineFlags) -> Self {
        Self { flags, ..self }
    }

    /// The CPU time in every period.
    #[must_use]
    pub const fn runtime(&self) -> Duration {
        self.runtime
    }

    /// By when it is to be had.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The period.
    #[must_use]
    pub const fn period(&self) -> Duration {
        self.period
    }

    /// Which part of a CPU it takes: above 0, and 1 at most.
    #[must_use]
    pub fn bandwidth(&self) -> f64 {
        self.runtime.as_secs_f64() / self.period.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_lies_between_runtime_and_period() {
        let new = |runtime, deadline, period| {
            Deadline::new(
                Duration::from_nanos(runtime),
                Duration::from_nanos(deadline),
                Duration::from_nanos(period),
            )
        };
        assert!(new(1024, 1024, 1024).is_ok());
        for (runtime, deadline, period) in
            [(1023, 2000, 3000), (3000, 2000, 4000), (1024, 3000, 2000), (1024, 2048, 1 << 63)]
        {
            let error = new(runtime, deadline, period).unwrap_err();
            assert!(
                error.to_string().ends_with("expected 1.024µs <= runtime <= deadline <= period"),
                "{error}"
            );
        }
    }
}
