//! Namespaces: leaving and entering them, and how users, groups and clocks are numbered there.
//!
//! - [`unshare`], [`enter`], [`enter_all`], [`enter_process`]: into other namespaces, new ones or those of others.
//! - [`NamespaceMaps`], [`unshare_as`]: how a user namespace numbers users and groups.
//! - [`TimeOffsets`]: how far the clocks of a time namespace are ahead.
//! - [`NamedNamespaces`]: those that have names, and live without a process.
//!
//! The descriptors, with their identity, owner and parent, are
//! [`linux_support_fd::namespace::Namespace`].
//!
//! # Source
//! namespaces(7), user_namespaces(7), time_namespaces(7).

mod change;
mod group_setting;
mod id_map;
mod maps;
mod named;
mod time_offsets;

pub use change::{enter, enter_all, enter_process, unshare};
pub use group_setting::{GroupSetting, ProjectId, ProjectIdMap};
pub use id_map::{GroupIdMap, IdCount, IdMap, IdRange, UserIdMap};
pub use linux_support_base::{NamespaceKind, NamespaceKinds};
pub use maps::{MOST_RANGES, MapsWritten, NamespaceMaps, unshare_as};
pub use named::NamedNamespaces;
pub use time_offsets::{ClockOffset, TimeOffsets};
