//! A frequency.

use core::fmt;

use linux_support_base::{ParseError, text};

/// A frequency, in steps of 1 kHz.
///
/// `Display` picks the unit that fits (`2.6 GHz`, `800 MHz`); `{:#}` gives the exact number of kHz.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct Frequency {
    kilohertz: u64,
}

impl Frequency {
    /// This many kHz.
    #[must_use]
    pub const fn from_kilohertz(kilohertz: u64) -> Self {
        Self { kilohertz }
    }

    /// The number of kHz.
    #[must_use]
    pub const fn kilohertz(self) -> u64 {
        self.kilohertz
    }

    /// The number of whole MHz.
    #[must_use]
    pub const fn megahertz(self) -> u64 {
        self.kilohertz / 1000
    }

    /// Reads a decimal number of kHz, as cpufreq writes them.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse_kilohertz(text: &[u8]) -> Result<Self, ParseError> {
        text::decimal(text::trim(text)).map(Self::from_kilohertz)
    }

    /// Reads a decimal number of MHz with or without a fraction, as `/proc/cpuinfo` writes them
    /// (`2599.998`, `3026.000000MHz`). What is below 1 kHz is cut.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse_megahertz(text: &[u8]) -> Result<Self, ParseError> {
        let number = text.strip_suffix(b"MHz").unwrap_or(text).trim_ascii_end();
        fixed_point(number, 3).map(Self::from_kilohertz)
    }
}

/// A decimal number such as `12.5`, times 10 to the power of `digits`; further digits are cut.
pub(crate) fn fixed_point(text: &[u8], digits: u32) -> Result<u64, ParseError> {
    let (whole, fraction) = text::split_once(text, b'.').unwrap_or((text, b"0"));
    let mut value: u64 = text::decimal(whole)?;
    if fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
        return Err(ParseError::expected("a decimal fraction", text));
    }
    for index in 0..digits as usize {
        let digit = fraction.get(index).map_or(0, |byte| byte - b'0');
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(u64::from(digit)))
            .ok_or_else(|| ParseError::expected("a smaller number", text))?;
    }
    Ok(value)
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return self.kilohertz.fmt(f);
        }
        let (unit, name) = match self.kilohertz {
            0..1_000 => (1, "kHz"),
            1_000..1_000_000 => (1_000, "MHz"),
            _ => (1_000_000, "GHz"),
        };
        let (mut whole, mut hundredths) = (
            self.kilohertz / unit,
            (u128::from(self.kilohertz % unit) * 100 + u128::from(unit / 2)) / u128::from(unit),
        );
        if hundredths == 100 {
            (whole, hundredths) = (whole + 1, 0);
        }
        let text = match hundredths {
            0 => format!("{whole} {name}"),
            tenths if tenths % 10 == 0 => format!("{whole}.{} {name}", tenths / 10),
            hundredths => format!("{whole}.{hundredths:02} {name}"),
        };
        f.pad(&text)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Frequency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Frequency".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 0, "description": "A frequency in kHz." })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frequencies_are_read_in_either_unit() {
        let megahertz = |text: &[u8]| Frequency::parse_megahertz(text).map(Frequency::kilohertz);
        assert_eq!(megahertz(b"2599.998"), Ok(2_599_998));
        assert_eq!(megahertz(b"3026.000000MHz"), Ok(3_026_000));
        assert_eq!(megahertz(b"5000"), Ok(5_000_000));
        assert_eq!(megahertz(b"0.5"), Ok(500));
        for text in [&b""[..], b"x", b"1.", b"1.x", b".5", b"-1", b"18446744073709551615"] {
            assert!(megahertz(text).is_err(), "{text:?}");
        }
        assert_eq!(Frequency::parse_kilohertz(b"800000\n"), Ok(Frequency::from_kilohertz(800_000)));
        assert!(Frequency::parse_kilohertz(b"<unknown>\n").is_err());
    }

    #[test]
    fn frequencies_are_shown_in_the_unit_that_fits() {
        let shown = |kilohertz| Frequency::from_kilohertz(kilohertz).to_string();
        assert_eq!(shown(2_599_998), "2.6 GHz");
        assert_eq!(shown(3_550_000), "3.55 GHz");
        assert_eq!(shown(800_000), "800 MHz");
        assert_eq!(shown(999), "999 kHz");
        assert_eq!(shown(1_050_000), "1.05 GHz");
        assert_eq!(format!("{:#}", Frequency::from_kilohertz(2_599_998)), "2599998");
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[0-9.MHz]{0,24}", bytes: Vec<u8>, kilohertz: u64) {
            let _ = (Frequency::parse_megahertz(text.as_bytes()), Frequency::parse_megahertz(&bytes));
            let _ = Frequency::from_kilohertz(kilohertz).to_string();
        }
    }
}
