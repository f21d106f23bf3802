//! A machine.

use serde::{Deserialize, Serialize};

use crate::{Architecture, CpuList, Cpus, Node, PciDevice, Size};

/// A machine of the lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// What it is there for, in one sentence.
    pub about: String,
    /// The architecture.
    pub architecture: Architecture,
    /// The kernel's package, less `linux-image-`: `amd64`, `arm64-16k`.
    pub kernel: String,
    /// The size of a base page.
    pub page_size: Size,
    /// QEMU's model of the processor.
    #[serde(default = "max")]
    pub processor: String,
    /// QEMU's further options of the machine type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<String>,
    /// Packages, dies, cores and threads.
    pub cpus: Cpus,
    /// The nodes, in the order of their numbers; at least one, which holds the memory.
    pub nodes: Vec<Node>,
    /// The sizes of huge pages that the kernel offers.
    #[serde(default)]
    pub huge_page_sizes: Vec<Size>,
    /// The CPUs that `isolcpus` takes from the scheduler.
    #[serde(default, skip_serializing_if = "CpuList::is_empty")]
    pub isolated: CpuList,
    /// The CPUs that run without a tick where they can.
    #[serde(default, skip_serializing_if = "CpuList::is_empty")]
    pub nohz_full: CpuList,
    /// Further words of the kernel's command line.
    #[serde(default)]
    pub boot: Vec<String>,
    /// The modules loaded before the tests.
    #[serde(default)]
    pub modules: Vec<String>,
    /// The modules that tests may load.
    #[serde(default)]
    pub modules_at_hand: Vec<String>,
    /// Pairs of serial ports that are wired to one another, by the names that the kernel gives them.
    #[serde(default)]
    pub wired_serial_ports: Vec<[String; 2]>,
    /// All PCI devices.
    #[serde(default)]
    pub pci: Vec<PciDevice>,
    /// Whether the PCI devices are in groups of an IOMMU.
    #[serde(default)]
    pub iommu: bool,
    /// Whether `cargo xtask test` boots it too.
    #[serde(default)]
    pub quick: bool,
}

fn max() -> String {
    "max".to_owned()
}

impl Machine {
    /// The memory of all nodes.
    #[must_use]
    pub fn memory(&self) -> Size {
        self.nodes.iter().map(|node| node.memory).sum()
    }
}
