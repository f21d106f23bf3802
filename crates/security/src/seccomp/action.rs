use core::fmt;

use linux_support_base::{Errno, Error};

use crate::sys::seccomp::is_available;

/// What happens to a call.
///
/// # Source
/// seccomp(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// The process ends by SIGSYS, with a core dump.
    #[doc(alias = "SECCOMP_RET_KILL_PROCESS")]
    KillProcess,
    /// The thread ends by SIGSYS; the others go on, which few programs survive sensibly.
    #[doc(alias = "SECCOMP_RET_KILL_THREAD")]
    KillThread,
    /// The thread gets SIGSYS, whose information has this number beside the call.
    #[doc(alias = "SECCOMP_RET_TRAP")]
    Trap(u16),
    /// The call is not made and gives this error; 0 lets it seem to succeed. Numbers over 4095 are taken for 4095.
    #[doc(alias = "SECCOMP_RET_ERRNO")]
    Errno(u16),
    /// Somebody with the filter's [`Listener`](super::Listener) decides; with none, the call gives `ENOSYS`.
    #[doc(alias = "SECCOMP_RET_USER_NOTIF")]
    Notify,
    /// A tracer decides, and gets this number; with none, the call gives `ENOSYS`.
    #[doc(alias = "SECCOMP_RET_TRACE")]
    Trace(u16),
    /// The call is made, and written to the audit log.
    #[doc(alias = "SECCOMP_RET_LOG")]
    Log,
    /// The call is made.
    #[doc(alias = "SECCOMP_RET_ALLOW")]
    Allow,
    /// One that is not known here: older kernels end the process.
    Unknown(u32),
}

impl Action {
    /// A call that fails with this error.
    #[must_use]
    pub fn error(errno: Errno) -> Self {
        Self::Errno(errno.raw_os_error() as u16)
    }

    /// The action that a filter's answer stands for.
    #[must_use]
    pub const fn from_answer(answer: u32) -> Self {
        let data = (answer & libc::SECCOMP_RET_DATA) as u16;
        match answer & libc::SECCOMP_RET_ACTION_FULL {
            libc::SECCOMP_RET_KILL_PROCESS => Self::KillProcess,
            libc::SECCOMP_RET_KILL_THREAD => Self::KillThread,
            libc::SECCOMP_RET_TRAP => Self::Trap(data),
            libc::SECCOMP_RET_ERRNO => Self::Errno(data),
            libc::SECCOMP_RET_USER_NOTIF => Self::Notify,
            libc::SECCOMP_RET_TRACE => Self::Trace(data),
            libc::SECCOMP_RET_LOG => Self::Log,
            libc::SECCOMP_RET_ALLOW => Self::Allow,
            _ => Self::Unknown(answer),
        }
    }

    /// What a filter answers for it.
    #[must_use]
    pub const fn answer(self) -> u32 {
        match self {
            Self::KillProcess => libc::SECCOMP_RET_KILL_PROCESS,
            Self::KillThread => libc::SECCOMP_RET_KILL_THREAD,
            Self::Trap(data) => libc::SECCOMP_RET_TRAP | data as u32,
            Self::Errno(errno) => libc::SECCOMP_RET_ERRNO | errno as u32,
            Self::Notify => libc::SECCOMP_RET_USER_NOTIF,
            Self::Trace(data) => libc::SECCOMP_RET_TRACE | data as u32,
            Self::Log => libc::SECCOMP_RET_LOG,
            Self::Allow => libc::SECCOMP_RET_ALLOW,
            Self::Unknown(answer) => answer,
        }
    }

    /// Whether this kernel knows it.
    ///
    /// # Errors
    /// The kernel has no seccomp.
    #[doc(alias = "SECCOMP_GET_ACTION_AVAIL")]
    pub fn is_available(self) -> Result<bool, Error> {
        is_available(self.answer() & libc::SECCOMP_RET_ACTION_FULL)
            .map_err(|errno| Error::system("ask for", "an action of seccomp", errno))
    }

    /// Whether the call is made without anybody's asking.
    #[must_use]
    pub const fn permits(self) -> bool {
        matches!(self, Self::Allow | Self::Log)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillProcess => f.write_str("kill process"),
            Self::KillThread => f.write_str("kill thread"),
            Self::Trap(data) => write!(f, "trap {data}"),
            Self::Errno(errno) => write!(f, "errno {errno}"),
            Self::Notify => f.write_str("notify"),
            Self::Trace(data) => write!(f, "trace {data}"),
            Self::Log => f.write_str("log"),
            Self::Allow => f.write_str("allow"),
            Self::Unknown(answer) => write!(f, "unknown {answer:#x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_there_and_back() {
        for action in [
            Action::KillProcess,
            Action::KillThread,
            Action::Trap(7),
            Action::error(Errno::PERM),
            Action::Notify,
            Action::Trace(65535),
            Action::Log,
            Action::Allow,
            Action::Unknown(0x1234_0000),
        ] {
            assert_eq!(Action::from_answer(action.answer()), action);
        }
        assert_eq!(Action::error(Errno::PERM), Action::Errno(1));
    }
}
