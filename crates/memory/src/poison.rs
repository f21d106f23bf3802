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
use linux_support_base::{AddressRange, Error, LiveMachine, Requirement};

use crate::{page_map::FrameNumber, sys};

/// Memory that is broken, as a SIGBUS tells it.
///
/// ```
/// use linux_support_memory::poison::{FailureUrgency, MemoryFailure};
///
/// // si_code, si_addr and si_addr_lsb of a SIGBUS.
/// let failure = MemoryFailure::from_signal(4, 0x7f00_0000_1234, 12).unwrap();
/// assert_eq!(failure.urgency, FailureUrgency::ActionRequired);
/// assert_eq!(failure.range.to_string(), "7f0000001000-7f0000002000");
/// assert_eq!(MemoryFailure::from_signal(2, 0x7f00_0000_1234, 0), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryFailure {
    /// Whether something used it.
    pub urgency: FailureUrgency,
    /// The addresses that are lost.
    pub range: AddressRange,
}

/// Whether broken memory was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureUrgency {
    /// This thread used it: it can't go on where it is.
    #[doc(alias = "BUS_MCEERR_AR")]
    ActionRequired,
    /// Nobody has used it yet.
    #[doc(alias = "BUS_MCEERR_AO")]
    ActionOptional,
}

impl MemoryFailure {
    /// What a SIGBUS with this `si_code`, `si_addr` and `si_addr_lsb` says; `None` where it is of another cause, as of a
    /// file that became shorter.
    #[must_use]
    pub fn from_signal(code: i32, address: u64, least_significant_bit: u16) -> Option<Self> {
        let urgency = match code {
            4 => FailureUrgency::ActionRequired,
            5 => FailureUrgency::ActionOptional,
            _ => return None,
        };
        let length = 1u64.checked_shl(least_significant_bit.into())?;
        let start = address & !(length - 1);
        let range = AddressRange::new(start, start.saturating_add(length))?;
        Some(Self { urgency, range })
    }
}

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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_huge_page_is_lost_as_a_whole() {
        let failure = MemoryFailure::from_signal(5, 0x7f00_0030_0000, 21).unwrap();
        assert_eq!(failure.urgency, FailureUrgency::ActionOptional);
        assert_eq!((failure.range.start(), failure.range.length()), (0x7f00_0020_0000, 2 << 20));
        assert_eq!(MemoryFailure::from_signal(1, 0, 12), None);
        assert_eq!(MemoryFailure::from_signal(4, 0, 64), None);
    }

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

    proptest! {
        #[test]
        fn no_signal_panics_and_each_address_is_in_what_is_lost(code in 0..9, address: u64, bit in 0u16..80) {
            if let Some(failure) = MemoryFailure::from_signal(code, address, bit) {
                prop_assert!(failure.range.contains(address) || failure.range.end() == u64::MAX);
            }
        }
    }
}
