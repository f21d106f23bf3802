//! What a group may use, set value by value.

mod cpu;
mod io;
mod memory;
mod resources;

use std::borrow::Cow;

pub use cpu::{CpuSetting, CpusetSetting};
pub use io::{IoCostControl, IoCostModel, IoCostQuality, IoPriorityClass, IoSetting};
use linux_support_base::{ByteString, Errno, Error, Limit, Reason, Requirement, TemporarySetting, text};
pub use memory::MemorySetting;
pub(super) use resources::huge_page_file;
pub use resources::{DeviceMemoryLimit, DeviceMemorySetting, HugePageSetting, MiscSetting, RdmaSetting};

use super::LiveGroup;

/// A value for one of a group's files.
///
/// ```
/// use linux_support_base::{Bytes, Limit};
/// use linux_support_cgroup::live::{CpuSetting, GroupSetting, MemorySetting};
///
/// let settings: [GroupSetting; 2] = [MemorySetting::Max(Limit::At(Bytes::new(1 << 30))).into(), CpuSetting::Weight(500).into()];
/// assert_eq!(settings[0].to_string(), "memory.max = 1073741824");
/// assert_eq!(settings[1].file(), "cpu.weight");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupSetting {
    /// Of the group itself.
    Core(CoreSetting),
    /// Of CPU time.
    Cpu(CpuSetting),
    /// Of CPUs and memory nodes.
    Cpuset(CpusetSetting),
    /// Of memory.
    Memory(MemorySetting),
    /// Of input and output.
    Io(IoSetting),
    /// How many threads there may be in it and below.
    #[doc(alias = "pids.max")]
    Threads(Limit<u64>),
    /// Of huge pages.
    HugePages(HugePageSetting),
    /// Of RDMA adapters.
    Rdma(RdmaSetting),
    /// Of the platform's scalar resources.
    Misc(MiscSetting),
    /// Of the memory of devices.
    DeviceMemory(DeviceMemorySetting),
}

/// A setting that every group has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CoreSetting {
    /// How many groups there may be below it.
    #[doc(alias = "cgroup.max.descendants")]
    MaxDescendants(Limit<u64>),
    /// How deep groups may be below it.
    #[doc(alias = "cgroup.max.depth")]
    MaxDepth(Limit<u64>),
    /// Whether the time for which its processes wait is counted. Since 6.1.
    #[doc(alias = "cgroup.pressure")]
    Pressure(bool),
}

/// What is wrong with a value, and what would be accepted.
type Checked = Result<(), &'static str>;

fn flag(value: bool) -> String {
    u8::from(value).to_string()
}

impl CoreSetting {
    fn file(self) -> &'static str {
        match self {
            Self::MaxDescendants(_) => "cgroup.max.descendants",
            Self::MaxDepth(_) => "cgroup.max.depth",
            Self::Pressure(_) => "cgroup.pressure",
        }
    }

    fn text(self) -> String {
        match self {
            Self::MaxDescendants(limit) | Self::MaxDepth(limit) => limit.to_string(),
            Self::Pressure(counted) => flag(counted),
        }
    }

    fn check(self) -> Checked {
        match self {
            Self::MaxDescendants(limit) | Self::MaxDepth(limit) if limit.value() > Some(i32::MAX as u64) => {
                Err("0 to 2147483647, or no limit")
            }
            _ => Ok(()),
        }
    }
}

/// The most threads that the kernel can have.
const MOST_THREADS: u64 = 1 << 22;

impl GroupSetting {
    /// The file of the group that it is written to.
    #[must_use]
    pub fn file(&self) -> Cow<'static, str> {
        match self {
            Self::Core(setting) => setting.file().into(),
            Self::Cpu(setting) => setting.file().into(),
            Self::Cpuset(setting) => setting.file().into(),
            Self::Memory(setting) => setting.file().into(),
            Self::Io(setting) => setting.file().into(),
            Self::Threads(_) => "pids.max".into(),
            Self::HugePages(setting) => setting.file().into(),
            Self::Rdma(_) => "rdma.max".into(),
            Self::Misc(_) => "misc.max".into(),
            Self::DeviceMemory(setting) => setting.file().into(),
        }
    }

    /// What is written there.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        match self {
            Self::Core(setting) => setting.text().into(),
            Self::Cpu(setting) => setting.text().into(),
            Self::Cpuset(setting) => setting.text().into(),
            Self::Memory(setting) => setting.text().into(),
            Self::Io(setting) => setting.text().into(),
            Self::Threads(limit) => limit.to_string().into(),
            Self::HugePages(setting) => setting.max.map(linux_support_base::Bytes::get).to_string().into(),
            Self::Rdma(setting) => setting.text(),
            Self::Misc(setting) => setting.text(),
            Self::DeviceMemory(setting) => setting.text(),
        }
    }

    /// Whether the kernel would take the value, as far as that doesn't depend on the group.
    ///
    /// # Errors
    /// It is out of range.
    pub fn check(&self) -> Result<(), Error> {
        let checked = match self {
            Self::Core(setting) => setting.check(),
            Self::Cpu(setting) => setting.check(),
            Self::Memory(setting) => setting.check(),
            Self::Io(setting) => setting.check(),
            Self::Threads(Limit::At(limit)) if *limit > MOST_THREADS => Err("0 to 4194304, or no limit"),
            Self::Threads(_) | Self::Cpuset(_) | Self::HugePages(_) => Ok(()),
            Self::Rdma(setting) => setting.check(),
            Self::Misc(setting) => setting.check(),
            Self::DeviceMemory(setting) => setting.check(),
        };
        checked.map_err(|accepted| Error::invalid("set", self.to_string(), accepted))
    }
}

impl core::fmt::Display for GroupSetting {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} = {}", self.file(), ByteString::from(self.text()))
    }
}

macro_rules! into_setting {
    ($($part:ident($type:ty),)*) => {$(
        impl From<$type> for GroupSetting {
            fn from(setting: $type) -> Self {
                Self::$part(setting)
            }
        }
    )*};
}

into_setting! {
    Core(CoreSetting),
    Cpu(CpuSetting),
    Cpuset(CpusetSetting),
    Memory(MemorySetting),
    Io(IoSetting),
    HugePages(HugePageSetting),
    Rdma(RdmaSetting),
    Misc(MiscSetting),
    DeviceMemory(DeviceMemorySetting),
}

impl LiveGroup<'_> {
    /// Sets a value.
    ///
    /// # Errors
    /// It is out of range, and nothing is written; the group has not the controller, is the root or is gone; the kernel
    /// refuses the value.
    pub fn set(&self, setting: impl Into<GroupSetting>) -> Result<(), Error> {
        let setting = setting.into();
        setting.check()?;
        self.set_unchecked(&setting)
    }

    fn set_unchecked(&self, setting: &GroupSetting) -> Result<(), Error> {
        let file = setting.file();
        self.live()?.write(&*file, setting.text()).map_err(|error| self.explain_setting(error, setting))
    }

    /// Sets several values, in their order. All are checked before the first is written; should the kernel refuse one, the
    /// error names it, and those before it stay.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    pub fn set_all(&self, settings: &[GroupSetting]) -> Result<(), Error> {
        settings.iter().try_for_each(GroupSetting::check)?;
        settings.iter().try_for_each(|setting| self.set_unchecked(setting))
    }

    /// Sets a value of a file with a single one, until what is returned is dropped.
    ///
    /// # Errors
    /// As for [`set`](Self::set); also if the file can't be read, or has a line for each device or resource.
    pub fn set_for_now(&self, setting: impl Into<GroupSetting>) -> Result<TemporarySetting<'_>, Error> {
        let setting = setting.into();
        setting.check()?;
        let file = setting.file();
        let before = self.directory.read(&*file).map_err(|error| self.explain_setting(error, &setting))?;
        let before = text::trim(&before);
        if before.contains(&b'\n') {
            return Err(self.invalid("set for now", format!("a file with one value, which {file} is not")));
        }
        // What a partition says of itself beyond its kind is no part of it.
        let before = match setting {
            GroupSetting::Cpuset(CpusetSetting::Partition(_)) => {
                text::fields(before).next().unwrap_or(before)
            }
            _ => before,
        };
        let written = self.live()?.write_until(&*file, setting.text(), before);
        written.map_err(|error| self.explain_setting(error, &setting))
    }

    #[cold]
    fn explain_setting(&self, error: Error, setting: &GroupSetting) -> Error {
        let refused =
            |accepted: &str| Error::invalid("set", format!("{setting} of {}", self.path()), accepted);
        match *error.reason() {
            Reason::System(Errno::INVAL | Errno::RANGE) => {
                refused("a value that the kernel takes for this group and this machine")
            }
            Reason::System(Errno::BUSY) => refused(
                "a limit above what it uses, where the kernel can't make it use less; of cpuset, CPUs and nodes that the \
                 groups beside it don't have for themselves alone",
            ),
            Reason::System(Errno::NOSPC) => refused("CPUs and nodes for a group that has processes"),
            Reason::Gone => refused("a device that is there, as a whole disk and not a partition"),
            _ => self.explain(error, needs(setting)),
        }
    }
}

/// What a file needs in order to be there.
fn needs(setting: &GroupSetting) -> Requirement {
    let on = |controller| Requirement::none().configuration(controller);
    match setting {
        GroupSetting::Core(CoreSetting::Pressure(_)) => super::group::NOT_ROOT.since(6, 1),
        GroupSetting::Core(_) => Requirement::none().since(4, 14),
        GroupSetting::Cpu(_) => on("the controller cpu, switched on for this group"),
        GroupSetting::Cpuset(_) => on("the controller cpuset, switched on for this group"),
        GroupSetting::Memory(_) => on("the controller memory, switched on for this group"),
        GroupSetting::Io(_) => on("the controller io with this policy, switched on for this group"),
        GroupSetting::Threads(_) => on("the controller pids, switched on for this group"),
        GroupSetting::HugePages(_) => {
            on("the controller hugetlb, switched on for this group, and this page size")
        }
        GroupSetting::Rdma(_) => on("the controller rdma, switched on for this group"),
        GroupSetting::Misc(_) => on("the controller misc, switched on for this group"),
        GroupSetting::DeviceMemory(_) => on("the controller dmem, switched on for this group"),
    }
}

#[cfg(test)]
mod tests {
    use linux_support_base::Bytes;

    use super::*;

    #[test]
    fn settings_that_no_kernel_takes_are_told_with_what_would_do() {
        for (setting, accepted) in [
            (GroupSetting::from(CpuSetting::Weight(0)), "1 to 10000"),
            (CpuSetting::Weight(10_001).into(), "1 to 10000"),
            (CpuSetting::WeightNice(20).into(), "-20 to 19"),
            (GroupSetting::Threads(Limit::At(1 << 23)), "4194304"),
            (CoreSetting::MaxDepth(Limit::At(1 << 40)).into(), "2147483647"),
            (IoSetting::Weight { device: None, weight: Some(0) }.into(), "1 to 10000"),
            (MemorySetting::Reclaim { amount: Bytes::new(1), swappiness: Some(201) }.into(), "0 to 200"),
        ] {
            let error = setting.check().unwrap_err().to_string();
            assert!(error.contains(accepted) && error.contains(&*setting.file()), "{error}");
        }
    }
}
