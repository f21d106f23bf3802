use linux_support_base::{Error, Pid, Reason, Requirement, UserId};
use rustix::io::Errno;

/// Whose nice value or priority of input and output is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SchedulingTarget {
    /// The calling thread.
    CallingThread,
    /// The thread of this number; a process's number is that of its first thread.
    Thread(Pid),
    /// All processes of the caller's group.
    CallingGroup,
    /// All processes of this group.
    Group(Pid),
    /// All processes of this real user.
    User(UserId),
}

impl SchedulingTarget {
    /// The kernel's numbers for the kind, counted from 0 as getpriority(2) does, and for which.
    ///
    /// Where 0 would be the user root, the kernel takes it for the caller's user.
    pub(super) fn numbers(self) -> Result<(u32, u32), Error> {
        let number = |pid: Pid| pid.number().cast_unsigned();
        Ok(match self {
            Self::CallingThread => (0, 0),
            Self::Thread(thread) => (0, number(thread)),
            Self::CallingGroup => (1, 0),
            Self::Group(group) => (1, number(group)),
            Self::User(user) if user.number() == 0 && !rustix::process::getuid().is_root() => {
                return Err(Error::invalid("ask for", self.name(), "only root can name the user 0"));
            }
            Self::User(user) => (2, user.number()),
        })
    }

    pub(super) fn name(self) -> String {
        match self {
            Self::CallingThread => "the calling thread".into(),
            Self::Thread(thread) => format!("thread {thread}"),
            Self::CallingGroup => "the calling process group".into(),
            Self::Group(group) => format!("process group {group}"),
            Self::User(user) => format!("user {user}"),
        }
    }

    #[cold]
    pub(super) fn failed(self, operation: &'static str, errno: Errno) -> Error {
        let needs = Requirement::none().capability("CAP_SYS_NICE");
        match errno {
            Errno::SRCH => Error::new(operation, self.name(), Reason::Gone),
            errno => Error::system(operation, self.name(), errno).explained(needs, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_is_not_there_is_gone() {
        let error = SchedulingTarget::Thread(Pid::INIT).failed("set", Errno::SRCH);
        assert_eq!(error.to_string(), "set thread 1: gone meanwhile");
        let error = SchedulingTarget::User(UserId::new(7)).failed("set", Errno::PERM);
        assert_eq!(error.to_string(), "set user 7: permission denied: needs CAP_SYS_NICE");
    }
}
