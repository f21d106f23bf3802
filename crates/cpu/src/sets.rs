//! The machine's sets of CPUs: Documentation/ABI/testing/sysfs-devices-system-cpu and
//! Documentation/admin-guide/cputopology.rst.

use linux_support_base::{Cpu, CpuSet, Error, Machine, ParseError, Reading, Requirement, text};

use crate::{CPU_DIRECTORY, each};

/// Which CPUs of the machine are in which state.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cpu::CpuSets;
///
/// let sets = CpuSets::read(&Machine::live()?);
/// println!("{} of {} are online", sets.online, sets.possible);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// Documentation/admin-guide/cputopology.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CpuSets {
    /// The CPUs on which threads may run. Where a captured tree lacks the list, those that have a directory
    /// and do not say that they are offline.
    pub online: Reading<CpuSet>,
    /// The CPUs that could be online and are not; those beyond what the kernel was built for included.
    pub offline: Reading<CpuSet>,
    /// The CPUs that the kernel has made room for: those that may ever be present.
    pub possible: Reading<CpuSet>,
    /// The CPUs that are in the machine.
    pub present: Reading<CpuSet>,
    /// The CPUs that can be brought online.
    ///
    /// # Kernel
    /// Since 6.11.
    pub enabled: Reading<CpuSet>,
    /// The CPUs without scheduler load balancing (`isolcpus=`, isolated cpusets).
    #[doc(alias = "isolcpus")]
    pub isolated: Reading<CpuSet>,
    /// The CPUs whose tick stops while they run one thread (`nohz_full=`).
    ///
    /// # Kernel
    /// Needs `CONFIG_NO_HZ_FULL`.
    pub nohz_full: Reading<CpuSet>,
    /// The largest number of a CPU that the kernel was built for.
    pub kernel_max: Reading<Cpu>,
}

impl CpuSets {
    /// Reads the sets from `/sys/devices/system/cpu`.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        let set = |name: &str, needs| set(machine, name, needs).into();
        let any = Requirement::none();
        Self {
            online: each::online(machine).into(),
            offline: set("offline", any),
            possible: set("possible", any),
            present: set("present", any),
            enabled: set("enabled", any.since(6, 11)),
            isolated: set("isolated", any.since(4, 2)),
            nohz_full: set("nohz_full", any.since(4, 2).configuration("CONFIG_NO_HZ_FULL")),
            kernel_max: machine
                .parse(format!("{CPU_DIRECTORY}/kernel_max"), |bytes| Cpu::parse(text::trim(bytes)))
                .into(),
        }
    }
}

fn set(machine: &Machine, name: &str, needs: Requirement) -> Result<CpuSet, Error> {
    machine.parse_needing(format!("{CPU_DIRECTORY}/{name}"), needs, parse_set)
}

/// Kernels before 6.0 print a null pointer where `nohz_full=` was not given.
fn parse_set(bytes: &[u8]) -> Result<CpuSet, ParseError> {
    match text::trim(bytes) {
        b"(null)" => Ok(CpuSet::new()),
        _ => CpuSet::parse_list(bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn cpus(list: &str) -> Reading<CpuSet> {
        Reading::Value(list.parse().unwrap())
    }

    #[test]
    fn the_sets_of_a_tree_are_read_and_what_lacks_is_absent() {
        let tree = tempfile::tempdir().unwrap();
        let folder = tree.path().join("sys/devices/system/cpu");
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in [
            ("online", "0-1,3\n"),
            ("offline", "2,4-7\n"),
            ("isolated", "\n"),
            ("nohz_full", "  (null)\n"),
            ("possible", "0-x\n"),
            ("kernel_max", "8191\n"),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
        let sets = CpuSets::read(&Machine::captured(tree.path()).unwrap());
        assert_eq!(sets.online, cpus("0-1,3"));
        assert_eq!(sets.offline, cpus("2,4-7"));
        assert_eq!(sets.isolated, cpus(""));
        assert_eq!(sets.nohz_full, cpus(""));
        assert_eq!(sets.kernel_max.value().unwrap().number(), 8191);
        assert!(sets.present.is_absent());
        assert_eq!(
            sets.possible.error().unwrap().to_string(),
            r#"parse /sys/devices/system/cpu/possible: line 1: CPU list "0-x\n": expected a number at byte 2"#
        );
    }

    #[test]
    fn without_the_list_the_directories_tell_what_is_online() {
        let tree = tempfile::tempdir().unwrap();
        let folder = tree.path().join("sys/devices/system/cpu");
        for name in ["cpu0", "cpu1", "cpu12", "cpufreq", "cpuidle", "cpu"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        fs::write(folder.join("cpu1/online"), "0\n").unwrap();
        let sets = CpuSets::read(&Machine::captured(tree.path()).unwrap());
        assert_eq!(sets.online, cpus("0,12"));
    }

    #[test]
    fn this_machine_has_cpus() {
        let sets = CpuSets::read(&Machine::live().unwrap());
        let online = sets.online.into_result().unwrap();
        assert!(!online.is_empty() && online.is_subset(sets.possible.value().unwrap()));
    }
}
