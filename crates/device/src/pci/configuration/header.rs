//! The header: the first 64 bytes.

use linux_support_base::{Bytes, text::ParseError};

use super::registers::Registers;
use crate::{
    form::register,
    pci::{Class, DeviceId, Revision, SubsystemId, VendorId},
};

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

/// The rest of a header of type 1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bridge {
    /// Its own base address registers that are not 0.
    pub bars: Vec<Bar>,
    /// The buses before and behind it.
    pub buses: Buses,
    /// The I/O ports that it passes on; `None` where it passes none on.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub io: Option<Window>,
    /// The memory that it passes on.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub memory: Option<Window>,
    /// The prefetchable memory that it passes on.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub prefetchable_memory: Option<Window>,
    /// What went wrong on the bus behind it.
    pub secondary_status: Status,
    /// Its expansion ROM.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub rom: Option<Rom>,
    /// How it deals with the bus behind it.
    pub control: BridgeControl,
}

/// The rest of a header of type 2.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CardBus {
    /// Its own base address register, where that is not 0.
    pub bars: Vec<Bar>,
    /// The buses before and behind it.
    pub buses: Buses,
    /// The memory that it passes on: two windows.
    pub memory: [Option<Window>; 2],
    /// The I/O ports that it passes on: two windows.
    pub io: [Option<Window>; 2],
    /// What went wrong on the bus behind it.
    pub secondary_status: Status,
    /// How it deals with the bus behind it.
    pub control: BridgeControl,
    /// The product that it is built into; `None` where the bytes end before it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub subsystem: Option<SubsystemId>,
}

/// The buses before and behind a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Buses {
    /// The bus that it is on.
    pub primary: u8,
    /// The bus directly behind it.
    pub secondary: u8,
    /// The highest bus behind it.
    pub subordinate: u8,
    /// How many clocks it may keep a parallel bus behind it.
    pub latency_timer: u8,
}

/// A range of addresses that a bridge passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Window {
    /// The first address, as the bus sees it.
    pub base: u64,
    /// The last address.
    pub limit: u64,
}

/// A base address register. The kernel knows its size; this is what the register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bar {
    /// The register's number, 0 to 5.
    pub number: u8,
    /// The address, as the bus sees it; 0 where none was given.
    pub address: u64,
    /// What is there.
    pub kind: BarKind,
}

/// What a base address register is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum BarKind {
    /// I/O ports.
    Io,
    /// Memory.
    Memory {
        /// How many bits of address it holds.
        width: BarWidth,
        /// Whether reading it has no effect.
        prefetchable: bool,
    },
}

/// How many bits of address a base address register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum BarWidth {
    /// 32.
    Bits32,
    /// 32, and the address must be below 1 MiB.
    Below1Mib,
    /// 64: the next register holds the upper half.
    Bits64,
    /// 64, of which the upper half is missing: the register is the last.
    Bits64Cut,
    /// A width that is reserved.
    Reserved,
}

/// An expansion ROM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rom {
    /// The address, as the bus sees it.
    pub address: u32,
    /// Whether it answers there.
    pub enabled: bool,
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

register! {
    /// How a bridge deals with the bus behind it.
    BridgeControl: u16 = "How a bridge deals with the bus behind it." {
        /// Report parity errors.
        PARITY_ERROR_RESPONSE = 0x1;
        /// Pass system errors on.
        SYSTEM_ERROR = 0x2;
        /// Not pass on I/O ports that ISA cards may use.
        NO_ISA = 0x4;
        /// Pass on what VGA uses.
        VGA = 0x8;
        /// Decode 16 bits of VGA's I/O ports.
        VGA_16_BIT = 0x10;
        /// Report master aborts.
        MASTER_ABORT = 0x20;
        /// Hold the bus behind it in reset.
        BUS_RESET = 0x40;
        /// Do fast back-to-back transactions.
        FAST_BACK_TO_BACK = 0x80;
        /// Discard delayed transactions of the bus before it early. (CardBus: use IREQ interrupts.)
        PRIMARY_DISCARD_TIMER = 0x100;
        /// Discard delayed transactions of the bus behind it early. (CardBus: memory 0 is prefetchable.)
        SECONDARY_DISCARD_TIMER = 0x200;
        /// A delayed transaction was discarded. (CardBus: memory 1 is prefetchable.)
        DISCARD_TIMER_STATUS = 0x400;
        /// Report discarded transactions. (CardBus: post writes.)
        DISCARD_TIMER_SYSTEM_ERROR = 0x800;
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

pub(super) fn bars(registers: Registers<'_>, count: u8) -> Option<Vec<Bar>> {
    bars_at(registers, 0x10, count)
}

pub(super) fn bars_at(registers: Registers<'_>, offset: usize, count: u8) -> Option<Vec<Bar>> {
    let mut bars = Vec::new();
    let mut number = 0;
    while number < count {
        let value = registers.double(offset + usize::from(number) * 4)?;
        let mut used = 1;
        // All ones is what a missing function answers.
        if value != 0 && value != u32::MAX {
            let (mut address, kind) = if value & 1 != 0 {
                (u64::from(value & !3), BarKind::Io)
            } else {
                let width = match value >> 1 & 3 {
                    0 => BarWidth::Bits32,
                    1 => BarWidth::Below1Mib,
                    2 if number + 1 < count => BarWidth::Bits64,
                    2 => BarWidth::Bits64Cut,
                    _ => BarWidth::Reserved,
                };
                (u64::from(value & !0xf), BarKind::Memory { width, prefetchable: value & 8 != 0 })
            };
            if matches!(kind, BarKind::Memory { width: BarWidth::Bits64, .. }) {
                used = 2;
                address |= u64::from(registers.double(offset + usize::from(number + 1) * 4)?) << 32;
            }
            bars.push(Bar { number, address, kind });
        }
        number += used;
    }
    Some(bars)
}

fn rom(registers: Registers<'_>, offset: usize) -> Option<Option<Rom>> {
    let value = registers.double(offset)?;
    let rom = Rom { address: value & !0x7ff, enabled: value & 1 != 0 };
    Some((value != 0 && value != u32::MAX).then_some(rom))
}

pub(super) fn subsystem(registers: Registers<'_>, offset: usize) -> Option<SubsystemId> {
    let (vendor, device) = (registers.word(offset)?, registers.word(offset + 2)?);
    Some(SubsystemId { vendor: VendorId::new(vendor), device: DeviceId::new(device) })
}

fn buses(registers: Registers<'_>) -> Option<Buses> {
    let [primary, secondary, subordinate, latency_timer] = registers.double(0x18)?.to_le_bytes();
    Some(Buses { primary, secondary, subordinate, latency_timer })
}

fn window(base: u64, limit: u64) -> Option<Window> {
    (base <= limit).then_some(Window { base, limit })
}

fn bridge(registers: Registers<'_>) -> Option<Bridge> {
    let (io_base, io_limit) = (u64::from(registers.byte(0x1c)?), u64::from(registers.byte(0x1d)?));
    let mut io = ((io_base & 0xf0) << 8, (io_limit & 0xf0) << 8 | 0xfff);
    if io_base & 0xf == 1 {
        io.0 |= u64::from(registers.word(0x30)?) << 16;
        io.1 |= u64::from(registers.word(0x32)?) << 16;
    }
    let memory = |offset| -> Option<(u64, u64)> {
        let (base, limit) = (u64::from(registers.word(offset)?), u64::from(registers.word(offset + 2)?));
        Some(((base & 0xfff0) << 16, (limit & 0xfff0) << 16 | 0xf_ffff))
    };
    let mut prefetchable = memory(0x24)?;
    if registers.byte(0x24)? & 0xf == 1 {
        prefetchable.0 |= u64::from(registers.double(0x28)?) << 32;
        prefetchable.1 |= u64::from(registers.double(0x2c)?) << 32;
    }
    let memory = memory(0x20)?;
    Some(Bridge {
        bars: bars(registers, 2)?,
        buses: buses(registers)?,
        io: window(io.0, io.1),
        memory: window(memory.0, memory.1),
        prefetchable_memory: window(prefetchable.0, prefetchable.1),
        secondary_status: Status::new(registers.word(0x1e)?),
        rom: rom(registers, 0x38)?,
        control: BridgeControl::from_bits_retain(registers.word(0x3e)?),
    })
}

fn card_bus(registers: Registers<'_>) -> Option<CardBus> {
    let windows = |offset, low: u32| -> Option<Option<Window>> {
        let (base, limit) = (registers.double(offset)?, registers.double(offset + 4)?);
        Some(window(u64::from(base & !low), u64::from(limit | low)))
    };
    Some(CardBus {
        bars: bars(registers, 1)?,
        buses: buses(registers)?,
        memory: [windows(0x1c, 0xfff)?, windows(0x24, 0xfff)?],
        io: [windows(0x2c, 3)?, windows(0x34, 3)?],
        secondary_status: Status::new(registers.word(0x16)?),
        control: BridgeControl::from_bits_retain(registers.word(0x3e)?),
        subsystem: subsystem(registers, 0x40),
    })
}
