use linux_support_base::{Error, GroupId, UserId};

use super::real;
use crate::{
    Scope,
    broadcast::{Step, apply},
    sys::credentials as sys,
};

/// The four ids of one kind that a thread has.
///
/// ```
/// use linux_support_base::UserId;
/// use linux_support_security::{Scope, identity::Credentials};
///
/// # if cfg!(user_emulation) { return Ok(()) }
/// let users = Credentials::<UserId>::of_caller()?;
/// // What one is already, one may become.
/// users.set(Scope::Process)?;
/// assert_eq!(Credentials::<UserId>::of_caller()?, users);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// credentials(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(description = "The four ids of one kind that a thread has."))]
pub struct Credentials<T> {
    /// Who started it.
    pub real: T,
    /// For whom it acts: what most permissions are checked against.
    pub effective: T,
    /// What it may become again.
    pub saved: T,
    /// What access to files is checked against: mostly the effective one.
    pub filesystem: T,
}

impl<T: Copy> Credentials<T> {
    /// The same id four times.
    #[must_use]
    pub const fn all(id: T) -> Self {
        Self { real: id, effective: id, saved: id, filesystem: id }
    }
}

impl Credentials<UserId> {
    /// Those of the calling thread.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "getresuid")]
    #[doc(alias = "getuid")]
    #[doc(alias = "geteuid")]
    pub fn of_caller() -> Result<Self, Error> {
        let failed = |errno| Error::system("read", "user ids", errno);
        let [real, effective, saved] = sys::users().map_err(failed)?.map(UserId::new);
        // No id of anyone changes nothing.
        let filesystem = sys::exchange_file_user(u32::MAX).map(UserId::new).map_err(failed)?;
        Ok(Self { real, effective, saved, filesystem })
    }

    /// Becomes these users. The effective one going from 0 to another takes the capabilities away, as
    /// capabilities(7) tells; the process can't be dumped or traced from then on, and its parent-death signal is off.
    ///
    /// To give up root for good, take [`NewIdentity`](super::NewIdentity).
    ///
    /// # Errors
    /// An id is [none](UserId::is_none), or has no number in the caller's user namespace (`EINVAL`); the capability is
    /// missing; threads did not stop: see [`Scope`].
    ///
    /// # Capabilities
    /// `CAP_SETUID`, but for what is one of the first three already.
    #[doc(alias = "setresuid")]
    #[doc(alias = "setuid")]
    #[doc(alias = "seteuid")]
    #[doc(alias = "setfsuid")]
    pub fn set(&self, scope: Scope) -> Result<(), Error> {
        let ids = [self.real, self.effective, self.saved, self.filesystem];
        for id in ids {
            real(id.is_none(), "user ids", id.number())?;
        }
        let [real, effective, saved, filesystem] = ids.map(UserId::number);
        apply(scope, &[Step::Users([real, effective, saved], filesystem)])
    }
}

impl Credentials<GroupId> {
    /// Those of the calling thread.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "getresgid")]
    #[doc(alias = "getgid")]
    #[doc(alias = "getegid")]
    pub fn of_caller() -> Result<Self, Error> {
        let failed = |errno| Error::system("read", "group ids", errno);
        let [real, effective, saved] = sys::groups().map_err(failed)?.map(GroupId::new);
        let filesystem = sys::exchange_file_group(u32::MAX).map(GroupId::new).map_err(failed)?;
        Ok(Self { real, effective, saved, filesystem })
    }

    /// Becomes of these groups.
    ///
    /// # Errors
    /// As for users.
    ///
    /// # Capabilities
    /// `CAP_SETGID`, but for what is one of the first three already.
    #[doc(alias = "setresgid")]
    #[doc(alias = "setgid")]
    #[doc(alias = "setegid")]
    #[doc(alias = "setfsgid")]
    pub fn set(&self, scope: Scope) -> Result<(), Error> {
        let ids = [self.real, self.effective, self.saved, self.filesystem];
        for id in ids {
            real(id.is_none(), "group ids", id.number())?;
        }
        let [real, effective, saved, filesystem] = ids.map(GroupId::number);
        apply(scope, &[Step::Groups([real, effective, saved], filesystem)])
    }
}
