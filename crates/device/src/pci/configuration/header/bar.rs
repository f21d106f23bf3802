//! Base address registers and expansion ROMs.

use crate::pci::configuration::registers::Registers;

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

pub(super) fn bars(registers: Registers<'_>, count: u8) -> Option<Vec<Bar>> {
    bars_at(registers, 0x10, count)
}

pub(in crate::pci::configuration) fn bars_at(
    registers: Registers<'_>,
    offset: usize,
    count: u8,
) -> Option<Vec<Bar>> {
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

pub(super) fn rom(registers: Registers<'_>, offset: usize) -> Option<Option<Rom>> {
    let value = registers.double(offset)?;
    let rom = Rom { address: value & !0x7ff, enabled: value & 1 != 0 };
    Some((value != 0 && value != u32::MAX).then_some(rom))
}
