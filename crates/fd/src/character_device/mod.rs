//! Character devices: any, and those of memory, each checked by its number.
//!
//! Names in `/dev` are but names: in a container or under a planted link, `/dev/null` may be a file that fills up, or
//! one that somebody reads. These types hold what they say.
//!
//! ```
//! use std::{fs::File, io::Write, os::fd::OwnedFd};
//! use linux_support_fd::character_device::{FullDevice, NullDevice};
//!
//! File::from(OwnedFd::from(NullDevice::open()?)).write_all(b"forgotten").unwrap();
//! let full = File::from(OwnedFd::from(FullDevice::open()?)).write_all(b"x").unwrap_err();
//! assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod device;
mod memory;
mod random;

pub use device::CharacterDevice;
pub use memory::{FullDevice, NullDevice, ZeroDevice};
pub use random::RandomDevice;
