//! The system calls and instructions that nothing safe wraps. Nothing else in this crate is unsafe.

pub(crate) mod affinity;
pub(crate) mod current;
