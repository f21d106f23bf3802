//! What keeps functions and processes apart, and lets them share memory: access control, address translation,
//! page requests, process address spaces.

use super::registers::Registers;
use crate::form::register;

/// Access Control Services: whether functions can reach one another past the IOMMU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "ACS")]
pub struct AccessControl {
    /// What it can do.
    pub capabilities: AccessControlFlags,
    /// What it is told.
    pub control: AccessControlFlags,
    /// How many bits the vector of its egress control has; 0 is 256.
    pub egress_vector_bits: u8,
}

register! {
    /// The services of access control.
    AccessControlFlags: u16 = "The services of access control." {
        /// Check who sends.
        SOURCE_VALIDATION = 0x1;
        /// Block addresses that claim to be translated.
        TRANSLATION_BLOCKING = 0x2;
        /// Send requests between peers to the root.
        REQUEST_REDIRECT = 0x4;
        /// Send completions between peers to the root.
        COMPLETION_REDIRECT = 0x8;
        /// Send on what comes back from the root.
        UPSTREAM_FORWARDING = 0x10;
        /// Choose which peers may be reached.
        EGRESS_CONTROL = 0x20;
        /// Let translated requests pass between peers.
        DIRECT_TRANSLATED = 0x40;
    }
}

impl AccessControl {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            capabilities: AccessControlFlags::from_bits_retain(registers.word(4)? & 0xff),
            control: AccessControlFlags::from_bits_retain(registers.word(6)?),
            egress_vector_bits: registers.byte(5)?,
        })
    }
}

/// Address Translation Services: the function keeps translations of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "ATS")]
pub struct AddressTranslation {
    /// How many invalidations it can queue; 0 is 32.
    pub invalidate_queue_depth: u8,
    /// Whether it always asks for whole pages.
    pub page_aligned: bool,
    /// Whether it is in use.
    pub enabled: bool,
    /// The smallest translation: 4 KiB doubled so many times.
    pub smallest_unit: u8,
}

impl AddressTranslation {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            invalidate_queue_depth: registers.bits(4, 0, 5)?,
            page_aligned: registers.bits(4, 5, 1)? != 0,
            enabled: registers.bits(4, 31, 1)? != 0,
            smallest_unit: registers.bits(4, 16, 5)?,
        })
    }
}

/// The Page Request Interface: the function can ask for pages that are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "PRI")]
pub struct PageRequests {
    /// Whether it is in use.
    pub enabled: bool,
    /// Whether it is being reset.
    pub reset: bool,
    /// How it is.
    pub status: PageRequestStatus,
    /// How many requests it can have outstanding.
    pub capacity: u32,
    /// How many it may have outstanding.
    pub allocation: u32,
}

register! {
    /// How a page request interface is.
    PageRequestStatus: u16 = "How a page request interface is." {
        /// It got a response that says failure.
        RESPONSE_FAILURE = 0x1;
        /// It got a response that it does not know.
        UNEXPECTED_GROUP = 0x2;
        /// It has stopped.
        STOPPED = 0x100;
        /// It wants responses with the address space's number.
        PASID_REQUIRED = 0x8000;
    }
}

impl PageRequests {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        let control = registers.word(4)?;
        Some(Self {
            enabled: control & 1 != 0,
            reset: control & 2 != 0,
            status: PageRequestStatus::from_bits_retain(registers.word(6)?),
            capacity: registers.double(8)?,
            allocation: registers.double(0xc)?,
        })
    }
}

/// Process Address Space IDs: the function can access memory as a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "PASID")]
pub struct ProcessAddressSpaces {
    /// What it can do.
    pub capabilities: ProcessAddressSpaceFlags,
    /// How many bits its numbers of address spaces have.
    pub width: u8,
    /// What it is told.
    pub control: ProcessAddressSpaceFlags,
}

register! {
    /// Permissions of accesses with a process address space.
    ProcessAddressSpaceFlags: u16 = "Permissions of accesses with a process address space." {
        /// Use them at all (in the control).
        ENABLE = 0x1;
        /// Ask for permission to execute.
        EXECUTE = 0x2;
        /// Ask for privileged access.
        PRIVILEGED = 0x4;
    }
}

impl ProcessAddressSpaces {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            capabilities: ProcessAddressSpaceFlags::from_bits_retain(registers.word(4)? & 0xff),
            width: registers.bits(4, 8, 5)?,
            control: ProcessAddressSpaceFlags::from_bits_retain(registers.word(6)?),
        })
    }
}
