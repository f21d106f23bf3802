//! Users and groups.

mod account;

pub use account::{Group, Groups, User, Users};
