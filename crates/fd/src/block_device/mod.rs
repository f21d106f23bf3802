//! Block devices: what they are like, and what can be done to their blocks.
//!
//! Bytes are read and written through std: `File::from(OwnedFd::from(device))`, or
//! [`file`](crate::file)'s traits.
//!
//! ```no_run
//! use linux_support_fd::block_device::{BlockAccess, BlockDevice};
//!
//! let disk = BlockDevice::open("/dev/nvme0n1", BlockAccess::Read)?;
//! println!("{}: {} in sectors of {}", disk.number()?, disk.size()?, disk.logical_sector_size()?);
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod device;
mod zone;

pub use device::{BlockAccess, BlockDevice};
pub use zone::{Zone, ZoneCondition, ZoneKind, ZoneReport};
