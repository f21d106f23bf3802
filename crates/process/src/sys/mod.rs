//! The system calls that rustix doesn't have. Nothing else in this crate is unsafe.

pub(crate) mod control;
pub(crate) mod fork;
pub(crate) mod limit;
pub(crate) mod memory;
pub(crate) mod scheduling;
pub(crate) mod session;
pub(crate) mod signal;
pub(crate) mod spawn;
pub(crate) mod thread;
