//! System calls. Nothing else in this crate is unsafe.

pub(crate) mod broadcast;
pub(crate) mod credentials;
pub(crate) mod keyring;
pub(crate) mod landlock;
pub(crate) mod name_service;
pub(crate) mod namespace;
pub(crate) mod seccomp;
