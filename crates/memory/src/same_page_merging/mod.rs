mod process;

use core::time::Duration;

use linux_support_base::{Choice, Error, Machine, ParseError, Reading, Requirement, text};

pub use self::process::{MergingOfThisProcess, merge_pages_of_this_process, merges_pages_of_this_process};
use crate::{Setting, setting::Form};

const KSM: Requirement = Requirement::none().configuration("CONFIG_KSM");

/// Kernel same-page merging: equal pages of programs that asked for it are kept once.
///
/// The constants are its settings, which can be set:
///
/// ```no_run
/// use linux_support_base::Machine;
/// use linux_support_memory::{MergingState, SamePageMerging};
///
/// let machine = Machine::live()?;
/// let _running = SamePageMerging::RUN.set(machine.as_live()?, &MergingState::Running)?;
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// `/sys/kernel/mm/ksm`, Documentation/admin-guide/mm/ksm.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "KSM")]
#[non_exhaustive]
pub struct SamePageMerging {
    /// Whether it runs.
    pub run: Reading<MergingState>,
    /// How many pages are looked at before it sleeps.
    pub pages_to_scan: Reading<u64>,
    /// How long it sleeps, in milliseconds.
    pub sleep_milliseconds: Reading<u64>,
    /// How many pages are kept for several.
    pub pages_shared: Reading<u64>,
    /// How many more places share them: how many pages are saved.
    pub pages_sharing: Reading<u64>,
    /// How many pages are unique, but looked at again and again.
    pub pages_unshared: Reading<u64>,
    /// How many pages change too fast.
    pub pages_volatile: Reading<u64>,
    /// How many times all pages have been looked at.
    pub full_scans: Reading<u64>,
    /// Whether pages of different nodes are merged.
    pub merge_across_nodes: Reading<bool>,
    /// The bytes saved, less what the bookkeeping takes; below 0 where it costs more than it saves. Since 6.4.
    pub general_profit: Reading<i64>,
}

/// Whether merging runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum MergingState {
    /// It stands still; what is merged stays so.
    Stopped,
    /// It runs.
    Running,
    /// It stands still, and what was merged has been parted.
    Unmerged,
    /// A state that this library does not know.
    Unknown(u64),
}

/// Who sets how many pages are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MergingAdvisor {
    /// Nobody: [`SamePageMerging::PAGES_TO_SCAN`] stays.
    None,
    /// The kernel, so that all pages are looked at within a time that is set.
    ScanTime,
}

/// The settings.
impl SamePageMerging {
    /// Whether it runs. Stopping keeps what is merged, and [`MergingState::Unmerged`] parts it, for which there must be
    /// memory.
    pub const RUN: Setting<MergingState> = Setting::new(
        "/sys/kernel/mm/ksm/run",
        "0, 1 or 2",
        Form { parse: MergingState::parse, text: MergingState::text },
    )
    .needing(KSM);
    /// How many pages are looked at before it sleeps.
    pub const PAGES_TO_SCAN: Setting<u32> =
        Setting::new("/sys/kernel/mm/ksm/pages_to_scan", "a number, without an advisor", Form::<u32>::NUMBER)
            .needing(KSM);
    /// How long it sleeps, in whole milliseconds.
    pub const SLEEP: Setting<Duration> =
        Setting::new("/sys/kernel/mm/ksm/sleep_millisecs", "0 to 4294967295 ms", MILLISECONDS).needing(KSM);
    /// How many places may share a page at most: 2 or more. Changed only while nothing is merged (`EBUSY`).
    pub const MOST_SHARING: Setting<u32> =
        Setting::new("/sys/kernel/mm/ksm/max_page_sharing", "2 or more", Form::<u32>::NUMBER).needing(KSM);
    /// Whether pages of different nodes are merged. Changed only while nothing is merged (`EBUSY`).
    pub const ACROSS_NODES: Setting<bool> =
        Setting::new("/sys/kernel/mm/ksm/merge_across_nodes", "0 or 1", Form::<bool>::TRUTH)
            .needing(Requirement::none().configuration("CONFIG_KSM and CONFIG_NUMA"));
    /// Whether empty pages become the page of zeros that all share.
    pub const USE_ZERO_PAGES: Setting<bool> =
        Setting::new("/sys/kernel/mm/ksm/use_zero_pages", "0 or 1", Form::<bool>::TRUTH).needing(KSM);
    /// Whether pages that were not merged the last times are looked at less often. Since Linux 6.7.
    pub const SMART_SCAN: Setting<bool> =
        Setting::new("/sys/kernel/mm/ksm/smart_scan", "0 or 1", Form::<bool>::TRUTH).needing(KSM.since(6, 7));
    /// Who sets how many pages are looked at. Since Linux 6.8.
    pub const ADVISOR: Setting<MergingAdvisor> =
        Setting::new("/sys/kernel/mm/ksm/advisor_mode", "none or scan-time", ADVISOR)
            .needing(KSM.since(6, 8));
}

const MILLISECONDS: Form<Duration> = Form {
    parse: |bytes| text::decimal(bytes).map(Duration::from_millis),
    text: |time| time.as_millis().to_string(),
};

const ADVISOR: Form<MergingAdvisor> = Form {
    parse: |bytes| match Choice::parse(bytes)?.chosen.as_bytes() {
        b"none" => Ok(MergingAdvisor::None),
        b"scan-time" => Ok(MergingAdvisor::ScanTime),
        other => Err(ParseError::expected("none or scan-time", other)),
    },
    text: |advisor| match advisor {
        MergingAdvisor::None => "none".to_owned(),
        MergingAdvisor::ScanTime => "scan-time".to_owned(),
    },
};

impl MergingState {
    fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        Ok(match text::decimal(bytes)? {
            0 => Self::Stopped,
            1 => Self::Running,
            2 => Self::Unmerged,
            other => Self::Unknown(other),
        })
    }

    fn text(&self) -> String {
        match self {
            Self::Stopped => 0,
            Self::Running => 1,
            Self::Unmerged => 2,
            Self::Unknown(other) => *other,
        }
        .to_string()
    }
}

impl SamePageMerging {
    /// Reads `/sys/kernel/mm/ksm`.
    ///
    /// # Errors
    /// The kernel has no same-page merging.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let directory =
            machine.directory("/sys/kernel/mm/ksm").map_err(|error| machine.explain(error, KSM))?;
        fn number<T: text::Integer>(
            directory: &linux_support_base::Directory,
            name: &str,
        ) -> Result<T, Error> {
            directory.parse(name, |bytes| text::decimal(text::trim(bytes)))
        }
        let count = |name| number(&directory, name).into();
        Ok(Self {
            run: Self::RUN.read(machine).into(),
            pages_to_scan: count("pages_to_scan"),
            sleep_milliseconds: count("sleep_millisecs"),
            pages_shared: count("pages_shared"),
            pages_sharing: count("pages_sharing"),
            pages_unshared: count("pages_unshared"),
            pages_volatile: count("pages_volatile"),
            full_scans: count("full_scans"),
            merge_across_nodes: directory
                .parse("merge_across_nodes", |bytes| text::boolean(text::trim(bytes)))
                .map_err(|error| machine.explain(error, Requirement::none().configuration("CONFIG_NUMA")))
                .into(),
            general_profit: number(&directory, "general_profit")
                .map_err(|error| machine.explain(error, Requirement::none().since(6, 4)))
                .into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_advisors_go_both_ways() {
        for (text, state) in
            [("0", MergingState::Stopped), ("1", MergingState::Running), ("2", MergingState::Unmerged)]
        {
            assert_eq!((MergingState::parse(text.as_bytes()), state.text()), (Ok(state), text.to_owned()));
        }
        assert_eq!(MergingState::parse(b"7"), Ok(MergingState::Unknown(7)));
        assert_eq!((ADVISOR.parse)(b"none [scan-time]"), Ok(MergingAdvisor::ScanTime));
        assert_eq!((ADVISOR.text)(&MergingAdvisor::None), "none");
        assert!((ADVISOR.parse)(b"[of-tomorrow]").is_err() && (ADVISOR.parse)(b"none").is_err());
        assert_eq!((MILLISECONDS.parse)(b"20"), Ok(Duration::from_millis(20)));
    }

    #[test]
    fn the_settings_are_read_as_the_whole_is() {
        let machine = Machine::live().unwrap();
        match SamePageMerging::read(&machine) {
            Err(error) => assert!(error.is_absent(), "{error}"),
            Ok(merging) => {
                let pages = u64::from(SamePageMerging::PAGES_TO_SCAN.read(&machine).unwrap());
                assert_eq!(merging.pages_to_scan.value(), Some(&pages));
                assert_eq!(merging.run.as_result().unwrap(), &SamePageMerging::RUN.read(&machine).unwrap());
            }
        }
    }
}
