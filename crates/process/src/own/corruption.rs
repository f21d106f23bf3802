use linux_support_base::{Error, Requirement};
use rustix::process::{
    MachineCheckMemoryCorruptionKillPolicy as Raw, machine_check_memory_corruption_kill_policy,
    set_machine_check_memory_corruption_kill_policy,
};

use super::failed;

/// When a thread learns, by SIGBUS, that memory of its process was found to be corrupt.
///
/// # Source
/// prctl(2), "PR_MCE_KILL"; Documentation/mm/hwpoison.rst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "PR_MCE_KILL")]
pub enum CorruptionPolicy {
    /// At once (`BUS_MCEERR_AO`), so that it can be dealt with before it is used.
    Early,
    /// When it is used (`BUS_MCEERR_AR`).
    Late,
    /// As `/proc/sys/vm/memory_failure_early_kill` says.
    System,
}

const NEEDS: Requirement = Requirement::none().configuration("CONFIG_MEMORY_FAILURE");

/// When the calling thread learns of corrupt memory.
///
/// # Errors
/// The kernel is built without CONFIG_MEMORY_FAILURE.
#[doc(alias = "PR_MCE_KILL_GET")]
pub fn corruption_policy() -> Result<CorruptionPolicy, Error> {
    match machine_check_memory_corruption_kill_policy() {
        Ok(Raw::Early) => Ok(CorruptionPolicy::Early),
        Ok(Raw::Late) => Ok(CorruptionPolicy::Late),
        Ok(Raw::Default) => Ok(CorruptionPolicy::System),
        Err(errno) => Err(failed("read", "the policy for corrupt memory", NEEDS, errno)),
    }
}

/// Sets when the calling thread, and the children that it starts from now on, learn of corrupt memory.
///
/// # Errors
/// The kernel is built without CONFIG_MEMORY_FAILURE.
pub fn set_corruption_policy(policy: CorruptionPolicy) -> Result<(), Error> {
    let policy = match policy {
        CorruptionPolicy::Early => Raw::Early,
        CorruptionPolicy::Late => Raw::Late,
        CorruptionPolicy::System => Raw::Default,
    };
    set_machine_check_memory_corruption_kill_policy(Some(policy))
        .map_err(|errno| failed("set", "the policy for corrupt memory", NEEDS, errno))
}
