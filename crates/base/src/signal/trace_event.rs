use core::fmt;

/// What a process that is traced did, as its tracer is told.
///
/// # Source
/// ptrace(2) "PTRACE_O_TRACECLONE" and those that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum TraceEvent {
    /// It enters or leaves a system call, which is told so with `PTRACE_O_TRACESYSGOOD`.
    SystemCall,
    /// It made a child.
    #[doc(alias = "PTRACE_EVENT_FORK")]
    Fork,
    /// It made a child with vfork(2).
    #[doc(alias = "PTRACE_EVENT_VFORK")]
    VirtualFork,
    /// It made a thread, or a child with clone(2).
    #[doc(alias = "PTRACE_EVENT_CLONE")]
    Clone,
    /// It runs another program.
    #[doc(alias = "PTRACE_EVENT_EXEC")]
    Exec,
    /// Its child of vfork(2) no longer uses its memory.
    #[doc(alias = "PTRACE_EVENT_VFORK_DONE")]
    VirtualForkDone,
    /// It ends.
    #[doc(alias = "PTRACE_EVENT_EXIT")]
    Exit,
    /// A seccomp filter asks the tracer.
    #[doc(alias = "PTRACE_EVENT_SECCOMP")]
    Seccomp,
    /// It was stopped as a whole, or is new.
    #[doc(alias = "PTRACE_EVENT_STOP")]
    Stop,
    /// A number that this library does not know.
    Unknown(u32),
}

impl TraceEvent {
    /// From the status of a child that is trapped, or the code of the signal that its tracer reads: the signal, and
    /// above its 8 bits the event. `None` where there is none.
    #[must_use]
    pub const fn from_status(status: i32) -> Option<Self> {
        Some(match (status as u32) >> 8 {
            0 if status & 0xff == 0x85 => Self::SystemCall,
            0 => return None,
            1 => Self::Fork,
            2 => Self::VirtualFork,
            3 => Self::Clone,
            4 => Self::Exec,
            5 => Self::VirtualForkDone,
            6 => Self::Exit,
            7 => Self::Seccomp,
            128 => Self::Stop,
            number => Self::Unknown(number),
        })
    }

    /// In a few words; what it did.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::SystemCall => "enters or leaves a system call",
            Self::Fork => "made a child",
            Self::VirtualFork => "made a child by vfork",
            Self::Clone => "made a thread",
            Self::Exec => "runs another program",
            Self::VirtualForkDone => "has its memory back from a child",
            Self::Exit => "ends",
            Self::Seccomp => "was asked for by a filter",
            Self::Stop => "was stopped",
            Self::Unknown(_) => "did what is not known",
        }
    }
}

impl fmt::Display for TraceEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.description())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_is_above_the_signal() {
        assert_eq!(TraceEvent::from_status(5), None);
        assert_eq!(TraceEvent::from_status(0x85), Some(TraceEvent::SystemCall));
        assert_eq!(TraceEvent::from_status(0x605), Some(TraceEvent::Exit));
        assert_eq!(TraceEvent::from_status(0x8013), Some(TraceEvent::Stop));
        assert_eq!(TraceEvent::from_status(-1), Some(TraceEvent::Unknown(0xff_ffff)));
    }
}
