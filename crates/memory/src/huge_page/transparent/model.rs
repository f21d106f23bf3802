use linux_support_base::{
    Bytes, Choice, Directory, Error, Machine, PageSize, ParseError, Reading, Requirement, text,
};

use super::MultiSizeStatistics;
use crate::huge_page::pool::size_of;

/// Transparent huge pages: those that the kernel uses of its own accord.
///
/// # Source
/// `/sys/kernel/mm/transparent_hugepage`, Documentation/admin-guide/mm/transhuge.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "THP")]
#[non_exhaustive]
pub struct TransparentHugePages {
    /// For which anonymous memory: `always`, `madvise`, `never`.
    pub enabled: Reading<Choice>,
    /// How hard a fault tries to get one.
    pub defrag: Reading<Choice>,
    /// For which shared memory.
    pub shmem_enabled: Reading<Choice>,
    /// Whether a huge page of zeros serves reads.
    pub use_zero_page: Reading<bool>,
    /// Their size.
    pub page_size: Reading<PageSize>,
    /// The smaller sizes, since Linux 6.8.
    pub sizes: Vec<MultiSize>,
    /// The daemon that puts pages together.
    pub khugepaged: Reading<Khugepaged>,
}

/// The setting for one size of transparent huge pages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "mTHP")]
#[non_exhaustive]
pub struct MultiSize {
    /// The size.
    pub size: PageSize,
    /// For which anonymous memory: also `inherit`, as `enabled` of all says.
    pub enabled: Reading<Choice>,
    /// For which shared memory, since Linux 6.11.
    pub shmem_enabled: Reading<Choice>,
    /// What happened with pages of this size.
    pub statistics: Reading<MultiSizeStatistics>,
}

impl MultiSize {
    /// Whether some anonymous memory may be on pages of this size by this setting alone.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled.value().is_some_and(|choice| choice.chosen == "always" || choice.chosen == "madvise")
    }
}

/// The daemon that puts small pages together to huge ones.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Khugepaged {
    /// Whether it may compact memory to get a huge page.
    pub defrag: Reading<bool>,
    /// How many pages it looks at before it sleeps.
    pub pages_to_scan: Reading<u64>,
    /// How long it sleeps, in milliseconds.
    pub scan_sleep_milliseconds: Reading<u64>,
    /// How long it sleeps after it got no huge page, in milliseconds.
    pub alloc_sleep_milliseconds: Reading<u64>,
    /// How many pages of a huge one may be missing.
    pub max_ptes_none: Reading<u64>,
    /// How many may be in swap.
    pub max_ptes_swap: Reading<u64>,
    /// How many may be shared.
    pub max_ptes_shared: Reading<u64>,
    /// How many huge pages it has made.
    pub pages_collapsed: Reading<u64>,
    /// How many times it has looked at all memory.
    pub full_scans: Reading<u64>,
}

impl TransparentHugePages {
    /// Reads `/sys/kernel/mm/transparent_hugepage`.
    ///
    /// # Errors
    /// The kernel has no transparent huge pages.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        const ROOT: &str = "/sys/kernel/mm/transparent_hugepage";
        const NEEDS: Requirement = Requirement::none().configuration("CONFIG_TRANSPARENT_HUGEPAGE");
        let directory = machine.directory(ROOT).map_err(|error| machine.explain(error, NEEDS))?;
        let choice = |name: String| directory.parse(name, Choice::parse).into();
        let mut sizes: Vec<_> = directory
            .entries("")?
            .into_iter()
            .filter_map(|entry| {
                Some(MultiSize {
                    size: size_of(&entry.name)?,
                    enabled: choice(format!("{}/enabled", entry.name)),
                    shmem_enabled: choice(format!("{}/shmem_enabled", entry.name)),
                    statistics: MultiSizeStatistics::read(&directory, &format!("{}/stats", entry.name))
                        .into(),
                })
            })
            .collect();
        sizes.sort_by_key(|size| size.size);
        Ok(Self {
            enabled: choice("enabled".into()),
            defrag: choice("defrag".into()),
            shmem_enabled: choice("shmem_enabled".into()),
            use_zero_page: boolean(&directory, "use_zero_page"),
            page_size: directory.parse("hpage_pmd_size", page_size).into(),
            sizes,
            khugepaged: directory.directory("khugepaged").map(|daemon| Khugepaged::read(&daemon)).into(),
        })
    }
}

impl Khugepaged {
    fn read(directory: &Directory) -> Self {
        let number = |name: &str| directory.parse(name, |bytes| text::decimal(text::trim(bytes))).into();
        Self {
            defrag: boolean(directory, "defrag"),
            pages_to_scan: number("pages_to_scan"),
            scan_sleep_milliseconds: number("scan_sleep_millisecs"),
            alloc_sleep_milliseconds: number("alloc_sleep_millisecs"),
            max_ptes_none: number("max_ptes_none"),
            max_ptes_swap: number("max_ptes_swap"),
            max_ptes_shared: number("max_ptes_shared"),
            pages_collapsed: number("pages_collapsed"),
            full_scans: number("full_scans"),
        }
    }
}

fn boolean(directory: &Directory, name: &str) -> Reading<bool> {
    directory.parse(name, |bytes| text::boolean(text::trim(bytes))).into()
}

fn page_size(bytes: &[u8]) -> Result<PageSize, ParseError> {
    let size = text::trim(bytes);
    PageSize::new(Bytes::new(text::decimal(size)?))
        .ok_or_else(|| ParseError::expected("a power of two", size))
}
