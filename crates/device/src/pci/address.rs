use core::{fmt, str::FromStr};

use linux_support_base::text::{self, ParseError};

use crate::form::as_text;

/// Where a PCI function is: domain, bus, device and function.
///
/// `Display` is the kernel's format: `0000:00:1f.3`, and `10000:00:00.0` for a domain above 16 bits (such as those
/// behind Intel's Volume Management Device). Reading also takes the short form without a domain, `00:1f.3`.
///
/// ```
/// use linux_support_device::pci::Address;
///
/// let address: Address = "10000:e1:00.0".parse()?;
/// assert_eq!((address.domain(), address.bus()), (0x10000, 0xe1));
/// assert_eq!("00:1f.3".parse::<Address>()?.to_string(), "0000:00:1f.3");
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "BDF")]
pub struct Address {
    domain: u32,
    bus: u8,
    device_function: u8,
}

as_text! { Address: "domain:bus:device.function of a PCI function, such as 0000:00:1f.3."; }

impl Address {
    /// The address of these parts; `None` where `device` is above 31 or `function` above 7.
    #[must_use]
    pub const fn new(domain: u32, bus: u8, device: u8, function: u8) -> Option<Self> {
        if device > 31 || function > 7 {
            return None;
        }
        Some(Self { domain, bus, device_function: device << 3 | function })
    }

    /// The domain, also called segment: up to 32 bits.
    #[doc(alias = "segment")]
    #[must_use]
    pub const fn domain(self) -> u32 {
        self.domain
    }

    /// The bus.
    #[must_use]
    pub const fn bus(self) -> u8 {
        self.bus
    }

    /// The device on its bus, 0 to 31.
    #[doc(alias = "slot")]
    #[must_use]
    pub const fn device(self) -> u8 {
        self.device_function >> 3
    }

    /// The function of its device, 0 to 7.
    #[must_use]
    pub const fn function(self) -> u8 {
        self.device_function & 7
    }

    /// Reads `domain:bus:device.function` or `bus:device.function`, all hexadecimal.
    ///
    /// # Errors
    /// Anything else, and parts that are out of range.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let error = || ParseError::expected("a PCI address such as 0000:00:1f.3", text);
        let (rest, function) = split_last(text, b'.').ok_or_else(error)?;
        let (rest, device) = split_last(rest, b':').ok_or_else(error)?;
        let (domain, bus) = match split_last(rest, b':') {
            Some((domain, bus)) => (text::hexadecimal(domain)?, bus),
            None => (0, rest),
        };
        let address = Self::new(
            domain,
            text::hexadecimal(bus)?,
            text::hexadecimal(device)?,
            text::hexadecimal(function)?,
        );
        address.ok_or_else(error)
    }
}

fn split_last(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().rposition(|&byte| byte == separator)?;
    Some((&text[..at], &text[at + 1..]))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:02x}:{:02x}.{:x}", self.domain, self.bus, self.device(), self.function())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl FromStr for Address {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_domain_may_exceed_16_bits() {
        let address = Address::parse(b"10000:e1:00.0").unwrap();
        assert_eq!(
            (address.domain(), address.bus(), address.device(), address.function()),
            (0x10000, 0xe1, 0, 0)
        );
        assert_eq!(Address::parse(b"ffffffff:ff:1f.7").unwrap(), Address::new(u32::MAX, 255, 31, 7).unwrap());
        assert!(Address::parse(b"100000000:00:00.0").is_err());
    }

    #[test]
    fn the_short_form_is_of_domain_0() {
        assert_eq!(Address::parse(b"00:1f.3"), Address::parse(b"0000:00:1f.3"));
        assert_eq!(Address::parse(b"00:1f.3").unwrap().to_string(), "0000:00:1f.3");
    }

    #[test]
    fn what_is_out_of_range_or_of_another_form_is_refused() {
        for text in [
            &b""[..],
            b"0000:00:1f",
            b"0000:00:20.0",
            b"0000:00:00.8",
            b"0000:100:00.0",
            b":00:00.0",
            b"00:00.",
            b"0000:00:00.0\n",
            b"pci0000:00",
            b"1f.3",
            b"0:0:0:0.0",
            b"0000:00:.0",
        ] {
            assert!(Address::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn addresses_come_back(domain: u32, bus: u8, device in 0u8..32, function in 0u8..8) {
            let address = Address::new(domain, bus, device, function).unwrap();
            prop_assert_eq!(address.to_string().parse(), Ok(address));
        }

        #[test]
        fn nothing_panics(text: Vec<u8>, nearly in "[0-9a-f:.]{0,16}") {
            let _ = Address::parse(&text);
            let _ = Address::parse(nearly.as_bytes());
        }
    }
}
