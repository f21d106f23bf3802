use core::fmt;

/// The scheduling policy of a thread.
///
/// # Source
/// sched(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SchedulingPolicy {
    /// Time-shared: the default.
    #[doc(alias = "SCHED_OTHER")]
    #[doc(alias = "SCHED_NORMAL")]
    Other,
    /// Real-time, first in, first out.
    #[doc(alias = "SCHED_FIFO")]
    Fifo,
    /// Real-time, in turns.
    #[doc(alias = "SCHED_RR")]
    RoundRobin,
    /// Time-shared, for work that nobody waits for.
    #[doc(alias = "SCHED_BATCH")]
    Batch,
    /// Only when nothing else would run.
    #[doc(alias = "SCHED_IDLE")]
    Idle,
    /// By deadlines.
    #[doc(alias = "SCHED_DEADLINE")]
    Deadline,
    /// By a scheduler that was loaded as a BPF program.
    ///
    /// # Kernel
    /// Since 6.12, with CONFIG_SCHED_CLASS_EXT.
    #[doc(alias = "SCHED_EXT")]
    Extensible,
    /// A number that is not known here.
    Unknown(u32),
}

impl SchedulingPolicy {
    /// The policy of the kernel's number.
    #[inline]
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Other,
            1 => Self::Fifo,
            2 => Self::RoundRobin,
            3 => Self::Batch,
            5 => Self::Idle,
            6 => Self::Deadline,
            7 => Self::Extensible,
            number => Self::Unknown(number),
        }
    }

    /// The kernel's number.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Other => 0,
            Self::Fifo => 1,
            Self::RoundRobin => 2,
            Self::Batch => 3,
            Self::Idle => 5,
            Self::Deadline => 6,
            Self::Extensible => 7,
            Self::Unknown(number) => number,
        }
    }

    /// Whether threads of this policy run before all that are time-shared.
    #[must_use]
    pub const fn is_real_time(self) -> bool {
        matches!(self, Self::Fifo | Self::RoundRobin | Self::Deadline)
    }
}

impl fmt::Display for SchedulingPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Other => "other",
            Self::Fifo => "fifo",
            Self::RoundRobin => "round-robin",
            Self::Batch => "batch",
            Self::Idle => "idle",
            Self::Deadline => "deadline",
            Self::Extensible => "ext",
            Self::Unknown(number) => return f.pad(&number.to_string()),
        })
    }
}

crate::serialize::as_text!(
    SchedulingPolicy,
    "SchedulingPolicy",
    "other, fifo, round-robin, batch, idle, deadline, ext, or the number of a policy that is not known."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_number_comes_back() {
        for number in 0..100 {
            assert_eq!(SchedulingPolicy::from_number(number).number(), number);
        }
        assert_eq!(SchedulingPolicy::from_number(4).to_string(), "4");
        assert!(SchedulingPolicy::Deadline.is_real_time() && !SchedulingPolicy::Extensible.is_real_time());
    }
}
