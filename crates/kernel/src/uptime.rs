use core::time::Duration;

use linux_support_base::{Error, Machine, ParseError, text};

/// How long the machine has been up.
///
/// # Source
/// `/proc/uptime`, `proc_uptime(5)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Uptime {
    /// Since it was started, with the time that it was suspended.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "up_seconds", serialize_with = "linux_support_base::seconds")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub up: Duration,
    /// How long its CPUs were idle, added up over all of them.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "idle_seconds", serialize_with = "linux_support_base::seconds")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub idle: Duration,
}

impl Uptime {
    /// Reads the two numbers of seconds with hundredths.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut fields = text::fields(text.trim_ascii());
        let up = hundredths(fields.required("uptime")?).map_err(|error| error.in_field("uptime"))?;
        let idle = hundredths(fields.required("idle time")?).map_err(|error| error.in_field("idle time"))?;
        Ok(Self { up, idle })
    }

    /// Reads `/proc/uptime`.
    ///
    /// # Errors
    /// The file is absent or malformed.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        machine.parse_full("/proc/uptime", Self::parse)
    }
}

/// A number of seconds with one or two decimals.
fn hundredths(text: &[u8]) -> Result<Duration, ParseError> {
    let (whole, part) = text::split_once(text, b'.').unwrap_or((text, b"0"));
    let part = match part.len() {
        1 => text::decimal::<u32>(part)? * 10,
        2 => text::decimal::<u32>(part)?,
        _ => return Err(ParseError::expected("seconds with two decimals", text)),
    };
    Ok(Duration::new(text::decimal(whole)?, part * 10_000_000))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_times_are_read_with_and_without_a_last_newline() {
        let expected =
            Uptime { up: Duration::from_millis(7_125_090), idle: Duration::from_millis(13_823_220) };
        assert_eq!(Uptime::parse(b"7125.09 13823.22\n"), Ok(expected));
        assert_eq!(Uptime::parse(b"7125.09 13823.22"), Ok(expected));
    }

    #[test]
    fn what_is_missing_or_malformed_is_named() {
        assert_eq!(Uptime::parse(b"7125.09\n").unwrap_err().field(), Some("idle time"));
        assert_eq!(Uptime::parse(b"x 1.00\n").unwrap_err().field(), Some("uptime"));
        assert!(Uptime::parse(b"-1.00 1.00").is_err());
        assert!(Uptime::parse(b"1.-1 1.00").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = Uptime::parse(&text);
        }
    }
}
