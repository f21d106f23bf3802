//! What became of a process that somebody waits for.

use core::fmt;

use super::{Signal, TraceEvent};

/// What became of a child.
///
/// # Source
/// wait(2), sigaction(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ChildEvent {
    /// It ended, with this status: 0 for success.
    #[doc(alias = "CLD_EXITED")]
    Exited(i32),
    /// A signal ended it.
    #[doc(alias = "CLD_KILLED")]
    Killed {
        /// Which.
        signal: Signal,
        /// Whether its memory was dumped.
        core_dumped: bool,
    },
    /// A signal stopped it.
    #[doc(alias = "CLD_STOPPED")]
    Stopped(Signal),
    /// It is traced, and this stopped it.
    #[doc(alias = "CLD_TRAPPED")]
    Trapped {
        /// The signal; SIGTRAP where an event is told.
        signal: Signal,
        /// What it did, where that is told to the tracer.
        event: Option<TraceEvent>,
    },
    /// It went on after a stop.
    #[doc(alias = "CLD_CONTINUED")]
    Continued,
    /// Something that is not known here.
    Unknown {
        /// The kernel's code.
        code: i32,
        /// What it says of it.
        status: i32,
    },
}

impl ChildEvent {
    /// From the code and status of a SIGCHLD's information, and of waitid(2).
    #[must_use]
    pub fn from_code(code: i32, status: i32) -> Self {
        let unknown = Self::Unknown { code, status };
        // A tracer's events are told in the bits above the signal.
        let signal = |status: i32| u8::try_from(status & 0x7f).ok().and_then(Signal::new);
        let with = |event: fn(Signal) -> Self| signal(status).map_or(unknown, event);
        match code {
            libc::CLD_EXITED => Self::Exited(status),
            libc::CLD_KILLED => with(|signal| Self::Killed { signal, core_dumped: false }),
            libc::CLD_DUMPED => with(|signal| Self::Killed { signal, core_dumped: true }),
            libc::CLD_STOPPED => with(Self::Stopped),
            libc::CLD_TRAPPED => signal(status)
                .map_or(unknown, |signal| Self::Trapped { signal, event: TraceEvent::from_status(status) }),
            libc::CLD_CONTINUED => Self::Continued,
            _ => unknown,
        }
    }

    /// From the status of wait4(2), in which the kernel keeps how a process ended.
    #[must_use]
    pub fn from_wait_status(status: i32) -> Self {
        let signal = |number: i32| u8::try_from(number).ok().and_then(Signal::new);
        let event = match status & 0x7f {
            _ if status == 0xffff => Some(Self::Continued),
            0 => Some(Self::Exited(status >> 8 & 0xff)),
            0x7f => {
                let event = TraceEvent::from_status(status >> 8);
                signal(status >> 8 & 0x7f).map(|signal| match event {
                    None => Self::Stopped(signal),
                    event => Self::Trapped { signal, event },
                })
            }
            number => signal(number).map(|signal| Self::Killed { signal, core_dumped: status & 0x80 != 0 }),
        };
        event.unwrap_or(Self::Unknown { code: 0, status })
    }

    /// Whether the child ended, and with success.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Exited(0)
    }
}

impl fmt::Display for ChildEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exited with {status}"),
            Self::Killed { signal, core_dumped: false } => write!(f, "killed by {signal}"),
            Self::Killed { signal, core_dumped: true } => write!(f, "killed by {signal}, core dumped"),
            Self::Stopped(signal) => write!(f, "stopped by {signal}"),
            Self::Trapped { signal, event: None } => write!(f, "trapped by {signal}"),
            Self::Trapped { signal, event: Some(event) } => write!(f, "trapped by {signal}, {event}"),
            Self::Continued => f.write_str("continued"),
            Self::Unknown { code, status } => write!(f, "code {code}, status {status}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_became_of_a_child() {
        let killed = |core_dumped| ChildEvent::Killed { signal: Signal::SEGV, core_dumped };
        let segv = Signal::SEGV.number().into();
        assert_eq!(ChildEvent::from_code(libc::CLD_EXITED, 7), ChildEvent::Exited(7));
        assert_eq!(ChildEvent::from_code(libc::CLD_KILLED, segv), killed(false));
        assert_eq!(ChildEvent::from_code(libc::CLD_DUMPED, segv), killed(true));
        assert_eq!(ChildEvent::from_code(libc::CLD_STOPPED, segv), ChildEvent::Stopped(Signal::SEGV));
        assert_eq!(
            ChildEvent::from_code(libc::CLD_TRAPPED, segv),
            ChildEvent::Trapped { signal: Signal::SEGV, event: None }
        );
        assert_eq!(
            ChildEvent::from_code(libc::CLD_TRAPPED, 0x305),
            ChildEvent::Trapped { signal: Signal::TRAP, event: Some(TraceEvent::Clone) }
        );
        assert_eq!(ChildEvent::from_code(99, -1), ChildEvent::Unknown { code: 99, status: -1 });
        assert_eq!(
            ChildEvent::from_code(libc::CLD_KILLED, 0),
            ChildEvent::Unknown { code: libc::CLD_KILLED, status: 0 }
        );
    }

    #[test]
    fn wait_statuses_say_what_became_of_a_child() {
        assert_eq!(ChildEvent::from_wait_status(0x300), ChildEvent::Exited(3));
        assert_eq!(ChildEvent::from_wait_status(0x80 | 11).to_string(), "killed by SIGSEGV, core dumped");
        assert_eq!(ChildEvent::from_wait_status(0xffff), ChildEvent::Continued);
        assert_eq!(
            ChildEvent::from_wait_status(0x4_057f).to_string(),
            "trapped by SIGTRAP, runs another program"
        );
        assert_eq!(
            ChildEvent::from_wait_status(0x857f).to_string(),
            "trapped by SIGTRAP, enters or leaves a system call"
        );
        assert_eq!(ChildEvent::from_wait_status(0x7f), ChildEvent::Unknown { code: 0, status: 0x7f });
        assert!(ChildEvent::from_wait_status(0).is_success());
    }
}
