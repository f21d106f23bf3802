//! Advanced Error Reporting, and the containment of errors.

use super::registers::Registers;
use crate::form::register;

/// Advanced Error Reporting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "AER")]
pub struct ErrorReporting {
    /// Uncorrectable errors that were met.
    pub uncorrectable: UncorrectableErrors,
    /// Uncorrectable errors that are not reported.
    pub uncorrectable_masked: UncorrectableErrors,
    /// Uncorrectable errors that are fatal.
    pub uncorrectable_fatal: UncorrectableErrors,
    /// Correctable errors that were met.
    pub correctable: CorrectableErrors,
    /// Correctable errors that are not reported.
    pub correctable_masked: CorrectableErrors,
    /// Which uncorrectable error came first: the bit's number.
    pub first_error: u8,
    /// What it can do, and what it is told.
    pub control: ErrorControl,
    /// The header of the packet that met the first error.
    pub header_log: [u32; 4],
    /// For root ports and event collectors: what was reported to them.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub root: Option<RootErrors>,
}

register! {
    /// Errors by which something is lost.
    UncorrectableErrors: u32 = "Errors by which something is lost." {
        /// Data link protocol.
        DATA_LINK_PROTOCOL = 0x10;
        /// The link went down by surprise.
        SURPRISE_DOWN = 0x20;
        /// A packet's data were marked as bad.
        POISONED = 0x1000;
        /// Flow control.
        FLOW_CONTROL = 0x2000;
        /// No completion came in time.
        COMPLETION_TIMEOUT = 0x4000;
        /// A request was aborted.
        COMPLETER_ABORT = 0x8000;
        /// A completion came that was not asked for.
        UNEXPECTED_COMPLETION = 0x1_0000;
        /// The receiver's buffer overflowed.
        RECEIVER_OVERFLOW = 0x2_0000;
        /// A packet was malformed.
        MALFORMED = 0x4_0000;
        /// The end-to-end checksum was wrong.
        CHECKSUM = 0x8_0000;
        /// A request was not supported.
        UNSUPPORTED_REQUEST = 0x10_0000;
        /// Access control was violated.
        ACCESS_CONTROL = 0x20_0000;
        /// An error inside of the function.
        INTERNAL = 0x40_0000;
        /// A multicast packet was blocked.
        MULTICAST_BLOCKED = 0x80_0000;
        /// An atomic operation was blocked where it leaves.
        ATOMIC_BLOCKED = 0x100_0000;
        /// A prefix was blocked.
        PREFIX_BLOCKED = 0x200_0000;
        /// A packet with bad data was blocked where it leaves.
        POISONED_BLOCKED = 0x400_0000;
    }
}

register! {
    /// Errors that the hardware corrects.
    CorrectableErrors: u32 = "Errors that the hardware corrects." {
        /// The receiver.
        RECEIVER = 0x1;
        /// A packet of transactions was bad.
        BAD_TRANSACTION = 0x40;
        /// A packet of the data link was bad.
        BAD_DATA_LINK = 0x80;
        /// A packet was sent again too often.
        REPLAY_ROLLOVER = 0x100;
        /// A packet was not acknowledged in time.
        REPLAY_TIMEOUT = 0x1000;
        /// An uncorrectable error that is not fatal, and that others will report.
        ADVISORY_NONFATAL = 0x2000;
        /// An error inside of the function.
        INTERNAL = 0x4000;
        /// The header log overflowed.
        HEADER_LOG_OVERFLOW = 0x8000;
    }
}

register! {
    /// What error reporting can do, and what it is told.
    ErrorControl: u32 = "What error reporting can do, and what it is told." {
        /// It can make end-to-end checksums.
        CHECKSUM_GENERATION_CAPABLE = 0x20;
        /// It makes them.
        CHECKSUM_GENERATION = 0x40;
        /// It can check them.
        CHECKSUM_CHECK_CAPABLE = 0x80;
        /// It checks them.
        CHECKSUM_CHECK = 0x100;
        /// It can log several headers.
        MULTIPLE_HEADERS_CAPABLE = 0x200;
        /// It logs several headers.
        MULTIPLE_HEADERS = 0x400;
        /// The log holds a prefix.
        PREFIX_PRESENT = 0x800;
        /// It can log the header of a request that timed out.
        TIMEOUT_HEADER_CAPABLE = 0x1000;
    }
}

/// What was reported to a root port or an event collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RootErrors {
    /// What it interrupts for.
    pub command: RootErrorCommand,
    /// What it received.
    pub status: RootErrorStatus,
    /// Which of its messages it sends.
    pub interrupt_message: u8,
    /// Who reported the first correctable error: bus, device and function as 16 bits.
    pub correctable_source: u16,
    /// Who reported the first uncorrectable error.
    pub uncorrectable_source: u16,
}

register! {
    /// Which errors interrupt.
    RootErrorCommand: u32 = "Which errors interrupt." {
        /// Correctable ones.
        CORRECTABLE = 0x1;
        /// Those that are not fatal.
        NONFATAL = 0x2;
        /// Fatal ones.
        FATAL = 0x4;
    }
}

register! {
    /// Which errors were received.
    RootErrorStatus: u32 = "Which errors were received." {
        /// A correctable one.
        CORRECTABLE = 0x1;
        /// More correctable ones.
        MULTIPLE_CORRECTABLE = 0x2;
        /// An uncorrectable one.
        UNCORRECTABLE = 0x4;
        /// More uncorrectable ones.
        MULTIPLE_UNCORRECTABLE = 0x8;
        /// The first uncorrectable one was fatal.
        FIRST_FATAL = 0x10;
        /// One that is not fatal.
        NONFATAL = 0x20;
        /// A fatal one.
        FATAL = 0x40;
    }
}

impl ErrorReporting {
    pub(super) fn of(registers: Registers<'_>, is_root: bool) -> Option<Self> {
        let uncorrectable = |offset| Some(UncorrectableErrors::from_bits_retain(registers.double(offset)?));
        let correctable = |offset| Some(CorrectableErrors::from_bits_retain(registers.double(offset)?));
        let log = |index: usize| registers.double(0x1c + index * 4);
        let root = || -> Option<RootErrors> {
            let status = registers.double(0x30)?;
            Some(RootErrors {
                command: RootErrorCommand::from_bits_retain(registers.double(0x2c)?),
                status: RootErrorStatus::from_bits_retain(status & 0x07ff_ffff),
                interrupt_message: registers.bits(0x30, 27, 5)?,
                correctable_source: registers.word(0x34)?,
                uncorrectable_source: registers.word(0x36)?,
            })
        };
        Some(Self {
            uncorrectable: uncorrectable(4)?,
            uncorrectable_masked: uncorrectable(8)?,
            uncorrectable_fatal: uncorrectable(0xc)?,
            correctable: correctable(0x10)?,
            correctable_masked: correctable(0x14)?,
            first_error: registers.bits(0x18, 0, 5)?,
            control: ErrorControl::from_bits_retain(registers.double(0x18)? & !0x1f),
            header_log: [log(0)?, log(1)?, log(2)?, log(3)?],
            root: if is_root { root() } else { None },
        })
    }
}

/// Downstream Port Containment: the port cuts off what is behind it after an uncorrectable error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "DPC")]
pub struct Containment {
    /// Which message it sends.
    pub interrupt_message: u8,
    /// What it can do.
    pub capabilities: ContainmentFlags,
    /// How many words the log of a root port's I/O has.
    pub log_size: u8,
    /// The control register.
    pub control: u16,
    /// Whether it has cut off what is behind it.
    pub triggered: bool,
    /// Why, as the status register has it: 0 an unmasked error, 1 non-fatal, 2 fatal, 3 see the next.
    pub trigger_reason: u8,
    /// Why, where the reason is 3.
    pub trigger_reason_extension: u8,
    /// Whose error it was: bus, device and function as 16 bits.
    pub source: u16,
}

register! {
    /// What containment can do.
    ContainmentFlags: u16 = "What containment can do." {
        /// It has the root port's extensions.
        ROOT_PORT_EXTENSIONS = 0x20;
        /// It can block packets with bad data.
        POISONED_BLOCKING = 0x40;
        /// Software can trigger it.
        SOFTWARE_TRIGGER = 0x80;
        /// It can tell that the link is up again.
        LINK_ACTIVE_SIGNAL = 0x1000;
    }
}

impl Containment {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        let status = registers.word(8)?;
        Some(Self {
            interrupt_message: registers.bits(4, 0, 5)?,
            capabilities: ContainmentFlags::from_bits_retain(registers.word(4)? & !0xf1f),
            log_size: registers.bits(4, 8, 4)?,
            control: registers.word(6)?,
            triggered: status & 1 != 0,
            trigger_reason: registers.bits(8, 1, 2)?,
            trigger_reason_extension: registers.bits(8, 5, 2)?,
            source: registers.word(0xa)?,
        })
    }
}
