//! Settings of the calling thread and process that rustix has not.

use linux_raw_sys::general::__NR_personality;
use linux_support_base::syscall::{number, result};
use rustix::io::Errno;

/// `PR_SET_MDWE` and `PR_GET_MDWE` of `include/uapi/linux/prctl.h`.
const SET_MEMORY_DENY: i32 = 65;
const GET_MEMORY_DENY: i32 = 66;

/// Sets what the process refuses of executable memory.
pub(crate) fn set_memory_deny(bits: usize) -> Result<(), Errno> {
    // SAFETY: it takes numbers, and changes nothing that is mapped.
    result(i64::from(unsafe { libc::prctl(SET_MEMORY_DENY, bits, 0usize, 0usize, 0usize) }))?;
    Ok(())
}

/// What the process refuses of executable memory.
pub(crate) fn memory_deny() -> Result<i64, Errno> {
    // SAFETY: it takes numbers.
    result(i64::from(unsafe { libc::prctl(GET_MEMORY_DENY, 0usize, 0usize, 0usize, 0usize) }))
}

/// Sets the personality of the thread, if one is given, and gives the one before.
pub(crate) fn personality(new: Option<u32>) -> Result<u32, Errno> {
    /// What asks and sets nothing.
    const QUESTION: u32 = u32::MAX;
    // SAFETY: it takes a number, and what it changes shows in what is mapped or run from then on.
    let before =
        result(unsafe { libc::syscall(number(__NR_personality), new.unwrap_or(QUESTION) as usize) })?;
    Ok(before as u32)
}

/// Whether the thread may use CPUID.
#[cfg(target_arch = "x86_64")]
pub(crate) fn cpuid() -> Result<bool, Errno> {
    /// `ARCH_GET_CPUID` of `arch/x86/include/uapi/asm/prctl.h`.
    const GET: i32 = 0x1011;
    // SAFETY: it takes numbers.
    let allowed =
        result(unsafe { libc::syscall(number(linux_raw_sys::general::__NR_arch_prctl), GET, 0usize) })?;
    Ok(allowed != 0)
}

/// Lets the thread use CPUID, or no longer.
#[cfg(target_arch = "x86_64")]
pub(crate) fn set_cpuid(allowed: bool) -> Result<(), Errno> {
    /// `ARCH_SET_CPUID` of `arch/x86/include/uapi/asm/prctl.h`.
    const SET: i32 = 0x1012;
    // SAFETY: it takes numbers. An instruction that faults then ends the program by a signal.
    result(unsafe {
        libc::syscall(number(linux_raw_sys::general::__NR_arch_prctl), SET, usize::from(allowed))
    })?;
    Ok(())
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn cpuid() -> Result<bool, Errno> {
    Err(Errno::NOSYS)
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn set_cpuid(_: bool) -> Result<(), Errno> {
    Err(Errno::NOSYS)
}
