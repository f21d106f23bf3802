use core::fmt;

use linux_support_base::text::{self, ParseError};
use pci_ids::FromId;

use crate::form::as_text;

macro_rules! identifier {
    ($(#[$attribute:meta])* $name:ident($integer:ident), $width:literal) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($integer);

        impl $name {
            /// The identifier of this number.
            #[must_use]
            pub const fn new(number: $integer) -> Self {
                Self(number)
            }

            /// The number.
            #[must_use]
            pub const fn number(self) -> $integer {
                self.0
            }

            /// Reads the form of sysfs: hexadecimal after `0x`.
            ///
            /// # Errors
            /// Anything else, and numbers that are too large.
            pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
                text::prefixed_hexadecimal(text::trim(text)).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("0x{:0", $width, "x}"), self.0)
            }
        }

        impl fmt::LowerHex for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::LowerHex::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

identifier! {
    /// Who made a function: a number that the PCI-SIG gives.
    ///
    /// `Display` is the form of sysfs, `0x8086`; `{:04x}` gives the digits alone.
    VendorId(u16), 4
}

identifier! {
    /// The vendor's number for a kind of function.
    DeviceId(u16), 4
}

identifier! {
    /// The vendor's number for a revision of a function.
    Revision(u8), 2
}

/// Who built a function into a product: the vendor of the board and its number for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SubsystemId {
    /// The product's vendor.
    pub vendor: VendorId,
    /// Its number for the product.
    pub device: DeviceId,
}

as_text! {
    VendorId: "The PCI-SIG's number for a vendor, such as 0x8086.";
    DeviceId: "The vendor's number for a kind of function, such as 0x10d3.";
    Revision: "The vendor's number for a revision of a function, such as 0x01.";
}

impl VendorId {
    /// The vendor's name in the PCI ID repository.
    ///
    /// ```
    /// # use linux_support_device::pci::VendorId;
    /// assert_eq!(VendorId::new(0x8086).name(), Some("Intel Corporation"));
    /// ```
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        pci_ids::Vendor::from_id(self.0).map(pci_ids::Vendor::name)
    }
}

impl DeviceId {
    /// The name of `vendor`'s device in the PCI ID repository.
    #[must_use]
    pub fn name(self, vendor: VendorId) -> Option<&'static str> {
        pci_ids::Device::from_vid_pid(vendor.0, self.0).map(pci_ids::Device::name)
    }
}

impl SubsystemId {
    /// The name that the PCI ID repository has for this product, where it is built upon `vendor`'s `device`.
    #[must_use]
    pub fn name(self, vendor: VendorId, device: DeviceId) -> Option<&'static str> {
        pci_ids::Device::from_vid_pid(vendor.0, device.0)?
            .subsystems()
            .find(|known| known.subvendor() == self.vendor.0 && known.subdevice() == self.device.0)
            .map(pci_ids::SubSystem::name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_read_as_sysfs_writes_them() {
        assert_eq!(VendorId::parse(b"0x8086\n"), Ok(VendorId::new(0x8086)));
        assert_eq!(VendorId::parse(b"0x8086"), Ok(VendorId::new(0x8086)));
        assert_eq!(Revision::parse(b"0x0f\n"), Ok(Revision::new(15)));
        for text in [&b""[..], b"\n", b"8086", b"0x", b"0x10000", b"0x80 86"] {
            assert!(VendorId::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(
            (VendorId::new(0x1af4).to_string(), Revision::new(1).to_string()),
            ("0x1af4".into(), "0x01".into())
        );
        assert_eq!(format!("{:04x}", DeviceId::new(0xd3)), "00d3");
    }

    #[test]
    fn names_come_from_the_pci_id_repository() {
        let vendor = VendorId::new(0x1af4);
        assert_eq!(vendor.name(), Some("Red Hat, Inc."));
        assert_eq!(DeviceId::new(0x1000).name(vendor), Some("Virtio network device"));
        assert_eq!(VendorId::new(0xfff0).name(), None);
        let subsystem = SubsystemId { vendor: VendorId::new(0x01de), device: DeviceId::new(0xfffb) };
        assert_eq!(subsystem.name(vendor, DeviceId::new(0xffff)), None);
    }
}
