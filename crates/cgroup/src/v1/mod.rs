//! Groups of version 1.

mod blkio;
mod cpu;
mod cpuset;
mod freezer;
mod hugetlb;
mod memory;

use std::collections::BTreeMap;

use linux_support_base::{ByteString, Directory, Error, Machine, PageSize, Reading, Requirement};

pub use blkio::{BlkioCounts, LegacyBlkio};
pub use cpu::{CpuTicks, LegacyCpu, LegacyCpuAccount, LegacyCpuStatistics};
pub use cpuset::LegacyCpuset;
pub use freezer::{FreezerState, LegacyFreezer};
pub use hugetlb::LegacyHugePages;
pub use memory::{LegacyMemory, LegacyMemoryStatistics, LegacyNodePages, LegacyNodeStatistics, OomControl};

use crate::{
    Controller, Hierarchy, Keyed, MiscControl, PidsControl, RdmaControl, Version,
    format::lines,
    open,
    place::{Place, Where},
};

/// A group of a hierarchy of version 1, with the values of the controllers that the hierarchy has.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cgroup::{Controller, Hierarchies, LegacyGroup, Version};
///
/// let machine = Machine::live()?;
/// let hierarchies = Hierarchies::read(&machine)?;
/// if let Some(memory) = hierarchies.with(&Controller::Memory).filter(|one| one.version == Version::V1) {
///     let group = LegacyGroup::read(&machine, memory, memory.root.as_bytes())?;
///     println!("{:?}", group.memory.unwrap().usage);
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// Documentation/admin-guide/cgroup-v1/, `cgroups(7)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LegacyGroup {
    /// Its path from the root of the hierarchy, as `/proc/PID/cgroup` has it.
    pub path: ByteString,
    /// How many processes are in it, without the groups below.
    pub processes: Reading<u64>,
    /// How many threads are in it, without the groups below.
    pub threads: Reading<u64>,
    /// The distribution of CPU time.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cpu: Option<LegacyCpu>,
    /// The CPU time that it used.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cpuacct: Option<LegacyCpuAccount>,
    /// CPUs and memory nodes.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cpuset: Option<LegacyCpuset>,
    /// Memory.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub memory: Option<LegacyMemory>,
    /// Input and output of block devices.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub blkio: Option<LegacyBlkio>,
    /// The number of threads.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub pids: Option<PidsControl>,
    /// Whether its processes are stopped.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub freezer: Option<LegacyFreezer>,
    /// Huge pages, by size.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub hugetlb: Option<BTreeMap<PageSize, LegacyHugePages>>,
    /// Resources of RDMA adapters.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub rdma: Option<RdmaControl>,
    /// Scalar resources of the platform.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub misc: Option<MiscControl>,
    /// The files of other controllers, as they are: `devices.list`, `net_cls.classid`, and those of controllers
    /// that this library does not know.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "crate::serialize::Omitted::is_omitted")
    )]
    pub other: Keyed<Reading<ByteString>>,
}

impl LegacyGroup {
    /// Reads the group `path`, a path from the root of `hierarchy` as `/proc/PID/cgroup` has it.
    ///
    /// # Errors
    /// `hierarchy` is not of version 1; the group is not below the one that is mounted, is gone, or may not be
    /// entered. What can't be read of it is told in its place.
    pub fn read(machine: &Machine, hierarchy: &Hierarchy, path: &[u8]) -> Result<Self, Error> {
        if hierarchy.version != Version::V1 {
            return Err(Error::invalid("read the group", path, "expected a hierarchy of version 1"));
        }
        let directory = open(machine, hierarchy, path)?;
        let place = Place {
            machine,
            directory: &directory,
            is_root: path == b"/",
            without_prefix: hierarchy.is_without_prefix(),
        };
        let mut group = Self::read_in(&place, |controller| hierarchy.has(controller));
        if let Some(controllers) = hierarchy.controllers.value() {
            group.other = others(&place, controllers);
        }
        group.path = path.into();
        Ok(group)
    }

    /// Reads the values of `controllers` for the group that `directory` is: one that is found otherwise than
    /// through a hierarchy that is mounted. Its path is that of the directory.
    #[must_use]
    pub fn read_of(machine: &Machine, directory: &Directory, controllers: &[Controller]) -> Self {
        let place = Place { machine, directory, is_root: false, without_prefix: false };
        let mut group = Self::read_in(&place, |controller| controllers.contains(controller));
        group.other = others(&place, controllers);
        group
    }

    fn read_in(place: &Place<'_>, has: impl Fn(&Controller) -> bool) -> Self {
        let needs = Requirement::none();
        Self {
            path: place.directory.path().into(),
            processes: place.read("cgroup.procs", Where::Everywhere, needs, lines),
            threads: place.read("tasks", Where::Everywhere, needs, lines),
            cpu: has(&Controller::Cpu).then(|| LegacyCpu::read(place)),
            cpuacct: has(&Controller::Cpuacct).then(|| LegacyCpuAccount::read(place)),
            cpuset: has(&Controller::Cpuset).then(|| LegacyCpuset::read(place)),
            memory: has(&Controller::Memory).then(|| LegacyMemory::read(place)),
            blkio: has(&Controller::Blkio).then(|| LegacyBlkio::read(place)),
            pids: has(&Controller::Pids).then(|| PidsControl::read(place)),
            freezer: has(&Controller::Freezer).then(|| LegacyFreezer::read(place)),
            hugetlb: has(&Controller::Hugetlb).then(|| LegacyHugePages::read_all(place)),
            rdma: has(&Controller::Rdma).then(|| RdmaControl::read(place)),
            misc: has(&Controller::Misc).then(|| MiscControl::read(place)),
            other: Keyed::default(),
        }
    }
}

fn others(place: &Place<'_>, controllers: &[Controller]) -> Keyed<Reading<ByteString>> {
    let mut files = Keyed::default();
    let mut add = |name: Vec<u8>| {
        let reading = place.directory.line(&name).into();
        files.0.insert(name.into(), reading);
    };
    for controller in controllers {
        match controller {
            Controller::Devices => add(b"devices.list".to_vec()),
            Controller::NetCls => add(b"net_cls.classid".to_vec()),
            Controller::NetPrio => add(b"net_prio.ifpriomap".to_vec()),
            Controller::Unknown(name) => {
                for file in place.files_of(name.as_bytes()) {
                    add([name.as_bytes(), b".", &file].concat());
                }
            }
            _ => {}
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use std::fs;

    use linux_support_base::Limit;

    use super::*;
    use crate::Hierarchies;

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
        let tree = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = tree.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::captured(tree.path()).unwrap();
        (tree, machine)
    }

    fn group(machine: &Machine, controller: Controller, path: &str) -> LegacyGroup {
        let hierarchies = Hierarchies::read(machine).unwrap();
        LegacyGroup::read(machine, hierarchies.with(&controller).unwrap(), path.as_bytes()).unwrap()
    }

    #[test]
    fn a_group_has_the_values_of_its_hierarchys_controllers() {
        let (_tree, machine) = machine(&[
            ("proc/self/mountinfo", "35 31 0:32 / /cg rw - cgroup cgroup rw,memory,devices,quantum\n"),
            ("cg/a/memory.limit_in_bytes", "9223372036854771712\n"),
            ("cg/a/memory.usage_in_bytes", "4096\n"),
            ("cg/a/memory.kmem.limit_in_bytes", "9223372036854775807\n"),
            ("cg/a/devices.list", "a *:* rwm\n"),
            ("cg/a/quantum.spin", "up\n"),
            ("cg/a/cgroup.procs", ""),
            ("cg/a/tasks", "5\n6\n"),
        ]);
        let group = group(&machine, Controller::Memory, "/a");
        let memory = group.memory.unwrap();
        assert_eq!(memory.usage.value().unwrap().get(), 4096);
        assert_eq!(memory.limit.value(), Some(&Limit::Max));
        assert_eq!(memory.kernel_limit.value(), Some(&Limit::Max));
        assert_eq!((group.processes.value(), group.threads.value()), (Some(&0), Some(&2)));
        assert_eq!(group.cpu, None);
        assert_eq!(group.other.get(b"devices.list"), Some(&Reading::Value("a *:* rwm".into())));
        assert_eq!(group.other.get(b"quantum.spin"), Some(&Reading::Value("up".into())));
    }

    #[test]
    fn files_of_the_older_cpuset_have_no_prefix() {
        let (_tree, machine) = machine(&[
            ("proc/mounts", "cpuset /dev/cpuset cgroup rw,cpuset,noprefix 0 0\n"),
            ("dev/cpuset/a/cpus", "0-3\n"),
        ]);
        let group = group(&machine, Controller::Cpuset, "/a");
        assert_eq!(group.cpuset.unwrap().cpus.value().unwrap().to_string(), "0-3");
    }

    #[test]
    fn the_hierarchies_of_this_machine_are_read() {
        let machine = Machine::live().unwrap();
        for hierarchy in Hierarchies::read(&machine).unwrap().iter().filter(|one| one.version == Version::V1)
        {
            let group = LegacyGroup::read(&machine, hierarchy, hierarchy.root.as_bytes()).unwrap();
            assert!(group.processes.value().is_some(), "{group:?}");
        }
    }
}
