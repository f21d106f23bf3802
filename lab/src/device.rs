//! PCI devices and what they stand on.

use serde::{Deserialize, Serialize};

use crate::Size;

/// A PCI device, as the kernel shall see it, and how QEMU is asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PciDevice {
    /// QEMU's name of the device; none where the machine has it unasked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The name by which other devices refer to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The bus that it is on: the name of a bridge, or the root bus if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// QEMU's further options of the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<String>,
    /// What a drive stores on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backing: Option<Backing>,
    /// Its address, once the firmware and the kernel have numbered the buses.
    pub address: String,
    /// Vendor and device: `8086:10d3`.
    pub identity: String,
    /// The driver that takes it; none for a device without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// The NUMA node that it is near to, if the machine says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<u32>,
}

impl PciDevice {
    /// The slot and function on its bus: `1f.2`.
    #[must_use]
    pub fn slot(&self) -> &str {
        crate::check::slot(&self.address).unwrap_or_default()
    }

    /// Whether it is on the machine's first bus.
    #[must_use]
    pub fn is_on_the_first_bus(&self) -> bool {
        self.on.is_none()
    }
}

/// What a device is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Backing {
    /// An empty disk of this size, thrown away with the machine.
    Disk(Size),
    /// A network of its own, without another machine.
    Network,
    /// Two serial ports that are wired to one another.
    WiredSerialPorts,
    /// The lab itself, which reads here what the tests print.
    Results,
}
