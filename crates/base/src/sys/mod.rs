//! The system calls and instructions that nothing safe wraps. Nothing else in this crate is unsafe.

pub(crate) mod affinity;
pub(crate) mod current;
pub(crate) mod room;
#[cfg(target_arch = "x86_64")]
pub(crate) mod vector;
