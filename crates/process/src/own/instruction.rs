use linux_support_base::{Error, Requirement};
use rustix::process::{
    TimeStampCounterReadability, set_time_stamp_counter_readability, time_stamp_counter_readability,
};

use super::failed;
use crate::sys;

const X86: Requirement = Requirement::none().configuration("an x86 processor");
const FAULTING: Requirement = Requirement::none().configuration("a processor with CPUID faulting");

/// Whether the calling thread may read the time-stamp counter.
///
/// # Errors
/// The machine is not of x86.
#[doc(alias = "PR_GET_TSC")]
pub fn time_stamp_counter_is_allowed() -> Result<bool, Error> {
    time_stamp_counter_readability()
        .map(|readability| readability == TimeStampCounterReadability::Readable)
        .map_err(|errno| failed("read", "the use of the time-stamp counter", X86, errno))
}

/// Lets the calling thread read the time-stamp counter, or has it get SIGSEGV when it does.
///
/// The clocks of the C library and of the standard library read that counter: without it they get the signal too.
///
/// # Errors
/// The machine is not of x86.
#[doc(alias = "PR_SET_TSC")]
pub fn set_time_stamp_counter(allowed: bool) -> Result<(), Error> {
    let readability = match allowed {
        true => TimeStampCounterReadability::Readable,
        false => TimeStampCounterReadability::RaiseSIGSEGV,
    };
    set_time_stamp_counter_readability(readability)
        .map_err(|errno| failed("set", "the use of the time-stamp counter", X86, errno))
}

/// Whether the calling thread may use the instruction CPUID.
///
/// # Errors
/// The machine is not of x86.
#[doc(alias = "ARCH_GET_CPUID")]
pub fn cpuid_is_allowed() -> Result<bool, Error> {
    sys::control::cpuid().map_err(|errno| failed("read", "the use of CPUID", X86, errno))
}

/// Lets the calling thread, and the children that it starts from now on, use the instruction CPUID, or has them get
/// SIGSEGV when they do.
///
/// # Errors
/// The processor can't (that of AMD before Zen 2, most virtual ones).
#[doc(alias = "ARCH_SET_CPUID")]
pub fn set_cpuid(allowed: bool) -> Result<(), Error> {
    sys::control::set_cpuid(allowed).map_err(|errno| failed("set", "the use of CPUID", FAULTING, errno))
}
