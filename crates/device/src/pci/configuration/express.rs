//! The PCI Express capability: the function as a device, its link, its slot, and the root.

use linux_support_base::Bytes;

use super::registers::Registers;
use crate::{
    form::register,
    pci::{LinkSpeed, LinkWidth},
};

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

/// The registers of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LinkRegisters {
    /// The number of the port.
    pub port_number: u8,
    /// The highest rate that it can run at.
    pub maximum_speed: Option<LinkSpeed>,
    /// How many lanes it has.
    pub maximum_width: Option<LinkWidth>,
    /// Which states of Active State Power Management it can enter.
    pub power_states: LinkPowerStates,
    /// The register's code for the exit from L0s: 0 is below 64 ns, each next the double.
    pub l0s_exit_code: u8,
    /// The register's code for the exit from L1: 0 is below 1 µs, each next the double.
    pub l1_exit_code: u8,
    /// What else it can do.
    pub capabilities: LinkCapabilityFlags,
    /// Which states of Active State Power Management it is allowed to enter.
    pub power_states_enabled: LinkPowerStates,
    /// What it is told.
    pub control: LinkControlFlags,
    /// The rate that it runs at.
    pub current_speed: Option<LinkSpeed>,
    /// How many lanes are in use.
    pub current_width: Option<LinkWidth>,
    /// How it is.
    pub status: LinkStatusFlags,
}

register! {
    /// States of Active State Power Management.
    LinkPowerStates: u8 = "States of Active State Power Management." {
        /// A light sleep of one direction.
        L0S = 0x1;
        /// A deeper sleep of both directions.
        L1 = 0x2;
    }
}

register! {
    /// What a link can do.
    LinkCapabilityFlags: u32 = "What a link can do." {
        /// Stop its clock.
        CLOCK_POWER_MANAGEMENT = 0x4_0000;
        /// Tell that it went down by surprise.
        SURPRISE_DOWN = 0x8_0000;
        /// Tell whether it is up.
        ACTIVE_REPORTING = 0x10_0000;
        /// Tell of a change of bandwidth.
        BANDWIDTH_NOTIFICATION = 0x20_0000;
        /// Do without Active State Power Management.
        POWER_STATES_OPTIONAL = 0x40_0000;
    }
}

register! {
    /// What a link is told.
    LinkControlFlags: u16 = "What a link is told." {
        /// Complete reads at 128 bytes instead of 64.
        READ_COMPLETION_128 = 0x8;
        /// Be off.
        DISABLED = 0x10;
        /// Both ends have one clock.
        COMMON_CLOCK = 0x40;
        /// Send more to synchronize.
        EXTENDED_SYNCHRONIZATION = 0x80;
        /// Stop the clock.
        CLOCK_POWER_MANAGEMENT = 0x100;
        /// Not change its width by itself.
        AUTONOMOUS_WIDTH_DISABLE = 0x200;
        /// Interrupt when its bandwidth was managed.
        BANDWIDTH_INTERRUPT = 0x400;
        /// Interrupt when its bandwidth changed by itself.
        AUTONOMOUS_BANDWIDTH_INTERRUPT = 0x800;
    }
}

register! {
    /// How a link is.
    LinkStatusFlags: u16 = "How a link is." {
        /// Training failed.
        TRAINING_ERROR = 0x400;
        /// It is training.
        TRAINING = 0x800;
        /// It uses the slot's clock.
        SLOT_CLOCK = 0x1000;
        /// It is up.
        ACTIVE = 0x2000;
        /// Its bandwidth was managed.
        BANDWIDTH_MANAGEMENT = 0x4000;
        /// Its bandwidth changed by itself.
        AUTONOMOUS_BANDWIDTH = 0x8000;
    }
}

/// The registers of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Slot {
    /// The slot's number in the chassis.
    pub number: u16,
    /// The power that it gives, in mW.
    pub power_milliwatts: u32,
    /// What it can do.
    pub capabilities: SlotCapabilityFlags,
    /// What it is told.
    pub control: SlotControlFlags,
    /// How it is.
    pub status: SlotStatusFlags,
}

register! {
    /// What a slot can do.
    SlotCapabilityFlags: u32 = "What a slot can do." {
        /// It has an attention button.
        ATTENTION_BUTTON = 0x1;
        /// Its power can be switched.
        POWER_CONTROLLER = 0x2;
        /// It tells whether the card is latched.
        LATCH_SENSOR = 0x4;
        /// It has an attention indicator.
        ATTENTION_INDICATOR = 0x8;
        /// It has a power indicator.
        POWER_INDICATOR = 0x10;
        /// Cards may be pulled by surprise.
        SURPRISE = 0x20;
        /// Cards can be changed while it runs.
        HOT_PLUG = 0x40;
        /// Cards can be locked.
        INTERLOCK = 0x2_0000;
        /// It does not tell that commands are complete.
        NO_COMMAND_COMPLETED = 0x4_0000;
    }
}

register! {
    /// What a slot is told. The two indicators are two bits each, and kept as bits without a name.
    SlotControlFlags: u16 = "What a slot is told." {
        /// Tell that the attention button was pressed.
        ATTENTION_BUTTON = 0x1;
        /// Tell of power faults.
        POWER_FAULT = 0x2;
        /// Tell that the latch moved.
        LATCH = 0x4;
        /// Tell that a card came or went.
        PRESENCE = 0x8;
        /// Tell that a command is complete.
        COMMAND_COMPLETED = 0x10;
        /// Interrupt for these.
        INTERRUPT = 0x20;
        /// Switch the power off.
        POWER_OFF = 0x400;
        /// Move the interlock.
        INTERLOCK = 0x800;
        /// Tell that the link went up or down.
        LINK_STATE = 0x1000;
    }
}

register! {
    /// How a slot is.
    SlotStatusFlags: u16 = "How a slot is." {
        /// The attention button was pressed.
        ATTENTION_BUTTON = 0x1;
        /// Its power failed.
        POWER_FAULT = 0x2;
        /// The latch moved.
        LATCH_CHANGED = 0x4;
        /// A card came or went.
        PRESENCE_CHANGED = 0x8;
        /// A command is complete.
        COMMAND_COMPLETED = 0x10;
        /// The latch is open.
        LATCH_OPEN = 0x20;
        /// There is a card.
        PRESENT = 0x40;
        /// The card is locked.
        INTERLOCK = 0x80;
        /// The link went up or down.
        LINK_STATE_CHANGED = 0x100;
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

/// What version 2 of the capability added to the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Link2 {
    /// The rates that it can run at, a bit each from 2.5 GT/s on; 0 where it does not say.
    pub supported_speeds: u8,
    /// Whether both ends may be of one kind.
    pub crosslink: bool,
    /// The rate that it should reach.
    pub target_speed: Option<LinkSpeed>,
    /// Whether it may not change its rate by itself.
    pub autonomous_speed_disable: bool,
    /// How its signals are equalized.
    pub status: Link2StatusFlags,
}

register! {
    /// How a link's signals are equalized.
    Link2StatusFlags: u16 = "How a link's signals are equalized." {
        /// De-emphasis is 3.5 dB instead of 6 dB.
        DE_EMPHASIS_3_5_DB = 0x1;
        /// Equalization is complete.
        EQUALIZATION_COMPLETE = 0x2;
        /// Its first phase succeeded.
        EQUALIZATION_PHASE_1 = 0x4;
        /// Its second phase succeeded.
        EQUALIZATION_PHASE_2 = 0x8;
        /// Its third phase succeeded.
        EQUALIZATION_PHASE_3 = 0x10;
        /// It is asked for again.
        EQUALIZATION_REQUEST = 0x20;
    }
}

fn payload(code: u8) -> Bytes {
    Bytes::new(128 << code)
}

fn milliwatts(value: u8, scale: u8) -> u32 {
    match (scale, value) {
        (0, 0xf0) => 250_000,
        (0, 0xf1) => 275_000,
        (0, 0xf2) => 300_000,
        _ => u32::from(value) * [1000, 100, 10, 1][usize::from(scale & 3)],
    }
}

fn width(lanes: u8) -> Option<LinkWidth> {
    LinkWidth::new(lanes)
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

impl LinkRegisters {
    fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            port_number: registers.byte(0xf)?,
            maximum_speed: LinkSpeed::from_encoding(registers.bits(0xc, 0, 4)?),
            maximum_width: width(registers.bits(0xc, 4, 6)?),
            power_states: LinkPowerStates::from_bits_retain(registers.bits(0xc, 10, 2)?),
            l0s_exit_code: registers.bits(0xc, 12, 3)?,
            l1_exit_code: registers.bits(0xc, 15, 3)?,
            capabilities: LinkCapabilityFlags::from_bits_retain(registers.double(0xc)? & 0x00fc_0000),
            power_states_enabled: LinkPowerStates::from_bits_retain(registers.bits(0x10, 0, 2)?),
            control: LinkControlFlags::from_bits_retain(registers.word(0x10)? & !3),
            current_speed: LinkSpeed::from_encoding(registers.bits(0x10, 16, 4)?),
            current_width: width(registers.bits(0x10, 20, 6)?),
            status: LinkStatusFlags::from_bits_retain(registers.word(0x12)? & !0x3ff),
        })
    }
}

impl Slot {
    fn of(registers: Registers<'_>) -> Option<Self> {
        let capabilities = registers.double(0x14)?;
        Some(Self {
            number: u16::try_from(capabilities >> 19).ok()?,
            power_milliwatts: milliwatts(registers.bits(0x14, 7, 8)?, registers.bits(0x14, 15, 2)?),
            capabilities: SlotCapabilityFlags::from_bits_retain(capabilities & 0x6_007f),
            control: SlotControlFlags::from_bits_retain(registers.word(0x18)?),
            status: SlotStatusFlags::from_bits_retain(registers.word(0x1a)?),
        })
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

impl Link2 {
    fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            supported_speeds: registers.bits(0x2c, 1, 7)?,
            crosslink: registers.bits(0x2c, 8, 1)? != 0,
            target_speed: LinkSpeed::from_encoding(registers.bits(0x30, 0, 4)?),
            autonomous_speed_disable: registers.bits(0x30, 5, 1)? != 0,
            status: Link2StatusFlags::from_bits_retain(registers.word(0x32)?),
        })
    }
}
