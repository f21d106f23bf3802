use core::{fmt, time::Duration};

use crate::text::{self, ParseError};

/// Pressure stall information: for how much of the time tasks waited for a resource.
///
/// The same form is in `/proc/pressure` for the machine and in `*.pressure` for each control group.
///
/// ```
/// # use linux_support_base::Pressure;
/// let text = b"some avg10=0.21 avg60=9.01 avg300=6.85 total=62433223\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
/// let pressure = Pressure::parse(text).unwrap();
/// assert_eq!(pressure.some.unwrap().last_minute.to_string(), "9.01 %");
/// ```
///
/// # Kernel
/// Since Linux 4.20, with `CONFIG_PSI`; `irq` since 6.1.
///
/// # Source
/// Documentation/accounting/psi.rst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Pressure {
    /// The time in which at least one task waited; not written for `irq`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub some: Option<Stall>,
    /// The time in which all tasks that had work waited at once; not written for the CPU before Linux 5.13.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub full: Option<Stall>,
}

/// For how much of the time tasks waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Stall {
    /// Of the last ten seconds.
    #[cfg_attr(feature = "serde", serde(rename = "last_10_seconds_percent"))]
    pub last_ten_seconds: Percentage,
    /// Of the last minute.
    #[cfg_attr(feature = "serde", serde(rename = "last_60_seconds_percent"))]
    pub last_minute: Percentage,
    /// Of the last five minutes.
    #[cfg_attr(feature = "serde", serde(rename = "last_300_seconds_percent"))]
    pub last_five_minutes: Percentage,
    /// Altogether.
    #[cfg_attr(feature = "serde", serde(rename = "total_seconds", serialize_with = "crate::seconds"))]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub total: Duration,
}

/// A part of a hundred, in hundredths of a percent as the kernel prints it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percentage {
    hundredths: u32,
}

impl Percentage {
    /// The percentage, times 100.
    #[must_use]
    pub const fn hundredths(self) -> u32 {
        self.hundredths
    }

    /// The percentage.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.hundredths) / 100.0
    }

    /// Reads a number with two decimals.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let expected = || ParseError::expected("a percentage with two decimals", text);
        let (whole, part) = text::split_once(text, b'.').ok_or_else(expected)?;
        if part.len() != 2 {
            return Err(expected());
        }
        let (whole, part): (u16, u8) = (text::decimal(whole)?, text::decimal(part)?);
        Ok(Self { hundredths: u32::from(whole) * 100 + u32::from(part) })
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02} %", self.hundredths / 100, self.hundredths % 100)
    }
}

impl Pressure {
    /// Reads the lines `some` and `full`; other lines and other averages of a newer kernel are passed over.
    ///
    /// # Errors
    /// A malformed value, or a line without one of the four.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut pressure = Self::default();
        for (key, pairs) in text::nested_keyed(bytes) {
            match key {
                b"some" => pressure.some = Some(Stall::parse(pairs, key)?),
                b"full" => pressure.full = Some(Stall::parse(pairs, key)?),
                _ => {}
            }
        }
        if pressure == Self::default() {
            return Err(ParseError::expected("a line that begins with some or full", bytes));
        }
        Ok(pressure)
    }
}

impl Stall {
    fn parse(pairs: text::Pairs<'_>, line: &[u8]) -> Result<Self, ParseError> {
        let (mut averages, mut total) = ([None; 3], None);
        for pair in pairs {
            let (name, value) = pair?;
            let index = match name {
                b"avg10" => 0,
                b"avg60" => 1,
                b"avg300" => 2,
                b"total" => {
                    let microseconds = text::decimal(value).map_err(|error| error.in_field("total"))?;
                    total = Some(Duration::from_micros(microseconds));
                    continue;
                }
                _ => continue,
            };
            averages[index] = Some(Percentage::parse(value).map_err(|error| error.in_field("avg"))?);
        }
        match (averages, total) {
            ([Some(last_ten_seconds), Some(last_minute), Some(last_five_minutes)], Some(total)) => {
                Ok(Self { last_ten_seconds, last_minute, last_five_minutes, total })
            }
            _ => Err(ParseError::expected("avg10, avg60, avg300 and total", line)),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Percentage {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.percent())
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Percentage {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Percentage".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "minimum": 0, "description": "A part of a hundred." })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn either_line_may_be_missing_and_a_newline_too() {
        let full = Pressure::parse(b"full avg10=1.00 avg60=0.50 avg300=100.00 total=7").unwrap();
        assert_eq!(full.some, None);
        let stall = full.full.unwrap();
        assert_eq!((stall.last_ten_seconds.hundredths(), stall.last_five_minutes.percent()), (100, 100.0));
        assert_eq!(stall.total, Duration::from_micros(7));
        assert_eq!(Pressure::parse(b"full avg10=1.00 avg60=0.50 avg300=100.00 total=7\nnew x=1\n"), Ok(full));
    }

    #[test]
    fn what_is_malformed_or_missing_is_refused() {
        for text in [
            "",
            "new a=1",
            "some avg10=0.00 avg60=0.00 total=1",
            "some avg10=x avg60=0.00 avg300=0.00 total=1",
        ] {
            assert!(Pressure::parse(text.as_bytes()).is_err(), "{text}");
        }
        let error = Pressure::parse(b"some avg10=0.00 avg60=0.00 avg300=0.00 total=-1").unwrap_err();
        assert_eq!(error.field(), Some("total"));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, text in "(some|full)( (avg10|avg60|avg300|total)=[0-9.]{0,8}){0,5}\n?") {
            let _ = Pressure::parse(&bytes);
            let _ = Pressure::parse(text.as_bytes());
        }
    }
}
