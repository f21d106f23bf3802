//! The system calls that rustix doesn't have. Nothing else in this crate is unsafe.

pub(crate) mod seccomp;
