//! The system calls and instructions that nothing safe wraps. Nothing else in this crate is unsafe.

pub(crate) mod affinity;
pub(crate) mod current;
#[cfg(target_arch = "x86_64")]
pub(crate) mod vector;
