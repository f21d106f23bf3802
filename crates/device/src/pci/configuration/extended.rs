//! Extended capabilities, those from byte 256 on: errors, isolation, address translation, virtual functions,
//! power and time.

use core::fmt;

use linux_support_base::Bytes;

use super::{
    header::{Bar, bars_at},
    registers::Registers,
};
use crate::{
    form::{as_text, register},
    pci::{DeviceId, VendorId},
};

/// Advanced Error Reporting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "AER")]
pub struct ErrorReporting {
    /// Uncorrectable errors that were met.
    pub uncorrectable: UncorrectableErrors,
    /// Uncorrectable errors that are not reported.
    pub uncorrectable_masked: UncorrectableErrors,
    /// Uncorrectable errors that are fatal.
    pub uncorrectable_fatal: UncorrectableErrors,
    /// Correctable errors that were met.
    pub correctable: CorrectableErrors,
    /// Correctable errors that are not reported.
    pub correctable_masked: CorrectableErrors,
    /// Which uncorrectable error came first: the bit's number.
    pub first_error: u8,
    /// What it can do, and what it is told.
    pub control: ErrorControl,
    /// The header of the packet that met the first error.
    pub header_log: [u32; 4],
    /// For root ports and event collectors: what was reported to them.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub root: Option<RootErrors>,
}

register! {
    /// Errors by which something is lost.
    UncorrectableErrors: u32 = "Errors by which something is lost." {
        /// Data link protocol.
        DATA_LINK_PROTOCOL = 0x10;
        /// The link went down by surprise.
        SURPRISE_DOWN = 0x20;
        /// A packet's data were marked as bad.
        POISONED = 0x1000;
        /// Flow control.
        FLOW_CONTROL = 0x2000;
        /// No completion came in time.
        COMPLETION_TIMEOUT = 0x4000;
        /// A request was aborted.
        COMPLETER_ABORT = 0x8000;
        /// A completion came that was not asked for.
        UNEXPECTED_COMPLETION = 0x1_0000;
        /// The receiver's buffer overflowed.
        RECEIVER_OVERFLOW = 0x2_0000;
        /// A packet was malformed.
        MALFORMED = 0x4_0000;
        /// The end-to-end checksum was wrong.
        CHECKSUM = 0x8_0000;
        /// A request was not supported.
        UNSUPPORTED_REQUEST = 0x10_0000;
        /// Access control was violated.
        ACCESS_CONTROL = 0x20_0000;
        /// An error inside of the function.
        INTERNAL = 0x40_0000;
        /// A multicast packet was blocked.
        MULTICAST_BLOCKED = 0x80_0000;
        /// An atomic operation was blocked where it leaves.
        ATOMIC_BLOCKED = 0x100_0000;
        /// A prefix was blocked.
        PREFIX_BLOCKED = 0x200_0000;
        /// A packet with bad data was blocked where it leaves.
        POISONED_BLOCKED = 0x400_0000;
    }
}

register! {
    /// Errors that the hardware corrects.
    CorrectableErrors: u32 = "Errors that the hardware corrects." {
        /// The receiver.
        RECEIVER = 0x1;
        /// A packet of transactions was bad.
        BAD_TRANSACTION = 0x40;
        /// A packet of the data link was bad.
        BAD_DATA_LINK = 0x80;
        /// A packet was sent again too often.
        REPLAY_ROLLOVER = 0x100;
        /// A packet was not acknowledged in time.
        REPLAY_TIMEOUT = 0x1000;
        /// An uncorrectable error that is not fatal, and that others will report.
        ADVISORY_NONFATAL = 0x2000;
        /// An error inside of the function.
        INTERNAL = 0x4000;
        /// The header log overflowed.
        HEADER_LOG_OVERFLOW = 0x8000;
    }
}

register! {
    /// What error reporting can do, and what it is told.
    ErrorControl: u32 = "What error reporting can do, and what it is told." {
        /// It can make end-to-end checksums.
        CHECKSUM_GENERATION_CAPABLE = 0x20;
        /// It makes them.
        CHECKSUM_GENERATION = 0x40;
        /// It can check them.
        CHECKSUM_CHECK_CAPABLE = 0x80;
        /// It checks them.
        CHECKSUM_CHECK = 0x100;
        /// It can log several headers.
        MULTIPLE_HEADERS_CAPABLE = 0x200;
        /// It logs several headers.
        MULTIPLE_HEADERS = 0x400;
        /// The log holds a prefix.
        PREFIX_PRESENT = 0x800;
        /// It can log the header of a request that timed out.
        TIMEOUT_HEADER_CAPABLE = 0x1000;
    }
}

/// What was reported to a root port or an event collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RootErrors {
    /// What it interrupts for.
    pub command: RootErrorCommand,
    /// What it received.
    pub status: RootErrorStatus,
    /// Which of its messages it sends.
    pub interrupt_message: u8,
    /// Who reported the first correctable error: bus, device and function as 16 bits.
    pub correctable_source: u16,
    /// Who reported the first uncorrectable error.
    pub uncorrectable_source: u16,
}

register! {
    /// Which errors interrupt.
    RootErrorCommand: u32 = "Which errors interrupt." {
        /// Correctable ones.
        CORRECTABLE = 0x1;
        /// Those that are not fatal.
        NONFATAL = 0x2;
        /// Fatal ones.
        FATAL = 0x4;
    }
}

register! {
    /// Which errors were received.
    RootErrorStatus: u32 = "Which errors were received." {
        /// A correctable one.
        CORRECTABLE = 0x1;
        /// More correctable ones.
        MULTIPLE_CORRECTABLE = 0x2;
        /// An uncorrectable one.
        UNCORRECTABLE = 0x4;
        /// More uncorrectable ones.
        MULTIPLE_UNCORRECTABLE = 0x8;
        /// The first uncorrectable one was fatal.
        FIRST_FATAL = 0x10;
        /// One that is not fatal.
        NONFATAL = 0x20;
        /// A fatal one.
        FATAL = 0x40;
    }
}

impl ErrorReporting {
    pub(super) fn of(registers: Registers<'_>, is_root: bool) -> Option<Self> {
        let uncorrectable = |offset| Some(UncorrectableErrors::from_bits_retain(registers.double(offset)?));
        let correctable = |offset| Some(CorrectableErrors::from_bits_retain(registers.double(offset)?));
        let log = |index: usize| registers.double(0x1c + index * 4);
        let root = || -> Option<RootErrors> {
            let status = registers.double(0x30)?;
            Some(RootErrors {
                command: RootErrorCommand::from_bits_retain(registers.double(0x2c)?),
                status: RootErrorStatus::from_bits_retain(status & 0x07ff_ffff),
                interrupt_message: registers.bits(0x30, 27, 5)?,
                correctable_source: registers.word(0x34)?,
                uncorrectable_source: registers.word(0x36)?,
            })
        };
        Some(Self {
            uncorrectable: uncorrectable(4)?,
            uncorrectable_masked: uncorrectable(8)?,
            uncorrectable_fatal: uncorrectable(0xc)?,
            correctable: correctable(0x10)?,
            correctable_masked: correctable(0x14)?,
            first_error: registers.bits(0x18, 0, 5)?,
            control: ErrorControl::from_bits_retain(registers.double(0x18)? & !0x1f),
            header_log: [log(0)?, log(1)?, log(2)?, log(3)?],
            root: if is_root { root() } else { None },
        })
    }
}

/// Access Control Services: whether functions can reach one another past the IOMMU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "ACS")]
pub struct AccessControl {
    /// What it can do.
    pub capabilities: AccessControlFlags,
    /// What it is told.
    pub control: AccessControlFlags,
    /// How many bits the vector of its egress control has; 0 is 256.
    pub egress_vector_bits: u8,
}

register! {
    /// The services of access control.
    AccessControlFlags: u16 = "The services of access control." {
        /// Check who sends.
        SOURCE_VALIDATION = 0x1;
        /// Block addresses that claim to be translated.
        TRANSLATION_BLOCKING = 0x2;
        /// Send requests between peers to the root.
        REQUEST_REDIRECT = 0x4;
        /// Send completions between peers to the root.
        COMPLETION_REDIRECT = 0x8;
        /// Send on what comes back from the root.
        UPSTREAM_FORWARDING = 0x10;
        /// Choose which peers may be reached.
        EGRESS_CONTROL = 0x20;
        /// Let translated requests pass between peers.
        DIRECT_TRANSLATED = 0x40;
    }
}

impl AccessControl {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            capabilities: AccessControlFlags::from_bits_retain(registers.word(4)? & 0xff),
            control: AccessControlFlags::from_bits_retain(registers.word(6)?),
            egress_vector_bits: registers.byte(5)?,
        })
    }
}

/// Single-Root I/O Virtualization.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "SR-IOV")]
pub struct VirtualFunctions {
    /// Whether they can migrate.
    pub migration_capable: bool,
    /// Which message tells of a migration.
    pub interrupt_message: u16,
    /// What it is told.
    pub control: VirtualFunctionControl,
    /// How many there were at first.
    pub initial: u16,
    /// How many there can be.
    pub total: u16,
    /// How many there are.
    pub number: u16,
    /// The function that these depend upon.
    pub dependency: u8,
    /// How far the first one's routing number is from the physical function's.
    pub offset: u16,
    /// How far apart their routing numbers are.
    pub stride: u16,
    /// What they are.
    pub device: DeviceId,
    /// The page sizes that it can use, a bit each from 4 KiB on.
    pub supported_page_sizes: u32,
    /// The page size in use, a bit.
    pub system_page_size: u32,
    /// Their base address registers that are not 0.
    pub bars: Vec<Bar>,
}

register! {
    /// What a physical function is told about its virtual functions.
    VirtualFunctionControl: u16 = "What a physical function is told about its virtual functions." {
        /// Have them.
        ENABLE = 0x1;
        /// Let them migrate.
        MIGRATION = 0x2;
        /// Interrupt for a migration.
        MIGRATION_INTERRUPT = 0x4;
        /// Let them answer at memory addresses.
        MEMORY = 0x8;
        /// Use the device numbers of the bus for functions.
        ARI_HIERARCHY = 0x10;
        /// Let them send requests with tags of 10 bits.
        TAG_10_BIT_REQUESTER = 0x20;
    }
}

impl VirtualFunctions {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        let capabilities = registers.double(4)?;
        Some(Self {
            migration_capable: capabilities & 1 != 0,
            interrupt_message: u16::try_from(capabilities >> 21).ok()?,
            control: VirtualFunctionControl::from_bits_retain(registers.word(8)?),
            initial: registers.word(0xc)?,
            total: registers.word(0xe)?,
            number: registers.word(0x10)?,
            dependency: registers.byte(0x12)?,
            offset: registers.word(0x14)?,
            stride: registers.word(0x16)?,
            device: DeviceId::new(registers.word(0x1a)?),
            supported_page_sizes: registers.double(0x1c)?,
            system_page_size: registers.double(0x20)?,
            bars: bars_at(registers, 0x24, 6)?,
        })
    }
}

/// Address Translation Services: the function keeps translations of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "ATS")]
pub struct AddressTranslation {
    /// How many invalidations it can queue; 0 is 32.
    pub invalidate_queue_depth: u8,
    /// Whether it always asks for whole pages.
    pub page_aligned: bool,
    /// Whether it is in use.
    pub enabled: bool,
    /// The smallest translation: 4 KiB doubled so many times.
    pub smallest_unit: u8,
}

impl AddressTranslation {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            invalidate_queue_depth: registers.bits(4, 0, 5)?,
            page_aligned: registers.bits(4, 5, 1)? != 0,
            enabled: registers.bits(4, 31, 1)? != 0,
            smallest_unit: registers.bits(4, 16, 5)?,
        })
    }
}

/// The Page Request Interface: the function can ask for pages that are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "PRI")]
pub struct PageRequests {
    /// Whether it is in use.
    pub enabled: bool,
    /// Whether it is being reset.
    pub reset: bool,
    /// How it is.
    pub status: PageRequestStatus,
    /// How many requests it can have outstanding.
    pub capacity: u32,
    /// How many it may have outstanding.
    pub allocation: u32,
}

register! {
    /// How a page request interface is.
    PageRequestStatus: u16 = "How a page request interface is." {
        /// It got a response that says failure.
        RESPONSE_FAILURE = 0x1;
        /// It got a response that it does not know.
        UNEXPECTED_GROUP = 0x2;
        /// It has stopped.
        STOPPED = 0x100;
        /// It wants responses with the address space's number.
        PASID_REQUIRED = 0x8000;
    }
}

impl PageRequests {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        let control = registers.word(4)?;
        Some(Self {
            enabled: control & 1 != 0,
            reset: control & 2 != 0,
            status: PageRequestStatus::from_bits_retain(registers.word(6)?),
            capacity: registers.double(8)?,
            allocation: registers.double(0xc)?,
        })
    }
}

/// Process Address Space IDs: the function can access memory as a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "PASID")]
pub struct ProcessAddressSpaces {
    /// What it can do.
    pub capabilities: ProcessAddressSpaceFlags,
    /// How many bits its numbers of address spaces have.
    pub width: u8,
    /// What it is told.
    pub control: ProcessAddressSpaceFlags,
}

register! {
    /// Permissions of accesses with a process address space.
    ProcessAddressSpaceFlags: u16 = "Permissions of accesses with a process address space." {
        /// Use them at all (in the control).
        ENABLE = 0x1;
        /// Ask for permission to execute.
        EXECUTE = 0x2;
        /// Ask for privileged access.
        PRIVILEGED = 0x4;
    }
}

impl ProcessAddressSpaces {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            capabilities: ProcessAddressSpaceFlags::from_bits_retain(registers.word(4)? & 0xff),
            width: registers.bits(4, 8, 5)?,
            control: ProcessAddressSpaceFlags::from_bits_retain(registers.word(6)?),
        })
    }
}

/// Latency Tolerance Reporting: the longest latencies that the function may say it bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "LTR")]
pub struct LatencyTolerance {
    /// For accesses that are coherent, in ns.
    pub max_snoop_nanoseconds: u64,
    /// For accesses that need not be coherent, in ns.
    pub max_no_snoop_nanoseconds: u64,
}

fn scaled_nanoseconds(value: u64, scale: u8) -> u64 {
    // Each step is a factor of 32; 6 and 7 are not allowed.
    value << (5 * u32::from(scale & 7))
}

impl LatencyTolerance {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        let latency = |offset| -> Option<u64> {
            let value = registers.word(offset)?;
            Some(scaled_nanoseconds(u64::from(value & 0x3ff), (value >> 10 & 7) as u8))
        };
        Some(Self { max_snoop_nanoseconds: latency(4)?, max_no_snoop_nanoseconds: latency(6)? })
    }
}

/// The substates of the link's state L1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LinkSubstates {
    /// Which it can enter.
    pub capabilities: LinkSubstateFlags,
    /// How long the port takes to restore the common mode, in µs.
    pub restore_microseconds: u8,
    /// How long the port takes to power on, in µs; `None` for a scale that is reserved.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub power_on_microseconds: Option<u16>,
    /// Which it may enter.
    pub control: LinkSubstateFlags,
    /// How long restoring the common mode is set to take, in µs.
    pub restore_set_microseconds: u8,
    /// From which tolerated latency on L1.2 is entered, in ns.
    pub threshold_nanoseconds: u64,
    /// How long powering on is set to take, in µs; `None` for a scale that is reserved.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub power_on_set_microseconds: Option<u16>,
}

register! {
    /// The substates of L1.
    LinkSubstateFlags: u8 = "The substates of L1." {
        /// L1.2 when software puts the function to sleep.
        PCI_PM_L1_2 = 0x1;
        /// L1.1 when software puts the function to sleep.
        PCI_PM_L1_1 = 0x2;
        /// L1.2 by Active State Power Management.
        ASPM_L1_2 = 0x4;
        /// L1.1 by Active State Power Management.
        ASPM_L1_1 = 0x8;
        /// Substates at all (in the capabilities).
        SUPPORTED = 0x10;
    }
}

impl LinkSubstates {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        let power_on = |value: u8, scale: u8| -> Option<u16> {
            let unit = *[2, 10, 100].get(usize::from(scale))?;
            Some(u16::from(value) * unit)
        };
        let control = registers.double(8)?;
        Some(Self {
            capabilities: LinkSubstateFlags::from_bits_retain(registers.bits(4, 0, 5)?),
            restore_microseconds: registers.byte(5)?,
            power_on_microseconds: power_on(registers.bits(4, 19, 5)?, registers.bits(4, 16, 2)?),
            control: LinkSubstateFlags::from_bits_retain(registers.bits(8, 0, 4)?),
            restore_set_microseconds: registers.byte(9)?,
            threshold_nanoseconds: scaled_nanoseconds(
                u64::from(control >> 16 & 0x3ff),
                registers.bits(8, 29, 3)?,
            ),
            power_on_set_microseconds: power_on(registers.bits(0xc, 3, 5)?, registers.bits(0xc, 0, 2)?),
        })
    }
}

/// A base address register whose size can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResizableBar {
    /// The register's number.
    pub number: u8,
    /// The size that it has.
    pub size: Bytes,
    /// The sizes that it could have, a bit each from 1 MiB on.
    pub supported_sizes: u64,
}

impl ResizableBar {
    pub(super) fn list(registers: Registers<'_>) -> Option<Vec<Self>> {
        let count = registers.bits(8, 5, 3)?;
        (0..usize::from(count))
            .map(|index| {
                let (capability, control) = (4 + index * 8, 8 + index * 8);
                let low = u64::from(registers.double(capability)? >> 4);
                let high = u64::from(registers.double(control)? >> 16);
                let size = registers.bits(control, 8, 6)?;
                Some(Self {
                    number: registers.bits(control, 0, 3)?,
                    size: Bytes::new(1u64.checked_shl(20 + u32::from(size)).unwrap_or(u64::MAX)),
                    supported_sizes: low | high << 28,
                })
            })
            .collect()
    }
}

/// Downstream Port Containment: the port cuts off what is behind it after an uncorrectable error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "DPC")]
pub struct Containment {
    /// Which message it sends.
    pub interrupt_message: u8,
    /// What it can do.
    pub capabilities: ContainmentFlags,
    /// How many words the log of a root port's I/O has.
    pub log_size: u8,
    /// The control register.
    pub control: u16,
    /// Whether it has cut off what is behind it.
    pub triggered: bool,
    /// Why, as the status register has it: 0 an unmasked error, 1 non-fatal, 2 fatal, 3 see the next.
    pub trigger_reason: u8,
    /// Why, where the reason is 3.
    pub trigger_reason_extension: u8,
    /// Whose error it was: bus, device and function as 16 bits.
    pub source: u16,
}

register! {
    /// What containment can do.
    ContainmentFlags: u16 = "What containment can do." {
        /// It has the root port's extensions.
        ROOT_PORT_EXTENSIONS = 0x20;
        /// It can block packets with bad data.
        POISONED_BLOCKING = 0x40;
        /// Software can trigger it.
        SOFTWARE_TRIGGER = 0x80;
        /// It can tell that the link is up again.
        LINK_ACTIVE_SIGNAL = 0x1000;
    }
}

impl Containment {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        let status = registers.word(8)?;
        Some(Self {
            interrupt_message: registers.bits(4, 0, 5)?,
            capabilities: ContainmentFlags::from_bits_retain(registers.word(4)? & !0xf1f),
            log_size: registers.bits(4, 8, 4)?,
            control: registers.word(6)?,
            triggered: status & 1 != 0,
            trigger_reason: registers.bits(8, 1, 2)?,
            trigger_reason_extension: registers.bits(8, 5, 2)?,
            source: registers.word(0xa)?,
        })
    }
}

/// The number of a single device, as its maker gave it.
///
/// `Display` is the form of lspci: `00-1a-11-ff-fe-4c-3c-70`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber(pub u64);

as_text! { SerialNumber: "The number of a single device, such as 00-1a-11-ff-fe-4c-3c-70."; }

impl SerialNumber {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self(u64::from(registers.double(8)?) << 32 | u64::from(registers.double(4)?)))
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0.to_be_bytes();
        write!(f, "{first:02x}")?;
        rest.iter().try_for_each(|byte| write!(f, "-{byte:02x}"))
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

/// Precision Time Measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "PTM")]
pub struct TimeMeasurement {
    /// Whether it can ask for the time.
    pub requester: bool,
    /// Whether it can tell the time.
    pub responder: bool,
    /// Whether it can be where the time comes from.
    pub root: bool,
    /// How fine its clock is, in ns; 0 where it has none, 255 for coarser than 254.
    pub granularity_nanoseconds: u8,
    /// Whether it is in use.
    pub enabled: bool,
    /// Whether the time comes from it.
    pub root_selected: bool,
    /// How fine the time is that it gets, in ns; 0 where that is not known.
    pub effective_granularity_nanoseconds: u8,
}

impl TimeMeasurement {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            requester: registers.bits(4, 0, 1)? != 0,
            responder: registers.bits(4, 1, 1)? != 0,
            root: registers.bits(4, 2, 1)? != 0,
            granularity_nanoseconds: registers.byte(5)?,
            enabled: registers.bits(8, 0, 1)? != 0,
            root_selected: registers.bits(8, 1, 1)? != 0,
            effective_granularity_nanoseconds: registers.byte(9)?,
        })
    }
}

/// Alternative Routing-ID Interpretation: up to 256 functions, without device numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "ARI")]
pub struct AlternativeRouting {
    /// The next function of the device; 0 for the last.
    pub next_function: u8,
    /// The function group that it is in.
    pub function_group: u8,
}

impl AlternativeRouting {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self { next_function: registers.byte(5)?, function_group: registers.bits(4, 20, 3)? })
    }
}

/// What a vendor added by its own rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VendorSpecific {
    /// Whose rules; `None` for those of the function's own vendor.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub vendor: Option<VendorId>,
    /// The vendor's number for it.
    pub id: u16,
    /// The vendor's revision of it.
    pub revision: u8,
    /// How many bytes it has.
    pub length: u16,
}

impl VendorSpecific {
    pub(super) fn own(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            vendor: None,
            id: registers.word(4)?,
            revision: registers.bits(4, 16, 4)?,
            length: registers.word(6)? >> 4,
        })
    }

    pub(super) fn designated(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            vendor: Some(VendorId::new(registers.word(4)?)),
            id: registers.word(8)?,
            revision: registers.bits(4, 16, 4)?,
            length: registers.word(6)? >> 4,
        })
    }
}
