//! What the kernel does with the memory of a process: prctl(2), process_mrelease(2).

use std::os::fd::{AsRawFd, BorrowedFd};

use linux_raw_sys::{
    general::__NR_process_mrelease,
    prctl::{PR_GET_MEMORY_MERGE, PR_MCE_KILL, PR_MCE_KILL_GET, PR_MCE_KILL_SET, PR_SET_MEMORY_MERGE},
};
use rustix::io::Errno;

use super::{number, result};

/// A call of prctl that takes and gives numbers alone.
fn control(option: u32, arguments: [u64; 2]) -> Result<i32, Errno> {
    let [first, second] = arguments;
    // SAFETY: the options that are given here take numbers, no addresses, and change no byte of memory.
    let returned = unsafe { libc::prctl(option as i32, first, second, 0_u64, 0_u64) };
    result(returned.into()).map(|value| value as i32)
}

/// Whether equal pages of this process may be merged.
pub(crate) fn merges() -> Result<bool, Errno> {
    control(PR_GET_MEMORY_MERGE, [0, 0]).map(|merges| merges != 0)
}

pub(crate) fn set_merges(merges: bool) -> Result<(), Errno> {
    control(PR_SET_MEMORY_MERGE, [merges.into(), 0]).map(drop)
}

/// The `PR_MCE_KILL` policy of this thread.
pub(crate) fn failure_policy() -> Result<u32, Errno> {
    control(PR_MCE_KILL_GET, [0, 0]).map(|policy| policy as u32)
}

pub(crate) fn set_failure_policy(policy: u32) -> Result<(), Errno> {
    control(PR_MCE_KILL, [PR_MCE_KILL_SET.into(), policy.into()]).map(drop)
}

/// Frees the memory of a process that is being killed.
pub(crate) fn release(process: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: it takes numbers; the kernel refuses a process that is not dying, so no memory that is used goes.
    result(unsafe { libc::syscall(number(__NR_process_mrelease), process.as_raw_fd(), 0) })?;
    Ok(())
}
