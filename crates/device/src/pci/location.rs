use core::fmt;

use linux_support_base::{
    ByteString,
    text::{self, ParseError},
};

use super::Address;
use crate::form::as_text;

/// Where a function is in the tree of devices: what its directory's path in `/sys/devices` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Location {
    /// The path beneath `/sys`: `devices/pci0000:00/0000:00:06.0/0000:04:00.0`.
    pub path: ByteString,
    /// The root bus that it hangs from.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub root: Option<RootBus>,
    /// The bridge above it; `None` on a root bus.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub parent: Option<Address>,
    /// The function whose driver made the root bus, such as an Intel Volume Management Device.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub controller: Option<Address>,
}

/// A bus that hangs from no bridge: a host bridge's.
///
/// `Display` is the kernel's name for its directory without `pci`: `0000:00`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootBus {
    /// The domain.
    pub domain: u32,
    /// The bus.
    pub bus: u8,
}

as_text! { RootBus: "domain:bus of a root bus, such as 0000:00."; }

impl Location {
    /// Reads the target of a link in `/sys/bus/pci/devices`.
    ///
    /// # Errors
    /// A target that does not end in a function's address.
    pub fn parse(target: &[u8]) -> Result<Self, ParseError> {
        let mut path = target.strip_suffix(b"/").unwrap_or(target);
        while let Some(rest) = path.strip_prefix(b"../") {
            path = rest;
        }
        let mut names = path.rsplit(|&byte| byte == b'/');
        Address::parse(names.next().unwrap_or_default())?;
        let (mut root, mut parent, mut controller) = (None, None, None);
        for name in names {
            if root.is_none() {
                match RootBus::from_directory(name) {
                    Some(bus) => root = Some(bus),
                    None if parent.is_none() => parent = Address::parse(name).ok(),
                    None => {}
                }
            } else if let Ok(address) = Address::parse(name) {
                controller = Some(address);
                break;
            }
        }
        Ok(Self { path: path.into(), root, parent, controller })
    }
}

impl RootBus {
    fn from_directory(name: &[u8]) -> Option<Self> {
        let (domain, bus) = text::split_once(name.strip_prefix(b"pci")?, b':')?;
        Some(Self { domain: text::hexadecimal(domain).ok()?, bus: text::hexadecimal(bus).ok()? })
    }
}

impl fmt::Display for RootBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:02x}", self.domain, self.bus)
    }
}

impl fmt::Debug for RootBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootBus({self})")
    }
}

/// The function nearest to the end of a path in `/sys/devices`: the one whose device it is.
pub(super) fn function_in(path: &[u8]) -> Option<Address> {
    path.rsplit(|&byte| byte == b'/').find_map(|name| {
        // The short form is never a directory's name, but may look like one of another bus.
        let colons = name.iter().filter(|&&byte| byte == b':').count();
        if colons == 2 { Address::parse(name).ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_function_behind_a_bridge_has_it_as_its_parent() {
        let location = Location::parse(b"../../../devices/pci0000:00/0000:00:06.0/0000:04:00.0").unwrap();
        assert_eq!(location.path, "devices/pci0000:00/0000:00:06.0/0000:04:00.0");
        assert_eq!(location.parent, Address::parse(b"0000:00:06.0").ok());
        assert_eq!(location.root, Some(RootBus { domain: 0, bus: 0 }));
        assert_eq!(location.controller, None);
    }

    #[test]
    fn a_function_on_a_root_bus_has_no_parent() {
        let location =
            Location::parse(b"../../../devices/platform/soc/3f0000.pcie/pci0001:00/0001:00:00.0").unwrap();
        assert_eq!((location.parent, location.root), (None, Some(RootBus { domain: 1, bus: 0 })));
    }

    #[test]
    fn a_root_bus_that_a_function_made_names_it() {
        let location = Location::parse(
            b"../../../devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0",
        )
        .unwrap();
        assert_eq!(location.parent, Address::parse(b"10000:e0:06.0").ok());
        assert_eq!(location.root, Some(RootBus { domain: 0x10000, bus: 0xe0 }));
        assert_eq!(location.controller, Address::parse(b"0000:00:0e.0").ok());
    }

    #[test]
    fn a_path_tells_the_function_whose_device_it_is() {
        let path = b"../devices/pci0000:00/0000:00:06.0/0000:04:00.0/nvme/nvme0/nvme0n1";
        assert_eq!(function_in(path), Address::parse(b"0000:04:00.0").ok());
        assert_eq!(function_in(b"../devices/virtual/block/loop0"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>, nearly in "[0-9a-fpci:./]{0,40}") {
            let _ = (Location::parse(&text), function_in(&text));
            let _ = (Location::parse(nearly.as_bytes()), function_in(nearly.as_bytes()));
        }
    }
}
