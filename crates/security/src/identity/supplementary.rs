use linux_support_base::{Error, GroupId};

use super::real;
use crate::{
    Scope,
    broadcast::{Step, apply},
    sys::credentials as sys,
};

/// How many supplementary groups a thread may have.
pub const MOST_SUPPLEMENTARY_GROUPS: usize = 65_536;

/// The supplementary groups of the calling thread, as the kernel sorts them.
///
/// # Errors
/// None that is known.
#[doc(alias = "getgroups")]
pub fn supplementary_groups() -> Result<Vec<GroupId>, Error> {
    let groups =
        sys::supplementary().map_err(|errno| Error::system("read", "supplementary groups", errno))?;
    Ok(groups.into_iter().map(GroupId::new).collect())
}

/// Sets the supplementary groups, in place of those from before.
///
/// # Errors
/// There are more than [`MOST_SUPPLEMENTARY_GROUPS`]; one is [none](GroupId::is_none), or has no number in the caller's
/// user namespace (`EINVAL`); the capability is missing, or the user namespace denies it for good
/// ([`GroupSetting::Denied`](crate::namespace::GroupSetting)); threads did not stop: see [`Scope`].
///
/// # Capabilities
/// `CAP_SETGID`.
#[doc(alias = "setgroups")]
pub fn set_supplementary_groups(groups: &[GroupId], scope: Scope) -> Result<(), Error> {
    let groups = numbers(groups)?;
    apply(scope, &[Step::Supplementary(&groups)])
}

/// Checks the groups.
pub(super) fn numbers(groups: &[GroupId]) -> Result<Vec<u32>, Error> {
    if groups.len() > MOST_SUPPLEMENTARY_GROUPS {
        let accepted = format!("{} are more than {MOST_SUPPLEMENTARY_GROUPS}", groups.len());
        return Err(Error::invalid("set", "supplementary groups", accepted));
    }
    groups
        .iter()
        .map(|group| real(group.is_none(), "supplementary groups", group.number()).map(|()| group.number()))
        .collect()
}
