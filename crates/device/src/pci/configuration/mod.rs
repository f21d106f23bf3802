//! The configuration space of a function: what its own registers say.
//!
//! The kernel's file `config` holds 256 bytes, or 4,096 for PCI Express. Without CAP_SYS_ADMIN only the first 64
//! can be read (128 for a CardBus bridge): then there is the header, and both lists of capabilities are
//! [cut](ListEnd::Cut).
//!
//! ```
//! use linux_support_device::pci::configuration::{Configuration, ListEnd};
//!
//! let mut bytes = [0; 64];
//! bytes[..4].copy_from_slice(&[0x86, 0x80, 0xd3, 0x10]);
//! bytes[6] = 0x10; // It has capabilities,
//! bytes[0x34] = 0xc8; // which begin here.
//! let configuration = Configuration::parse(&bytes)?;
//! assert_eq!(configuration.header.vendor.name(), Some("Intel Corporation"));
//! assert_eq!(configuration.capabilities.end, ListEnd::Cut);
//! # Ok::<(), linux_support_base::ParseError>(())
//! ```
//!
//! # Source
//! Documentation/PCI/sysfs-pci.rst, `include/uapi/linux/pci_regs.h`.

mod capability;
mod conventional;
mod errors;
mod express;
mod express_link;
mod express_slot;
mod header;
mod interrupts;
mod isolation;
mod registers;
mod timing;
mod vendor;
mod virtual_functions;

use linux_support_base::{ByteString, Error, Machine, text::ParseError};

pub use capability::{
    Capability, CapabilityId, CapabilityList, Content, ExtendedCapability, ExtendedCapabilityId,
    ExtendedContent, ListEnd,
};
pub use conventional::{
    AdvancedFeatures, PciX, PciXBridge, PciXStatus, PowerCapabilities, PowerControl, PowerManagement,
    VitalProductData,
};
pub use errors::{
    Containment, ContainmentFlags, CorrectableErrors, ErrorControl, ErrorReporting, RootErrorCommand,
    RootErrorStatus, RootErrors, UncorrectableErrors,
};
pub use express::{
    Device2, Device2CapabilityFlags, Device2ControlFlags, DeviceCapabilities, DeviceCapabilityFlags,
    DeviceControl, DeviceControlFlags, DeviceStatus, Express, PortType, RootControlFlags, RootRegisters,
};
pub use express_link::{
    Link2, Link2StatusFlags, LinkCapabilityFlags, LinkControlFlags, LinkPowerStates, LinkRegisters,
    LinkStatusFlags,
};
pub use express_slot::{Slot, SlotCapabilityFlags, SlotControlFlags, SlotStatusFlags};
pub use header::{
    Bar, BarKind, BarWidth, Bridge, BridgeControl, Buses, CardBus, Command, Endpoint, Header, Layout, Rom,
    SelectionTiming, Status, Window,
};
pub use interrupts::{BarOffset, Msi, MsiX};
pub use isolation::{
    AccessControl, AccessControlFlags, AddressTranslation, PageRequestStatus, PageRequests,
    ProcessAddressSpaceFlags, ProcessAddressSpaces,
};
pub use timing::{LatencyTolerance, LinkSubstateFlags, LinkSubstates, TimeMeasurement};
pub use vendor::{SerialNumber, VendorSpecific};
pub use virtual_functions::{AlternativeRouting, ResizableBar, VirtualFunctionControl, VirtualFunctions};

use self::registers::Registers;
use super::Address;

/// The configuration space of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Configuration {
    /// The header.
    pub header: Header,
    /// The capabilities within the first 256 bytes.
    pub capabilities: CapabilityList<Capability>,
    /// The capabilities from byte 256 on.
    pub extended_capabilities: CapabilityList<ExtendedCapability>,
    #[cfg_attr(feature = "serde", serde(skip))]
    bytes: ByteString,
}

/// How many bytes conventional PCI has.
const CONVENTIONAL: usize = 256;

impl Configuration {
    /// Reads the configuration space of the function at `address`.
    ///
    /// # Capabilities
    /// Without CAP_SYS_ADMIN only the header can be read.
    ///
    /// # Errors
    /// There is no such function, or its registers can't be read.
    pub fn read(machine: &Machine, address: Address) -> Result<Self, Error> {
        machine.parse(format!("/sys/bus/pci/devices/{address}/config"), Self::parse)
    }

    /// Decodes a configuration space: 4,096 bytes, 256, or the 64 or 128 that everybody may read.
    ///
    /// # Errors
    /// Fewer than 64 bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let header = Header::parse(bytes)?;
        let conventional = Registers(&bytes[..bytes.len().min(CONVENTIONAL)]);
        let capabilities =
            capability::capabilities(conventional, header.first_capability(conventional), &header.layout);
        let express = capabilities.list.iter().find_map(|capability| match &capability.content {
            Content::Express(express) => Some(&**express),
            _ => None,
        });
        let is_root = express
            .is_some_and(|express| matches!(express.port, PortType::RootPort | PortType::EventCollector));
        // Others answer for bytes beyond 256 with those of their first 256, or anything else.
        let extended_capabilities = if bytes.len() > CONVENTIONAL && can_be_extended(&capabilities.list) {
            capability::extended_capabilities(Registers(bytes), is_root)
        } else {
            let all = bytes.len() >= CONVENTIONAL && !can_be_extended(&capabilities.list);
            CapabilityList { list: Vec::new(), end: if all { ListEnd::Complete } else { ListEnd::Cut } }
        };
        Ok(Self { header, capabilities, extended_capabilities, bytes: bytes.into() })
    }

    /// The bytes themselves, for what is not decoded.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_bytes()
    }

    /// The PCI Express capability.
    #[must_use]
    pub fn express(&self) -> Option<&Express> {
        self.capabilities.list.iter().find_map(|capability| match &capability.content {
            Content::Express(express) => Some(&**express),
            _ => None,
        })
    }
}

/// Whether a function with these capabilities can have more than 256 bytes: PCI Express, or PCI-X of mode 2.
fn can_be_extended(capabilities: &[Capability]) -> bool {
    let fast = PciXStatus::MHZ_266 | PciXStatus::MHZ_533;
    capabilities.iter().any(|capability| match &capability.content {
        Content::Express(_) => true,
        Content::PciX(pci_x) => pci_x.status.intersects(fast),
        Content::PciXBridge(bridge) => bridge.status.intersects(fast),
        // Whether it is one of these can't be seen.
        Content::Cut => matches!(capability.id.0, 0x07 | 0x10),
        _ => false,
    })
}
