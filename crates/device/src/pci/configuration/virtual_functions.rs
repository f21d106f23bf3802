//! Virtual functions, routing numbers and base address registers whose size can be chosen.

use linux_support_base::Bytes;

use super::{
    header::{Bar, bars_at},
    registers::Registers,
};
use crate::{form::register, pci::DeviceId};

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
