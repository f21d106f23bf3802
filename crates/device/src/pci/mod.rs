//! PCI and PCI Express.
//!
//! [`devices`] lists the machine's functions, [`Device`] is what the kernel knows of one, and [`tree()`] puts them
//! beneath their bridges. [`configuration`] decodes the bytes of a function's configuration space: its header and
//! its capabilities.
//!
//! ```
//! use linux_support_base::Machine;
//! use linux_support_device::pci;
//!
//! for device in pci::devices(&Machine::live()?)? {
//!     println!("{} {:?} {:?}", device.address, device.class, device.driver);
//! }
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! # Source
//! Documentation/ABI/testing/sysfs-bus-pci, Documentation/PCI/sysfs-pci.rst.

mod address;
mod class;
mod class_device;
pub mod configuration;
mod device;
mod errors;
mod identity;
mod link;
mod location;
mod power;
mod resource;
mod tree;
mod virtualization;

pub use address::Address;
pub use class::Class;
pub use class_device::ClassDevice;
pub use device::{Device, Driver, InterruptMode, IommuGroup, Irq, MessageInterrupt, devices};
pub use errors::{ErrorCount, ErrorCounters, ErrorCounts};
pub use identity::{DeviceId, Revision, SubsystemId, VendorId};
pub use link::{Link, LinkSpeed, LinkWidth};
pub use location::{Location, RootBus};
pub use power::{PowerState, ResetMethod};
pub use resource::{BridgeWindow, Resource, ResourceFlags, ResourceKind, Resources};
pub use tree::{Node, Root, tree};
pub use virtualization::Virtualization;
