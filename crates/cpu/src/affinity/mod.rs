//! On which CPUs threads and processes may run: sched_setaffinity(2).
//!
//! [`Pinned`] is for the calling thread, [`TaskAffinity`] for other threads and for whole processes; both are guards.
//! Interrupts are in [`interrupt`](crate::interrupt), workqueues in [`Workqueues`](crate::Workqueues).
//!
//! ```
//! use linux_support_base::Cpu;
//! use linux_support_cpu::affinity::{self, Pinned};
//!
//! let pinned = Pinned::to(&Cpu::current().into())?;
//! assert_eq!(pinned.in_force().first(), Some(Cpu::current()));
//! pinned.restore()?;
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod task;
mod thread;

use linux_support_base::{CpuSet, Errno, Error, Machine, Pid, Reason, syscall};

pub use self::{task::TaskAffinity, thread::Pinned};
use crate::each;

/// The CPUs on which `thread` may run (`None` is the calling one): those of its affinity that are online.
///
/// # Errors
/// There is no such thread.
#[doc(alias = "sched_getaffinity")]
pub fn of_thread(thread: Option<Pid>) -> Result<CpuSet, Error> {
    syscall::thread_affinity(thread)
        .map_err(|errno| Error::system("read the CPUs of", object(thread).as_bytes(), errno))
}

/// Lets `thread` (`None` is the calling one) run on `cpus` only, for good. CPUs that its cpuset lacks are left out.
///
/// # Errors
/// There is no such thread ([`Reason::Gone`]), it is another user's, or none of the CPUs is online and in its cpuset:
/// then nothing is changed.
///
/// # Capabilities
/// CAP_SYS_NICE for threads of others.
#[doc(alias = "sched_setaffinity")]
#[doc(alias = "pthread_setaffinity_np")]
pub fn set_thread(thread: Option<Pid>, cpus: &CpuSet) -> Result<(), Error> {
    syscall::set_thread_affinity(thread, cpus).map_err(|errno| refused(thread, cpus, errno))
}

fn object(thread: Option<Pid>) -> String {
    match thread {
        None => "this thread".to_owned(),
        Some(thread) => format!("thread {thread}"),
    }
}

#[cold]
fn refused(thread: Option<Pid>, cpus: &CpuSet, errno: Errno) -> Error {
    let object = object(thread);
    let operation = "set the CPUs of";
    match errno {
        Errno::INVAL => {
            let online = Machine::live().and_then(|machine| each::online(&machine));
            let online = online.map_or_else(|_| "unknown".to_owned(), |online| online.to_string());
            let accepted = match cpus.is_empty() {
                true => format!("needs a CPU at least; {online} are online"),
                false => format!("none of {cpus} is online and in its cpuset; {online} are online"),
            };
            Error::invalid(operation, object.as_bytes(), accepted)
        }
        Errno::PERM => Error::new(
            operation,
            object.as_bytes(),
            Reason::PermissionDenied { capability: Some("CAP_SYS_NICE") },
        ),
        errno => Error::system(operation, object.as_bytes(), errno),
    }
}
