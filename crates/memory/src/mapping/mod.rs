//! What processes map into their address spaces.
//!
//! [`maps`] and [`smaps`] read the files of `/proc/PID` in place: their entries borrow from the text and allocate
//! nothing.

pub mod maps;
mod name;
mod permissions;
pub mod smaps;
mod vm_flags;

pub use name::MappingName;
pub use permissions::Permissions;
pub use smaps::{Field, MemoryUse};
pub use vm_flags::VmFlags;
