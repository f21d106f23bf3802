//! Resource limits, one by one: read and set, of any process, and how much of them is used.
//!
//! [`Limits`](crate::Limits) is all of them at once, as `/proc/PID/limits` shows them.
//!
//! ```
//! use linux_support_base::{Bytes, Limit};
//! use linux_support_process::{LiveTask, ResourceLimit, resource};
//!
//! let process = LiveTask::caller();
//! let limit = process.limit(resource::CORE_FILE_SIZE)?;
//! // No core dumps; they may be allowed again up to what was allowed before.
//! process.set_limit(resource::CORE_FILE_SIZE, ResourceLimit { soft: Limit::At(Bytes::new(0)), hard: limit.hard })?;
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! # Source
//! getrlimit(2), prlimit(2).

use core::{fmt, time::Duration};

use linux_support_base::{Bytes, Error, Limit, Reason, Requirement};
use rustix::io::Errno;

use crate::{
    limits::ResourceLimit,
    live_task::LiveTask,
    scheduling::{Nice, RealTimePriority},
    sys,
};

/// A resource that is limited, in its unit `T`.
pub struct Resource<T> {
    number: u32,
    name: &'static str,
    from: fn(u64) -> T,
    to: fn(T) -> Result<u64, &'static str>,
}

impl<T> Clone for Resource<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Resource<T> {}

impl<T> fmt::Debug for Resource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resource({})", self.name)
    }
}

impl<T> Resource<T> {
    /// The name that the kernel's headers have for it: `RLIMIT_NOFILE`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The limits as the kernel takes them, or what it would take.
    fn pair(self, limit: ResourceLimit<T>) -> Result<sys::limit::Pair, &'static str> {
        let number = |limit: Limit<T>| match limit {
            Limit::Max => Ok(u64::MAX),
            Limit::At(value) => (self.to)(value),
        };
        Ok(sys::limit::Pair { soft: number(limit.soft)?, hard: number(limit.hard)? })
    }

    /// The kernel's number of the resource, and the limits.
    pub(crate) fn numbers(self, limit: ResourceLimit<T>) -> Result<(u32, sys::limit::Pair), Error> {
        let pair = self.pair(limit).map_err(|accepted| Error::invalid("set", self.name, accepted))?;
        Ok((self.number, pair))
    }
}

macro_rules! resources {
    ($($(#[$doc:meta])* $name:ident: $unit:ty = $number:ident $alias:literal, $from:expr, $to:expr;)*) => {$(
        $(#[$doc])*
        #[doc(alias = $alias)]
        pub const $name: Resource<$unit> = Resource {
            number: linux_raw_sys::general::$number,
            name: $alias,
            from: $from,
            to: $to,
        };
    )*};
}

resources! {
    /// CPU time, in whole seconds: at the soft limit SIGXCPU is sent every second, at the hard one SIGKILL.
    CPU_TIME: Duration = RLIMIT_CPU "RLIMIT_CPU", Duration::from_secs, whole_seconds;
    /// The size of files that it writes; beyond, SIGXFSZ is sent.
    FILE_SIZE: Bytes = RLIMIT_FSIZE "RLIMIT_FSIZE", Bytes::new, plain_bytes;
    /// Its data and heap.
    DATA_SIZE: Bytes = RLIMIT_DATA "RLIMIT_DATA", Bytes::new, plain_bytes;
    /// The stack of its first thread; also where new programs' arguments and mappings have their place.
    STACK_SIZE: Bytes = RLIMIT_STACK "RLIMIT_STACK", Bytes::new, plain_bytes;
    /// The size of its core dump; 0 for none.
    CORE_FILE_SIZE: Bytes = RLIMIT_CORE "RLIMIT_CORE", Bytes::new, plain_bytes;
    /// Its resident set: without effect since Linux 2.4.30.
    RESIDENT_SET: Bytes = RLIMIT_RSS "RLIMIT_RSS", Bytes::new, plain_bytes;
    /// The threads of its real user, for users other than root.
    PROCESSES: u64 = RLIMIT_NPROC "RLIMIT_NPROC", count, plain_count;
    /// One more than its highest file descriptor.
    OPEN_FILES: u64 = RLIMIT_NOFILE "RLIMIT_NOFILE", count, plain_count;
    /// What it may keep in memory.
    LOCKED_MEMORY: Bytes = RLIMIT_MEMLOCK "RLIMIT_MEMLOCK", Bytes::new, plain_bytes;
    /// Its address space.
    ADDRESS_SPACE: Bytes = RLIMIT_AS "RLIMIT_AS", Bytes::new, plain_bytes;
    /// Its locks and leases of files: without effect since Linux 2.4.25.
    FILE_LOCKS: u64 = RLIMIT_LOCKS "RLIMIT_LOCKS", count, plain_count;
    /// Signals that wait, of its real user.
    PENDING_SIGNALS: u64 = RLIMIT_SIGPENDING "RLIMIT_SIGPENDING", count, plain_count;
    /// What POSIX message queues of its real user may hold.
    MESSAGE_QUEUE_SIZE: Bytes = RLIMIT_MSGQUEUE "RLIMIT_MSGQUEUE", Bytes::new, plain_bytes;
    /// The lowest nice value that it may give itself.
    NICE: NiceCeiling = RLIMIT_NICE "RLIMIT_NICE", NiceCeiling, nice_ceiling;
    /// The highest real-time priority that it may give itself.
    REAL_TIME_PRIORITY: RealTimeCeiling = RLIMIT_RTPRIO "RLIMIT_RTPRIO", RealTimeCeiling, real_time_ceiling;
    /// The CPU time that a real-time thread may use without waiting for anything, in whole microseconds: SIGXCPU at
    /// the soft limit, SIGKILL at the hard one.
    REAL_TIME_TIMEOUT: Duration = RLIMIT_RTTIME "RLIMIT_RTTIME", Duration::from_micros, whole_microseconds;
}

fn plain_bytes(bytes: Bytes) -> Result<u64, &'static str> {
    Ok(bytes.get())
}

fn count(number: u64) -> u64 {
    number
}

fn plain_count(number: u64) -> Result<u64, &'static str> {
    Ok(number)
}

fn nice_ceiling(ceiling: NiceCeiling) -> Result<u64, &'static str> {
    Ok(ceiling.0)
}

fn real_time_ceiling(ceiling: RealTimeCeiling) -> Result<u64, &'static str> {
    Ok(ceiling.0)
}

fn whole_seconds(time: Duration) -> Result<u64, &'static str> {
    if time.subsec_nanos() == 0 { Ok(time.as_secs()) } else { Err("expected whole seconds") }
}

fn whole_microseconds(time: Duration) -> Result<u64, &'static str> {
    match u64::try_from(time.as_micros()) {
        Ok(time_in_microseconds) if time.subsec_nanos().is_multiple_of(1_000) => Ok(time_in_microseconds),
        _ => Err("expected whole microseconds, of 64 bits"),
    }
}

/// Down to which nice value a thread may set its own.
///
/// The kernel counts 20 minus the nice value: from 1 for 19 to 40 for -20; 0 allows no lowering at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NiceCeiling(u64);

impl NiceCeiling {
    /// It may not lower its nice value.
    pub const NONE: Self = Self(0);

    /// Down to `lowest`.
    #[must_use]
    pub const fn down_to(lowest: Nice) -> Self {
        Self((20 - lowest.get()) as u64)
    }

    /// The lowest; `None` where it may lower it to nothing.
    #[must_use]
    pub fn lowest(self) -> Option<Nice> {
        match self.0 {
            0 => None,
            number => Nice::new(20i8.saturating_sub_unsigned(number.min(40) as u8)),
        }
    }

    /// The kernel's number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Up to which real-time priority a thread may set its own; 0 allows none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RealTimeCeiling(u64);

impl RealTimeCeiling {
    /// It may have no real-time policy.
    pub const NONE: Self = Self(0);

    /// Up to `highest`.
    #[must_use]
    pub const fn up_to(highest: RealTimePriority) -> Self {
        Self(highest.get() as u64)
    }

    /// The highest; `None` where it may have none.
    #[must_use]
    pub fn highest(self) -> Option<RealTimePriority> {
        RealTimePriority::new(self.0.min(99) as u8)
    }

    /// The kernel's number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl LiveTask<'_, '_> {
    /// Its process's limit of `resource`.
    ///
    /// # Errors
    /// It has ended, or is of another user.
    ///
    /// # Capabilities
    /// CAP_SYS_RESOURCE for processes of other users.
    #[doc(alias = "getrlimit")]
    #[doc(alias = "prlimit")]
    pub fn limit<T>(self, resource: Resource<T>) -> Result<ResourceLimit<T>, Error> {
        let pair = self.exchange("read", resource, None)?;
        Ok(of_pair(resource, pair))
    }

    /// Sets its process's limit of `resource`, and gives the one before.
    ///
    /// # Errors
    /// The soft limit is above the hard one; the hard one is raised; more open files than `/proc/sys/fs/nr_open`; a time
    /// that is not whole in the kernel's unit; it has ended, or is of another user.
    ///
    /// # Capabilities
    /// CAP_SYS_RESOURCE to raise a hard limit, and for processes of other users.
    #[doc(alias = "setrlimit")]
    #[doc(alias = "prlimit")]
    pub fn set_limit<T>(
        self,
        resource: Resource<T>,
        limit: ResourceLimit<T>,
    ) -> Result<ResourceLimit<T>, Error> {
        let pair = resource.pair(limit).map_err(|accepted| {
            Error::invalid("set", format!("{} of {}", resource.name, self.name()), accepted)
        })?;
        Ok(of_pair(resource, self.exchange("set", resource, Some(pair))?))
    }

    fn exchange<T>(
        self,
        operation: &'static str,
        resource: Resource<T>,
        new: Option<sys::limit::Pair>,
    ) -> Result<sys::limit::Pair, Error> {
        let object = || format!("{} of {}", resource.name, self.name());
        self.call(|process| {
            sys::limit::exchange(process, resource.number, new.as_ref()).map_err(|errno| match errno {
                Errno::SRCH => Error::new(operation, object(), Reason::Gone),
                Errno::INVAL => {
                    Error::invalid(operation, object(), "expected a soft limit of the hard one at most")
                }
                errno => Error::system(operation, object(), errno)
                    .explained(Requirement::none().capability("CAP_SYS_RESOURCE"), None),
            })
        })
    }
}

fn of_pair<T>(resource: Resource<T>, pair: sys::limit::Pair) -> ResourceLimit<T> {
    let limit = |number| match number {
        u64::MAX => Limit::Max,
        number => Limit::At((resource.from)(number)),
    };
    ResourceLimit { soft: limit(pair.soft), hard: limit(pair.hard) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_are_the_kernels_numbers() {
        let nice = |value| Nice::new(value).unwrap();
        assert_eq!(NiceCeiling::down_to(nice(-20)).number(), 40);
        assert_eq!(NiceCeiling::down_to(nice(19)).number(), 1);
        assert_eq!(NiceCeiling(25).lowest(), Some(nice(-5)));
        assert_eq!((NiceCeiling::NONE.lowest(), NiceCeiling(u64::MAX - 1).lowest()), (None, Some(nice(-20))));
        assert_eq!(RealTimeCeiling::up_to(RealTimePriority::MAX).number(), 99);
        assert_eq!(
            (RealTimeCeiling::NONE.highest(), RealTimeCeiling(7).highest()),
            (None, RealTimePriority::new(7))
        );
    }

    #[test]
    fn times_must_be_whole_in_the_kernels_unit() {
        let process = LiveTask::caller();
        let limit = |time| ResourceLimit { soft: Limit::At(time), hard: Limit::Max };
        let error = process.set_limit(CPU_TIME, limit(Duration::from_millis(1500))).unwrap_err();
        assert_eq!(error.to_string(), "set RLIMIT_CPU of the calling thread: expected whole seconds");
        let error = process.set_limit(REAL_TIME_TIMEOUT, limit(Duration::from_nanos(1))).unwrap_err();
        assert!(error.to_string().ends_with("expected whole microseconds, of 64 bits"), "{error}");
    }

    #[test]
    fn a_soft_limit_above_the_hard_one_is_refused() {
        let limit = ResourceLimit { soft: Limit::At(8), hard: Limit::At(7) };
        let error = LiveTask::caller().set_limit(FILE_LOCKS, limit).unwrap_err();
        assert!(error.to_string().ends_with("expected a soft limit of the hard one at most"), "{error}");
    }
}
