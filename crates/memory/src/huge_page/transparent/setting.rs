use core::time::Duration;

use linux_support_base::{Errno, Error, LiveMachine, PageSize, Reason, Requirement, TemporarySetting};

/// A setting of transparent huge pages, with the value that it shall have.
///
/// ```no_run
/// use linux_support_base::Machine;
/// use linux_support_memory::huge_page::{Enabling, TransparentSetting};
///
/// let machine = Machine::live()?;
/// let setting = TransparentSetting::Enabled(Enabling::Madvise).set_for_now(machine.as_live()?)?;
/// // As it was again:
/// setting.restore()?;
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// Documentation/admin-guide/mm/transhuge.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransparentSetting {
    /// For which anonymous memory. Takes [`Enabling::Always`], [`Madvise`](Enabling::Madvise) and
    /// [`Never`](Enabling::Never).
    Enabled(Enabling),
    /// How hard a fault tries to get one: `always`, `defer`, `defer+madvise`, `madvise`, `never`.
    Defrag(String),
    /// For which shared memory: `always`, `within_size`, `advise`, `never`, `deny`, `force`.
    SharedMemory(String),
    /// Whether a huge page of zeros serves reads.
    UseZeroPage(bool),
    /// For which anonymous memory, for pages of this size. Since Linux 6.8.
    EnabledOfSize(PageSize, Enabling),
    /// For which shared memory, for pages of this size. Since Linux 6.11.
    SharedMemoryOfSize(PageSize, String),
    /// Whether the daemon may compact memory to get a huge page.
    DaemonDefrag(bool),
    /// How many pages the daemon looks at before it sleeps.
    DaemonPagesToScan(u64),
    /// How long it sleeps; whole milliseconds count.
    DaemonScanSleep(Duration),
    /// How long it sleeps after it got no huge page; whole milliseconds count.
    DaemonAllocSleep(Duration),
    /// How many pages of a huge one may be missing.
    DaemonMaxMissing(u64),
    /// How many may be in swap.
    DaemonMaxSwapped(u64),
    /// How many may be shared.
    DaemonMaxShared(u64),
}

/// For which memory transparent huge pages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Enabling {
    /// For all.
    Always,
    /// For what is [advised](crate::mapping::Advice::HugePages).
    Madvise,
    /// For none.
    Never,
    /// Of one size: as for all.
    Inherit,
}

impl Enabling {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Madvise => "madvise",
            Self::Never => "never",
            Self::Inherit => "inherit",
        }
    }
}

const ROOT: &str = "/sys/kernel/mm/transparent_hugepage";

impl TransparentSetting {
    /// Sets it for good.
    ///
    /// # Errors
    /// The kernel has no such setting, or does not take the value: the error says what it takes.
    ///
    /// # Capabilities
    /// Root's, to write the file.
    pub fn set(&self, machine: LiveMachine<'_>) -> Result<(), Error> {
        self.set_for_now(machine).map(TemporarySetting::keep)
    }

    /// Sets it until what is returned is dropped.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    ///
    /// # Capabilities
    /// Root's, to write the file.
    pub fn set_for_now<'m>(&self, machine: LiveMachine<'m>) -> Result<TemporarySetting<'m>, Error> {
        let path = format!("{ROOT}/{}", self.file());
        machine.write_for_now(&path, self.text()).map_err(|error| match error.reason() {
            Reason::System(Errno::INVAL) => {
                let taken = machine.parse(&path, linux_support_base::Choice::parse);
                let taken = taken.map_or_else(
                    |_| "another number".to_owned(),
                    |choice| choice.available.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
                );
                Error::invalid("set", path.as_bytes(), format!("{:?}: the kernel takes {taken}", self.text()))
            }
            _ => machine.explain(error, self.needs()),
        })
    }

    fn file(&self) -> String {
        let of_size = |size: &PageSize, name: &str| format!("hugepages-{}kB/{name}", size.bytes().kib());
        match self {
            Self::Enabled(_) => "enabled".into(),
            Self::Defrag(_) => "defrag".into(),
            Self::SharedMemory(_) => "shmem_enabled".into(),
            Self::UseZeroPage(_) => "use_zero_page".into(),
            Self::EnabledOfSize(size, _) => of_size(size, "enabled"),
            Self::SharedMemoryOfSize(size, _) => of_size(size, "shmem_enabled"),
            Self::DaemonDefrag(_) => "khugepaged/defrag".into(),
            Self::DaemonPagesToScan(_) => "khugepaged/pages_to_scan".into(),
            Self::DaemonScanSleep(_) => "khugepaged/scan_sleep_millisecs".into(),
            Self::DaemonAllocSleep(_) => "khugepaged/alloc_sleep_millisecs".into(),
            Self::DaemonMaxMissing(_) => "khugepaged/max_ptes_none".into(),
            Self::DaemonMaxSwapped(_) => "khugepaged/max_ptes_swap".into(),
            Self::DaemonMaxShared(_) => "khugepaged/max_ptes_shared".into(),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Enabled(enabling) | Self::EnabledOfSize(_, enabling) => enabling.as_str().into(),
            Self::Defrag(word) | Self::SharedMemory(word) | Self::SharedMemoryOfSize(_, word) => word.clone(),
            Self::UseZeroPage(on) | Self::DaemonDefrag(on) => u8::from(*on).to_string(),
            Self::DaemonScanSleep(time) | Self::DaemonAllocSleep(time) => time.as_millis().to_string(),
            Self::DaemonPagesToScan(count)
            | Self::DaemonMaxMissing(count)
            | Self::DaemonMaxSwapped(count)
            | Self::DaemonMaxShared(count) => count.to_string(),
        }
    }

    const fn needs(&self) -> Requirement {
        let needs = Requirement::none().configuration("CONFIG_TRANSPARENT_HUGEPAGE and such a size");
        match self {
            Self::EnabledOfSize(..) => needs.since(6, 8),
            Self::SharedMemoryOfSize(..) => needs.since(6, 11),
            _ => Requirement::none().configuration("CONFIG_TRANSPARENT_HUGEPAGE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_has_its_file_and_its_text() {
        let shown = |setting: TransparentSetting| format!("{} = {}", setting.file(), setting.text());
        let size = PageSize::new(linux_support_base::Bytes::new(65536)).unwrap();
        assert_eq!(shown(TransparentSetting::Enabled(Enabling::Never)), "enabled = never");
        let inherit = TransparentSetting::EnabledOfSize(size, Enabling::Inherit);
        assert_eq!(shown(inherit), "hugepages-64kB/enabled = inherit");
        let sleep = TransparentSetting::DaemonScanSleep(Duration::from_micros(2_500));
        assert_eq!(shown(sleep), "khugepaged/scan_sleep_millisecs = 2");
        assert_eq!(shown(TransparentSetting::UseZeroPage(true)), "use_zero_page = 1");
    }
}
