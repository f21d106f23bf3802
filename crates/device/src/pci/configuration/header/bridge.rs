//! Headers of bridges: to another PCI bus and to CardBus.

use super::{
    Bar, Rom, Status,
    bar::{bars, rom},
    subsystem,
};
use crate::{
    form::register,
    pci::{SubsystemId, configuration::registers::Registers},
};

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

fn buses(registers: Registers<'_>) -> Option<Buses> {
    let [primary, secondary, subordinate, latency_timer] = registers.double(0x18)?.to_le_bytes();
    Some(Buses { primary, secondary, subordinate, latency_timer })
}

fn window(base: u64, limit: u64) -> Option<Window> {
    (base <= limit).then_some(Window { base, limit })
}

pub(super) fn bridge(registers: Registers<'_>) -> Option<Bridge> {
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

pub(super) fn card_bus(registers: Registers<'_>) -> Option<CardBus> {
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
