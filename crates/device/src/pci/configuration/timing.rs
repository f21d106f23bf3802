//! Latencies, the substates of sleeping links, and time.

use super::registers::Registers;
use crate::form::register;

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
