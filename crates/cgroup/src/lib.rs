//! Control groups of a Linux machine: version 2, version 1 and hybrid hierarchies.
//!
//! - [`Hierarchies`]: which hierarchies are mounted, of which version, with which controllers; and so the
//!   machine's [`Mode`].
//! - [`Membership`]: which groups a process is in.
//! - [`Group`]: a group of version 2: its state, what it uses, how much it may use.
//! - [`LegacyGroup`]: the same for version 1.
//! - [`tree`]: all groups of a hierarchy.
//! - [`live`]: groups of version 2 made, filled, set, stopped and removed.
//!
//! ```
//! use linux_support_base::Machine;
//! use linux_support_cgroup::{Hierarchies, Membership};
//!
//! let machine = Machine::live()?;
//! let hierarchies = Hierarchies::read(&machine)?;
//! for own in Membership::read_own(&machine)? {
//!     if let Some(hierarchy) = hierarchies.of(&own) {
//!         println!("{:?}: {:?}", own.controllers, hierarchy.directory_of(own.path.as_bytes()));
//!     }
//! }
//! # Ok::<(), linux_support_base::Error>(())
//! ```
#![forbid(unsafe_code)]

mod controller;
mod format;
mod hierarchy;
mod keyed;
pub mod live;
mod membership;
mod place;
#[cfg(feature = "serde")]
mod serialize;
pub mod tree;
mod v1;
mod v2;

use linux_support_base::{Directory, Error, Machine};

pub use controller::{Controller, RegisteredController};
pub use hierarchy::{Hierarchies, Hierarchy, Mode, Version};
pub use keyed::Keyed;
pub use membership::{Membership, MembershipEntry};
pub use tree::GroupPath;
pub use v1::{
    BlkioCounts, CpuTicks, FreezerState, LegacyBlkio, LegacyCpu, LegacyCpuAccount, LegacyCpuStatistics,
    LegacyCpuset, LegacyFreezer, LegacyGroup, LegacyHugePages, LegacyMemory, LegacyMemoryStatistics,
    LegacyNodePages, LegacyNodeStatistics, OomControl,
};
pub use v2::{
    CpuBandwidth, CpuControl, CpuLocalStatistics, CpuStatistics, CpusetControl, DeviceMemoryControl, Group,
    GroupEvents, GroupLocalStatistics, GroupPressure, GroupStatistics, GroupType, HugePageControl,
    HugePageEvents, HugePageNodeStatistics, HugePagesOfNodes, IoControl, IoCostControl, IoCostModel,
    IoCostQuality, IoLatency, IoLimits, IoStatistics, IoWeights, MemoryControl, MemoryEvents,
    MemoryStatistics, MiscControl, NodeStatistics, Partition, PartitionKind, PidsControl, PidsEvents,
    RdmaControl, SwapEvents, parse_cost_models, parse_cost_qualities, parse_latencies, parse_limits,
    parse_statistics,
};

/// Opens the directory of the group `path` of `hierarchy`.
fn open(machine: &Machine, hierarchy: &Hierarchy, path: &[u8]) -> Result<Directory, Error> {
    let directory = hierarchy.directory_of(path).ok_or_else(|| {
        let accepted = format!("expected a path from /, below the group {} that is mounted", hierarchy.root);
        Error::invalid("open the group", path, accepted)
    })?;
    machine.directory(directory.as_bytes())
}

/// Writes a type to JSON as its `Display` shows it.
macro_rules! as_text {
    ($Name:ident) => {
        #[cfg(feature = "serde")]
        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $Name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($Name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string" })
            }
        }
    };
}

use as_text;
