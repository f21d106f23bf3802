use core::time::Duration;

use linux_support_base::{Bytes, DeviceNumber, Limit};

use super::Checked;
pub use crate::{IoCostControl, IoCostModel, IoCostQuality};

/// A setting of the input and output of block devices, each for a whole disk and not for a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IoSetting {
    /// Its share, relative to the groups beside it: 1 to 10,000, where 100 is usual.
    #[doc(alias = "io.weight")]
    Weight {
        /// Of this device; `None` for all that have none of their own.
        device: Option<DeviceNumber>,
        /// The share; `None` takes that of a device back.
        weight: Option<u64>,
    },
    /// Its share where the scheduler BFQ is used: 1 to 1,000, where 100 is usual.
    #[doc(alias = "io.bfq.weight")]
    BfqWeight {
        /// Of this device; `None` for all that have none of their own.
        device: Option<DeviceNumber>,
        /// The share; `None` takes that of a device back.
        weight: Option<u64>,
    },
    /// How much it may do in a second; `None` leaves a limit as it is.
    #[doc(alias = "io.max")]
    Max {
        /// Of this device.
        device: DeviceNumber,
        /// Bytes read.
        read: Option<Limit<Bytes>>,
        /// Bytes written.
        written: Option<Limit<Bytes>>,
        /// Reads.
        reads: Option<Limit<u64>>,
        /// Writes.
        writes: Option<Limit<u64>>,
    },
    /// How long its requests may take, or others wait for it.
    #[doc(alias = "io.latency")]
    Latency {
        /// Of this device.
        device: DeviceNumber,
        /// How long; `None` for no wish.
        target: Option<Duration>,
    },
    /// How the priorities of its requests are changed. Since 5.14.
    #[doc(alias = "io.prio.class")]
    PriorityClass(IoPriorityClass),
    /// How well a device shall serve, which the shares are made of. Of the root only.
    #[doc(alias = "io.cost.qos")]
    CostQuality(DeviceNumber, IoCostQuality),
    /// What requests of a device cost, which the shares are made of. Of the root only.
    #[doc(alias = "io.cost.model")]
    CostModel(DeviceNumber, IoCostModel),
}

/// How the priorities of a group's requests are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IoPriorityClass {
    /// Not at all.
    NoChange,
    /// Those that are not of the real-time class become so.
    PromoteToRealTime,
    /// Those without a class, and of the real-time class, become best-effort.
    RestrictToBestEffort,
    /// All become idle.
    Idle,
    /// As [`PromoteToRealTime`](Self::PromoteToRealTime): its older name.
    NoneToRealTime,
}

/// `NAME=VALUE` for each value that is there.
fn pairs<const N: usize>(pairs: [(&str, Option<String>); N]) -> String {
    let given = pairs.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    given.collect::<Vec<_>>().join(" ")
}

fn percentage(hundredths: Option<u32>) -> Option<String> {
    hundredths.map(|part| format!("{}.{:02}", part / 100, part % 100))
}

fn micros(time: Option<Duration>) -> Option<String> {
    time.map(|time| time.as_micros().to_string())
}

fn word<T: ToString>(value: Option<T>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn quality_pairs(quality: &IoCostQuality) -> String {
    pairs([
        ("enable", quality.enable.map(super::flag)),
        ("ctrl", word(quality.control)),
        ("rpct", percentage(quality.read_percentile)),
        ("rlat", micros(quality.read_latency)),
        ("wpct", percentage(quality.write_percentile)),
        ("wlat", micros(quality.write_latency)),
        ("min", percentage(quality.min)),
        ("max", percentage(quality.max)),
    ])
}

fn model_pairs(costs: &IoCostModel) -> String {
    let model = (costs.control == Some(IoCostControl::User)).then(|| "linear".to_owned());
    pairs([
        ("ctrl", word(costs.control)),
        ("model", model),
        ("rbps", word(costs.read.map(Bytes::get))),
        ("rseqiops", word(costs.sequential_reads)),
        ("rrandiops", word(costs.random_reads)),
        ("wbps", word(costs.written.map(Bytes::get))),
        ("wseqiops", word(costs.sequential_writes)),
        ("wrandiops", word(costs.random_writes)),
    ])
}

fn weight_line(device: Option<DeviceNumber>, weight: Option<u64>) -> String {
    let weight = word(weight).unwrap_or_else(|| "default".into());
    match device {
        Some(device) => format!("{device} {weight}"),
        None => format!("default {weight}"),
    }
}

impl IoSetting {
    pub(super) fn file(&self) -> &'static str {
        match self {
            Self::Weight { .. } => "io.weight",
            Self::BfqWeight { .. } => "io.bfq.weight",
            Self::Max { .. } => "io.max",
            Self::Latency { .. } => "io.latency",
            Self::PriorityClass(_) => "io.prio.class",
            Self::CostQuality(..) => "io.cost.qos",
            Self::CostModel(..) => "io.cost.model",
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Weight { device, weight } | Self::BfqWeight { device, weight } => {
                weight_line(*device, *weight)
            }
            Self::Max { device, read, written, reads, writes } => {
                let limits = pairs([
                    ("rbps", word(read.map(|limit| limit.map(Bytes::get)))),
                    ("wbps", word(written.map(|limit| limit.map(Bytes::get)))),
                    ("riops", word(*reads)),
                    ("wiops", word(*writes)),
                ]);
                format!("{device} {limits}")
            }
            // The kernel takes 0 for no wish.
            Self::Latency { device, target } => {
                format!("{device} target={}", target.unwrap_or_default().as_micros())
            }
            Self::PriorityClass(class) => match class {
                IoPriorityClass::NoChange => "no-change",
                IoPriorityClass::PromoteToRealTime => "promote-to-rt",
                IoPriorityClass::RestrictToBestEffort => "restrict-to-be",
                IoPriorityClass::Idle => "idle",
                IoPriorityClass::NoneToRealTime => "none-to-rt",
            }
            .into(),
            Self::CostQuality(device, quality) => format!("{device} {}", quality_pairs(quality)),
            Self::CostModel(device, model) => format!("{device} {}", model_pairs(model)),
        }
    }

    pub(super) fn check(&self) -> Checked {
        match self {
            Self::Weight { weight: Some(weight), .. } if !(1..=10_000).contains(weight) => Err("1 to 10000"),
            Self::BfqWeight { weight: Some(weight), .. } if !(1..=1_000).contains(weight) => Err("1 to 1000"),
            Self::Weight { device: None, weight: None } | Self::BfqWeight { device: None, weight: None } => {
                Err("a share for all devices, or a device whose own is taken back")
            }
            Self::CostQuality(_, quality) if quality_pairs(quality).is_empty() => Err("one value at least"),
            Self::CostModel(_, model) if model_pairs(model).is_empty() => Err("one value at least"),
            Self::CostQuality(_, quality)
                if [quality.read_percentile, quality.write_percentile]
                    .iter()
                    .flatten()
                    .any(|&part| part > 10_000) =>
            {
                Err("a percentile from 0.00 to 100.00")
            }
            Self::CostQuality(_, quality)
                if quality.min.zip(quality.max).is_some_and(|(min, max)| min > max) =>
            {
                Err("a max that is not below min")
            }
            Self::Max { read: None, written: None, reads: None, writes: None, .. } => {
                Err("one limit at least")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDA: DeviceNumber = DeviceNumber::new(8, 0);

    #[test]
    fn lines_are_as_the_kernel_reads_them() {
        let max = IoSetting::Max {
            device: SDA,
            read: Some(Limit::At(Bytes::new(2 << 20))),
            written: None,
            reads: Some(Limit::Max),
            writes: None,
        };
        for (setting, text) in [
            (max, "8:0 rbps=2097152 riops=max"),
            (IoSetting::Weight { device: None, weight: Some(200) }, "default 200"),
            (IoSetting::Weight { device: Some(SDA), weight: None }, "8:0 default"),
            (IoSetting::Latency { device: SDA, target: Some(Duration::from_millis(5)) }, "8:0 target=5000"),
            (IoSetting::PriorityClass(IoPriorityClass::RestrictToBestEffort), "restrict-to-be"),
            (
                IoSetting::CostQuality(
                    SDA,
                    IoCostQuality {
                        enable: Some(true),
                        read_percentile: Some(9500),
                        ..IoCostQuality::default()
                    },
                ),
                "8:0 enable=1 rpct=95.00",
            ),
            (
                IoSetting::CostModel(
                    SDA,
                    IoCostModel {
                        control: Some(IoCostControl::User),
                        random_reads: Some(7),
                        ..IoCostModel::default()
                    },
                ),
                "8:0 ctrl=user model=linear rrandiops=7",
            ),
        ] {
            assert_eq!(setting.text(), text);
            assert!(setting.check().is_ok());
        }
    }
}
