use libc::{
    SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_NEW_LISTENER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
    SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_TSYNC_ESRCH, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
    c_ulong,
};
use linux_support_base::{Errno, Error, Reason, Requirement};

use super::{Listener, Program, listener::ensure_room};
use crate::sys::seccomp::{Set, set_filter, set_strict};

/// How a filter is put in force. It stays so until the thread ends, for its children and for the programs that they
/// run; further filters can only take more away.
///
/// The thread must have set `no_new_privileges`, or have `CAP_SYS_ADMIN` in its user namespace: else a program that
/// runs with its owner's rights could be misled by a filter.
///
/// ```standalone_crate
/// use linux_support_base::Errno;
/// use linux_support_security::seccomp::{Action, AuditArchitecture, Enforcement, Policy, SystemCallSet};
///
/// # if cfg!(user_emulation) { return Ok(()) }
/// let refused = SystemCallSet::of(&["mkdir", "mkdirat"])?;
/// let policy = Policy::new(Action::Allow).rule(refused, [], Action::error(Errno::PERM))?;
/// rustix::thread::set_no_new_privs(true)?;
/// Enforcement::of_thread().enforce(&policy.compile(AuditArchitecture::NATIVE.unwrap())?)?;
/// let error = std::fs::create_dir("/tmp/not made").unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// seccomp(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Enforcement {
    flags: c_ulong,
}

impl Enforcement {
    /// Only for the calling thread, and those that it starts from then on.
    pub const fn of_thread() -> Self {
        Self { flags: 0 }
    }

    /// For all threads of the process, at once or not at all.
    #[doc(alias = "SECCOMP_FILTER_FLAG_TSYNC")]
    pub const fn of_process() -> Self {
        // With a listener, the number of a thread could not be told from that of a descriptor.
        Self { flags: SECCOMP_FILTER_FLAG_TSYNC }
    }

    /// Every call that is not just allowed goes to the audit log too, as far as the machine's settings want it.
    #[doc(alias = "SECCOMP_FILTER_FLAG_LOG")]
    pub const fn logging(self) -> Self {
        Self { flags: self.flags | SECCOMP_FILTER_FLAG_LOG }
    }

    /// Leaves the processor's speculation as it is, where the kernel would restrain it for threads with a filter.
    #[doc(alias = "SECCOMP_FILTER_FLAG_SPEC_ALLOW")]
    pub const fn allowing_speculation(self) -> Self {
        Self { flags: self.flags | SECCOMP_FILTER_FLAG_SPEC_ALLOW }
    }

    /// Once somebody has taken a call to answer it, only a deadly signal still interrupts it; for
    /// [`enforce_with_listener`](Self::enforce_with_listener).
    ///
    /// # Kernel
    /// Since 6.0.
    #[doc(alias = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV")]
    pub const fn waiting_until_answered(self) -> Self {
        Self { flags: self.flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV }
    }

    /// The flags that seccomp(2) takes for it, where no listener is asked for.
    #[must_use]
    pub const fn flags(self) -> c_ulong {
        self.flags & !SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
    }

    /// Puts a filter in force.
    ///
    /// # Errors
    /// There is neither `no_new_privileges` nor the capability; the kernel refuses the program; for the process, a
    /// thread has other filters than this one, which the error names. Nothing is changed then.
    ///
    /// # Capabilities
    /// `CAP_SYS_ADMIN`, or none with `no_new_privileges`.
    pub fn enforce(self, program: &Program) -> Result<(), Error> {
        match set_filter(program.instructions(), self.flags()).map_err(refused)? {
            Set::Done | Set::Listener(_) => Ok(()),
            Set::Unsynchronized(thread) => Err(unsynchronized(&format!("thread {thread} has"))),
        }
    }

    /// Puts a filter in force, and gives the descriptor over which somebody answers the calls of
    /// [`Action::Notify`](super::Action::Notify). A filter can have one only, and so can a thread.
    ///
    /// Whoever answers must not be under the filter, or it would wait for itself: hand the listener to another
    /// process, or enforce it for one thread and let another answer.
    ///
    /// # Errors
    /// As for [`enforce`](Self::enforce); also if the thread has a filter with a listener already, or the kernel's records
    /// of calls are longer than there is room for here.
    ///
    /// # Capabilities
    /// As for [`enforce`](Self::enforce).
    pub fn enforce_with_listener(self, program: &Program) -> Result<Listener, Error> {
        ensure_room(refused)?;
        let mut flags = self.flags | SECCOMP_FILTER_FLAG_NEW_LISTENER;
        if flags & SECCOMP_FILTER_FLAG_TSYNC != 0 {
            flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
        }
        match set_filter(program.instructions(), flags) {
            Ok(Set::Listener(descriptor)) => Ok(Listener::new(descriptor)),
            Ok(_) => Err(refused(Errno::INVAL)),
            Err(Errno::SRCH) => Err(unsynchronized("a thread has")),
            Err(Errno::BUSY) => {
                Err(Error::invalid("enforce", "a filter", "a thread that has no filter with a listener yet"))
            }
            Err(errno) => Err(refused(errno)),
        }
    }
}

/// Lets the calling thread do nothing from now on but read and write what is open, return from signals, and end by
/// `exit` (which Rust's own ends do not use).
///
/// # Errors
/// The thread has a filter.
#[doc(alias = "SECCOMP_SET_MODE_STRICT")]
pub fn enter_strict_mode() -> Result<(), Error> {
    set_strict().map_err(|errno| match errno {
        Errno::INVAL => {
            Error::invalid("enter", "strict mode", "a thread without a filter, and CONFIG_SECCOMP")
        }
        errno => Error::system("enter", "strict mode", errno),
    })
}

#[cold]
fn unsynchronized(who: &str) -> Error {
    Error::invalid(
        "enforce",
        "a filter for the process",
        format!("{who} other filters; that all have the same"),
    )
}

#[cold]
fn refused(errno: Errno) -> Error {
    const WHAT: &str = "a filter";
    match errno {
        Errno::ACCESS | Errno::PERM => Error::new(
            "enforce",
            "a filter without no_new_privileges, which would do too",
            Reason::PermissionDenied { capability: Some("CAP_SYS_ADMIN") },
        ),
        Errno::INVAL => Error::invalid(
            "enforce",
            WHAT,
            "a program and options that this kernel knows, and no strict mode",
        ),
        Errno::NOMEM => {
            Error::invalid("enforce", WHAT, "no more than 32768 instructions over all filters of a thread")
        }
        Errno::NOSYS => Error::new("enforce", WHAT, Reason::Absent)
            .explained(Requirement::none().configuration("CONFIG_SECCOMP_FILTER"), None),
        errno => Error::system("enforce", WHAT, errno),
    }
}
