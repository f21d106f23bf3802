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
//! here, with all that they brought.
//!
//! # Source
//! landlock(7), Documentation/userspace-api/landlock.rst.

mod enforced;
mod rights;
mod rules;

pub use enforced::{Enforced, Quiet};
use linux_support_base::{Errno, Error, Reason, Requirement};
pub use rights::{FileRights, Logging, Mended, NEWEST, PortRights, Scopes};
pub use rules::Rules;

use crate::{
    Scope,
    broadcast::{Step, apply},
    sys::{credentials::Control, landlock as sys},
};

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

/// Which errors of its Landlock this kernel says to have mended; `None` where it does not say.
///
/// # Errors
/// The kernel has no Landlock.
///
/// # Kernel
/// It says so since 6.15, and in older ones that are still mended.
#[doc(alias = "LANDLOCK_CREATE_RULESET_ERRATA")]
pub fn mended() -> Result<Option<Mended>, Error> {
    version()?;
    match sys::errata() {
        Ok(bits) => Ok(Some(Mended::from_bits_retain(bits))),
        Err(Errno::INVAL) => Ok(None),
        Err(errno) => Err(Error::system("query", "errata of Landlock", errno)),
    }
}

/// Has the audit log told nothing of rules that are enforced later, by the caller or what it starts, after setting
/// `no_new_privs`. Nothing is confined.
///
/// # Errors
/// The kernel has no Landlock of version 7 ([`Reason::Invalid`] or [`Reason::NotConfigured`]). Threads did not stop: see
/// [`Scope`].
///
/// # Kernel
/// Since 6.15.
pub fn log_no_later_rules(scope: Scope) -> Result<(), Error> {
    const NEEDED: u32 = 7;
    let version = version()?;
    if version < NEEDED {
        return Err(rules::too_old("set", "the log of Landlock", NEEDED, version));
    }
    let flags = Logging::NOT_OF_LATER_RULES.bits() as u32;
    let steps = [
        Step::Control(Control::SetNoNewPrivileges, "no_new_privs", None),
        Step::Landlock(sys::NO_RULES, flags),
    ];
    apply(scope, &steps)
}
