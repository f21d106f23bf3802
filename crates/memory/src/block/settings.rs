use linux_support_base::{ByteString, Machine, Reading, named, text};

use super::{NEEDS, ROOT};
use crate::{Setting, setting::Form};

/// What becomes of memory that is plugged in.
///
/// The constants are its settings one by one, which can be set.
///
/// # Source
/// Documentation/admin-guide/mm/memory-hotplug.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HotplugSettings {
    /// Whether new blocks go online by themselves, and for what they are used.
    pub auto_online: Reading<PluggedState>,
    /// For what blocks are used that go online without it being said. Since Linux 5.15.
    pub online_policy: Reading<OnlinePolicy>,
    /// How much movable memory there may be beside other memory, in percent, where that is automatic.
    pub auto_movable_ratio: Reading<u32>,
    /// Whether that ratio holds for each node too.
    pub auto_movable_per_node: Reading<bool>,
    /// Whether new memory holds what describes it itself: `Y`, `N` or `force`; chosen at boot.
    pub memmap_on_memory: Reading<ByteString>,
    /// Whether a kernel for crash dumps follows the changes by itself. Since Linux 6.6.
    pub crash_kernel_follows: Reading<bool>,
}

named! {
    /// What becomes of a block that was plugged in.
    PluggedState {
        /// It stays offline, for a program to decide.
        Offline = "offline",
        /// It goes online, for what the policy says.
        Online = "online",
        /// It goes online for all.
        Kernel = "online_kernel",
        /// It goes online for what can be moved.
        Movable = "online_movable",
    }
}

named! {
    /// For what the memory of a block is used that goes online without it being said.
    OnlinePolicy {
        /// As that of its neighbours is.
        ContiguousZones = "contig-zones",
        /// For what can be moved, as far as the ratio allows.
        AutoMovable = "auto-movable",
    }
}

impl HotplugSettings {
    /// Whether new blocks go online by themselves, and for what they are used.
    #[doc(alias = "auto_online_blocks")]
    pub const AUTO_ONLINE: Setting<PluggedState> = Setting::new(
        "/sys/devices/system/memory/auto_online_blocks",
        "offline, online, online_kernel or online_movable",
        Form { parse: |bytes| Ok(PluggedState::parse(bytes)), text: ToString::to_string },
    )
    .needing(NEEDS);
    /// For what blocks are used that go online without it being said.
    #[doc(alias = "memory_hotplug.online_policy")]
    pub const ONLINE_POLICY: Setting<OnlinePolicy> = Setting::new(
        "/sys/module/memory_hotplug/parameters/online_policy",
        "contig-zones or auto-movable",
        Form { parse: |bytes| Ok(OnlinePolicy::parse(bytes)), text: ToString::to_string },
    )
    .needing(NEEDS.since(5, 15));
    /// How much movable memory there may be beside other memory, in percent, where that is automatic.
    #[doc(alias = "memory_hotplug.auto_movable_ratio")]
    pub const AUTO_MOVABLE_RATIO: Setting<u32> = Setting::new(
        "/sys/module/memory_hotplug/parameters/auto_movable_ratio",
        "percents of 32 bits",
        Form::<u32>::NUMBER,
    )
    .needing(NEEDS.since(5, 15));
    /// Whether that ratio holds for each node too.
    #[doc(alias = "memory_hotplug.auto_movable_numa_aware")]
    pub const AUTO_MOVABLE_PER_NODE: Setting<bool> =
        Setting::new("/sys/module/memory_hotplug/parameters/auto_movable_numa_aware", "Y or N", Form::TRUTH)
            .needing(NEEDS.since(5, 15));

    /// Reads the settings.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        let crash = NEEDS.since(6, 6).configuration("CONFIG_CRASH_HOTPLUG");
        let path = format!("{ROOT}/crash_hotplug");
        Self {
            auto_online: Self::AUTO_ONLINE.read(machine).into(),
            online_policy: Self::ONLINE_POLICY.read(machine).into(),
            auto_movable_ratio: Self::AUTO_MOVABLE_RATIO.read(machine).into(),
            auto_movable_per_node: Self::AUTO_MOVABLE_PER_NODE.read(machine).into(),
            memmap_on_memory: machine
                .line("/sys/module/memory_hotplug/parameters/memmap_on_memory")
                .map_err(|error| machine.explain(error, NEEDS))
                .into(),
            crash_kernel_follows: machine
                .parse_needing(path, crash, |bytes| text::boolean(text::trim(bytes)))
                .into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn each_setting_is_read_from_its_file_and_words_of_tomorrow_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = |path: &str, text: &str| {
            let path = folder.path().join(&path[1..]);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        file(HotplugSettings::AUTO_ONLINE.path(), "online_movable\n");
        file(HotplugSettings::ONLINE_POLICY.path(), "by-the-stars\n");
        file(HotplugSettings::AUTO_MOVABLE_RATIO.path(), "301");
        file(HotplugSettings::AUTO_MOVABLE_PER_NODE.path(), "Y\n");
        let settings = HotplugSettings::read(&Machine::captured(folder.path()).unwrap());
        assert_eq!(settings.auto_online.value(), Some(&PluggedState::Movable));
        assert_eq!(settings.online_policy.value(), Some(&OnlinePolicy::Unknown("by-the-stars".into())));
        assert_eq!(settings.auto_movable_ratio.value(), Some(&301));
        assert_eq!(settings.auto_movable_per_node.value(), Some(&true));
        assert!(settings.memmap_on_memory.is_absent() && settings.crash_kernel_follows.is_absent());
    }
}
