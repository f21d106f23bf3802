use linux_support_base::Error;

use crate::{
    Scope,
    broadcast::{Step, apply},
    sys::credentials::{Control, control},
};

/// Whether running a program can give the calling thread nothing that it has not.
///
/// # Errors
/// None that is known.
#[doc(alias = "PR_GET_NO_NEW_PRIVS")]
pub fn has_no_new_privileges() -> Result<bool, Error> {
    let has = control(Control::NoNewPrivileges);
    has.map(|has| has == 1).map_err(|errno| Error::system("read", "no_new_privs", errno))
}

/// Sees to it that running a program gives nothing: no set-user-ID bit and no capabilities of a file count from now on,
/// for good. The threads and processes that are started later have it too.
///
/// # Errors
/// Threads did not stop: see [`Scope`].
///
/// # Source
/// Documentation/userspace-api/no_new_privs.rst.
#[doc(alias = "PR_SET_NO_NEW_PRIVS")]
pub fn set_no_new_privileges(scope: Scope) -> Result<(), Error> {
    apply(scope, &[Step::Control(Control::SetNoNewPrivileges, "no_new_privs", None)])
}
