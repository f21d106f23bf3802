use core::{fmt, marker::PhantomData, time::Duration};

use linux_support_base::{Error, Reason, Requirement};
use rustix::{io::Errno, thread::CapabilitySet};

use super::{Deadline, Nice, RealTimePriority, SchedulingPolicy};
use crate::{live_task::LiveTask, sys};

const RESET_ON_FORK: u64 = 0x1;
const KEEP_POLICY: u64 = 0x8;
const KEEP_PARAMETERS: u64 = 0x10;
const CLAMP_MIN: u64 = 0x20;
const CLAMP_MAX: u64 = 0x40;

/// The policy of a thread, with what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// The share of a time-shared thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FairShare {
    /// How much of the CPU it gets against others.
    pub nice: Nice,
    /// How long it runs at a time: from 100 µs to 100 ms; `None` for what the scheduler chooses. What is read is always
    /// the time in force. Since Linux 6.12; older kernels choose.
    pub slice: Option<Duration>,
}

impl FairShare {
    /// The share of this nice value.
    #[must_use]
    pub const fn new(nice: Nice) -> Self {
        Self { nice, slice: None }
    }

    /// The same, to run for so long at a time.
    #[must_use]
    pub const fn with_slice(self, slice: Duration) -> Self {
        Self { slice: Some(slice), ..self }
    }
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

/// How busy a CPU is taken to be by a thread, for its frequency and for which CPU is large enough: from 0 to 1,024,
/// which is all of the machine's largest CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Utilisation(u16);

impl Utilisation {
    /// None.
    pub const MIN: Self = Self(0);
    /// All of the largest CPU.
    pub const MAX: Self = Self(1024);

    /// So many of 1,024 parts; `None` above that.
    #[must_use]
    pub const fn new(parts: u16) -> Option<Self> {
        if parts <= 1024 { Some(Self(parts)) } else { None }
    }

    /// The parts, of 1,024.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// Between what a thread's utilisation is taken to be. Setting leaves what is `None` as it is.
///
/// # Source
/// Documentation/scheduler/sched-util-clamp.rst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[doc(alias = "uclamp")]
pub struct UtilisationClamp {
    /// No less than this, however little it runs.
    pub min: Option<Utilisation>,
    /// No more than this, however much it runs.
    pub max: Option<Utilisation>,
}

/// How the scheduler treats a thread.
///
/// # Source
/// sched_setattr(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[doc(alias = "sched_attr")]
pub struct SchedulingAttributes {
    /// Its policy and what belongs to that.
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

    fn decode(raw: &sys::scheduling::Attributes) -> Self {
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

    fn encode(&self) -> Result<sys::scheduling::Attributes, Error> {
        let mut raw = sys::scheduling::Attributes {
            policy: self.scheduling.policy().number(),
            flags: if self.reset_on_fork { RESET_ON_FORK } else { 0 },
            ..Default::default()
        };
        match self.scheduling {
            Scheduling::Other(share) | Scheduling::Batch(share) | Scheduling::Extensible(share) => {
                raw.nice = share.nice.get().into();
                raw.runtime = share.slice.map_or(Ok(0), slice)?;
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

/// The kernel brings what is outside to the next that it takes; here that is refused.
fn slice(slice: Duration) -> Result<u64, Error> {
    match slice.as_nanos() {
        nanoseconds @ 100_000..=100_000_000 => Ok(nanoseconds as u64),
        _ => Err(Error::invalid("set", format!("the slice {slice:?}"), "expected 100µs to 100ms")),
    }
}

impl LiveTask<'_, '_> {
    /// How the scheduler treats it.
    ///
    /// # Errors
    /// It has ended.
    #[doc(alias = "sched_getattr")]
    #[doc(alias = "sched_getscheduler")]
    pub fn scheduling(self) -> Result<SchedulingAttributes, Error> {
        self.call(|thread| {
            sys::scheduling::attributes(thread)
                .map(|raw| SchedulingAttributes::decode(&raw))
                .map_err(|errno| self.failed("read the scheduling of", errno))
        })
    }

    /// Has the scheduler treat it so.
    ///
    /// # Errors
    /// It has ended; the kernel does not know the policy, or clamps no utilisation; a slice outside of 100 µs to 100 ms;
    /// a deadline for which there is no bandwidth left, whose period is not one that the machine allows
    /// ([`SchedulerSettings`](super::SchedulerSettings)), or for a thread that may not run on all CPUs of its root
    /// domain.
    ///
    /// # Capabilities
    /// CAP_SYS_NICE, but for what the limits [`NICE`](crate::resource::NICE) and
    /// [`REAL_TIME_PRIORITY`](crate::resource::REAL_TIME_PRIORITY) of the thread allow.
    #[doc(alias = "sched_setattr")]
    #[doc(alias = "sched_setscheduler")]
    pub fn set_scheduling(self, attributes: &SchedulingAttributes) -> Result<(), Error> {
        let raw = attributes.encode()?;
        self.call(|thread| {
            sys::scheduling::set_attributes(thread, &raw).map_err(|errno| self.refused(attributes, errno))
        })
    }

    /// Takes back what clamps its utilisation.
    ///
    /// # Errors
    /// It has ended, or is of another user.
    ///
    /// # Kernel
    /// Since 5.11, with CONFIG_UCLAMP_TASK.
    pub fn reset_utilisation_clamp(self) -> Result<(), Error> {
        let raw = sys::scheduling::Attributes {
            flags: KEEP_POLICY | KEEP_PARAMETERS | CLAMP_MIN | CLAMP_MAX,
            utilisation_min: u32::MAX,
            utilisation_max: u32::MAX,
            ..Default::default()
        };
        self.call(|thread| {
            sys::scheduling::set_attributes(thread, &raw).map_err(|errno| self.failed("unclamp", errno))
        })
    }

    /// How long it runs before the next of its priority has its turn; `None` where it takes no turns.
    ///
    /// # Errors
    /// It has ended.
    #[doc(alias = "sched_rr_get_interval")]
    pub fn round_robin_interval(self) -> Result<Option<Duration>, Error> {
        self.call(|thread| {
            sys::scheduling::round_robin_interval(thread)
                .map(|time| Some(time).filter(|time| !time.is_zero()))
                .map_err(|errno| self.failed("read the interval of", errno))
        })
    }

    #[cold]
    fn failed(self, operation: &'static str, errno: Errno) -> Error {
        let needs =
            Requirement::none().capability("CAP_SYS_NICE").configuration("CONFIG_UCLAMP_TASK").since(5, 11);
        match errno {
            Errno::SRCH => Error::new(operation, self.name(), Reason::Gone),
            Errno::OPNOTSUPP => Error::new(operation, self.name(), Reason::NotConfigured { needs }),
            errno => Error::system(operation, self.name(), errno).explained(needs, None),
        }
    }

    #[cold]
    fn refused(self, attributes: &SchedulingAttributes, errno: Errno) -> Error {
        let asked = || format!("{} for {}", attributes.scheduling, self.name());
        let invalid = |accepted: &str| Error::invalid("set", asked(), accepted);
        match (errno, attributes.scheduling) {
            (Errno::BUSY, Scheduling::Deadline(_)) => invalid(
                "too much bandwidth: all deadlines of the thread's root domain together may take the part that \
                 sched_rt_runtime_us is of sched_rt_period_us, of each of its CPUs",
            ),
            (Errno::INVAL, Scheduling::Deadline(_)) => invalid(
                "the kernel refuses the period: expected one between sched_deadline_period_min_us and \
                 sched_deadline_period_max_us",
            ),
            (Errno::PERM, Scheduling::Deadline(_)) if may_set_priorities() => {
                invalid("a thread with a deadline must be allowed on all CPUs of its root domain")
            }
            (Errno::INVAL, scheduling) => {
                invalid(&format!("this kernel does not know the policy {}", scheduling.policy()))
            }
            (errno, _) => self.failed("set the scheduling of", errno),
        }
    }
}

fn may_set_priorities() -> bool {
    rustix::thread::capabilities(None)
        .is_ok_and(|capabilities| capabilities.effective.contains(CapabilitySet::SYS_NICE))
}

/// How the calling thread is scheduled, until this is dropped: then it is as before.
///
/// The way back from a policy to a more favoured one needs CAP_SYS_NICE or the limits for it; ask
/// [`restore`](Self::restore) whether it was possible.
#[derive(Debug)]
#[must_use = "the scheduling ends when this is dropped"]
pub struct TemporaryScheduling {
    before: SchedulingAttributes,
    /// It belongs to the thread.
    thread: PhantomData<*const ()>,
}

impl TemporaryScheduling {
    /// Has the scheduler treat the calling thread so.
    ///
    /// # Errors
    /// As for [`LiveTask::set_scheduling`].
    pub fn set(attributes: &SchedulingAttributes) -> Result<Self, Error> {
        let before = LiveTask::caller().scheduling()?;
        LiveTask::caller().set_scheduling(attributes)?;
        Ok(Self { before, thread: PhantomData })
    }

    /// How it was before.
    #[must_use]
    pub fn before(&self) -> &SchedulingAttributes {
        &self.before
    }

    /// Ends it, and says whether it is as before.
    ///
    /// # Errors
    /// As for [`LiveTask::set_scheduling`].
    pub fn restore(self) -> Result<(), Error> {
        LiveTask::caller().set_scheduling(&self.before)
        // Dropping it does so once more, which changes nothing.
    }
}

impl Drop for TemporaryScheduling {
    fn drop(&mut self) {
        let _ = LiveTask::caller().set_scheduling(&self.before);
    }
}
