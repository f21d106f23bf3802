use core::fmt;

use linux_support_base::{Errno, Error, Pid, Reason, Requirement};
use rustix::thread::{
    CoreSchedulingScope, core_scheduling_cookie, create_core_scheduling_cookie, pull_core_scheduling_cookie,
    push_core_scheduling_cookie,
};

/// Whom a cookie of core scheduling is given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CoreScope {
    /// One thread.
    Thread(Pid),
    /// All threads of a process.
    Process(Pid),
    /// All processes of a group.
    ProcessGroup(Pid),
}

/// A mark of threads that trust one another: on the hardware threads of one core, only threads with the same mark run at
/// the same time. 0 is the mark of those that have none.
///
/// # Kernel
/// Since 5.14, with CONFIG_SCHED_CORE, on processors with several threads a core.
///
/// # Source
/// Documentation/admin-guide/hw-vuln/core-scheduling.rst.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[doc(alias = "PR_SCHED_CORE")]
pub struct CoreCookie(u64);

const NEEDS: Requirement = Requirement::none()
    .since(5, 14)
    .configuration("CONFIG_SCHED_CORE and several threads a core")
    .capability("CAP_SYS_PTRACE");

impl CoreScope {
    fn raw(self) -> (Pid, CoreSchedulingScope) {
        match self {
            Self::Thread(pid) => (pid, CoreSchedulingScope::Thread),
            Self::Process(pid) => (pid, CoreSchedulingScope::ThreadGroup),
            Self::ProcessGroup(pid) => (pid, CoreSchedulingScope::ProcessGroup),
        }
    }
}

fn call<T>(
    operation: &'static str,
    scope: CoreScope,
    call: fn(rustix::process::Pid, CoreSchedulingScope) -> Result<T, Errno>,
) -> Result<T, Error> {
    let (pid, scope) = scope.raw();
    let object = || format!("the core-scheduling cookie of {pid}");
    let raw = rustix::process::Pid::from_raw(pid.number())
        .ok_or_else(|| Error::new(operation, object(), Reason::Gone))?;
    call(raw, scope).map_err(|errno| match errno {
        Errno::NODEV | Errno::INVAL => {
            Error::new(operation, object(), Reason::NotConfigured { needs: NEEDS })
        }
        errno => Error::system(operation, object(), errno).explained(NEEDS, None),
    })
}

impl CoreCookie {
    /// That of a thread.
    ///
    /// # Errors
    /// There is no such thread; it may not be traced; the machine has no core scheduling.
    pub fn of_thread(thread: Pid) -> Result<Self, Error> {
        call("read", CoreScope::Thread(thread), core_scheduling_cookie).map(Self)
    }

    /// Gives them a new cookie, which no other thread has.
    ///
    /// # Errors
    /// As for [`of_thread`](Self::of_thread).
    pub fn create(scope: CoreScope) -> Result<(), Error> {
        call("create", scope, create_core_scheduling_cookie)
    }

    /// Gives them the calling thread's cookie.
    ///
    /// # Errors
    /// As for [`of_thread`](Self::of_thread).
    pub fn give(scope: CoreScope) -> Result<(), Error> {
        call("give", scope, push_core_scheduling_cookie)
    }

    /// Takes a thread's cookie for the calling thread.
    ///
    /// # Errors
    /// As for [`of_thread`](Self::of_thread).
    pub fn take(thread: Pid) -> Result<(), Error> {
        call("take", CoreScope::Thread(thread), pull_core_scheduling_cookie)
    }

    /// Whether it is that of threads that have none.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Debug for CoreCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CoreCookie({:#x})", self.0)
    }
}
