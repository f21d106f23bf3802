//! Namespaces, and how users, groups and clocks are numbered there.

mod group_setting;
mod id_map;
mod kind;
mod time_offsets;

pub use group_setting::{GroupSetting, ProjectId, ProjectIdMap};
pub use id_map::{GroupIdMap, IdCount, IdMap, IdRange, UserIdMap};
pub use kind::NamespaceKind;
pub use time_offsets::{ClockOffset, TimeOffsets};
