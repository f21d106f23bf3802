//! The registers of a PCI Express slot.

use super::{express::milliwatts, registers::Registers};
use crate::form::register;

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

impl Slot {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
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
