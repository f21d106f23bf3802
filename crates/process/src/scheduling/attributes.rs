use core::{fmt, time::Duration};

use linux_support_base::Error;

use super::{
    Deadline, FairShare, Nice, RealTimePriority, SchedulingPolicy, Utilisation, UtilisationClamp,
    share::checked_slice,
};
use crate::sys;

const RESET_ON_FORK: u64 = 0x1;
pub(super) const CLAMP_MIN: u64 = 0x20;
pub(super) const CLAMP_MAX: u64 = 0x40;

/// The policy of a thread, with what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(into = "super::form::SchedulingForm"))]
#[non_exhaustive]
pub enum Scheduling {
    /// Time-shared: the default.
    #[doc(alias = "SCHED_OTHER")]
    Other(FairShare),
    /// Time-shared, for work that nobody waits for.
    #[doc(alias = "SCHED_BATCH")]
    Batch(FairShare),
    /// Only when nothing else would run. The nice value stays what it was.
    #[doc(alias = "SCHED_IDLE")]
    Idle,
    /// Real-time, until it waits or one of a higher priority runs.
    #[doc(alias = "SCHED_FIFO")]
    Fifo(RealTimePriority),
    /// Real-time, in turns with others of its priority.
    #[doc(alias = "SCHED_RR")]
    RoundRobin(RealTimePriority),
    /// So much time in every period. It can start no thread and no process (`EAGAIN`) unless these are reset:
    /// [`SchedulingAttributes::reset_on_fork`].
    #[doc(alias = "SCHED_DEADLINE")]
    Deadline(Deadline),
    /// By a scheduler that was loaded as a BPF program; as [`Other`](Self::Other) while none is. Since Linux 6.12.
    #[doc(alias = "SCHED_EXT")]
    Extensible(FairShare),
    /// A policy that is not known here, which can't be set.
    Unknown(u32),
}

impl Scheduling {
    /// Its policy.
    #[must_use]
    pub const fn policy(&self) -> SchedulingPolicy {
        match *self {
            Self::Other(_) => SchedulingPolicy::Other,
            Self::Batch(_) => SchedulingPolicy::Batch,
            Self::Idle => SchedulingPolicy::Idle,
            Self::Fifo(_) => SchedulingPolicy::Fifo,
            Self::RoundRobin(_) => SchedulingPolicy::RoundRobin,
            Self::Deadline(_) => SchedulingPolicy::Deadline,
            Self::Extensible(_) => SchedulingPolicy::Extensible,
            Self::Unknown(number) => SchedulingPolicy::Unknown(number),
        }
    }
}

impl fmt::Display for Scheduling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = self.policy();
        match self {
            Self::Other(share) | Self::Batch(share) | Self::Extensible(share) => {
                write!(f, "{policy}, nice {}", share.nice)
            }
            Self::Fifo(priority) | Self::RoundRobin(priority) => write!(f, "{policy} {priority}"),
            Self::Deadline(deadline) => {
                let (runtime, until, period) = (deadline.runtime(), deadline.deadline(), deadline.period());
                write!(f, "{policy} {runtime:?} within {until:?} every {period:?}")
            }
            Self::Idle | Self::Unknown(_) => policy.fmt(f),
        }
    }
}

/// How the scheduler treats a thread.
///
/// # Source
/// sched_setattr(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "sched_attr")]
pub struct SchedulingAttributes {
    /// Its policy and what belongs to that.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub scheduling: Scheduling,
    /// Whether its children begin time-shared and with a nice value of no less than 0. Taking it back needs
    /// CAP_SYS_NICE.
    #[doc(alias = "SCHED_FLAG_RESET_ON_FORK")]
    pub reset_on_fork: bool,
    /// Between what its utilisation is taken to be. With CONFIG_UCLAMP_TASK.
    pub utilisation: UtilisationClamp,
}

impl SchedulingAttributes {
    /// This policy, for the children too.
    #[must_use]
    pub fn new(scheduling: Scheduling) -> Self {
        Self { scheduling, reset_on_fork: false, utilisation: UtilisationClamp::default() }
    }

    /// The same, not for the children.
    #[must_use]
    pub const fn reset_on_fork(self) -> Self {
        Self { reset_on_fork: true, ..self }
    }

    /// The same with this clamp.
    #[must_use]
    pub const fn with_utilisation(self, utilisation: UtilisationClamp) -> Self {
        Self { utilisation, ..self }
    }

    pub(super) fn decode(raw: &sys::scheduling::Attributes) -> Self {
        let share = FairShare {
            nice: Nice::clamped(raw.nice.into()),
            slice: (raw.runtime != 0).then(|| Duration::from_nanos(raw.runtime)),
        };
        // The kernel gives no other to threads of these policies.
        let priority = u8::try_from(raw.priority).ok().and_then(RealTimePriority::new);
        let scheduling = match (SchedulingPolicy::from_number(raw.policy), priority) {
            (SchedulingPolicy::Other, _) => Scheduling::Other(share),
            (SchedulingPolicy::Batch, _) => Scheduling::Batch(share),
            (SchedulingPolicy::Extensible, _) => Scheduling::Extensible(share),
            (SchedulingPolicy::Idle, _) => Scheduling::Idle,
            (SchedulingPolicy::Fifo, Some(priority)) => Scheduling::Fifo(priority),
            (SchedulingPolicy::RoundRobin, Some(priority)) => Scheduling::RoundRobin(priority),
            (SchedulingPolicy::Deadline, _) => {
                Scheduling::Deadline(Deadline::from_kernel(raw.runtime, raw.deadline, raw.period, raw.flags))
            }
            _ => Scheduling::Unknown(raw.policy),
        };
        let clamp = |parts: u32| u16::try_from(parts).ok().and_then(Utilisation::new);
        // Without CONFIG_UCLAMP_TASK, and only then, both are 0.
        let clamped = raw.utilisation_max != 0 || raw.utilisation_min != 0;
        Self {
            scheduling,
            reset_on_fork: raw.flags & RESET_ON_FORK != 0,
            utilisation: UtilisationClamp {
                min: clamp(raw.utilisation_min).filter(|_| clamped),
                max: clamp(raw.utilisation_max).filter(|_| clamped),
            },
        }
    }

    pub(crate) fn encode(&self) -> Result<sys::scheduling::Attributes, Error> {
        let mut raw = sys::scheduling::Attributes {
            policy: self.scheduling.policy().number(),
            flags: if self.reset_on_fork { RESET_ON_FORK } else { 0 },
            ..Default::default()
        };
        match self.scheduling {
            Scheduling::Other(share) | Scheduling::Batch(share) | Scheduling::Extensible(share) => {
                raw.nice = share.nice.get().into();
                raw.runtime = share.slice.map_or(Ok(0), checked_slice)?;
            }
            Scheduling::Idle => {}
            Scheduling::Fifo(priority) | Scheduling::RoundRobin(priority) => {
                raw.priority = priority.get().into();
            }
            Scheduling::Deadline(deadline) => {
                raw.flags |= deadline.flags.bits();
                let nanoseconds = |time: Duration| time.as_nanos() as u64;
                raw.runtime = nanoseconds(deadline.runtime());
                raw.deadline = nanoseconds(deadline.deadline());
                raw.period = nanoseconds(deadline.period());
            }
            Scheduling::Unknown(number) => {
                return Err(Error::invalid(
                    "set",
                    format!("scheduling policy {number}"),
                    "expected a known policy",
                ));
            }
        }
        if let Some(min) = self.utilisation.min {
            raw.flags |= CLAMP_MIN;
            raw.utilisation_min = min.get().into();
        }
        if let Some(max) = self.utilisation.max {
            raw.flags |= CLAMP_MAX;
            raw.utilisation_max = max.get().into();
        }
        Ok(raw)
    }
}
