//! Capabilities of conventional PCI: power management, vital product data, PCI-X and others.

use super::registers::Registers;
use crate::{form::register, pci::PowerState};

/// Power management.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PowerManagement {
    /// The version of the specification.
    pub version: u8,
    /// What the function can do.
    pub capabilities: PowerCapabilities,
    /// How much auxiliary current it draws, in mA.
    pub auxiliary_milliamperes: u16,
    /// The state that it is in.
    pub state: PowerState,
    /// Its control and status.
    pub control: PowerControl,
    /// Which datum the data register shows.
    pub data_select: u8,
    /// The datum's scale.
    pub data_scale: u8,
}

register! {
    /// What a function's power management can do.
    PowerCapabilities: u16 = "What a function's power management can do." {
        /// It needs the PCI clock for power management events.
        EVENT_CLOCK = 0x8;
        /// It needs to be set up by its driver after a reset.
        DEVICE_SPECIFIC_INITIALIZATION = 0x20;
        /// It knows D1.
        D1 = 0x200;
        /// It knows D2.
        D2 = 0x400;
        /// It can ask to be woken in D0.
        EVENT_FROM_D0 = 0x800;
        /// It can ask to be woken in D1.
        EVENT_FROM_D1 = 0x1000;
        /// It can ask to be woken in D2.
        EVENT_FROM_D2 = 0x2000;
        /// It can ask to be woken in D3hot.
        EVENT_FROM_D3_HOT = 0x4000;
        /// It can ask to be woken in D3cold.
        EVENT_FROM_D3_COLD = 0x8000;
    }
}

register! {
    /// How a function's power is managed.
    PowerControl: u16 = "How a function's power is managed." {
        /// It keeps its state from D3hot to D0.
        NO_SOFT_RESET = 0x8;
        /// It may ask to be woken.
        EVENT_ENABLE = 0x100;
        /// It asks to be woken.
        EVENT_STATUS = 0x8000;
    }
}

impl PowerManagement {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        let (capabilities, control) = (registers.word(2)?, registers.word(4)?);
        let currents = [0, 55, 100, 160, 220, 270, 320, 375];
        Some(Self {
            version: registers.byte(2)? & 7,
            capabilities: PowerCapabilities::from_bits_retain(capabilities & !0x1c7),
            auxiliary_milliamperes: currents[usize::from(capabilities >> 6 & 7)],
            state: match control & 3 {
                0 => PowerState::D0,
                1 => PowerState::D1,
                2 => PowerState::D2,
                _ => PowerState::D3Hot,
            },
            control: PowerControl::from_bits_retain(control & !0x7e03),
            data_select: registers.bits(2, 25, 4)?,
            data_scale: registers.bits(2, 29, 2)?,
        })
    }
}

/// Vital product data, which is read through registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VitalProductData {
    /// The address that was last asked for.
    pub address: u16,
    /// Whether that has been done.
    pub complete: bool,
}

impl VitalProductData {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        let address = registers.word(2)?;
        Some(Self { address: address & 0x7fff, complete: address & 0x8000 != 0 })
    }
}

/// The Advanced Features of conventional PCI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdvancedFeatures {
    /// Whether it tells of transactions that are pending.
    pub tells_pending: bool,
    /// Whether the function can be reset alone.
    pub function_level_reset: bool,
    /// Whether transactions are pending.
    pub pending: bool,
}

impl AdvancedFeatures {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        let capabilities = registers.byte(3)?;
        Some(Self {
            tells_pending: capabilities & 1 != 0,
            function_level_reset: capabilities & 2 != 0,
            pending: registers.byte(5)? & 1 != 0,
        })
    }
}

/// PCI-X of a function that is no bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PciX {
    /// The command register.
    pub command: u16,
    /// The status register.
    pub status: PciXStatus,
    /// The bus that the function was told it is on.
    pub bus: u8,
    /// The device and function that it was told it is.
    pub device_function: u8,
}

/// PCI-X of a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PciXBridge {
    /// The status register of the bus behind it.
    pub secondary_status: u16,
    /// The status register of the bus before it.
    pub status: PciXStatus,
}

register! {
    /// What a PCI-X function can do, and what went wrong.
    PciXStatus: u32 = "What a PCI-X function can do, and what went wrong." {
        /// It has 64 data lines.
        BITS_64 = 0x1_0000;
        /// It can run at 133 MHz.
        MHZ_133 = 0x2_0000;
        /// A split completion was discarded.
        SPLIT_COMPLETION_DISCARDED = 0x4_0000;
        /// A split completion was not expected.
        UNEXPECTED_SPLIT_COMPLETION = 0x8_0000;
        /// For a bridge: it could not take a split completion. Else: it is a bridge in disguise.
        OVERRUN_OR_COMPLEX = 0x10_0000;
        /// It received an error message.
        SPLIT_COMPLETION_ERROR = 0x2000_0000;
        /// It can run at 266 MHz.
        MHZ_266 = 0x4000_0000;
        /// It can run at 533 MHz.
        MHZ_533 = 0x8000_0000;
    }
}

impl PciX {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            command: registers.word(2)?,
            status: PciXStatus::from_bits_retain(registers.double(4)? & 0xe01f_0000),
            bus: registers.byte(5)?,
            device_function: registers.byte(4)?,
        })
    }
}

impl PciXBridge {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            secondary_status: registers.word(2)?,
            status: PciXStatus::from_bits_retain(registers.double(4)? & 0xe01f_0000),
        })
    }
}
