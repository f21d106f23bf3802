//! Memory that the hardware found broken: what a process is told of it, and when.
//!
//! The kernel unmaps a broken page and sends SIGBUS to those who have it: [`MemoryFailure`] is what the signal says. When
//! it does so is the [policy](FailurePolicy) of each thread.
//!
//! [`Mapping::poison`](crate::mapping::Mapping::poison) has the kernel believe that a page is broken, for tests.
//!
//! # Source
//! Documentation/mm/hwpoison.rst, `PR_MCE_KILL(2const)`, sigaction(2).

use linux_raw_sys::prctl::{PR_MCE_KILL_DEFAULT, PR_MCE_KILL_EARLY, PR_MCE_KILL_LATE};
pub use linux_support_base::signal::{FailureUrgency, MemoryFailure};
use linux_support_base::{Error, LiveMachine, Requirement};

use crate::{page_map::FrameNumber, sys};

/// When a thread is told of broken memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailurePolicy {
    /// As `vm.memory_failure_early_kill` says.
    #[doc(alias = "PR_MCE_KILL_DEFAULT")]
    Default,
    /// As soon as it is found ([`FailureUrgency::ActionOptional`]).
    #[doc(alias = "PR_MCE_KILL_EARLY")]
    Early,
    /// Once it uses it.
    #[doc(alias = "PR_MCE_KILL_LATE")]
    Late,
}

/// The policy of this thread.
///
/// # Errors
/// A policy that this library does not know.
#[doc(alias = "PR_MCE_KILL_GET")]
pub fn failure_policy() -> Result<FailurePolicy, Error> {
    const OPERATION: &str = "ask for the policy for broken memory of";
    let policy =
        sys::process::failure_policy().map_err(|errno| Error::system(OPERATION, "this thread", errno))?;
    match policy {
        PR_MCE_KILL_DEFAULT => Ok(FailurePolicy::Default),
        PR_MCE_KILL_EARLY => Ok(FailurePolicy::Early),
        PR_MCE_KILL_LATE => Ok(FailurePolicy::Late),
        other => Err(Error::invalid(OPERATION, "this thread", format!("policy {other} is not known here"))),
    }
}

/// Sets the policy of this thread. Threads and processes that it makes inherit it.
///
/// # Errors
/// None that is known.
#[doc(alias = "PR_MCE_KILL")]
pub fn set_failure_policy(policy: FailurePolicy) -> Result<(), Error> {
    let number = match policy {
        FailurePolicy::Default => PR_MCE_KILL_DEFAULT,
        FailurePolicy::Early => PR_MCE_KILL_EARLY,
        FailurePolicy::Late => PR_MCE_KILL_LATE,
    };
    sys::process::set_failure_policy(number)
        .map_err(|errno| Error::system("set the policy for broken memory of", "this thread", errno))
}

/// Has the kernel believe again that a frame is whole, which was poisoned for a test.
///
/// # Errors
/// The module `hwpoison_inject` is not loaded, or debugfs not mounted; the frame is not poisoned, or was found broken by
/// the hardware (`EOPNOTSUPP`).
///
/// # Capabilities
/// CAP_SYS_ADMIN.
pub fn unpoison(machine: LiveMachine<'_>, frame: FrameNumber) -> Result<(), Error> {
    const NEEDS: Requirement = Requirement::none()
        .configuration("the module hwpoison_inject and debugfs at /sys/kernel/debug")
        .capability("CAP_SYS_ADMIN");
    machine
        .write("/sys/kernel/debug/hwpoison/unpoison-pfn", format!("{:#x}", frame.number()))
        .map_err(|error| machine.explain(error, NEEDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(user_emulation, ignore = "QEMU does not pass PR_MCE_KILL on")]
    fn the_policy_of_a_thread_goes_both_ways() {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for policy in [FailurePolicy::Early, FailurePolicy::Late, FailurePolicy::Default] {
                    set_failure_policy(policy).unwrap();
                    assert_eq!(failure_policy().unwrap(), policy);
                }
            });
        });
    }
}
