//! Block devices: what they are like, and what can be done to their blocks.
//!
//! Bytes are read and written through std: `File::from(OwnedFd::from(device))`, or
//! [`file`](crate::file)'s traits.
//!
//! ```
//! use linux_support_fd::block_device::{BlockAccess, BlockDevice};
//!
//! for entry in std::fs::read_dir("/sys/class/block").into_iter().flatten().flatten() {
//!     match BlockDevice::open(std::path::Path::new("/dev").join(entry.file_name()), BlockAccess::Read) {
//!         Ok(disk) => println!("{}: {} in sectors of {}", disk.number()?, disk.size()?, disk.logical_sector_size()?),
//!         Err(error) => println!("{error}"), // its permissions are for root
//!     }
//! }
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! All of it is tried on loop devices, null_blk's zones and scsi_debug's disks, but for
//! [discarding securely](BlockDevice::secure_discard): no disk that can be emulated has that.

mod device;
mod zone;

pub use device::{BlockAccess, BlockDevice};
pub use zone::{Zone, ZoneCondition, ZoneKind, ZoneReport};
