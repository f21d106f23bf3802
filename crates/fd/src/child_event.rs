//! What became of a process that somebody waits for.

use core::fmt;

use linux_support_base::Signal;

/// What became of a child.
///
/// # Source
/// wait(2), sigaction(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// It is traced, and this stopped it. Only waitid(2) and SIGCHLD tell it from other stops; the status of wait4(2)
    /// does where there is an event.
    #[doc(alias = "CLD_TRAPPED")]
    Traced(TraceStop),
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

/// Why a traced child stopped.
///
/// # Source
/// ptrace(2), "Stopped states".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TraceStop {
    /// A signal came, which the tracer may let through. SIGTRAP is this too: of a break point, of a single step, of a
    /// system call where the tracer did not ask to have these marked, or of an execve where it did not ask for the
    /// event.
    #[doc(alias = "signal-delivery-stop")]
    Signal(Signal),
    /// It enters or leaves a system call, and the tracer asked to have that marked.
    #[doc(alias = "PTRACE_O_TRACESYSGOOD")]
    SystemCall,
    /// It started a process.
    #[doc(alias = "PTRACE_EVENT_FORK")]
    Fork,
    /// It started a process that it now waits for.
    #[doc(alias = "PTRACE_EVENT_VFORK")]
    VirtualFork,
    /// It started a thread, or a process that sends no SIGCHLD.
    #[doc(alias = "PTRACE_EVENT_CLONE")]
    Clone,
    /// It runs another program.
    #[doc(alias = "PTRACE_EVENT_EXEC")]
    Execute,
    /// It no longer waits for the process that it started.
    #[doc(alias = "PTRACE_EVENT_VFORK_DONE")]
    VirtualForkDone,
    /// It is about to end.
    #[doc(alias = "PTRACE_EVENT_EXIT")]
    Exit,
    /// A seccomp filter asked for its tracer.
    #[doc(alias = "PTRACE_EVENT_SECCOMP")]
    Seccomp,
    /// A stop of the whole process, by this signal; or, with SIGTRAP, the tracer's own request.
    #[doc(alias = "PTRACE_EVENT_STOP")]
    Group(Signal),
    /// An event that is not known here.
    Unknown {
        /// The kernel's number of the event.
        event: u32,
        /// The signal beside it.
        signal: Signal,
    },
}

impl TraceStop {
    /// From the low byte of what stopped it and the event above.
    fn of(code: i32) -> Option<Self> {
        let signal = u8::try_from(code & 0x7f).ok().and_then(Signal::new)?;
        let marked = code & 0x80 != 0;
        Some(match (code.cast_unsigned() >> 8, signal) {
            (0, Signal::TRAP) if marked => Self::SystemCall,
            (0, signal) if !marked => Self::Signal(signal),
            (1, Signal::TRAP) => Self::Fork,
            (2, Signal::TRAP) => Self::VirtualFork,
            (3, Signal::TRAP) => Self::Clone,
            (4, Signal::TRAP) => Self::Execute,
            (5, Signal::TRAP) => Self::VirtualForkDone,
            (6, Signal::TRAP) => Self::Exit,
            (7, Signal::TRAP) => Self::Seccomp,
            (128, signal) => Self::Group(signal),
            (0, _) => return None,
            (event, signal) => Self::Unknown { event, signal },
        })
    }
}

impl fmt::Display for TraceStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signal(signal) => return write!(f, "{signal}"),
            Self::SystemCall => "a system call",
            Self::Fork => "fork",
            Self::VirtualFork => "vfork",
            Self::Clone => "clone",
            Self::Execute => "execve",
            Self::VirtualForkDone => "the end of vfork",
            Self::Exit => "its end",
            Self::Seccomp => "a seccomp filter",
            Self::Group(signal) => return write!(f, "a stop of the process by {signal}"),
            Self::Unknown { event, signal } => return write!(f, "event {event} with {signal}"),
        })
    }
}

impl ChildEvent {
    /// From the code and status of a SIGCHLD's information, and of waitid(2).
    #[must_use]
    pub fn from_code(code: i32, status: i32) -> Self {
        let unknown = Self::Unknown { code, status };
        let signal = |status: i32| u8::try_from(status).ok().and_then(Signal::new);
        let with = |event: fn(Signal) -> Self| signal(status).map_or(unknown, event);
        match code {
            libc::CLD_EXITED => Self::Exited(status),
            libc::CLD_KILLED => with(|signal| Self::Killed { signal, core_dumped: false }),
            libc::CLD_DUMPED => with(|signal| Self::Killed { signal, core_dumped: true }),
            libc::CLD_STOPPED => with(Self::Stopped),
            // A tracer's events are told in the bits above the signal.
            libc::CLD_TRAPPED => TraceStop::of(status).map_or(unknown, Self::Traced),
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
            // An event of a tracer's, or a marked system call; other stops of traced children can't be told from those
            // by a signal.
            0x7f if status >> 16 != 0 || status & 0x8000 != 0 => TraceStop::of(status >> 8).map(Self::Traced),
            0x7f => signal(status >> 8 & 0xff).map(Self::Stopped),
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
            Self::Traced(stop) => write!(f, "stopped for its tracer by {stop}"),
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
            ChildEvent::Traced(TraceStop::Signal(Signal::SEGV))
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
        assert_eq!(ChildEvent::from_wait_status(0x7f), ChildEvent::Unknown { code: 0, status: 0x7f });
        assert!(ChildEvent::from_wait_status(0).is_success());
    }

    #[test]
    fn a_tracers_events_are_told_apart_both_ways() {
        let trap = i32::from(Signal::TRAP.number());
        let events = [
            (0, TraceStop::Signal(Signal::TRAP)),
            (1, TraceStop::Fork),
            (2, TraceStop::VirtualFork),
            (3, TraceStop::Clone),
            (4, TraceStop::Execute),
            (5, TraceStop::VirtualForkDone),
            (6, TraceStop::Exit),
            (7, TraceStop::Seccomp),
            (128, TraceStop::Group(Signal::TRAP)),
            (9, TraceStop::Unknown { event: 9, signal: Signal::TRAP }),
        ];
        for (event, stop) in events {
            let code = event << 8 | trap;
            assert_eq!(ChildEvent::from_code(libc::CLD_TRAPPED, code), ChildEvent::Traced(stop));
            if event != 0 {
                assert_eq!(ChildEvent::from_wait_status(code << 8 | 0x7f), ChildEvent::Traced(stop));
            }
        }
        let call = ChildEvent::Traced(TraceStop::SystemCall);
        assert_eq!(ChildEvent::from_code(libc::CLD_TRAPPED, trap | 0x80), call);
        assert_eq!(ChildEvent::from_wait_status((trap | 0x80) << 8 | 0x7f), call);
        let stop = i32::from(Signal::TSTP.number());
        assert_eq!(
            ChildEvent::from_wait_status((128 << 8 | stop) << 8 | 0x7f).to_string(),
            "stopped for its tracer by a stop of the process by SIGTSTP"
        );
        assert_eq!(
            ChildEvent::from_code(libc::CLD_TRAPPED, 0x80),
            ChildEvent::Unknown { code: libc::CLD_TRAPPED, status: 0x80 }
        );
        assert_eq!(ChildEvent::from_wait_status(stop << 8 | 0x7f), ChildEvent::Stopped(Signal::TSTP));
    }

    #[test]
    fn no_status_panics() {
        for status in (0..=0xffff_u32).flat_map(|low| [low, low | 0x80_0000, low | 0xffff_0000]) {
            let _ = ChildEvent::from_wait_status(status.cast_signed()).to_string();
            for code in 0..8 {
                let _ = ChildEvent::from_code(code, status.cast_signed());
            }
        }
    }
}
