use linux_support_base::{Error, Machine, Reading, Requirement, text};

/// Kernel same-page merging: equal pages of programs that asked for it are kept once.
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

impl SamePageMerging {
    /// Reads `/sys/kernel/mm/ksm`.
    ///
    /// # Errors
    /// The kernel has no same-page merging.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        const KSM: Requirement = Requirement::none().configuration("CONFIG_KSM");
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
            run: number(&directory, "run")
                .map(|run| match run {
                    0 => MergingState::Stopped,
                    1 => MergingState::Running,
                    2 => MergingState::Unmerged,
                    other => MergingState::Unknown(other),
                })
                .into(),
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
