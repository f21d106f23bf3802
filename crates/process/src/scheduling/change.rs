use core::{marker::PhantomData, time::Duration};

use linux_support_base::{Error, Reason, Requirement};
use rustix::{io::Errno, thread::CapabilitySet};

use super::{
    Scheduling, SchedulingAttributes,
    attributes::{CLAMP_MAX, CLAMP_MIN},
};
use crate::{live_task::LiveTask, sys};

const KEEP_POLICY: u64 = 0x8;
const KEEP_PARAMETERS: u64 = 0x10;

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
