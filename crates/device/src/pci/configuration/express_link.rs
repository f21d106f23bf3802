//! The registers of a PCI Express link.

use super::registers::Registers;
use crate::{
    form::register,
    pci::{LinkSpeed, LinkWidth},
};

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

impl LinkRegisters {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            port_number: registers.byte(0xf)?,
            maximum_speed: LinkSpeed::from_encoding(registers.bits(0xc, 0, 4)?),
            maximum_width: LinkWidth::new(registers.bits(0xc, 4, 6)?),
            power_states: LinkPowerStates::from_bits_retain(registers.bits(0xc, 10, 2)?),
            l0s_exit_code: registers.bits(0xc, 12, 3)?,
            l1_exit_code: registers.bits(0xc, 15, 3)?,
            capabilities: LinkCapabilityFlags::from_bits_retain(registers.double(0xc)? & 0x00fc_0000),
            power_states_enabled: LinkPowerStates::from_bits_retain(registers.bits(0x10, 0, 2)?),
            control: LinkControlFlags::from_bits_retain(registers.word(0x10)? & !3),
            current_speed: LinkSpeed::from_encoding(registers.bits(0x10, 16, 4)?),
            current_width: LinkWidth::new(registers.bits(0x10, 20, 6)?),
            status: LinkStatusFlags::from_bits_retain(registers.word(0x12)? & !0x3ff),
        })
    }
}

impl Link2 {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            supported_speeds: registers.bits(0x2c, 1, 7)?,
            crosslink: registers.bits(0x2c, 8, 1)? != 0,
            // A link that knows the first rate alone may have 0 here.
            target_speed: LinkSpeed::from_encoding(registers.bits(0x30, 0, 4)?.max(1)),
            autonomous_speed_disable: registers.bits(0x30, 5, 1)? != 0,
            status: Link2StatusFlags::from_bits_retain(registers.word(0x32)?),
        })
    }
}
