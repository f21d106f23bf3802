//! The controller `io` of version 2.

use core::time::Duration;
use std::collections::BTreeMap;

use linux_support_base::{ByteString, Bytes, DeviceNumber, Limit, ParseError, text};

use super::io_cost::{IoCostModel, IoCostQuality, parse_cost_models, parse_cost_qualities};
use crate::{
    Keyed,
    format::{interface_files, limit_bytes, limit_count, microseconds},
};

interface_files! {
    /// The input and output of a group, by block device.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, "IO".
    pub struct IoControl of "io" {
        /// What it and the groups below it read and wrote.
        stat: BTreeMap<DeviceNumber, IoStatistics> = "io.stat" Everywhere by parse_statistics;
        /// The devices whose use is limited.
        max: BTreeMap<DeviceNumber, IoLimits> = "io.max" BelowRoot needs "CONFIG_BLK_DEV_THROTTLING" by parse_limits;
        /// Its share, relative to the groups beside it.
        weight: IoWeights = "io.weight" BelowRoot needs "CONFIG_BLK_CGROUP_IOCOST" by IoWeights::parse;
        /// Its share where the scheduler BFQ is used.
        bfq_weight: IoWeights = "io.bfq.weight" BelowRoot needs "CONFIG_BFQ_GROUP_IOSCHED" by IoWeights::parse;
        /// The latencies that are wanted.
        latency: BTreeMap<DeviceNumber, IoLatency> = "io.latency" BelowRoot since 4 19 needs "CONFIG_BLK_CGROUP_IOLATENCY" by parse_latencies;
        /// How the priorities of its requests are changed: `no-change`, `promote-to-rt`, `restrict-to-be`,
        /// `idle`.
        priority_class: ByteString = "io.prio.class" BelowRoot since 5 14 needs "CONFIG_BLK_CGROUP_IOPRIO" by word;
        /// How well each device shall serve.
        cost_quality: BTreeMap<DeviceNumber, IoCostQuality> = "io.cost.qos" Root since 5 4 needs "CONFIG_BLK_CGROUP_IOCOST" by parse_cost_qualities;
        /// What requests of each device cost.
        cost_model: BTreeMap<DeviceNumber, IoCostModel> = "io.cost.model" Root since 5 4 needs "CONFIG_BLK_CGROUP_IOCOST" by parse_cost_models;
    }
}

fn word(text: &[u8]) -> Result<ByteString, ParseError> {
    Ok(text::trim(text).into())
}

/// Reads lines of a device and its `NAME=VALUE` pairs, giving each pair to `add`.
///
/// Some kernels wrote no newline after a device that has no values, and so begin the next on the same line.
pub(super) fn nested<T: Default>(
    text: &[u8],
    mut add: impl FnMut(&mut T, &[u8], &[u8]) -> Result<(), ParseError>,
) -> Result<BTreeMap<DeviceNumber, T>, ParseError> {
    let mut all = BTreeMap::new();
    for line in text::lines(text) {
        let mut fields = text::fields(line);
        let Some(first) = fields.next() else { continue };
        let mut device = DeviceNumber::parse(first)?;
        all.entry(device).or_default();
        for field in fields {
            match text::split_once(field, b'=') {
                Some((name, value)) => add(all.entry(device).or_default(), name, value)?,
                None if field == b"(default)" || field == b"default" => {}
                None => {
                    device = DeviceNumber::parse(field)?;
                    all.entry(device).or_default();
                }
            }
        }
    }
    Ok(all)
}

/// What a group read from and wrote to one device.
///
/// Values are absent where the kernel wrote none: discards before Linux 4.20, all of them for devices that were
/// not used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "io.stat")]
#[non_exhaustive]
pub struct IoStatistics {
    /// How much was read.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub read: Option<Bytes>,
    /// How much was written.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub written: Option<Bytes>,
    /// How many reads there were.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub reads: Option<u64>,
    /// How many writes there were.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub writes: Option<u64>,
    /// How much was discarded.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub discarded: Option<Bytes>,
    /// How many discards there were.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub discards: Option<u64>,
    /// What policies of the controller tell (`cost.wait`, `use_delay`, `avg_lat`), as it was written.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "crate::serialize::Omitted::is_omitted")
    )]
    pub other: Keyed<ByteString>,
}

/// Reads the file `io.stat`.
///
/// # Errors
/// A line that does not begin with a device, a known name whose value is no number.
pub fn parse_statistics(text: &[u8]) -> Result<BTreeMap<DeviceNumber, IoStatistics>, ParseError> {
    nested(text, |device: &mut IoStatistics, name, value| {
        let bytes = || text::decimal(value).map(|value| Some(Bytes::new(value)));
        let count = || text::decimal(value).map(Some);
        match name {
            b"rbytes" => device.read = bytes()?,
            b"wbytes" => device.written = bytes()?,
            b"rios" => device.reads = count()?,
            b"wios" => device.writes = count()?,
            b"dbytes" => device.discarded = bytes()?,
            b"dios" => device.discards = count()?,
            name => {
                device.other.0.insert(name.into(), value.into());
            }
        }
        Ok(())
    })
}

/// How much a group may use one device, for each second.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "io.max")]
#[non_exhaustive]
pub struct IoLimits {
    /// How much may be read.
    pub read: Limit<Bytes>,
    /// How much may be written.
    pub written: Limit<Bytes>,
    /// How many reads there may be.
    pub reads: Limit<u64>,
    /// How many writes there may be.
    pub writes: Limit<u64>,
    /// Limits that this library does not know, as they were written.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "crate::serialize::Omitted::is_omitted")
    )]
    pub other: Keyed<ByteString>,
}

impl Default for IoLimits {
    /// No limit.
    fn default() -> Self {
        Self {
            read: Limit::Max,
            written: Limit::Max,
            reads: Limit::Max,
            writes: Limit::Max,
            other: Keyed::default(),
        }
    }
}

/// Reads the file `io.max`.
///
/// # Errors
/// A line that does not begin with a device, a known name whose value is neither a number nor `max`.
pub fn parse_limits(text: &[u8]) -> Result<BTreeMap<DeviceNumber, IoLimits>, ParseError> {
    nested(text, |device: &mut IoLimits, name, value| {
        match name {
            b"rbps" => device.read = limit_bytes(value)?,
            b"wbps" => device.written = limit_bytes(value)?,
            b"riops" => device.reads = limit_count(value)?,
            b"wiops" => device.writes = limit_count(value)?,
            name => {
                device.other.0.insert(name.into(), value.into());
            }
        }
        Ok(())
    })
}

/// The latency that a group wants of one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "io.latency")]
#[non_exhaustive]
pub struct IoLatency {
    /// The latency beyond which groups beside it that want less are slowed down.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "target_seconds",
            serialize_with = "crate::serialize::seconds",
            skip_serializing_if = "Option::is_none"
        )
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub target: Option<Duration>,
    /// What this library does not know, as it was written.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "crate::serialize::Omitted::is_omitted")
    )]
    pub other: Keyed<ByteString>,
}

/// Reads the file `io.latency`.
///
/// # Errors
/// A line that does not begin with a device, a target that is no number.
pub fn parse_latencies(text: &[u8]) -> Result<BTreeMap<DeviceNumber, IoLatency>, ParseError> {
    nested(text, |device: &mut IoLatency, name, value| {
        match name {
            b"target" => device.target = Some(microseconds(value)?),
            name => {
                device.other.0.insert(name.into(), value.into());
            }
        }
        Ok(())
    })
}

/// The share of a group, relative to those beside it: 1 to 10,000.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "io.weight")]
#[non_exhaustive]
pub struct IoWeights {
    /// For devices that have none of their own.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub default: Option<u64>,
    /// For single devices.
    pub devices: BTreeMap<DeviceNumber, u64>,
}

impl IoWeights {
    /// Reads the file: a line `default WEIGHT` (or the weight alone), and a line `DEVICE WEIGHT` for each device
    /// that has its own.
    ///
    /// # Errors
    /// Any other line.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut weights = Self::default();
        for line in text::lines(text) {
            let mut fields = text::fields(line);
            match (fields.next(), fields.next()) {
                (None, _) => {}
                (Some(weight), None) => weights.default = Some(text::decimal(weight)?),
                (Some(b"default"), Some(weight)) => weights.default = Some(text::decimal(weight)?),
                (Some(device), Some(weight)) => {
                    weights.devices.insert(DeviceNumber::parse(device)?, text::decimal(weight)?);
                }
            }
        }
        Ok(weights)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SDB: DeviceNumber = DeviceNumber::new(8, 16);
    const SDA: DeviceNumber = DeviceNumber::new(8, 0);

    #[test]
    fn each_device_has_its_statistics() {
        let text = b"8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0 cost.wait=7\n8:0 rbytes=5\n";
        for text in [&text[..], &text[..text.len() - 1]] {
            let all = parse_statistics(text).unwrap();
            assert_eq!((all[&SDB].read, all[&SDB].writes), (Some(Bytes::new(1459200)), Some(353)));
            assert_eq!(all[&SDB].other.get(b"cost.wait"), Some(&"7".into()));
            assert_eq!((all[&SDA].read, all[&SDA].discarded), (Some(Bytes::new(5)), None));
        }
        assert!(parse_statistics(b"").unwrap().is_empty());
        assert!(parse_statistics(b"8:16 rbytes=x").is_err());
        assert!(parse_statistics(b"sda rbytes=1").is_err());
    }

    #[test]
    fn devices_without_values_may_share_a_line_with_the_next() {
        let all = parse_statistics(b"8:0 8:16 rbytes=5\n").unwrap();
        assert_eq!((all[&SDA].read, all[&SDB].read), (None, Some(Bytes::new(5))));
    }

    #[test]
    fn a_limit_is_a_number_or_max() {
        let all = parse_limits(b"8:16 rbps=2097152 wbps=max riops=max wiops=120\n").unwrap();
        assert_eq!(all[&SDB].read, Limit::At(Bytes::new(2097152)));
        assert_eq!((all[&SDB].written, all[&SDB].writes), (Limit::Max, Limit::At(120)));
    }

    #[test]
    fn a_latency_is_in_microseconds() {
        let all = parse_latencies(b"8:16 target=75000\n").unwrap();
        assert_eq!(all[&SDB].target, Some(Duration::from_millis(75)));
    }

    #[test]
    fn weights_are_for_all_devices_or_for_one() {
        let weights = IoWeights::parse(b"default 100\n8:16 200\n").unwrap();
        assert_eq!((weights.default, weights.devices[&SDB]), (Some(100), 200));
        assert_eq!(IoWeights::parse(b"10\n").unwrap().default, Some(10));
        assert!(IoWeights::parse(b"x 1\n").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (parse_statistics(&text), parse_limits(&text), parse_latencies(&text), IoWeights::parse(&text));
        }
    }
}
