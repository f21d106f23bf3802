//! What makes a Linux process harmless, and what says how harmless it is.
//!
//! - [`identity`]: users and groups.
//! - [`capability`]: the parts of the superuser's power.
//! - [`namespace`]: what a process sees of the machine.
//! - [`seccomp`]: what a process may ask of the kernel.
//! - [`landlock`]: which files, ports and processes it reaches.
//! - [`keyring`]: secrets that the kernel keeps for it.
//! - [`speculation`]: whether the processor may speculate for it.
//! - [`set_no_new_privileges`]: running a program gives it nothing.
//!
//! What changes a process takes a [`Scope`]: the kernel keeps these things for each thread.
//!
//! ```
//! use linux_support_base::Machine;
//! use linux_support_security::identity::Users;
//!
//! let users = Users::read(&Machine::live()?)?;
//! println!("{:?}", users.name(0.into()));
//! # Ok::<(), linux_support_base::Error>(())
//! ```
#![deny(unsafe_code)]

mod broadcast;
pub mod capability;
pub mod identity;
pub mod keyring;
pub mod landlock;
pub mod namespace;
mod no_new_privileges;
pub mod seccomp;
pub mod speculation;
#[allow(unsafe_code)]
mod sys;

pub use broadcast::Scope;
pub use no_new_privileges::{has_no_new_privileges, set_no_new_privileges};
