use core::fmt;

use linux_support_base::text::{self, ParseError};
use pci_ids::FromId;

use crate::form::as_text;

/// What a function is: base class, subclass and programming interface.
///
/// `Display` is the form of sysfs, `0x010802`.
///
/// ```
/// use linux_support_device::pci::Class;
///
/// let class = Class::parse(b"0x010802\n")?;
/// assert_eq!(class.subclass_name(), Some("Non-Volatile memory controller"));
/// assert_eq!(class.interface_name(), Some("NVM Express"));
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class {
    class: u8,
    subclass: u8,
    interface: u8,
}

as_text! { Class: "Class, subclass and programming interface of a function, such as 0x010802."; }

impl Class {
    /// The class of these three numbers.
    #[must_use]
    pub const fn new(class: u8, subclass: u8, interface: u8) -> Self {
        Self { class, subclass, interface }
    }

    /// The base class: 0x01 is mass storage, 0x02 network, 0x06 bridge.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.class
    }

    /// The subclass within the base class.
    #[must_use]
    pub const fn subclass(self) -> u8 {
        self.subclass
    }

    /// The programming interface within the subclass.
    #[doc(alias = "prog-if")]
    #[must_use]
    pub const fn interface(self) -> u8 {
        self.interface
    }

    /// Base class and subclass as one number, as `lspci -n` shows it.
    #[must_use]
    pub const fn code(self) -> u16 {
        (self.class as u16) << 8 | self.subclass as u16
    }

    /// Whether this is a bridge to another PCI bus (0x0604 and 0x0609) or to CardBus (0x0607).
    #[must_use]
    pub const fn is_bus_bridge(self) -> bool {
        matches!(self.code(), 0x0604 | 0x0607 | 0x0609)
    }

    /// The base class's name in the PCI ID repository.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        pci_ids::Class::from_id(self.class).map(pci_ids::Class::name)
    }

    /// The subclass's name in the PCI ID repository.
    #[must_use]
    pub fn subclass_name(self) -> Option<&'static str> {
        self.known_subclass().map(pci_ids::Subclass::name)
    }

    /// The programming interface's name in the PCI ID repository.
    #[must_use]
    pub fn interface_name(self) -> Option<&'static str> {
        self.known_subclass()?
            .prog_ifs()
            .find(|interface| interface.id() == self.interface)
            .map(pci_ids::ProgIf::name)
    }

    fn known_subclass(self) -> Option<&'static pci_ids::Subclass> {
        pci_ids::Subclass::from_cid_sid(self.class, self.subclass)
    }

    /// Reads the form of sysfs: 24 bits in hexadecimal after `0x`.
    ///
    /// # Errors
    /// Anything else, and more than 24 bits.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let text = text::trim(text);
        match text::prefixed_hexadecimal::<u32>(text)?.to_be_bytes() {
            [0, class, subclass, interface] => Ok(Self { class, subclass, interface }),
            _ => Err(ParseError::expected("a class of 24 bits", text)),
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02x}{:02x}{:02x}", self.class, self.subclass, self.interface)
    }
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Class({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_parts_and_their_names_are_told() {
        let class = Class::parse(b"0x060400\n").unwrap();
        assert_eq!((class.class(), class.subclass(), class.interface()), (6, 4, 0));
        assert_eq!(class.name(), Some("Bridge"));
        assert_eq!(class.subclass_name(), Some("PCI bridge"));
        assert_eq!(class.interface_name(), Some("Normal decode"));
        assert!(class.is_bus_bridge());
        assert_eq!(class.to_string(), "0x060400");
    }

    #[test]
    fn an_unknown_class_is_kept_without_names() {
        let class = Class::parse(b"0xfe1234").unwrap();
        assert_eq!((class.code(), class.name(), class.subclass_name()), (0xfe12, None, None));
    }

    #[test]
    fn more_than_24_bits_are_refused() {
        for text in [&b"0x1060400"[..], b"060400", b"", b"0x"] {
            assert!(Class::parse(text).is_err(), "{text:?}");
        }
    }
}
