//! The PCI Express capability: the function as a device, and the root.

use linux_support_base::Bytes;

use super::{
    express_link::{Link2, LinkRegisters},
    express_slot::Slot,
    registers::Registers,
};
use crate::form::register;

/// The PCI Express capability.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Express {
    /// The version of the capability: 1 or 2.
    pub version: u8,
    /// What the function is in the tree.
    pub port: PortType,
    /// Whether the link leads to a slot and not to a device that is fixed.
    pub has_slot: bool,
    /// Which of its messages it sends for its own events.
    pub interrupt_message: u8,
    /// What it can do as a device.
    pub device_capabilities: DeviceCapabilities,
    /// What it is told to do as a device.
    pub device_control: DeviceControl,
    /// What happened to it as a device.
    pub device_status: DeviceStatus,
    /// Its link; `None` for what is integrated into the root complex.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub link: Option<LinkRegisters>,
    /// Its slot, where it has one.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub slot: Option<Slot>,
    /// For root ports and event collectors.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub root: Option<RootRegisters>,
    /// The registers that version 2 added to the device.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub device2: Option<Device2>,
    /// The registers that version 2 added to the link.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub link2: Option<Link2>,
}

/// What a function is in the tree of PCI Express.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum PortType {
    /// A device.
    Endpoint,
    /// A device that works as one of conventional PCI did.
    LegacyEndpoint,
    /// A port of the root complex.
    RootPort,
    /// The port of a switch towards the root.
    UpstreamPort,
    /// A port of a switch away from the root.
    DownstreamPort,
    /// A bridge from PCI Express to PCI or PCI-X.
    ToPciBridge,
    /// A bridge from PCI or PCI-X to PCI Express.
    FromPciBridge,
    /// A device that is a part of the root complex.
    IntegratedEndpoint,
    /// What collects the events of the root complex's devices.
    EventCollector,
    /// A type that this library does not know.
    Unknown(u8),
}

/// What a function can do as a device of PCI Express.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeviceCapabilities {
    /// The most data in a packet that it can take.
    pub max_payload: Bytes,
    /// How many bits of the function number it uses for tags.
    pub phantom_function_bits: u8,
    /// The register's code for the longest exit from L0s that it bears: 0 is 64 ns, each next the double, 7 any.
    pub l0s_latency_code: u8,
    /// The register's code for the longest exit from L1 that it bears: 0 is 1 µs, each next the double, 7 any.
    pub l1_latency_code: u8,
    /// The power that its slot may draw, in mW.
    pub slot_power_milliwatts: u32,
    /// What else it can do.
    pub flags: DeviceCapabilityFlags,
}

register! {
    /// What a function can do as a device of PCI Express.
    DeviceCapabilityFlags: u32 = "What a function can do as a device of PCI Express." {
        /// It can have 256 requests outstanding.
        EXTENDED_TAG = 0x20;
        /// It has an attention button.
        ATTENTION_BUTTON = 0x1000;
        /// It has an attention indicator.
        ATTENTION_INDICATOR = 0x2000;
        /// It has a power indicator.
        POWER_INDICATOR = 0x4000;
        /// It reports errors by its role.
        ROLE_BASED_ERRORS = 0x8000;
        /// It can be reset alone.
        FUNCTION_LEVEL_RESET = 0x1000_0000;
    }
}

/// What a function is told to do as a device of PCI Express.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeviceControl {
    /// The most data in a packet that it may send.
    pub max_payload: Bytes,
    /// The most data that it may ask for at once.
    pub max_read_request: Bytes,
    /// What else it is told.
    pub flags: DeviceControlFlags,
}

register! {
    /// What a function is told to do as a device of PCI Express.
    DeviceControlFlags: u16 = "What a function is told to do as a device of PCI Express." {
        /// Report correctable errors.
        CORRECTABLE_ERRORS = 0x1;
        /// Report errors that are not fatal.
        NONFATAL_ERRORS = 0x2;
        /// Report fatal errors.
        FATAL_ERRORS = 0x4;
        /// Report requests that it does not support.
        UNSUPPORTED_REQUESTS = 0x8;
        /// Allow relaxed ordering.
        RELAXED_ORDERING = 0x10;
        /// Have 256 requests outstanding.
        EXTENDED_TAG = 0x100;
        /// Use phantom functions.
        PHANTOM_FUNCTIONS = 0x200;
        /// Draw auxiliary power.
        AUXILIARY_POWER = 0x400;
        /// Allow accesses that need not be coherent.
        NO_SNOOP = 0x800;
        /// For a device, a reset of it alone; for a bridge, retries of configuration.
        RESET_OR_RETRY = 0x8000;
    }
}

register! {
    /// What happened to a function as a device of PCI Express.
    DeviceStatus: u16 = "What happened to a function as a device of PCI Express." {
        /// It met a correctable error.
        CORRECTABLE_ERROR = 0x1;
        /// It met an error that is not fatal.
        NONFATAL_ERROR = 0x2;
        /// It met a fatal error.
        FATAL_ERROR = 0x4;
        /// It met a request that it does not support.
        UNSUPPORTED_REQUEST = 0x8;
        /// It has auxiliary power.
        AUXILIARY_POWER = 0x10;
        /// It has transactions that are not complete.
        TRANSACTIONS_PENDING = 0x20;
    }
}

/// The registers of a root port or an event collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RootRegisters {
    /// Whether software can see that a device asks for configuration to be retried.
    pub retry_visibility: bool,
    /// What it is told.
    pub control: RootControlFlags,
    /// Who asked to be woken: bus, device and function as 16 bits.
    pub event_requester: u16,
    /// Whether somebody asks to be woken.
    pub event_status: bool,
    /// Whether more ask to be woken.
    pub event_pending: bool,
}

register! {
    /// What a root port is told.
    RootControlFlags: u16 = "What a root port is told." {
        /// Make correctable errors system errors.
        CORRECTABLE_ERRORS = 0x1;
        /// Make errors that are not fatal system errors.
        NONFATAL_ERRORS = 0x2;
        /// Make fatal errors system errors.
        FATAL_ERRORS = 0x4;
        /// Interrupt when somebody asks to be woken.
        EVENT_INTERRUPT = 0x8;
        /// Show software that a device asks for configuration to be retried.
        RETRY_VISIBILITY = 0x10;
    }
}

/// What version 2 of the capability added to the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Device2 {
    /// Which ranges of completion timeouts it can use, a bit each: A, B, C, D.
    pub timeout_ranges: u8,
    /// What else it can do.
    pub capabilities: Device2CapabilityFlags,
    /// The register's code for the completion timeout that it uses.
    pub timeout_code: u8,
    /// What it is told.
    pub control: Device2ControlFlags,
}

register! {
    /// What a function can do as a device, of version 2.
    Device2CapabilityFlags: u32 = "What a function can do as a device, of version 2." {
        /// Its completion timeout can be switched off.
        TIMEOUT_DISABLE = 0x10;
        /// It forwards alternative routing numbers.
        ARI_FORWARDING = 0x20;
        /// It routes atomic operations.
        ATOMIC_ROUTING = 0x40;
        /// It completes atomic operations of 32 bits.
        ATOMIC_32 = 0x80;
        /// It completes atomic operations of 64 bits.
        ATOMIC_64 = 0x100;
        /// It completes compare-and-swap of 128 bits.
        ATOMIC_128 = 0x200;
        /// It passes no relaxed-ordered packets between peers.
        NO_RELAXED_PASSING = 0x400;
        /// It reports what latency it tolerates.
        LATENCY_TOLERANCE = 0x800;
        /// It can complete requests with tags of 10 bits.
        TAG_10_BIT_COMPLETER = 0x1_0000;
        /// It can send requests with tags of 10 bits.
        TAG_10_BIT_REQUESTER = 0x2_0000;
        /// It takes the newer form of the format field.
        EXTENDED_FORMAT = 0x10_0000;
        /// It takes end-to-end prefixes.
        END_TO_END_PREFIX = 0x20_0000;
    }
}

register! {
    /// What a function is told as a device, of version 2.
    Device2ControlFlags: u16 = "What a function is told as a device, of version 2." {
        /// Never time completions out.
        TIMEOUT_DISABLE = 0x10;
        /// Forward alternative routing numbers.
        ARI_FORWARDING = 0x20;
        /// Send atomic operations.
        ATOMIC_REQUESTS = 0x40;
        /// Block atomic operations that leave.
        ATOMIC_EGRESS_BLOCKING = 0x80;
        /// Order requests by identity.
        IDENTITY_ORDERED_REQUESTS = 0x100;
        /// Order completions by identity.
        IDENTITY_ORDERED_COMPLETIONS = 0x200;
        /// Report what latency it tolerates.
        LATENCY_TOLERANCE = 0x400;
        /// Send requests with tags of 10 bits.
        TAG_10_BIT_REQUESTER = 0x1000;
    }
}

fn payload(code: u8) -> Bytes {
    Bytes::new(128 << code)
}

pub(super) fn milliwatts(value: u8, scale: u8) -> u32 {
    match (scale, value) {
        (0, 0xf0) => 250_000,
        (0, 0xf1) => 275_000,
        (0, 0xf2) => 300_000,
        _ => u32::from(value) * [1000, 100, 10, 1][usize::from(scale & 3)],
    }
}

impl Express {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        let flags = registers.word(2)?;
        let version = registers.bits(0, 16, 4)?;
        let port = PortType::of(registers.bits(0, 20, 4)?);
        let has_slot = flags & 0x100 != 0;
        let device_flags = registers.double(4)?;
        let integrated = matches!(port, PortType::IntegratedEndpoint | PortType::EventCollector);
        let link = if integrated { None } else { LinkRegisters::of(registers) };
        let is_root = matches!(port, PortType::RootPort | PortType::EventCollector);
        let slot_port = matches!(port, PortType::RootPort | PortType::DownstreamPort);
        Some(Self {
            version,
            port,
            has_slot,
            interrupt_message: registers.bits(0, 25, 5)?,
            device_capabilities: DeviceCapabilities {
                max_payload: payload(registers.bits(4, 0, 3)?),
                phantom_function_bits: registers.bits(4, 3, 2)?,
                l0s_latency_code: registers.bits(4, 6, 3)?,
                l1_latency_code: registers.bits(4, 9, 3)?,
                slot_power_milliwatts: milliwatts(registers.bits(4, 18, 8)?, registers.bits(4, 26, 2)?),
                flags: DeviceCapabilityFlags::from_bits_retain(device_flags & !0x0ffc_0fdf),
            },
            device_control: DeviceControl {
                max_payload: payload(registers.bits(8, 5, 3)?),
                max_read_request: payload(registers.bits(8, 12, 3)?),
                flags: DeviceControlFlags::from_bits_retain(registers.word(8)? & !0x70e0),
            },
            device_status: DeviceStatus::from_bits_retain(registers.word(0xa)?),
            link,
            slot: if has_slot && slot_port { Slot::of(registers) } else { None },
            root: if is_root { RootRegisters::of(registers) } else { None },
            device2: if version >= 2 { Device2::of(registers) } else { None },
            link2: if version >= 2 && !integrated { Link2::of(registers) } else { None },
        })
    }
}

impl PortType {
    const fn of(code: u8) -> Self {
        match code {
            0 => Self::Endpoint,
            1 => Self::LegacyEndpoint,
            4 => Self::RootPort,
            5 => Self::UpstreamPort,
            6 => Self::DownstreamPort,
            7 => Self::ToPciBridge,
            8 => Self::FromPciBridge,
            9 => Self::IntegratedEndpoint,
            10 => Self::EventCollector,
            code => Self::Unknown(code),
        }
    }
}

impl RootRegisters {
    fn of(registers: Registers<'_>) -> Option<Self> {
        let status = registers.double(0x20)?;
        Some(Self {
            retry_visibility: registers.word(0x1e)? & 1 != 0,
            control: RootControlFlags::from_bits_retain(registers.word(0x1c)?),
            event_requester: registers.word(0x20)?,
            event_status: status & 0x1_0000 != 0,
            event_pending: status & 0x2_0000 != 0,
        })
    }
}

impl Device2 {
    fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            timeout_ranges: registers.bits(0x24, 0, 4)?,
            capabilities: Device2CapabilityFlags::from_bits_retain(registers.double(0x24)? & !0xf),
            timeout_code: registers.bits(0x28, 0, 4)?,
            control: Device2ControlFlags::from_bits_retain(registers.word(0x28)? & !0xf),
        })
    }
}
