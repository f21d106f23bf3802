//! The header: the first 64 bytes.

mod bar;
mod bridge;

use linux_support_base::{Bytes, text::ParseError};

use self::{
    bar::{bars, rom},
    bridge::{bridge, card_bus},
};
use super::registers::Registers;
use crate::{
    form::register,
    pci::{Class, DeviceId, Revision, SubsystemId, VendorId},
};

pub(super) use bar::bars_at;
pub use bar::{Bar, BarKind, BarWidth, Rom};
pub use bridge::{Bridge, BridgeControl, Buses, CardBus, Window};

/// The first 64 bytes of a configuration space.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Header {
    /// Who made the function.
    pub vendor: VendorId,
    /// The vendor's number for its kind.
    pub device: DeviceId,
    /// What it is allowed to do.
    pub command: Command,
    /// What it can do, and what went wrong.
    pub status: Status,
    /// How fast it answers on a parallel bus.
    pub selection_timing: SelectionTiming,
    /// Its revision.
    pub revision: Revision,
    /// What it is.
    pub class: Class,
    /// The size of cache lines that it was told.
    pub cache_line_size: Bytes,
    /// How many clocks it may keep a parallel bus.
    pub latency_timer: u8,
    /// Whether the device has other functions.
    pub is_multi_function: bool,
    /// The register of the built-in self test.
    pub self_test: u8,
    /// The interrupt line that the firmware noted; 255 is none.
    pub interrupt_line: u8,
    /// Its interrupt pin: 1 is INTA, 4 is INTD, 0 none.
    pub interrupt_pin: u8,
    /// What depends on the kind of header.
    pub layout: Layout,
}

/// What depends on the kind of header.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Layout {
    /// Type 0: all but bridges.
    Endpoint(Endpoint),
    /// Type 1: a bridge to another PCI bus.
    Bridge(Bridge),
    /// Type 2: a bridge to CardBus.
    CardBus(CardBus),
    /// A type that this library does not know.
    Unknown(u8),
}

/// The rest of a header of type 0.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Endpoint {
    /// Its base address registers that are not 0.
    pub bars: Vec<Bar>,
    /// Where CardBus' Card Information Structure is; 0 for none.
    pub card_information: u32,
    /// The product that it is built into.
    pub subsystem: SubsystemId,
    /// Its expansion ROM.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub rom: Option<Rom>,
    /// How long it wants a parallel bus, in units of 250 ns.
    pub minimum_grant: u8,
    /// How often it wants a parallel bus, in units of 250 ns.
    pub maximum_latency: u8,
}

/// How fast a function answers on a parallel bus (`DEVSEL`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SelectionTiming {
    /// At once; all of PCI Express.
    Fast,
    /// A clock later.
    Medium,
    /// Two clocks later.
    Slow,
    /// A value that is reserved.
    Reserved,
}

register! {
    /// What a function is allowed to do.
    Command: u16 = "What a function is allowed to do." {
        /// Answer at I/O ports.
        IO = 0x1;
        /// Answer at memory addresses.
        MEMORY = 0x2;
        /// Access memory by itself, and send message-signalled interrupts.
        BUS_MASTER = 0x4;
        /// Heed special cycles.
        SPECIAL_CYCLES = 0x8;
        /// Write whole cache lines.
        WRITE_AND_INVALIDATE = 0x10;
        /// Heed writes to the VGA palette without answering.
        PALETTE_SNOOP = 0x20;
        /// Report parity errors.
        PARITY_ERROR_RESPONSE = 0x40;
        /// Step addresses.
        STEPPING = 0x80;
        /// Report system errors.
        SYSTEM_ERROR = 0x100;
        /// Do fast back-to-back transactions.
        FAST_BACK_TO_BACK = 0x200;
        /// Not to raise its interrupt line.
        INTERRUPT_DISABLE = 0x400;
    }
}

register! {
    /// What a function can do, and what went wrong.
    Status: u16 = "What a function can do, and what went wrong." {
        /// Its interrupt line is raised.
        INTERRUPT = 0x8;
        /// It has a list of capabilities.
        CAPABILITIES = 0x10;
        /// It can run at 66 MHz.
        MHZ_66 = 0x20;
        /// It has user-definable features.
        USER_DEFINABLE = 0x40;
        /// It can do fast back-to-back transactions.
        FAST_BACK_TO_BACK = 0x80;
        /// It met a parity error as a master.
        MASTER_PARITY_ERROR = 0x100;
        /// It aborted a transaction as a target.
        SIGNALLED_TARGET_ABORT = 0x800;
        /// Its transaction was aborted by the target.
        RECEIVED_TARGET_ABORT = 0x1000;
        /// Its transaction was answered by nobody.
        RECEIVED_MASTER_ABORT = 0x2000;
        /// It reported a system error (for a secondary status: received one).
        SYSTEM_ERROR = 0x4000;
        /// It met a parity error.
        PARITY_ERROR = 0x8000;
    }
}

impl Header {
    pub(super) const SIZE: usize = 64;

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        Self::of(Registers(bytes)).ok_or_else(|| ParseError::expected("at least 64 bytes", bytes))
    }

    fn of(registers: Registers<'_>) -> Option<Self> {
        // The last register of the header, so that a shorter one is refused as a whole.
        registers.double(Self::SIZE - 4)?;
        let kind = registers.byte(0xe)?;
        let layout = match kind & 0x7f {
            0 => Layout::Endpoint(Endpoint {
                bars: bars(registers, 6)?,
                card_information: registers.double(0x28)?,
                subsystem: subsystem(registers, 0x2c)?,
                rom: rom(registers, 0x30)?,
                minimum_grant: registers.byte(0x3e)?,
                maximum_latency: registers.byte(0x3f)?,
            }),
            1 => Layout::Bridge(bridge(registers)?),
            2 => Layout::CardBus(card_bus(registers)?),
            other => Layout::Unknown(other),
        };
        let status = registers.word(6)?;
        Some(Self {
            vendor: VendorId::new(registers.word(0)?),
            device: DeviceId::new(registers.word(2)?),
            command: Command::from_bits_retain(registers.word(4)?),
            status: Status::new(status),
            selection_timing: match status >> 9 & 3 {
                0 => SelectionTiming::Fast,
                1 => SelectionTiming::Medium,
                2 => SelectionTiming::Slow,
                _ => SelectionTiming::Reserved,
            },
            revision: Revision::new(registers.byte(8)?),
            class: Class::new(registers.byte(0xb)?, registers.byte(0xa)?, registers.byte(9)?),
            cache_line_size: Bytes::new(u64::from(registers.byte(0xc)?) * 4),
            latency_timer: registers.byte(0xd)?,
            is_multi_function: kind & 0x80 != 0,
            self_test: registers.byte(0xf)?,
            interrupt_line: registers.byte(0x3c)?,
            interrupt_pin: registers.byte(0x3d)?,
            layout,
        })
    }

    /// Where the list of capabilities begins; 0 where there is none.
    pub(super) fn first_capability(&self, registers: Registers<'_>) -> u8 {
        let pointer = match self.layout {
            _ if !self.status.contains(Status::CAPABILITIES) => return 0,
            Layout::Endpoint(_) | Layout::Bridge(_) => 0x34,
            Layout::CardBus(_) => 0x14,
            Layout::Unknown(_) => return 0,
        };
        registers.byte(pointer).unwrap_or(0) & !3
    }

    /// Its own base address registers that are not 0.
    #[must_use]
    pub fn bars(&self) -> &[Bar] {
        match &self.layout {
            Layout::Endpoint(endpoint) => &endpoint.bars,
            Layout::Bridge(bridge) => &bridge.bars,
            Layout::CardBus(bridge) => &bridge.bars,
            Layout::Unknown(_) => &[],
        }
    }
}

impl Status {
    /// Without the two bits of the selection timing, which are no flags.
    fn new(bits: u16) -> Self {
        Self::from_bits_retain(bits & !0x600)
    }
}

pub(in crate::pci::configuration) fn subsystem(
    registers: Registers<'_>,
    offset: usize,
) -> Option<SubsystemId> {
    let (vendor, device) = (registers.word(offset)?, registers.word(offset + 2)?);
    Some(SubsystemId { vendor: VendorId::new(vendor), device: DeviceId::new(device) })
}
