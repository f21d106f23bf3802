//! The timers of a process: `/proc/PID/timers`.

use core::fmt;

use linux_support_base::{
    ByteString, ParseError, Pid, Signal,
    text::{colon_keyed, decimal, hexadecimal, split_once},
};
use linux_support_fd::Clock;

/// A timer of timer_create(2).
///
/// # Kernel
/// With CONFIG_CHECKPOINT_RESTORE.
///
/// # Source
/// proc_pid_timers(5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PosixTimer {
    /// Its number in the process.
    pub id: i32,
    /// The signal that it sends; `None` where it sends none.
    pub signal: Option<Signal>,
    /// What comes with the signal: a number or an address.
    pub value: u64,
    /// How it tells.
    pub notification: TimerNotification,
    /// Whom it tells: the process, or one of its threads; `None` where that is in a namespace that is not seen.
    pub target: Option<Pid>,
    /// Whether [`target`](Self::target) is a thread.
    pub is_for_thread: bool,
    /// The clock that it goes by.
    pub clock: PosixClock,
}

/// How a timer tells that it has expired.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum TimerNotification {
    /// By a signal. The C library's threads that are started by a timer are told so too.
    #[doc(alias = "SIGEV_SIGNAL")]
    Signal,
    /// Not at all.
    #[doc(alias = "SIGEV_NONE")]
    None,
    /// By a new thread.
    #[doc(alias = "SIGEV_THREAD")]
    Thread,
    /// Otherwise: the kernel's word.
    Unknown(ByteString),
}

/// The clock of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PosixClock {
    /// A clock of the machine.
    Machine(Clock),
    /// `CLOCK_TAI`: atomic time.
    Atomic,
    /// How long a process ran; `None` for the process itself.
    ProcessTime(Option<Pid>),
    /// How long a thread ran; `None` for the one that made the timer.
    ThreadTime(Option<Pid>),
    /// Another, by the kernel's number.
    Unknown(i32),
}

impl PosixClock {
    /// The clock of this number.
    ///
    /// # Source
    /// clock_gettime(2), clock_getcpuclockid(3).
    #[must_use]
    pub fn of_number(number: i32) -> Self {
        Self::Machine(match number {
            0 => Clock::RealTime,
            1 => Clock::Monotonic,
            7 => Clock::BootTime,
            8 => Clock::RealTimeAlarm,
            9 => Clock::BootTimeAlarm,
            2 => return Self::ProcessTime(None),
            3 => return Self::ThreadTime(None),
            11 => return Self::Atomic,
            // Below 0 are: the number of a task, inverted; a bit for threads; and two bits, of which 3 means a device.
            number if number < 0 && number & 3 != 3 => {
                let pid = Pid::new(!(number >> 3));
                return if number & 4 == 0 { Self::ProcessTime(pid) } else { Self::ThreadTime(pid) };
            }
            number => return Self::Unknown(number),
        })
    }
}

impl fmt::Display for PosixClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, pid) = match self {
            Self::Machine(Clock::RealTime) => return f.pad("real-time"),
            Self::Machine(Clock::Monotonic) => return f.pad("monotonic"),
            Self::Machine(Clock::BootTime) => return f.pad("boot-time"),
            Self::Machine(Clock::RealTimeAlarm) => return f.pad("real-time-alarm"),
            Self::Machine(Clock::BootTimeAlarm) => return f.pad("boot-time-alarm"),
            // Clocks that the crate fd may come to know.
            Self::Machine(clock) => return write!(f, "{clock:?}"),
            Self::Atomic => return f.pad("atomic"),
            Self::Unknown(number) => return write!(f, "clock-{number}"),
            Self::ProcessTime(pid) => ("process-time", pid),
            Self::ThreadTime(pid) => ("thread-time", pid),
        };
        match pid {
            Some(pid) => write!(f, "{what}-of-{pid}"),
            None => f.pad(what),
        }
    }
}

crate::serialize::as_text!(PosixClock, "PosixClock", "monotonic, process-time, thread-time-of-7 …");

impl PosixTimer {
    /// Reads the file.
    ///
    /// # Errors
    /// A line of a timer that is malformed or missing.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        let mut timers = Vec::new();
        let mut lines = colon_keyed(text).filter(|(key, _)| !key.is_empty());
        let end = &text[text.len()..];
        let mut next = |field: &'static str| match lines.next() {
            Some((key, Some(value))) if key == field.as_bytes() => Ok(Some(value)),
            Some((key, _)) => Err(ParseError::expected("another line", key).in_field(field)),
            None => Ok(None),
        };
        let missing = |field| move || ParseError::expected("one more line", end).in_field(field);
        while let Some(id) = next("ID")? {
            let signal = next("signal")?.ok_or_else(missing("signal"))?;
            let notify = next("notify")?.ok_or_else(missing("notify"))?;
            let clock = next("ClockID")?.ok_or_else(missing("ClockID"))?;
            let (signal, value) = Self::parse_signal(signal).map_err(|error| error.in_field("signal"))?;
            let (notification, is_for_thread, target) =
                Self::parse_notify(notify).map_err(|error| error.in_field("notify"))?;
            timers.push(Self {
                id: decimal(id).map_err(|error| error.in_field("ID"))?,
                signal,
                value,
                notification,
                target,
                is_for_thread,
                clock: PosixClock::of_number(decimal(clock).map_err(|error| error.in_field("ClockID"))?),
            });
        }
        Ok(timers)
    }

    fn parse_signal(text: &[u8]) -> Result<(Option<Signal>, u64), ParseError> {
        let error = || ParseError::expected("a signal's number, / and a value", text);
        let (signal, value) = split_once(text, b'/').ok_or_else(error)?;
        Ok((Signal::new(decimal(signal)?), hexadecimal(value)?))
    }

    fn parse_notify(text: &[u8]) -> Result<(TimerNotification, bool, Option<Pid>), ParseError> {
        let error = || ParseError::expected("how, /, pid or tid, . and a number", text);
        let (how, whom) = split_once(text, b'/').ok_or_else(error)?;
        let (kind, number) = split_once(whom, b'.').ok_or_else(error)?;
        let is_for_thread = match kind {
            b"tid" => true,
            b"pid" => false,
            _ => return Err(error()),
        };
        let how = match how {
            b"signal" => TimerNotification::Signal,
            b"none" => TimerNotification::None,
            b"thread" => TimerNotification::Thread,
            how => TimerNotification::Unknown(how.into()),
        };
        Ok((how, is_for_thread, Pid::new(decimal(number)?)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"ID: 4\nsignal: 14/0000000000000000\nnotify: signal/pid.27779\nClockID: -2\n\
        ID: 3\nsignal: 14/0000000000000000\nnotify: signal/pid.27779\nClockID: -6\n\
        ID: 2\nsignal: 32/000055f51f1fd460\nnotify: signal/tid.27780\nClockID: 7\n\
        ID: 1\nsignal: 0/0000000000000000\nnotify: none/pid.0\nClockID: 99\n";

    #[test]
    fn every_timer_is_read() {
        let timers = PosixTimer::parse_all(TEXT).unwrap();
        assert_eq!(timers.iter().map(|timer| timer.id).collect::<Vec<_>>(), [4, 3, 2, 1]);
        assert_eq!(timers[0].clock, PosixClock::ThreadTime(None));
        assert_eq!(timers[1].clock, PosixClock::ProcessTime(None));
        assert_eq!(timers[2].clock, PosixClock::Machine(Clock::BootTime));
        assert_eq!((timers[2].value, timers[2].signal), (0x55f5_1f1f_d460, Signal::new(32)));
        assert_eq!((timers[2].target, timers[2].is_for_thread), (Pid::new(27780), true));
        let last = &timers[3];
        assert_eq!((last.signal, &last.notification, last.target), (None, &TimerNotification::None, None));
        assert_eq!(last.clock, PosixClock::Unknown(99));
        assert_eq!(PosixTimer::parse_all(TEXT.trim_ascii_end()), Ok(timers));
        assert_eq!(PosixTimer::parse_all(b""), Ok(Vec::new()));
    }

    #[test]
    fn clocks_of_other_tasks_hold_their_number() {
        assert_eq!(PosixClock::of_number((!77 << 3) | 2), PosixClock::ProcessTime(Pid::new(77)));
        assert_eq!(PosixClock::of_number((!77 << 3) | 6), PosixClock::ThreadTime(Pid::new(77)));
        assert_eq!(PosixClock::of_number((!5 << 3) | 3), PosixClock::Unknown((!5 << 3) | 3));
        assert_eq!(PosixClock::of_number((!77 << 3) | 6).to_string(), "thread-time-of-77");
        assert_eq!(PosixClock::of_number(8).to_string(), "real-time-alarm");
    }

    #[test]
    fn a_timer_that_is_cut_short_is_an_error_that_names_the_line() {
        assert_eq!(PosixTimer::parse_all(b"ID: 4\n").unwrap_err().field(), Some("signal"));
        assert_eq!(
            PosixTimer::parse_all(b"ID: 4\nsignal: 1/0\nnotify: x\n").unwrap_err().field(),
            Some("ClockID")
        );
        let text = b"ID: 4\nsignal: 1/0\nnotify: none/uid.1\nClockID: 0\n";
        assert_eq!(PosixTimer::parse_all(text).unwrap_err().field(), Some("notify"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(ID: |signal: |notify: |ClockID: |signal/pid.|-?[0-9]{1,11}/?|\n){0,24}", bytes: Vec<u8>) {
            let _ = (PosixTimer::parse_all(text.as_bytes()), PosixTimer::parse_all(&bytes));
        }

        #[test]
        fn every_clock_has_a_meaning(number: i32) {
            let _ = PosixClock::of_number(number);
        }
    }
}
