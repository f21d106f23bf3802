//! Timers that are read: timerfd_create(2).

use core::{fmt, num::NonZeroU64, ops::Add};
use std::{
    os::fd::OwnedFd,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use linux_support_base::{Errno, Error, Requirement};
use rustix::{
    io,
    time::{
        ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
        timerfd_create, timerfd_gettime, timerfd_settime,
    },
};

use crate::{
    descriptor::descriptor,
    readiness::{attempt, timespec, when_readable},
};

/// A clock that a timer goes by.
///
/// # Source
/// clock_getres(2), timerfd_create(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Clock {
    /// The time of day, since 1970; it can be set.
    #[doc(alias = "CLOCK_REALTIME")]
    RealTime,
    /// The time since the machine started, but for when it slept.
    #[doc(alias = "CLOCK_MONOTONIC")]
    Monotonic,
    /// The time since the machine started.
    #[doc(alias = "CLOCK_BOOTTIME")]
    BootTime,
    /// [`RealTime`](Self::RealTime), and its timers wake the machine from sleep. Needs CAP_WAKE_ALARM.
    #[doc(alias = "CLOCK_REALTIME_ALARM")]
    RealTimeAlarm,
    /// [`BootTime`](Self::BootTime), and its timers wake the machine from sleep. Needs CAP_WAKE_ALARM.
    #[doc(alias = "CLOCK_BOOTTIME_ALARM")]
    BootTimeAlarm,
}

impl Clock {
    /// What it shows now.
    #[must_use]
    pub fn now(self) -> ClockTime {
        let time = clock_gettime(match self {
            Self::RealTime | Self::RealTimeAlarm => ClockId::Realtime,
            Self::Monotonic => ClockId::Monotonic,
            Self::BootTime | Self::BootTimeAlarm => ClockId::Boottime,
        });
        ClockTime(duration(time))
    }
}

/// A moment, as a clock shows it: since 1970, or since the machine started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime(Duration);

impl ClockTime {
    /// The moment at which the clock shows this.
    #[must_use]
    pub const fn new(since_zero: Duration) -> Self {
        Self(since_zero)
    }

    /// What the clock shows.
    #[must_use]
    pub const fn since_zero(self) -> Duration {
        self.0
    }
}

impl From<SystemTime> for ClockTime {
    /// The moment by the clock of the time of day; 1970 for what came before.
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

impl Add<Duration> for ClockTime {
    type Output = Self;

    /// Later by so much, at most the end of what a duration can tell.
    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(later))
    }
}

/// When a timer expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    first: First,
    every: Option<Duration>,
    cancelled_when_clock_is_set: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    After(Duration),
    At(ClockTime),
}

impl Schedule {
    /// Once, after so long; at once for 0.
    #[must_use]
    pub const fn after(delay: Duration) -> Self {
        Self { first: First::After(delay), every: None, cancelled_when_clock_is_set: false }
    }

    /// Once, when the clock shows this; at once if it does already.
    #[must_use]
    #[doc(alias = "TFD_TIMER_ABSTIME")]
    pub const fn at(time: ClockTime) -> Self {
        Self { first: First::At(time), every: None, cancelled_when_clock_is_set: false }
    }

    /// And again and again, so long after each other.
    #[must_use]
    pub const fn every(mut self, interval: Duration) -> Self {
        self.every = Some(interval);
        self
    }

    /// And is told when somebody sets the clock: see [`Expiration::ClockWasSet`]. For moments by
    /// [`Clock::RealTime`] and its alarms.
    #[must_use]
    #[doc(alias = "TFD_TIMER_CANCEL_ON_SET")]
    pub const fn cancelled_when_clock_is_set(mut self) -> Self {
        self.cancelled_when_clock_is_set = true;
        self
    }

    fn for_kernel(self) -> Result<(TimerfdTimerFlags, Itimerspec), Error> {
        let invalid = |accepted: &str| Error::invalid("arm", "timerfd", accepted);
        let range =
            |time: Duration| timespec(time).ok_or_else(|| invalid("takes times up to 2^63 - 1 seconds"));
        // To the kernel a first time of 0 means that the timer is off.
        let soon = |time: Duration| range(time.max(Duration::from_nanos(1)));
        let (mut flags, it_value) = match self.first {
            First::After(delay) => (TimerfdTimerFlags::empty(), soon(delay)?),
            First::At(time) => (TimerfdTimerFlags::ABSTIME, soon(time.0)?),
        };
        if self.cancelled_when_clock_is_set {
            if matches!(self.first, First::After(_)) {
                return Err(invalid("only a moment of the clock can be cancelled by setting it"));
            }
            flags |= TimerfdTimerFlags::CANCEL_ON_SET;
        }
        let it_interval = match self.every {
            Some(Duration::ZERO) => return Err(invalid("takes intervals above 0")),
            Some(interval) => range(interval)?,
            None => ZERO,
        };
        Ok((flags, Itimerspec { it_interval, it_value }))
    }
}

/// What reading a timer gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiration {
    /// It expired so often since it was last read or armed.
    Expired(NonZeroU64),
    /// The clock was set, and the timer asked [to be told](Schedule::cancelled_when_clock_is_set). It goes on by the
    /// new time: what was computed from the old time should be computed and armed anew.
    #[doc(alias = "ECANCELED")]
    ClockWasSet,
}

/// What a timer has before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// How long until it expires; `None` if it is off.
    pub until: Option<Duration>,
    /// How long from one expiration to the next; `None` if there is only one.
    pub every: Option<Duration>,
}

/// A timer that is read, and that epoll waits for.
///
/// ```
/// use std::time::Duration;
/// use linux_support_fd::{Clock, Expiration, Schedule, TimerFd};
///
/// let timer = TimerFd::new(Clock::Monotonic)?;
/// timer.arm(Schedule::after(Duration::from_millis(5)).every(Duration::from_secs(60)))?;
/// assert_eq!(timer.try_read()?, None);
/// assert_eq!(timer.read()?, Expiration::Expired(1.try_into().unwrap()));
/// assert!(timer.remaining()?.until.unwrap() > Duration::from_secs(50));
/// timer.disarm()?;
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// timerfd_create(2).
#[derive(Debug)]
#[doc(alias = "timerfd")]
pub struct TimerFd(OwnedFd);

descriptor!(TimerFd, "timerfd", crate::DescriptorKind::TimerFd, nonblocking: true);

const ZERO: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
const NEEDS: Requirement = Requirement::none().capability("CAP_WAKE_ALARM");

impl TimerFd {
    /// A timer that goes by `clock`, and is off.
    ///
    /// # Errors
    /// There is no descriptor left.
    ///
    /// # Capabilities
    /// CAP_WAKE_ALARM for the alarm clocks.
    pub fn new(clock: Clock) -> Result<Self, Error> {
        let clock = match clock {
            Clock::RealTime => TimerfdClockId::Realtime,
            Clock::Monotonic => TimerfdClockId::Monotonic,
            Clock::BootTime => TimerfdClockId::Boottime,
            Clock::RealTimeAlarm => TimerfdClockId::RealtimeAlarm,
            Clock::BootTimeAlarm => TimerfdClockId::BoottimeAlarm,
        };
        timerfd_create(clock, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)
            .map(Self)
            .map_err(|errno| Error::system("create", "timerfd", errno).explained(NEEDS, None))
    }

    /// Sets when it expires, and gives what it had before it until now. What was not read yet is forgotten.
    ///
    /// # Errors
    /// A time is out of range, an interval is 0, or what is to be [cancelled](Schedule::cancelled_when_clock_is_set)
    /// is no moment.
    ///
    /// # Capabilities
    /// CAP_WAKE_ALARM for the alarm clocks.
    #[doc(alias = "timerfd_settime")]
    pub fn arm(&self, schedule: Schedule) -> Result<Remaining, Error> {
        let (flags, times) = schedule.for_kernel()?;
        match timerfd_settime(&self.0, flags, &times) {
            Ok(before) => Ok(before.into()),
            // The clock was set since it was last read; nevertheless it is armed, and is not told of that again.
            Err(Errno::CANCELED) => self.remaining(),
            Err(errno) => Err(Error::system("arm", "timerfd", errno).explained(NEEDS, None)),
        }
    }

    /// Switches it off, and gives what it had before it.
    ///
    /// # Errors
    /// None that is known.
    pub fn disarm(&self) -> Result<Remaining, Error> {
        timerfd_settime(
            &self.0,
            TimerfdTimerFlags::empty(),
            &Itimerspec { it_interval: ZERO, it_value: ZERO },
        )
        .map(Remaining::from)
        .map_err(|errno| Error::system("disarm", "timerfd", errno).explained(NEEDS, None))
    }

    /// What it has before it.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "timerfd_gettime")]
    pub fn remaining(&self) -> Result<Remaining, Error> {
        timerfd_gettime(&self.0).map(Remaining::from).map_err(|errno| Error::system("read", "timerfd", errno))
    }

    /// Waits until it expires; forever, if it is off.
    ///
    /// # Errors
    /// None that is known.
    pub fn read(&self) -> Result<Expiration, Error> {
        when_readable(self, "read", "timerfd", || self.try_read())
    }

    /// How often it expired; `None` if it didn't.
    ///
    /// # Errors
    /// None that is known.
    pub fn try_read(&self) -> Result<Option<Expiration>, Error> {
        let mut count = [0; 8];
        let broken = |errno| Error::system("read", "timerfd", errno);
        match attempt(|| io::read(&self.0, &mut count)) {
            Ok(Some(8)) => Ok(NonZeroU64::new(u64::from_ne_bytes(count)).map(Expiration::Expired)),
            Ok(Some(_)) => Err(broken(Errno::IO)),
            Ok(None) => Ok(None),
            Err(Errno::CANCELED) => Ok(Some(Expiration::ClockWasSet)),
            Err(errno) => Err(broken(errno)),
        }
    }
}

impl From<Itimerspec> for Remaining {
    fn from(times: Itimerspec) -> Self {
        let above_zero = |time| Some(duration(time)).filter(|time| !time.is_zero());
        Self { until: above_zero(times.it_value), every: above_zero(times.it_interval) }
    }
}

impl fmt::Display for Expiration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired(count) => write!(f, "expired {count} times"),
            Self::ClockWasSet => f.write_str("the clock was set"),
        }
    }
}

fn duration(time: Timespec) -> Duration {
    Duration::new(time.tv_sec.try_into().unwrap_or_default(), time.tv_nsec.try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_time_of_0_is_soon_and_not_never() {
        for schedule in [Schedule::after(Duration::ZERO), Schedule::at(ClockTime::new(Duration::ZERO))] {
            assert_eq!(schedule.for_kernel().unwrap().1.it_value, Timespec { tv_sec: 0, tv_nsec: 1 });
        }
    }

    #[test]
    fn schedules_that_make_no_sense_are_refused() {
        let soon = Schedule::after(Duration::from_secs(1));
        for schedule in
            [soon.every(Duration::ZERO), soon.every(Duration::MAX), soon.cancelled_when_clock_is_set()]
        {
            assert!(schedule.for_kernel().is_err(), "{schedule:?}");
        }
        assert!(Schedule::at(ClockTime::from(UNIX_EPOCH) + Duration::MAX).for_kernel().is_err());
    }
}
