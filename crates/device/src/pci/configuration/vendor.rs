//! What the maker of a function says: its serial number, and capabilities of its own.

use core::fmt;

use super::registers::Registers;
use crate::{form::as_text, pci::VendorId};

/// The number of a single device, as its maker gave it.
///
/// `Display` is the form of lspci: `00-1a-11-ff-fe-4c-3c-70`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber(pub u64);

as_text! { SerialNumber: "The number of a single device, such as 00-1a-11-ff-fe-4c-3c-70."; }

impl SerialNumber {
    pub(super) fn of(registers: Registers<'_>) -> Option<Self> {
        Some(Self(u64::from(registers.double(8)?) << 32 | u64::from(registers.double(4)?)))
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0.to_be_bytes();
        write!(f, "{first:02x}")?;
        rest.iter().try_for_each(|byte| write!(f, "-{byte:02x}"))
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

/// What a vendor added by its own rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VendorSpecific {
    /// Whose rules; `None` for those of the function's own vendor.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub vendor: Option<VendorId>,
    /// The vendor's number for it.
    pub id: u16,
    /// The vendor's revision of it.
    pub revision: u8,
    /// How many bytes it has.
    pub length: u16,
}

impl VendorSpecific {
    pub(super) fn own(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            vendor: None,
            id: registers.word(4)?,
            revision: registers.bits(4, 16, 4)?,
            length: registers.word(6)? >> 4,
        })
    }

    pub(super) fn designated(registers: Registers<'_>) -> Option<Self> {
        Some(Self {
            vendor: Some(VendorId::new(registers.word(4)?)),
            id: registers.word(8)?,
            revision: registers.bits(4, 16, 4)?,
            length: registers.word(6)? >> 4,
        })
    }
}
