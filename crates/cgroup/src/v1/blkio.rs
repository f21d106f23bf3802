//! The controller `blkio` of version 1.

use std::collections::BTreeMap;

use linux_support_base::{Bytes, DeviceNumber, ParseError, text};

use crate::{
    Keyed,
    format::{count, interface_files},
};

interface_files! {
    /// The input and output of a group of version 1, by block device.
    ///
    /// The counters of `throttle` are of all requests; those without it are of the schedulers CFQ and BFQ,
    /// where one of them is used.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v1/blkio-controller.rst.
    pub struct LegacyBlkio of "blkio" {
        /// How much was read and written, in bytes.
        throttle_service_bytes: BlkioCounts = "blkio.throttle.io_service_bytes" Everywhere needs "CONFIG_BLK_DEV_THROTTLING" by BlkioCounts::parse;
        /// How many requests there were.
        throttle_serviced: BlkioCounts = "blkio.throttle.io_serviced" Everywhere needs "CONFIG_BLK_DEV_THROTTLING" by BlkioCounts::parse;
        /// How many bytes may be read in a second.
        throttle_read_bytes: BTreeMap<DeviceNumber, Bytes> = "blkio.throttle.read_bps_device" Everywhere needs "CONFIG_BLK_DEV_THROTTLING" by bytes_by_device;
        /// How many bytes may be written in a second.
        throttle_write_bytes: BTreeMap<DeviceNumber, Bytes> = "blkio.throttle.write_bps_device" Everywhere needs "CONFIG_BLK_DEV_THROTTLING" by bytes_by_device;
        /// How many reads there may be in a second.
        throttle_reads: BTreeMap<DeviceNumber, u64> = "blkio.throttle.read_iops_device" Everywhere needs "CONFIG_BLK_DEV_THROTTLING" by by_device;
        /// How many writes there may be in a second.
        throttle_writes: BTreeMap<DeviceNumber, u64> = "blkio.throttle.write_iops_device" Everywhere needs "CONFIG_BLK_DEV_THROTTLING" by by_device;
        /// Its share, relative to the groups beside it: 10 to 1,000.
        weight: u64 = "blkio.weight" Everywhere needs "CFQ (before Linux 5.0)" by count;
        /// Its share of single devices.
        weight_device: BTreeMap<DeviceNumber, u64> = "blkio.weight_device" Everywhere needs "CFQ (before Linux 5.0)" by by_device;
        /// How much was read and written through CFQ, in bytes.
        service_bytes: BlkioCounts = "blkio.io_service_bytes" Everywhere needs "CFQ (before Linux 5.0)" by BlkioCounts::parse;
        /// As `service_bytes`, with the groups below it.
        service_bytes_recursive: BlkioCounts = "blkio.io_service_bytes_recursive" Everywhere needs "CFQ (before Linux 5.0)" by BlkioCounts::parse;
        /// How many requests went through CFQ.
        serviced: BlkioCounts = "blkio.io_serviced" Everywhere needs "CFQ (before Linux 5.0)" by BlkioCounts::parse;
        /// As `serviced`, with the groups below it.
        serviced_recursive: BlkioCounts = "blkio.io_serviced_recursive" Everywhere needs "CFQ (before Linux 5.0)" by BlkioCounts::parse;
        /// How many requests CFQ has waiting.
        queued: BlkioCounts = "blkio.io_queued" Everywhere needs "CFQ (before Linux 5.0)" by BlkioCounts::parse;
        /// How many requests CFQ merged.
        merged: BlkioCounts = "blkio.io_merged" Everywhere needs "CFQ (before Linux 5.0)" by BlkioCounts::parse;
        /// How long CFQ's requests took, in nanoseconds.
        service_nanoseconds: BlkioCounts = "blkio.io_service_time" Everywhere needs "CFQ (before Linux 5.0)" by BlkioCounts::parse;
        /// How long CFQ's requests waited, in nanoseconds.
        wait_nanoseconds: BlkioCounts = "blkio.io_wait_time" Everywhere needs "CFQ (before Linux 5.0)" by BlkioCounts::parse;
        /// How long CFQ gave it each device, in milliseconds.
        milliseconds: BTreeMap<DeviceNumber, u64> = "blkio.time" Everywhere needs "CFQ (before Linux 5.0)" by by_device;
        /// How many sectors of 512 bytes went through CFQ.
        sectors: BTreeMap<DeviceNumber, u64> = "blkio.sectors" Everywhere needs "CFQ (before Linux 5.0)" by by_device;
        /// How much was read and written through BFQ, in bytes.
        bfq_service_bytes: BlkioCounts = "blkio.bfq.io_service_bytes" Everywhere since 4 12 needs "CONFIG_BFQ_GROUP_IOSCHED" by BlkioCounts::parse;
        /// How many requests went through BFQ.
        bfq_serviced: BlkioCounts = "blkio.bfq.io_serviced" Everywhere since 4 12 needs "CONFIG_BFQ_GROUP_IOSCHED" by BlkioCounts::parse;
        /// Its share where BFQ is used.
        bfq_weight: u64 = "blkio.bfq.weight" BelowRoot since 4 12 needs "CONFIG_BFQ_GROUP_IOSCHED" by weight;
    }
}

/// A weight, which some kernels write as `default WEIGHT`.
fn weight(text: &[u8]) -> Result<u64, ParseError> {
    let first = text::lines(text).next().unwrap_or_default();
    count(first.strip_prefix(b"default ").unwrap_or(first))
}

/// A counter of `blkio`, by device and operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BlkioCounts {
    /// For each device, by the kernel's word for the operation: `Read`, `Write`, `Sync`, `Async`, `Discard`,
    /// `Total`.
    pub devices: BTreeMap<DeviceNumber, Keyed<u64>>,
    /// For all devices.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub total: Option<u64>,
}

impl BlkioCounts {
    /// Reads the file: `DEVICE OPERATION NUMBER` in each line, and `Total NUMBER` in the last.
    ///
    /// # Errors
    /// Any other line.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut counts = Self::default();
        for line in text::lines(text) {
            let mut fields = text::fields(line);
            match (fields.next(), fields.next(), fields.next()) {
                (None, ..) => {}
                (Some(b"Total"), Some(number), None) => counts.total = Some(text::decimal(number)?),
                (Some(device), Some(operation), Some(number)) => {
                    let device = counts.devices.entry(DeviceNumber::parse(device)?).or_default();
                    device.0.insert(operation.into(), text::decimal(number)?);
                }
                _ => return Err(ParseError::expected("a device, an operation and a number", line)),
            }
        }
        Ok(counts)
    }

    /// How much there was of `operation` (`Read`, `Write` …) on `device`.
    #[must_use]
    pub fn get(&self, device: DeviceNumber, operation: &[u8]) -> Option<u64> {
        self.devices.get(&device)?.get(operation).copied()
    }
}

fn by_device(text: &[u8]) -> Result<BTreeMap<DeviceNumber, u64>, ParseError> {
    let mut all = BTreeMap::new();
    for line in text::lines(text) {
        let mut fields = text::fields(line);
        let Some(device) = fields.next() else { continue };
        all.insert(DeviceNumber::parse(device)?, text::decimal(fields.required("number")?)?);
    }
    Ok(all)
}

fn bytes_by_device(text: &[u8]) -> Result<BTreeMap<DeviceNumber, Bytes>, ParseError> {
    by_device(text).map(|all| all.into_iter().map(|(device, bytes)| (device, Bytes::new(bytes))).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn counters_are_by_device_and_operation() {
        let text = b"8:16 Read 78814\n8:16 Write 71433\n8:16 Total 150247\nTotal 357790\n";
        for text in [&text[..], &text[..text.len() - 1]] {
            let counts = BlkioCounts::parse(text).unwrap();
            assert_eq!(counts.get(DeviceNumber::new(8, 16), b"Write"), Some(71433));
            assert_eq!((counts.devices.len(), counts.total), (1, Some(357790)));
        }
        assert_eq!(BlkioCounts::parse(b""), Ok(BlkioCounts::default()));
        assert!(BlkioCounts::parse(b"8:16 5\n").is_err());
    }

    #[test]
    fn limits_are_by_device() {
        let all = bytes_by_device(b"8:0\t1048576\n").unwrap();
        assert_eq!(all[&DeviceNumber::new(8, 0)], Bytes::new(1 << 20));
        assert!(by_device(b"8:0\n").is_err());
    }

    #[test]
    fn a_weight_may_be_called_default() {
        assert_eq!((weight(b"default 100\n"), weight(b"100\n")), (Ok(100), Ok(100)));
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (BlkioCounts::parse(&text), by_device(&text), weight(&text));
        }
    }
}
