//! Block devices: what they are like, and what can be done to their blocks.
//!
//! Bytes are read and written through std: `File::from(OwnedFd::from(device))`, or
//! [`file`](crate::file)'s traits.
//!
//! ```
#![doc = include_str!("../../examples/block_device.rs")]
//! ```
//!
//! All of it is tried on loop devices, null_blk's zones and scsi_debug's disks, but for
//! [discarding securely](BlockDevice::secure_discard): no disk that can be emulated has that.

mod device;
mod zone;

pub use device::{BlockAccess, BlockDevice};
pub use zone::{Zone, ZoneCondition, ZoneKind, ZoneReport};
