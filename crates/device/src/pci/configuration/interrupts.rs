//! Message-signalled interrupts: MSI and MSI-X.

use super::registers::Registers;

/// Message Signalled Interrupts: up to 32 with successive data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Msi {
    /// Whether they are in use.
    pub enabled: bool,
    /// How many the function could use: a power of two.
    pub vectors: u8,
    /// How many it was given.
    pub vectors_enabled: u8,
    /// Whether the address has 64 bits.
    pub is_64_bit: bool,
    /// Where messages are written to.
    pub address: u64,
    /// What is written for the first.
    pub data: u16,
    /// Those that are masked, a bit each; `None` where it can't mask.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub masked: Option<u32>,
    /// Those that wait while they are masked.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub pending: Option<u32>,
}

/// MSI-X: up to 2,048 messages, each with its own address, in a table in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MsiX {
    /// Whether they are in use.
    pub enabled: bool,
    /// Whether all are masked.
    pub masked: bool,
    /// How many the table holds.
    pub vectors: u16,
    /// Where the table of messages is.
    pub table: BarOffset,
    /// Where the bits of those that wait are.
    pub pending: BarOffset,
}

/// A place in the memory of a base address register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BarOffset {
    /// The register's number.
    pub bar: u8,
    /// The offset, in bytes.
    pub offset: u32,
}

impl Msi {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        let control = registers.word(2)?;
        let is_64_bit = control & 0x80 != 0;
        let mut address = u64::from(registers.double(4)?);
        let mut next = 8;
        if is_64_bit {
            address |= u64::from(registers.double(8)?) << 32;
            next = 0xc;
        }
        let mask =
            |offset| if control & 0x100 != 0 { registers.double(offset).map(Some) } else { Some(None) };
        Some(Self {
            enabled: control & 1 != 0,
            vectors: 1 << (control >> 1 & 7),
            vectors_enabled: 1 << (control >> 4 & 7),
            is_64_bit,
            address,
            data: registers.word(next)?,
            masked: mask(next + 4)?,
            pending: mask(next + 8)?,
        })
    }
}

impl MsiX {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        let control = registers.word(2)?;
        let place = |offset| -> Option<BarOffset> {
            let value = registers.double(offset)?;
            Some(BarOffset { bar: registers.bits(offset, 0, 3)?, offset: value & !7 })
        };
        Some(Self {
            enabled: control & 0x8000 != 0,
            masked: control & 0x4000 != 0,
            vectors: (control & 0x7ff) + 1,
            table: place(4)?,
            pending: place(8)?,
        })
    }
}
