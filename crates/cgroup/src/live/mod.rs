//! Groups of version 2, changed: made and removed, filled and emptied, set, stopped and ended; and of version 1 those
//! that part CPUs and memory nodes.
//!
//! ```no_run
//! use linux_support_base::{Bytes, Limit, Machine};
//! use linux_support_cgroup::{
//!     Controller,
//!     live::{GroupName, LiveGroup, MemorySetting},
//! };
//!
//! let machine = Machine::live()?;
//! let parent = LiveGroup::root(machine.as_live()?)?;
//! parent.enable(&[Controller::Memory])?;
//! let group = parent.make(&GroupName::new("worker")?)?;
//! group.set(MemorySetting::Max(Limit::At(Bytes::new(1 << 30))))?;
//! group.take_caller()?;
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod controllers;
mod group;
mod legacy;
mod members;
mod name;
mod peak;
mod setting;
mod state;
mod watch;

pub use group::{LiveGroup, RemovedGroups};
pub use legacy::{LegacyCpusetGroup, LegacyCpusetSetting};
pub use members::{GroupMembers, MovedMembers};
pub use name::GroupName;
pub use peak::PeakMeter;
pub use setting::{
    CoreSetting, CpuSetting, CpusetSetting, DeviceMemoryLimit, DeviceMemorySetting, GroupSetting,
    HugePageSetting, IoCostControl, IoCostModel, IoCostQuality, IoPriorityClass, IoSetting, MemorySetting,
    MiscSetting, RdmaSetting,
};
pub use state::FrozenGroup;
pub use watch::GroupWatch;
