use std::collections::BTreeMap;

use linux_support_base::{ByteString, Error, Machine};

use super::{Address, location::function_in};

/// Something that a function's driver offers to the rest of the system: a network interface, a disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClassDevice {
    /// The class, a directory of `/sys/class`: `net`, `block`, `nvme`, `drm`, `infiniband`.
    pub class: ByteString,
    /// Its name in the class: `eth0`, `nvme0n1`.
    pub name: ByteString,
}

/// The class devices of all functions of a machine.
#[derive(Debug, Default)]
pub(super) struct ClassDevices {
    by_function: BTreeMap<Address, Vec<ClassDevice>>,
    failure: Option<Error>,
}

/// The classes of what users of PCI functions look for; others (`pci_bus`, `wakeup`, `input`) say little.
const CLASSES: [&str; 16] = [
    "accel",
    "block",
    "drm",
    "dma",
    "fpga_manager",
    "infiniband",
    "mei",
    "net",
    "nvme",
    "ptp",
    "scsi_host",
    "sound",
    "tpm",
    "uio",
    "vfio-dev",
    "watchdog",
];

impl ClassDevices {
    pub(super) fn read(machine: &Machine) -> Self {
        let mut devices = Self::default();
        for class in CLASSES {
            let mut directory = format!("/sys/class/{class}");
            // Captured trees often have this one alone, which is the same but for partitions.
            if class == "block" && machine.exists("/sys/block") {
                directory = "/sys/block".into();
            }
            let entries = match machine.entries(&directory) {
                Ok(entries) => entries,
                Err(error) => {
                    if !error.is_absent() {
                        devices.failure.get_or_insert(error);
                    }
                    continue;
                }
            };
            for entry in entries {
                let path = [directory.as_bytes(), b"/", entry.name.as_bytes()].concat();
                // Some are no links (`/sys/class/net/bonding_masters`), and some have gone.
                let Ok(target) = machine.link(path) else { continue };
                if let Some(address) = function_in(&target) {
                    let device = ClassDevice { class: class.into(), name: entry.name };
                    devices.by_function.entry(address).or_default().push(device);
                }
            }
        }
        devices
    }

    /// Those of the function at `address`, sorted by class and name.
    pub(super) fn of(&self, address: Address) -> Result<Vec<ClassDevice>, Error> {
        match &self.failure {
            Some(error) => Err(error.clone()),
            None => Ok(self.by_function.get(&address).cloned().unwrap_or_default()),
        }
    }
}
