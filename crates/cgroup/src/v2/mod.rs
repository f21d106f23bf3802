//! Groups of version 2.

mod core;
mod cpu;
mod cpuset;
mod hugetlb;
mod io;
mod io_cost;
mod memory;
mod memory_statistics;
mod pids;
mod pressure;
mod resources;

use std::collections::BTreeMap;

use linux_support_base::{
    ByteString, Directory, Errno, Error, Limit, Machine, PageSize, Reading, Requirement,
};

pub use self::core::{GroupEvents, GroupLocalStatistics, GroupStatistics, GroupType};
pub use cpu::{CpuBandwidth, CpuControl, CpuLocalStatistics, CpuStatistics};
pub use cpuset::{CpusetControl, Partition, PartitionKind};
pub(crate) use hugetlb::sizes as huge_page_sizes;
pub use hugetlb::{HugePageControl, HugePageEvents, HugePageNodeStatistics, HugePagesOfNodes};
pub use io::{
    IoControl, IoLatency, IoLimits, IoStatistics, IoWeights, parse_latencies, parse_limits, parse_statistics,
};
pub use io_cost::{IoCostControl, IoCostModel, IoCostQuality, parse_cost_models, parse_cost_qualities};
pub use memory::{MemoryControl, MemoryEvents, SwapEvents};
pub use memory_statistics::{MemoryStatistics, NodeStatistics};
pub use pids::{PidsControl, PidsEvents};
pub use pressure::GroupPressure;
pub(crate) use resources::parse_counts as parse_resource_counts;
pub use resources::{DeviceMemoryControl, MiscControl, RdmaControl};

use crate::{
    Controller, Hierarchy, Keyed, Version,
    format::{boolean, limit_count, lines},
    open,
    place::{Place, Where},
};

/// A group of the hierarchy of version 2: its state, what it uses, and how much it may use.
///
/// Each value is read from a file of its own; one that is absent says why: the controller is not switched on
/// for the group, the kernel is too old, or the root has none. Of a controller that is not switched on, no file
/// is looked for.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cgroup::{Group, Hierarchies};
///
/// let machine = Machine::live()?;
/// if let Some(unified) = Hierarchies::read(&machine)?.unified() {
///     let root = Group::read(&machine, unified, unified.root.as_bytes())?;
///     println!("{:?} below the root", root.stat);
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// Documentation/admin-guide/cgroup-v2.rst, `cgroups(7)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Group {
    /// Its path from the root of the hierarchy, as `/proc/PID/cgroup` has it.
    pub path: ByteString,
    /// The controllers that are switched on for it.
    pub controllers: Reading<Vec<Controller>>,
    /// The controllers that are switched on for the groups in it.
    pub subtree_control: Reading<Vec<Controller>>,
    /// Its type.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: Reading<GroupType>,
    /// Whether it has processes, and whether they are stopped.
    pub events: Reading<GroupEvents>,
    /// Whether it is to be stopped.
    pub freeze: Reading<bool>,
    /// How many groups are below it.
    pub stat: Reading<GroupStatistics>,
    /// How long it was stopped.
    pub stat_local: Reading<GroupLocalStatistics>,
    /// How many groups there may be below it.
    pub max_descendants: Reading<Limit<u64>>,
    /// How deep groups may be below it.
    pub max_depth: Reading<Limit<u64>>,
    /// How many processes are in it, without the groups below.
    pub processes: Reading<u64>,
    /// How many threads are in it, without the groups below.
    pub threads: Reading<u64>,
    /// How long its processes waited for resources.
    pub pressure: GroupPressure,
    /// The CPU time that it used, which is counted without the controller too.
    pub cpu_stat: Reading<CpuStatistics>,
    /// The CPU time for which it had to wait itself, which is counted without the controller too.
    pub cpu_stat_local: Reading<CpuLocalStatistics>,
    /// The distribution of CPU time.
    pub cpu: Reading<CpuControl>,
    /// CPUs and memory nodes.
    pub cpuset: Reading<CpusetControl>,
    /// Memory.
    pub memory: Reading<MemoryControl>,
    /// Input and output of block devices.
    pub io: Reading<IoControl>,
    /// The number of threads.
    pub pids: Reading<PidsControl>,
    /// Huge pages, by size.
    pub hugetlb: Reading<BTreeMap<PageSize, HugePageControl>>,
    /// Resources of RDMA adapters.
    pub rdma: Reading<RdmaControl>,
    /// Scalar resources of the platform.
    pub misc: Reading<MiscControl>,
    /// Memory of devices.
    pub dmem: Reading<DeviceMemoryControl>,
    /// The files of controllers that this library does not know, as they are.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "crate::serialize::Omitted::is_omitted")
    )]
    pub other: Keyed<Reading<ByteString>>,
}

const NONE: Requirement = Requirement::none();
const THREADED: Requirement = NONE.configuration("a group that is not threaded");

impl Group {
    /// Reads the group `path`, a path from the root of `hierarchy` as `/proc/PID/cgroup` has it.
    ///
    /// # Errors
    /// `hierarchy` is not of version 2; the group is not below the one that is mounted, is gone, or may not be
    /// entered. What can't be read of it is told in its place.
    pub fn read(machine: &Machine, hierarchy: &Hierarchy, path: &[u8]) -> Result<Self, Error> {
        if hierarchy.version != Version::V2 {
            return Err(Error::invalid("read the group", path, "expected a hierarchy of version 2"));
        }
        let directory = open(machine, hierarchy, path)?;
        let mut group = Self::read_in(machine, &directory, path == hierarchy.root.as_bytes());
        group.path = path.into();
        Ok(group)
    }

    /// Reads the group that `directory` is: one that is found otherwise than through a hierarchy that is
    /// mounted. Its path is that of the directory. `uppermost` says whether it may be the root, which has fewer
    /// files.
    #[must_use]
    pub fn read_in(machine: &Machine, directory: &Directory, uppermost: bool) -> Self {
        let mut place = Place { machine, directory, is_root: false, without_prefix: false };
        // In a cgroup namespace or a container the uppermost group that is seen is not the root.
        place.is_root = uppermost && !directory.exists("cgroup.events");
        let place = &place;
        let controllers = place.read("cgroup.controllers", Where::Everywhere, NONE, Controller::parse_list);
        let below = Where::BelowRoot;
        Self {
            path: directory.path().into(),
            subtree_control: place.read(
                "cgroup.subtree_control",
                Where::Everywhere,
                NONE,
                Controller::parse_list,
            ),
            kind: place.read("cgroup.type", below, NONE.since(4, 14), GroupType::parse),
            events: place.read("cgroup.events", below, NONE, GroupEvents::parse),
            freeze: place.read("cgroup.freeze", below, NONE.since(5, 2), boolean),
            stat: place.read("cgroup.stat", Where::Everywhere, NONE.since(4, 14), GroupStatistics::parse),
            stat_local: place.read(
                "cgroup.stat.local",
                below,
                NONE.since(6, 18),
                GroupLocalStatistics::parse,
            ),
            max_descendants: place.read(
                "cgroup.max.descendants",
                Where::Everywhere,
                NONE.since(4, 14),
                limit_count,
            ),
            max_depth: place.read("cgroup.max.depth", Where::Everywhere, NONE.since(4, 14), limit_count),
            processes: place.read("cgroup.procs", Where::Everywhere, THREADED, lines),
            threads: place.read("cgroup.threads", Where::Everywhere, NONE.since(4, 14), lines),
            pressure: GroupPressure::read(place),
            cpu_stat: place.read("cpu.stat", Where::Everywhere, NONE.since(4, 15), CpuStatistics::parse),
            cpu_stat_local: place.read("cpu.stat.local", Where::Everywhere, NONE, CpuLocalStatistics::parse),
            cpu: of(place, &controllers, Controller::Cpu, CpuControl::read),
            cpuset: of(place, &controllers, Controller::Cpuset, CpusetControl::read),
            memory: of(place, &controllers, Controller::Memory, MemoryControl::read),
            io: of(place, &controllers, Controller::Io, IoControl::read),
            pids: of(place, &controllers, Controller::Pids, PidsControl::read),
            hugetlb: of(place, &controllers, Controller::Hugetlb, HugePageControl::read_all),
            rdma: of(place, &controllers, Controller::Rdma, RdmaControl::read),
            misc: of(place, &controllers, Controller::Misc, MiscControl::read),
            dmem: of(place, &controllers, Controller::Dmem, DeviceMemoryControl::read),
            other: others(place, &controllers),
            controllers,
        }
    }

    /// Whether it or a group below it has a living process; the root always has.
    #[must_use]
    pub fn is_populated(&self) -> Option<bool> {
        match self.events.value() {
            Some(events) => Some(events.populated),
            None => self.processes.value().map(|processes| *processes != 0).filter(|populated| *populated),
        }
    }
}

/// Reads the part of `controller`, where it is switched on or nobody knows.
fn of<T>(
    place: &Place<'_>,
    controllers: &Reading<Vec<Controller>>,
    controller: Controller,
    read: impl FnOnce(&Place<'_>) -> T,
) -> Reading<T> {
    match controllers.value() {
        Some(controllers) if !controllers.contains(&controller) => {
            let needs = NONE.configuration(switched_on(&controller));
            let file = [place.directory.path(), b"/", controller.name(), b".*"].concat();
            Reading::Unavailable(Error::system("read", file, Errno::NOENT).explained(needs, None))
        }
        _ => Reading::Value(read(place)),
    }
}

const fn switched_on(controller: &Controller) -> &'static str {
    match controller {
        Controller::Cpu => "the controller cpu, switched on for this group",
        Controller::Cpuset => "the controller cpuset, switched on for this group",
        Controller::Memory => "the controller memory, switched on for this group",
        Controller::Io => "the controller io, switched on for this group",
        Controller::Pids => "the controller pids, switched on for this group",
        Controller::Hugetlb => "the controller hugetlb, switched on for this group",
        Controller::Rdma => "the controller rdma, switched on for this group",
        Controller::Misc => "the controller misc, switched on for this group",
        Controller::Dmem => "the controller dmem, switched on for this group",
        _ => "the controller, switched on for this group",
    }
}

/// The files of controllers that are not known, except those that can't be read by anyone.
fn others(place: &Place<'_>, controllers: &Reading<Vec<Controller>>) -> Keyed<Reading<ByteString>> {
    let mut files = Keyed::default();
    let unknown = controllers.value().into_iter().flatten();
    for controller in unknown.filter(|controller| matches!(controller, Controller::Unknown(_))) {
        for file in place.files_of(controller.name()) {
            let name = [controller.name(), b".", &file].concat();
            let reading = place.directory.line(&name).into();
            files.0.insert(name.into(), reading);
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Hierarchies;

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
        let tree = tempfile::tempdir().unwrap();
        let mounted = ("proc/self/mountinfo", "30 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        let kernel = ("proc/sys/kernel/osrelease", "6.1.0-40-amd64\n");
        for (path, text) in files.iter().chain(&[mounted, kernel]) {
            let path = tree.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::captured(tree.path()).unwrap();
        (tree, machine)
    }

    fn group(machine: &Machine, path: &str) -> Group {
        let hierarchies = Hierarchies::read(machine).unwrap();
        Group::read(machine, hierarchies.unified().unwrap(), path.as_bytes()).unwrap()
    }

    const A: &str = "sys/fs/cgroup/a";

    #[test]
    fn the_values_of_a_group_are_read_each_on_its_own() {
        let file = |name: &str| format!("{A}/{name}");
        let (_tree, machine) = machine(&[
            (&file("cgroup.controllers"), "cpu memory hugetlb\n"),
            (&file("cgroup.subtree_control"), "\n"),
            (&file("cgroup.type"), "domain\n"),
            (&file("cgroup.events"), "populated 1\nfrozen 0\n"),
            (&file("cgroup.procs"), "1\n22\n"),
            (&file("cpu.max"), "50000 100000\n"),
            (&file("io.pressure"), "some avg10=0.21 avg60=9.01 avg300=6.85 total=62433223\n"),
            (&file("memory.current"), "4096\n"),
            (&file("memory.max"), "max\n"),
            (&file("memory.high"), "rubbish\n"),
            (&file("hugetlb.2MB.current"), "2097152\n"),
        ]);
        let group = group(&machine, "/a");
        assert_eq!(group.path, "/a");
        assert_eq!(group.kind.value(), Some(&GroupType::Domain));
        assert_eq!((group.processes.value(), group.is_populated()), (Some(&2), Some(true)));
        assert_eq!(group.cpu.value().unwrap().max.value().unwrap().cpus(), Some(0.5));
        let waited = group.pressure.io.value().unwrap().some.unwrap();
        assert_eq!(waited.last_minute.hundredths(), 901);
        assert_eq!(group.pressure.cpu.error().unwrap().reason().name(), "not-configured");
        let memory = group.memory.value().unwrap();
        assert_eq!(memory.current.value().unwrap().get(), 4096);
        assert_eq!(memory.max.value(), Some(&Limit::Max));
        assert_eq!(memory.high.error().unwrap().reason().name(), "malformed");
        let pages = &group.hugetlb.value().unwrap();
        assert_eq!(pages.values().next().unwrap().current.value().unwrap().get(), 2 << 20);
    }

    #[test]
    fn what_is_absent_says_why() {
        let file = |name: &str| format!("{A}/{name}");
        let (_tree, machine) = machine(&[
            (&file("cgroup.controllers"), "memory\n"),
            (&file("cgroup.events"), "populated 0\nfrozen 0\n"),
            ("sys/fs/cgroup/cgroup.controllers", "memory io\n"),
        ]);
        let a = group(&machine, "/a");
        assert_eq!(
            a.cpu.error().unwrap().to_string(),
            "read /sys/fs/cgroup/a/cpu.*: absent: needs the controller cpu, switched on for this group"
        );
        let memory = a.memory.value().unwrap();
        assert_eq!(memory.swap_peak.error().unwrap().reason().name(), "kernel-too-old");
        let root = group(&machine, "/");
        assert_eq!(
            root.events.error().unwrap().to_string(),
            "read /sys/fs/cgroup/cgroup.events: absent: needs a group below the root"
        );
        assert!(root.io.value().unwrap().max.error().unwrap().to_string().contains("below the root"));
    }

    #[test]
    fn the_uppermost_group_of_a_container_is_not_the_root() {
        let (_tree, machine) = machine(&[
            ("sys/fs/cgroup/cgroup.controllers", "memory\n"),
            ("sys/fs/cgroup/cgroup.events", "populated 1\nfrozen 0\n"),
        ]);
        let error = group(&machine, "/").memory.value().unwrap().current.error().unwrap().to_string();
        assert_eq!(error, "read /sys/fs/cgroup/memory.current: absent");
    }

    #[test]
    fn a_controller_not_known_is_kept_and_hides_nothing() {
        let file = |name: &str| format!("{A}/{name}");
        let (_tree, machine) = machine(&[
            (&file("cgroup.controllers"), "pids quantum\n"),
            (&file("pids.current"), "7\n"),
            (&file("quantum.max"), "max 5\n"),
            (&file("quantum.current"), "3\n"),
        ]);
        let group = group(&machine, "/a");
        assert_eq!(group.pids.value().unwrap().current.value(), Some(&7));
        assert_eq!(group.other.get(b"quantum.max"), Some(&Reading::Value("max 5".into())));
        assert_eq!(group.other.len(), 2);
    }

    #[test]
    fn a_group_that_is_gone_or_outside_is_an_error() {
        let (_tree, machine) = machine(&[("sys/fs/cgroup/cgroup.controllers", "\n")]);
        let hierarchies = Hierarchies::read(&machine).unwrap();
        let read = |path: &[u8]| Group::read(&machine, hierarchies.unified().unwrap(), path).unwrap_err();
        assert!(read(b"/gone").is_absent());
        assert_eq!(read(b"/../proc").reason().name(), "invalid");
    }

    #[test]
    fn the_root_of_this_machine_is_read() {
        let machine = Machine::live().unwrap();
        let hierarchies = Hierarchies::read(&machine).unwrap();
        let Some(unified) = hierarchies.unified() else { return };
        let group = Group::read(&machine, unified, unified.root.as_bytes()).unwrap();
        assert!(group.controllers.value().is_some() && group.processes.value().is_some());
    }
}
