//! Users and groups: who they are, whom a process acts for, and becoming someone else for good.
//!
//! - [`Users`], [`Groups`]: what `/etc/passwd` and `/etc/group` of any machine say; [`User::look_up`] and
//!   [`Group::look_up`]: what the C library's name service says of this one.
//! - [`SubordinateRanges`]: `/etc/subuid` and `/etc/subgid`.
//! - [`Credentials`], [`supplementary_groups`]: the ids of the calling thread, and setting them for it or for the whole
//!   process.
//! - [`NewIdentity`]: from root to a user, irrevocably.
//!
//! # Source
//! credentials(7), passwd(5), group(5), subuid(5).

mod account;
mod credentials;
mod name_service;
mod new_identity;
mod subordinate;
mod supplementary;

pub use account::{Group, Groups, User, Users};
pub use credentials::Credentials;
use linux_support_base::Error;
pub use new_identity::NewIdentity;
pub use subordinate::{SubordinateRange, SubordinateRanges};
pub use supplementary::{MOST_SUPPLEMENTARY_GROUPS, set_supplementary_groups, supplementary_groups};

/// Refuses the number that means none, which the kernel takes for "leave it as it is".
fn real(is_none: bool, object: &'static str, number: u32) -> Result<(), Error> {
    if is_none {
        return Err(Error::invalid("set", object, format!("{number} is no id of anyone")));
    }
    Ok(())
}
