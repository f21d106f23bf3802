//! The two lists of capabilities.

use core::fmt;

use super::{
    AccessControl, AddressTranslation, AdvancedFeatures, AlternativeRouting, Containment, ErrorReporting,
    Express, LatencyTolerance, Layout, LinkSubstates, Msi, MsiX, PageRequests, PciX, PciXBridge,
    PowerManagement, ProcessAddressSpaces, ResizableBar, SerialNumber, TimeMeasurement, VendorSpecific,
    VirtualFunctions, VitalProductData, header::subsystem, registers::Registers,
};
use crate::{form::as_text, pci::SubsystemId};

/// A list of capabilities, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CapabilityList<T> {
    /// The capabilities, in the function's order.
    pub list: Vec<T>,
    /// How the list ends.
    pub end: ListEnd,
}

/// How a list of capabilities ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ListEnd {
    /// As it should: these are all.
    Complete,
    /// There may be more, beyond the bytes that could be read: without CAP_SYS_ADMIN the kernel gives 64.
    Cut,
    /// It leads back to a capability that was there already, at this offset.
    Loop(u16),
    /// It leads to something that is no capability, at this offset.
    Broken(u16),
}

/// A capability within the first 256 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Capability {
    /// Which it is.
    pub id: CapabilityId,
    /// Its name; `None` for one that this library does not know.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub name: Option<&'static str>,
    /// Where it begins.
    pub offset: u8,
    /// What its registers hold.
    pub content: Content,
}

/// A capability from byte 256 on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExtendedCapability {
    /// Which it is.
    pub id: ExtendedCapabilityId,
    /// Its name; `None` for one that this library does not know.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub name: Option<&'static str>,
    /// Where it begins.
    pub offset: u16,
    /// Its version.
    pub version: u8,
    /// What its registers hold.
    pub content: ExtendedContent,
}

/// The number of a capability within the first 256 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CapabilityId(pub u8);

/// The number of a capability from byte 256 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtendedCapabilityId(pub u16);

as_text! {
    CapabilityId: "The number of a capability, such as 0x05.";
    ExtendedCapabilityId: "The number of an extended capability, such as 0x0001.";
}

/// What the registers of a capability hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Content {
    /// Power management.
    PowerManagement(PowerManagement),
    /// Vital product data.
    VitalProductData(VitalProductData),
    /// Message Signalled Interrupts.
    Msi(Msi),
    /// PCI-X of a function that is no bridge.
    PciX(PciX),
    /// PCI-X of a bridge.
    PciXBridge(PciXBridge),
    /// The product that a bridge is built into.
    BridgeSubsystem(SubsystemId),
    /// PCI Express.
    Express(Box<Express>),
    /// MSI-X.
    MsiX(MsiX),
    /// The Advanced Features of conventional PCI.
    AdvancedFeatures(AdvancedFeatures),
    /// By the vendor's rules; so many bytes.
    VendorSpecific {
        /// How many bytes it has.
        length: u8,
    },
    /// Not decoded by this library: see [`Configuration::bytes`](super::Configuration::bytes).
    Other,
    /// The bytes end within it.
    Cut,
}

/// What the registers of an extended capability hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ExtendedContent {
    /// Advanced Error Reporting.
    ErrorReporting(Box<ErrorReporting>),
    /// The device's serial number.
    SerialNumber(SerialNumber),
    /// By the vendor's rules, its own or those of another.
    VendorSpecific(VendorSpecific),
    /// Access Control Services.
    AccessControl(AccessControl),
    /// Alternative Routing-ID Interpretation.
    AlternativeRouting(AlternativeRouting),
    /// Address Translation Services.
    AddressTranslation(AddressTranslation),
    /// Single-Root I/O Virtualization.
    VirtualFunctions(Box<VirtualFunctions>),
    /// The Page Request Interface.
    PageRequests(PageRequests),
    /// Base address registers whose size can be chosen.
    ResizableBars(Vec<ResizableBar>),
    /// Base address registers of virtual functions whose size can be chosen.
    VirtualFunctionResizableBars(Vec<ResizableBar>),
    /// Latency Tolerance Reporting.
    LatencyTolerance(LatencyTolerance),
    /// Process Address Space IDs.
    ProcessAddressSpaces(ProcessAddressSpaces),
    /// Downstream Port Containment.
    Containment(Containment),
    /// The substates of L1.
    LinkSubstates(LinkSubstates),
    /// Precision Time Measurement.
    TimeMeasurement(TimeMeasurement),
    /// Not decoded by this library: see [`Configuration::bytes`](super::Configuration::bytes).
    Other,
    /// The bytes end within it.
    Cut,
}

impl CapabilityId {
    /// Its name in the specifications.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0x00 => "Null",
            0x01 => "Power Management",
            0x02 => "AGP",
            0x03 => "Vital Product Data",
            0x04 => "Slot Identification",
            0x05 => "MSI",
            0x06 => "CompactPCI Hot Swap",
            0x07 => "PCI-X",
            0x08 => "HyperTransport",
            0x09 => "Vendor Specific",
            0x0a => "Debug Port",
            0x0b => "CompactPCI Central Resource Control",
            0x0c => "Hot-Plug",
            0x0d => "Bridge Subsystem",
            0x0e => "AGP 8x",
            0x0f => "Secure Device",
            0x10 => "PCI Express",
            0x11 => "MSI-X",
            0x12 => "SATA",
            0x13 => "Advanced Features",
            0x14 => "Enhanced Allocation",
            0x15 => "Flattening Portal Bridge",
            _ => return None,
        })
    }
}

impl ExtendedCapabilityId {
    /// Its name in the specifications.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0x00 => "Null",
            0x01 => "Advanced Error Reporting",
            0x02 | 0x09 => "Virtual Channel",
            0x03 => "Device Serial Number",
            0x04 => "Power Budgeting",
            0x05 => "Root Complex Link Declaration",
            0x06 => "Root Complex Internal Link Control",
            0x07 => "Root Complex Event Collector Endpoint Association",
            0x08 => "Multi-Function Virtual Channel",
            0x0a => "Root Complex Register Block Header",
            0x0b => "Vendor Specific",
            0x0c => "Configuration Access Correlation",
            0x0d => "Access Control Services",
            0x0e => "Alternative Routing-ID Interpretation",
            0x0f => "Address Translation Services",
            0x10 => "Single-Root I/O Virtualization",
            0x11 => "Multi-Root I/O Virtualization",
            0x12 => "Multicast",
            0x13 => "Page Request Interface",
            0x15 => "Resizable BAR",
            0x16 => "Dynamic Power Allocation",
            0x17 => "Transaction Processing Hints",
            0x18 => "Latency Tolerance Reporting",
            0x19 => "Secondary PCI Express",
            0x1a => "Protocol Multiplexing",
            0x1b => "Process Address Space ID",
            0x1c => "LN Requester",
            0x1d => "Downstream Port Containment",
            0x1e => "L1 PM Substates",
            0x1f => "Precision Time Measurement",
            0x20 => "PCI Express over M-PHY",
            0x21 => "FRS Queueing",
            0x22 => "Readiness Time Reporting",
            0x23 => "Designated Vendor Specific",
            0x24 => "VF Resizable BAR",
            0x25 => "Data Link Feature",
            0x26 => "Physical Layer 16.0 GT/s",
            0x27 => "Lane Margining at the Receiver",
            0x28 => "Hierarchy ID",
            0x29 => "Native PCI Express Enclosure Management",
            0x2a => "Physical Layer 32.0 GT/s",
            0x2b => "Alternate Protocol",
            0x2c => "System Firmware Intermediary",
            0x2d => "Shadow Functions",
            0x2e => "Data Object Exchange",
            0x2f => "Device 3",
            0x30 => "Integrity and Data Encryption",
            0x31 => "Physical Layer 64.0 GT/s",
            _ => return None,
        })
    }
}

impl fmt::Display for CapabilityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02x}", self.0)
    }
}

impl fmt::Display for ExtendedCapabilityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04x}", self.0)
    }
}

/// The capabilities from `first` on.
pub(super) fn capabilities(
    registers: Registers<'_>,
    first: u8,
    layout: &Layout,
) -> CapabilityList<Capability> {
    let mut list: Vec<Capability> = Vec::new();
    let mut offset = first;
    let end = loop {
        if offset == 0 {
            break ListEnd::Complete;
        }
        if offset < 0x40 {
            break ListEnd::Broken(u16::from(offset));
        }
        if list.iter().any(|known| known.offset == offset) {
            break ListEnd::Loop(u16::from(offset));
        }
        let Some((id, next, at)) = head(registers, offset) else { break ListEnd::Cut };
        if id == 0xff {
            break ListEnd::Broken(u16::from(offset));
        }
        let id = CapabilityId(id);
        list.push(Capability { id, name: id.name(), offset, content: content(id, at, layout) });
        offset = next & !3;
    };
    CapabilityList { list, end }
}

fn head(registers: Registers<'_>, offset: u8) -> Option<(u8, u8, Registers<'_>)> {
    let at = registers.at(usize::from(offset))?;
    Some((at.byte(0)?, at.byte(1)?, at))
}

fn content(id: CapabilityId, at: Registers<'_>, layout: &Layout) -> Content {
    let content = match id.0 {
        0x01 => PowerManagement::of(at).map(Content::PowerManagement),
        0x03 => VitalProductData::of(at).map(Content::VitalProductData),
        0x05 => Msi::of(at).map(Content::Msi),
        0x07 if matches!(layout, Layout::Bridge(_)) => PciXBridge::of(at).map(Content::PciXBridge),
        0x07 => PciX::of(at).map(Content::PciX),
        0x09 => at.byte(2).map(|length| Content::VendorSpecific { length }),
        0x0d => subsystem(at, 4).map(Content::BridgeSubsystem),
        0x10 => Express::of(at).map(|express| Content::Express(Box::new(express))),
        0x11 => MsiX::of(at).map(Content::MsiX),
        0x13 => AdvancedFeatures::of(at).map(Content::AdvancedFeatures),
        _ => Some(Content::Other),
    };
    content.unwrap_or(Content::Cut)
}

/// The capabilities from byte 256 on.
pub(super) fn extended_capabilities(
    registers: Registers<'_>,
    is_root: bool,
) -> CapabilityList<ExtendedCapability> {
    let mut list: Vec<ExtendedCapability> = Vec::new();
    let mut offset = 0x100;
    let end = loop {
        if offset == 0 {
            break ListEnd::Complete;
        }
        if offset < 0x100 {
            break ListEnd::Broken(offset);
        }
        if list.iter().any(|known| known.offset == offset) {
            break ListEnd::Loop(offset);
        }
        let at = registers.at(usize::from(offset));
        let Some((at, head)) = at.and_then(|at| Some((at, at.double(0)?))) else { break ListEnd::Cut };
        if head == u32::MAX {
            break ListEnd::Broken(offset);
        }
        let next = (head >> 20) as u16 & 0xffc;
        // A list without members begins with a null capability.
        if head != 0 {
            let id = ExtendedCapabilityId(head as u16);
            list.push(ExtendedCapability {
                id,
                name: id.name(),
                offset,
                version: (head >> 16 & 0xf) as u8,
                content: extended_content(id, at, is_root),
            });
        }
        offset = next;
    };
    CapabilityList { list, end }
}

fn extended_content(id: ExtendedCapabilityId, at: Registers<'_>, is_root: bool) -> ExtendedContent {
    use ExtendedContent as To;
    let content = match id.0 {
        0x01 => ErrorReporting::of(at, is_root).map(|errors| To::ErrorReporting(Box::new(errors))),
        0x03 => SerialNumber::of(at).map(To::SerialNumber),
        0x0b => VendorSpecific::own(at).map(To::VendorSpecific),
        0x0d => AccessControl::of(at).map(To::AccessControl),
        0x0e => AlternativeRouting::of(at).map(To::AlternativeRouting),
        0x0f => AddressTranslation::of(at).map(To::AddressTranslation),
        0x10 => VirtualFunctions::of(at).map(|functions| To::VirtualFunctions(Box::new(functions))),
        0x13 => PageRequests::of(at).map(To::PageRequests),
        0x15 => ResizableBar::list(at).map(To::ResizableBars),
        0x18 => LatencyTolerance::of(at).map(To::LatencyTolerance),
        0x1b => ProcessAddressSpaces::of(at).map(To::ProcessAddressSpaces),
        0x1d => Containment::of(at).map(To::Containment),
        0x1e => LinkSubstates::of(at).map(To::LinkSubstates),
        0x1f => TimeMeasurement::of(at).map(To::TimeMeasurement),
        0x23 => VendorSpecific::designated(at).map(To::VendorSpecific),
        0x24 => ResizableBar::list(at).map(To::VirtualFunctionResizableBars),
        _ => Some(To::Other),
    };
    content.unwrap_or(To::Cut)
}
