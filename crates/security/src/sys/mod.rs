//! The system calls that rustix doesn't have. Nothing else in this crate is unsafe.

pub(crate) mod seccomp;
//! System calls.

pub(crate) mod broadcast;
pub(crate) mod credentials;
pub(crate) mod name_service;
