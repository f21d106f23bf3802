//! What requests of a device cost, and how well it shall serve: what shares of input and output are made of.

use core::{fmt, time::Duration};
use std::collections::BTreeMap;

use linux_support_base::{ByteString, Bytes, DeviceNumber, ParseError, Percentage, text};

use super::io::nested;
use crate::format::{boolean, microseconds};

/// Who sets values of the cost of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IoCostControl {
    /// The kernel, by the kind of device.
    Auto,
    /// These values.
    User,
}

/// How well a device shall serve. Of what is to be set, `None` leaves a value as it is.
///
/// # Source
/// Documentation/admin-guide/cgroup-v2.rst, `io.cost.qos`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "io.cost.qos")]
pub struct IoCostQuality {
    /// Whether shares by cost are on for the device.
    pub enable: Option<bool>,
    /// Who sets the values.
    pub control: Option<IoCostControl>,
    /// Which reads are looked at: the percentile, in hundredths of a percent.
    pub read_percentile: Option<u32>,
    /// How long such a read may take.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "read_latency_seconds", serialize_with = "crate::serialize::seconds")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub read_latency: Option<Duration>,
    /// Which writes are looked at: the percentile, in hundredths of a percent.
    pub write_percentile: Option<u32>,
    /// How long such a write may take.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "write_latency_seconds", serialize_with = "crate::serialize::seconds")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub write_latency: Option<Duration>,
    /// How far the device may be slowed down: a percentage, in hundredths.
    pub min: Option<u32>,
    /// How far it may be sped up: a percentage, in hundredths.
    pub max: Option<u32>,
    /// What this library does not know, as it was written.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "crate::serialize::Omitted::is_omitted")
    )]
    pub other: crate::Keyed<ByteString>,
}

/// What a device can do in a second: the linear model of its cost. Of what is to be set, `None` leaves a value as it is.
///
/// # Source
/// Documentation/admin-guide/cgroup-v2.rst, `io.cost.model`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "io.cost.model")]
pub struct IoCostModel {
    /// Who sets the values.
    pub control: Option<IoCostControl>,
    /// Bytes read one after the other.
    pub read: Option<Bytes>,
    /// Small reads one after the other.
    pub sequential_reads: Option<u64>,
    /// Small reads here and there.
    pub random_reads: Option<u64>,
    /// Bytes written one after the other.
    pub written: Option<Bytes>,
    /// Small writes one after the other.
    pub sequential_writes: Option<u64>,
    /// Small writes here and there.
    pub random_writes: Option<u64>,
    /// What this library does not know, as it was written: a `model` that is not `linear`, for one.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "crate::serialize::Omitted::is_omitted")
    )]
    pub other: crate::Keyed<ByteString>,
}

impl IoCostControl {
    fn parse(word: &[u8]) -> Result<Self, ParseError> {
        match word {
            b"auto" => Ok(Self::Auto),
            b"user" => Ok(Self::User),
            other => Err(ParseError::expected("auto or user", other)),
        }
    }
}

impl fmt::Display for IoCostControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Auto => "auto",
            Self::User => "user",
        })
    }
}

crate::as_text!(IoCostControl);

fn hundredths(text: &[u8]) -> Result<Option<u32>, ParseError> {
    Percentage::parse(text).map(|part| Some(part.hundredths()))
}

/// Reads the file `io.cost.qos`.
///
/// # Errors
/// A line that does not begin with a device, or a known name whose value is malformed.
pub fn parse_cost_qualities(text: &[u8]) -> Result<BTreeMap<DeviceNumber, IoCostQuality>, ParseError> {
    nested(text, |device: &mut IoCostQuality, name, value| {
        match name {
            b"enable" => device.enable = Some(boolean(value)?),
            b"ctrl" => device.control = Some(IoCostControl::parse(value)?),
            b"rpct" => device.read_percentile = hundredths(value)?,
            b"rlat" => device.read_latency = Some(microseconds(value)?),
            b"wpct" => device.write_percentile = hundredths(value)?,
            b"wlat" => device.write_latency = Some(microseconds(value)?),
            b"min" => device.min = hundredths(value)?,
            b"max" => device.max = hundredths(value)?,
            name => {
                device.other.0.insert(name.into(), value.into());
            }
        }
        Ok(())
    })
}

/// Reads the file `io.cost.model`.
///
/// # Errors
/// A line that does not begin with a device, or a known name whose value is malformed.
pub fn parse_cost_models(text: &[u8]) -> Result<BTreeMap<DeviceNumber, IoCostModel>, ParseError> {
    nested(text, |device: &mut IoCostModel, name, value| {
        let bytes = || text::decimal(value).map(|value| Some(Bytes::new(value)));
        let count = || text::decimal(value).map(Some);
        match name {
            b"ctrl" => device.control = Some(IoCostControl::parse(value)?),
            b"model" if value == b"linear" => {}
            b"rbps" => device.read = bytes()?,
            b"rseqiops" => device.sequential_reads = count()?,
            b"rrandiops" => device.random_reads = count()?,
            b"wbps" => device.written = bytes()?,
            b"wseqiops" => device.sequential_writes = count()?,
            b"wrandiops" => device.random_writes = count()?,
            name => {
                device.other.0.insert(name.into(), value.into());
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SDA: DeviceNumber = DeviceNumber::new(8, 0);

    #[test]
    fn qualities_have_percentages_and_microseconds() {
        let text = b"8:0 enable=0 ctrl=auto rpct=95.00 rlat=75000 wpct=95.50 wlat=150000 min=50.00 max=150.00 new=7\n";
        let quality = &parse_cost_qualities(text).unwrap()[&SDA];
        assert_eq!((quality.enable, quality.control), (Some(false), Some(IoCostControl::Auto)));
        assert_eq!((quality.read_percentile, quality.write_percentile), (Some(9500), Some(9550)));
        assert_eq!(quality.read_latency, Some(Duration::from_millis(75)));
        assert_eq!((quality.min, quality.max), (Some(5000), Some(15_000)));
        assert_eq!(quality.other.get(b"new"), Some(&"7".into()));
        assert!(parse_cost_qualities(b"8:0 enable=maybe\n").is_err());
        assert!(parse_cost_qualities(b"8:0 ctrl=nobody\n").is_err());
        assert!(parse_cost_qualities(b"").unwrap().is_empty());
    }

    #[test]
    fn models_have_what_a_device_can_do() {
        let text = b"8:0 ctrl=user model=linear rbps=2706339840 rseqiops=89698 rrandiops=110036 wbps=1063126016 wseqiops=135560 wrandiops=130734";
        let model = &parse_cost_models(text).unwrap()[&SDA];
        assert_eq!(model.read, Some(Bytes::new(2_706_339_840)));
        assert_eq!((model.random_reads, model.sequential_writes), (Some(110_036), Some(135_560)));
        assert!(model.other.is_empty());
        let other = &parse_cost_models(b"8:0 ctrl=user model=cubic\n").unwrap()[&SDA];
        assert_eq!(other.other.get(b"model"), Some(&"cubic".into()));
        assert!(parse_cost_models(b"8:0 rbps=x\n").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (parse_cost_qualities(&text), parse_cost_models(&text));
        }
    }
}
