use core::fmt;

use crate::text::{self, ParseError};

/// The number of a character or block device: its major number names the driver, its minor number the device.
///
/// `Display` is the kernel's decimal form (`8:1`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "dev_t")]
pub struct DeviceNumber {
    major: u32,
    minor: u32,
}

impl DeviceNumber {
    /// The device of these numbers.
    #[must_use]
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// The driver's number.
    #[must_use]
    pub const fn major(self) -> u32 {
        self.major
    }

    /// The driver's number for the device.
    #[must_use]
    pub const fn minor(self) -> u32 {
        self.minor
    }

    /// Reads `major:minor` in decimal, as sysfs, mountinfo and cgroups have it.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        Self::parse_with(text, text::decimal::<u32>)
    }

    /// Reads `major:minor` in hexadecimal, as `/proc/PID/maps` and `/proc/locks` have it.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse_hexadecimal(text: &[u8]) -> Result<Self, ParseError> {
        Self::parse_with(text, text::hexadecimal::<u32>)
    }

    fn parse_with(
        text: &[u8],
        number: impl Fn(&[u8]) -> Result<u32, ParseError>,
    ) -> Result<Self, ParseError> {
        let (major, minor) =
            text::split_once(text, b':').ok_or_else(|| ParseError::expected("major:minor", text))?;
        Ok(Self::new(number(major)?, number(minor)?))
    }

    /// Decodes the kernel's 32-bit form (12 bits of major, 20 of minor), in which `/proc/PID/stat` gives the
    /// terminal.
    #[doc(alias = "new_decode_dev")]
    #[must_use]
    pub const fn from_encoded(encoded: u32) -> Self {
        Self::new(encoded >> 8 & 0xfff, encoded & 0xff | encoded >> 12 & 0xf_ff00)
    }

    /// The kernel's 32-bit form; `None` where the numbers do not fit it.
    #[doc(alias = "new_encode_dev")]
    #[must_use]
    pub const fn to_encoded(self) -> Option<u32> {
        if self.major > 0xfff || self.minor > 0xf_ffff {
            return None;
        }
        Some(self.minor & 0xff | self.major << 8 | (self.minor & 0xf_ff00) << 12)
    }

    /// Decodes the 64-bit form of `stat(2)` and `mknod(2)`.
    #[must_use]
    pub fn from_dev_t(device: u64) -> Self {
        Self::new(rustix::fs::major(device), rustix::fs::minor(device))
    }

    /// The 64-bit form of `stat(2)` and `mknod(2)`.
    #[must_use]
    pub fn to_dev_t(self) -> u64 {
        rustix::fs::makedev(self.major, self.minor)
    }
}

impl fmt::Display for DeviceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.major, self.minor)
    }
}

impl core::str::FromStr for DeviceNumber {
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
    fn each_written_form_is_read() {
        assert_eq!(DeviceNumber::parse(b"259:10"), Ok(DeviceNumber::new(259, 10)));
        assert_eq!(DeviceNumber::parse_hexadecimal(b"103:0a"), Ok(DeviceNumber::new(259, 10)));
        assert_eq!(DeviceNumber::from_encoded(34816), DeviceNumber::new(136, 0));
        for text in ["", "8", "8:", ":1", "8:1:2", "8:-1", "8:4294967296"] {
            assert!(DeviceNumber::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn encoded_numbers_come_back(major in 0u32..0x1000, minor in 0u32..0x10_0000) {
            let device = DeviceNumber::new(major, minor);
            prop_assert_eq!(device.to_encoded().map(DeviceNumber::from_encoded), Some(device));
            prop_assert_eq!(DeviceNumber::from_dev_t(device.to_dev_t()), device);
        }
    }
}
