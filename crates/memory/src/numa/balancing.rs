use core::{fmt, time::Duration};

use bitflags::bitflags;
use linux_support_base::{Bytes, Machine, ParseError, Reading, Requirement, text};

use crate::{Setting, setting::Form};

const BALANCING: Requirement =
    Requirement::none().configuration("CONFIG_NUMA_BALANCING").capability("CAP_SYS_ADMIN");
const DEBUGGING: Requirement =
    Requirement::none().configuration("CONFIG_NUMA_BALANCING, CONFIG_SCHED_DEBUG and debugfs mounted");

/// How the kernel moves pages and threads to one another of its own accord.
///
/// The constants are its settings one by one, which can be set:
///
/// ```no_run
/// use linux_support_base::Machine;
/// use linux_support_memory::numa::{BalancingMode, NumaBalancing};
///
/// let machine = Machine::live()?;
/// let off = NumaBalancing::MODE.set(machine.as_live()?, &BalancingMode::empty())?;
/// println!("it was {}", off.before());
/// off.restore()?;
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// `numa_balancing` in Documentation/admin-guide/sysctl/kernel.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NumaBalancing {
    /// What it does.
    pub mode: Reading<BalancingMode>,
    /// How much may be moved to faster tiers in a second, for each node. Since Linux 6.1.
    pub promotion_rate_limit: Reading<Bytes>,
    /// How it looks for pages.
    pub scan: BalancingScan,
}

/// How NUMA balancing looks for pages: files of debugfs, for root alone and where that is mounted at
/// `/sys/kernel/debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BalancingScan {
    /// After how much run time of a new task it begins, in milliseconds.
    pub delay_milliseconds: Reading<u32>,
    /// The shortest time of a task between two scans, in milliseconds.
    pub period_min_milliseconds: Reading<u32>,
    /// The longest time of a task between two scans, in milliseconds.
    pub period_max_milliseconds: Reading<u32>,
    /// How much is looked at in one scan.
    pub size: Reading<Bytes>,
    /// Within which time after a scan a page must be used to count as hot, in milliseconds. Since Linux 6.1.
    pub hot_threshold_milliseconds: Reading<u32>,
}

bitflags! {
    /// What NUMA balancing does; nothing where it is off. Bits that have no name here are kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct BalancingMode: u32 {
        /// Pages and threads move to one another.
        #[doc(alias = "NUMA_BALANCING_NORMAL")]
        const NORMAL = 1;
        /// Pages that are much used move to faster tiers. Since Linux 5.18.
        #[doc(alias = "NUMA_BALANCING_MEMORY_TIERING")]
        const MEMORY_TIERING = 2;
        const _ = !0;
    }
}

const WORDS: [(BalancingMode, &str); 2] =
    [(BalancingMode::NORMAL, "normal"), (BalancingMode::MEMORY_TIERING, "memory-tiering")];

impl BalancingMode {
    /// The names of what it does; bits that have none are passed over.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        WORDS.into_iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, word)| word)
    }
}

impl fmt::Display for BalancingMode {
    /// `off`, or the names with commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<_> = self.words().map(str::to_owned).collect();
        let unknown = *self - Self::NORMAL - Self::MEMORY_TIERING;
        if !unknown.is_empty() {
            words.push(format!("{:#x}", unknown.bits()));
        }
        f.pad(&if words.is_empty() { "off".to_owned() } else { words.join(",") })
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for BalancingMode {
    /// The text of `Display`.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for BalancingMode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BalancingMode".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

/// A file of debugfs with a time in milliseconds.
const fn time(path: &'static str) -> Setting<Duration> {
    const FORM: Form<Duration> = Form {
        parse: |bytes| milliseconds(bytes).map(|time| Duration::from_millis(time.into())),
        text: |time| time.as_millis().to_string(),
    };
    Setting::new(path, "milliseconds, as 32 bits hold them", FORM).needing(DEBUGGING)
}

fn milliseconds(bytes: &[u8]) -> Result<u32, ParseError> {
    text::decimal(bytes)
}

impl NumaBalancing {
    /// What it does.
    ///
    /// # Capabilities
    /// CAP_SYS_ADMIN to set it.
    #[doc(alias = "kernel.numa_balancing")]
    pub const MODE: Setting<BalancingMode> = Setting::new(
        "/proc/sys/kernel/numa_balancing",
        "0, 1 and, since Linux 5.18, 2 and 3",
        Form {
            parse: |bytes| text::decimal(bytes).map(BalancingMode::from_bits_retain),
            text: |mode| mode.bits().to_string(),
        },
    )
    .needing(BALANCING);
    /// How much may be moved to faster tiers in a second, for each node, in whole MiB.
    #[doc(alias = "kernel.numa_balancing_promote_rate_limit_MBps")]
    pub const PROMOTION_RATE_LIMIT: Setting<Bytes> = Setting::new(
        "/proc/sys/kernel/numa_balancing_promote_rate_limit_MBps",
        "a number of MiB, as 31 bits hold it",
        Form::MEBIBYTES,
    )
    .needing(BALANCING.since(6, 1));
    /// After how much run time of a new task it begins.
    pub const SCAN_DELAY: Setting<Duration> = time("/sys/kernel/debug/sched/numa_balancing/scan_delay_ms");
    /// The shortest time of a task between two scans.
    pub const SCAN_PERIOD_MIN: Setting<Duration> =
        time("/sys/kernel/debug/sched/numa_balancing/scan_period_min_ms");
    /// The longest time of a task between two scans.
    pub const SCAN_PERIOD_MAX: Setting<Duration> =
        time("/sys/kernel/debug/sched/numa_balancing/scan_period_max_ms");
    /// How much is looked at in one scan, in whole MiB.
    pub const SCAN_SIZE: Setting<Bytes> = Setting::new(
        "/sys/kernel/debug/sched/numa_balancing/scan_size_mb",
        "a number of MiB, as 32 bits hold it",
        Form::MEBIBYTES,
    )
    .needing(DEBUGGING);
    /// Within which time after a scan a page must be used to count as hot.
    pub const HOT_THRESHOLD: Setting<Duration> =
        time("/sys/kernel/debug/sched/numa_balancing/hot_threshold_ms");

    /// Reads the settings.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        let time = |setting: Setting<Duration>| {
            let time = setting.read(machine);
            // It was read from 32 bits.
            Reading::from(time).map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX))
        };
        Self {
            mode: Self::MODE.read(machine).into(),
            promotion_rate_limit: Self::PROMOTION_RATE_LIMIT.read(machine).into(),
            scan: BalancingScan {
                delay_milliseconds: time(Self::SCAN_DELAY),
                period_min_milliseconds: time(Self::SCAN_PERIOD_MIN),
                period_max_milliseconds: time(Self::SCAN_PERIOD_MAX),
                size: Self::SCAN_SIZE.read(machine).into(),
                hot_threshold_milliseconds: time(Self::HOT_THRESHOLD),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_it_does_is_named_and_bits_of_tomorrow_are_kept() {
        for (number, text) in
            [(0, "off"), (1, "normal"), (3, "normal,memory-tiering"), (6, "memory-tiering,0x4")]
        {
            assert_eq!(BalancingMode::from_bits_retain(number).to_string(), text);
        }
    }

    #[test]
    fn each_setting_is_read_from_its_file_and_what_is_missing_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let file = |setting: &str, text: &str| {
            let path = folder.path().join(&setting[1..]);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        file(NumaBalancing::MODE.path(), "2\n");
        file(NumaBalancing::PROMOTION_RATE_LIMIT.path(), "65536\n");
        file(NumaBalancing::SCAN_DELAY.path(), "1000\n");
        file(NumaBalancing::SCAN_SIZE.path(), "256");
        file(NumaBalancing::HOT_THRESHOLD.path(), "-1\n");
        let balancing = NumaBalancing::read(&Machine::captured(folder.path()).unwrap());
        assert_eq!(balancing.mode.value(), Some(&BalancingMode::MEMORY_TIERING));
        assert_eq!(balancing.promotion_rate_limit.value(), Some(&Bytes::new(64 << 30)));
        assert_eq!(balancing.scan.delay_milliseconds.value(), Some(&1000));
        assert_eq!(balancing.scan.size.value(), Some(&Bytes::new(256 << 20)));
        assert_eq!(balancing.scan.hot_threshold_milliseconds.error().unwrap().reason().name(), "malformed");
        let missing = balancing.scan.period_max_milliseconds;
        assert_eq!(missing.error().unwrap().reason().name(), "not-configured");
    }
}
