//! Landlock: what a thread and all that comes from it may do with files, ports and processes, however it got there.
//!
//! Whoever has no privileges may confine itself. Nothing of it can be taken back, and what is enforced later only takes
//! more away. What is open already stays usable.
//!
//! ```
//! use linux_support_security::{
//!     Scope,
//!     landlock::{FileRights, PortRights, Rules, Scopes},
//! };
//!
//! let enforced = std::thread::spawn(|| {
//!     Rules::new()
//!         .handle(FileRights::all(), PortRights::all(), Scopes::all())
//!         .allow_path("/usr", FileRights::READING)
//!         .allow_port(443, PortRights::CONNECT_TCP)
//!         .best_effort()
//!         .enforce(Scope::Thread)
//! });
//! let enforced = enforced.join().unwrap()?;
//! println!("{:?} was enforced, and {:?} was not", enforced.files, enforced.files_not_enforced);
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! # Kernel
//! Since 5.13, with CONFIG_SECURITY_LANDLOCK and `landlock` among the boot parameter `lsm`. Versions 1 to 10 are known
//! here, but for rules that the audit log is to keep quiet about (version 10).
//!
//! # Source
//! landlock(7), Documentation/userspace-api/landlock.rst.

mod rights;
mod rules;

use linux_support_base::{Errno, Error, Reason, Requirement};
pub use rights::{FileRights, Logging, NEWEST, PortRights, Scopes};
pub use rules::{Enforced, Rules};

use crate::sys::landlock as sys;

/// The version of Landlock that this kernel has: what each brought is told by [`FileRights::of_version`] and its like.
///
/// # Errors
/// The kernel has none ([`Reason::NotConfigured`]): it is too old, was not built with it, or was started without.
#[doc(alias = "LANDLOCK_CREATE_RULESET_VERSION")]
pub fn version() -> Result<u32, Error> {
    let none = |configuration| {
        let needs = Requirement::none().since(5, 13).configuration(configuration);
        Error::new("use", "Landlock", Reason::NotConfigured { needs })
    };
    sys::version().map_err(|errno| match errno {
        Errno::NOSYS => none("CONFIG_SECURITY_LANDLOCK"),
        Errno::OPNOTSUPP => none("landlock among the boot parameter lsm"),
        errno => Error::system("use", "Landlock", errno),
    })
}
