//! Groups of version 1's hierarchy of CPUs and memory nodes, changed.

use linux_support_base::{
    ByteString, CpuSet, Directory, Errno, Error, LiveMachine, NumaNodeSet, Pid, Reason, Requirement,
};
use rustix::fs::Mode;

use super::{GroupMembers, GroupName, MovedMembers, group};
use crate::{Controller, Hierarchies, Hierarchy, LegacyCpuset, Membership, Version, place::Place};

/// A group of the hierarchy of version 1 that has the controller `cpuset`, to be changed: there are machines on which
/// CPUs are parted so to this day.
///
/// It is held by its directory, as a [`LiveGroup`](super::LiveGroup) is.
///
/// # Source
/// Documentation/admin-guide/cgroup-v1/cpusets.rst, `cpuset(7)`.
#[derive(Debug)]
#[doc(alias = "cpuset")]
pub struct LegacyCpusetGroup<'m> {
    machine: LiveMachine<'m>,
    directory: Directory,
    path: ByteString,
    without_prefix: bool,
}

/// A value for one of the files of a [`LegacyCpusetGroup`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LegacyCpusetSetting {
    /// Its CPUs, of those of the group above.
    #[doc(alias = "cpuset.cpus")]
    Cpus(CpuSet),
    /// Its memory nodes, of those of the group above.
    #[doc(alias = "cpuset.mems")]
    Nodes(NumaNodeSet),
    /// Whether no group beside it may have its CPUs.
    #[doc(alias = "cpuset.cpu_exclusive")]
    CpuExclusive(bool),
    /// Whether no group beside it may have its memory nodes.
    #[doc(alias = "cpuset.mem_exclusive")]
    MemoryExclusive(bool),
    /// Whether the kernel's memory for it, too, comes from its nodes.
    #[doc(alias = "cpuset.mem_hardwall")]
    HardWall(bool),
    /// Whether memory moves where the nodes are changed, and with those who come into the group.
    #[doc(alias = "cpuset.memory_migrate")]
    MemoryMigrate(bool),
    /// Whether the machine counts memory pressure: of the root alone.
    #[doc(alias = "cpuset.memory_pressure_enabled")]
    MemoryPressure(bool),
    /// Whether cached files are spread over the nodes.
    #[doc(alias = "cpuset.memory_spread_page")]
    SpreadPages(bool),
    /// Whether the kernel's objects for files are spread over the nodes.
    #[doc(alias = "cpuset.memory_spread_slab")]
    SpreadObjects(bool),
    /// Whether the scheduler moves threads among its CPUs.
    #[doc(alias = "cpuset.sched_load_balance")]
    LoadBalance(bool),
    /// How far the scheduler looks for an idle CPU: -1 for the system's choice, up to 5.
    #[doc(alias = "cpuset.sched_relax_domain_level")]
    RelaxDomainLevel(i8),
}

impl LegacyCpusetSetting {
    /// The file of the group that it is written to.
    #[must_use]
    pub fn file(&self) -> &'static str {
        match self {
            Self::Cpus(_) => "cpuset.cpus",
            Self::Nodes(_) => "cpuset.mems",
            Self::CpuExclusive(_) => "cpuset.cpu_exclusive",
            Self::MemoryExclusive(_) => "cpuset.mem_exclusive",
            Self::HardWall(_) => "cpuset.mem_hardwall",
            Self::MemoryMigrate(_) => "cpuset.memory_migrate",
            Self::MemoryPressure(_) => "cpuset.memory_pressure_enabled",
            Self::SpreadPages(_) => "cpuset.memory_spread_page",
            Self::SpreadObjects(_) => "cpuset.memory_spread_slab",
            Self::LoadBalance(_) => "cpuset.sched_load_balance",
            Self::RelaxDomainLevel(_) => "cpuset.sched_relax_domain_level",
        }
    }

    /// What is written there.
    #[must_use]
    pub fn text(&self) -> String {
        let line = |list: String| if list.is_empty() { "\n".into() } else { list };
        match self {
            Self::Cpus(cpus) => line(cpus.to_string()),
            Self::Nodes(nodes) => line(nodes.to_string()),
            Self::CpuExclusive(value)
            | Self::MemoryExclusive(value)
            | Self::HardWall(value)
            | Self::MemoryMigrate(value)
            | Self::MemoryPressure(value)
            | Self::SpreadPages(value)
            | Self::SpreadObjects(value)
            | Self::LoadBalance(value) => u8::from(*value).to_string(),
            Self::RelaxDomainLevel(level) => level.to_string(),
        }
    }
}

impl core::fmt::Display for LegacyCpusetSetting {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} = {}", self.file(), self.text().trim_end())
    }
}

impl<'m> LegacyCpusetGroup<'m> {
    /// The uppermost group that is mounted.
    ///
    /// # Errors
    /// No hierarchy of version 1 with the controller `cpuset` is mounted.
    pub fn root(machine: LiveMachine<'m>) -> Result<Self, Error> {
        let hierarchies = Hierarchies::read(machine.machine())?;
        let found = hierarchies.with(&Controller::Cpuset).filter(|found| found.version == Version::V1);
        let Some(hierarchy) = found else {
            let what = "a mounted hierarchy of control groups of version 1 with the controller cpuset";
            return Err(Error::new("find", what, Reason::Absent));
        };
        Self::open(machine, hierarchy, hierarchy.root.as_bytes())
    }

    /// The group `path` of a hierarchy, from its root, as `/proc/PID/cgroup` has it.
    ///
    /// # Errors
    /// The hierarchy is of version 2 or lacks the controller; the group is not below the one that is mounted, or not there.
    pub fn open(machine: LiveMachine<'m>, hierarchy: &Hierarchy, path: &[u8]) -> Result<Self, Error> {
        if hierarchy.version != Version::V1 || !hierarchy.has(&Controller::Cpuset) {
            let accepted = "a hierarchy of version 1 that has the controller cpuset";
            return Err(Error::invalid("open the group", path, accepted));
        }
        let directory = crate::open(machine.machine(), hierarchy, path)?;
        Ok(Self { machine, directory, path: path.into(), without_prefix: hierarchy.is_without_prefix() })
    }

    /// The group that a process is in.
    ///
    /// # Errors
    /// As for [`root`](Self::root); there is no such process.
    #[doc(alias = "/proc/PID/cpuset")]
    pub fn of_process(machine: LiveMachine<'m>, process: Pid) -> Result<Self, Error> {
        let hierarchies = Hierarchies::read(machine.machine())?;
        let memberships = Membership::read_all(machine.machine(), process)?;
        let found = memberships.iter().find(|one| one.controllers.contains(&Controller::Cpuset));
        match found.and_then(|one| Some((hierarchies.of(one)?, one))) {
            Some((hierarchy, own)) => Self::open(machine, hierarchy, own.path.as_bytes()),
            None => Err(Error::new("find the group of", format!("process {process}"), Reason::Absent)),
        }
    }

    /// Its path from the root of the hierarchy.
    #[must_use]
    pub fn path(&self) -> &ByteString {
        &self.path
    }

    /// Its directory.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The machine that it is of.
    #[must_use]
    pub fn machine(&self) -> LiveMachine<'m> {
        self.machine
    }

    /// What it has and how it is set.
    #[must_use]
    pub fn read(&self) -> LegacyCpuset {
        let Self { directory, without_prefix, .. } = self;
        let machine = self.machine.machine();
        LegacyCpuset::read(&Place { machine, directory, is_root: false, without_prefix: *without_prefix })
    }

    /// The groups in it, by name.
    ///
    /// # Errors
    /// It is gone.
    pub fn children(&self) -> Result<Vec<ByteString>, Error> {
        group::children(&self.directory).map_err(|error| self.explain(error))
    }

    /// A group in it.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn child(&self, name: &GroupName) -> Result<Self, Error> {
        let directory = self.directory.directory(name.as_bytes())?;
        Ok(Self { directory, path: group::below(&self.path, name), ..*self })
    }

    /// Makes a group in it, which has neither CPUs nor nodes until both are set.
    ///
    /// # Errors
    /// There is one of that name, or the caller may not.
    pub fn make(&self, name: &GroupName) -> Result<Self, Error> {
        self.directory
            .as_live()?
            .make(name.as_bytes(), Mode::from(0o755))
            .map_err(|error| self.explain(error))?;
        self.child(name)
    }

    /// Removes a group in it, which must have neither tasks nor groups.
    ///
    /// # Errors
    /// It has some, or there is none of that name.
    pub fn remove(&self, name: &GroupName) -> Result<(), Error> {
        self.directory.as_live()?.remove(name.as_bytes()).map_err(|error| match *error.reason() {
            Reason::System(Errno::BUSY | Errno::NOTEMPTY) => {
                let accepted = "a group without tasks and without groups in it";
                Error::invalid("remove the group", group::below(&self.path, name), accepted)
            }
            _ => self.explain(error),
        })
    }

    /// Sets a value.
    ///
    /// # Errors
    /// The group is gone; the kernel refuses the value, which the error explains.
    pub fn set(&self, setting: LegacyCpusetSetting) -> Result<(), Error> {
        let file = setting.file();
        let name = if self.without_prefix { file.trim_start_matches("cpuset.") } else { file };
        self.directory.as_live()?.write(name, setting.text()).map_err(|error| {
            let accepted = match (error.reason(), &setting) {
                (Reason::System(Errno::ACCESS) | Reason::PermissionDenied { .. }, LegacyCpusetSetting::Cpus(_) | LegacyCpusetSetting::Nodes(_)) => {
                    "CPUs and nodes of the group above; those of the root are all that are online"
                }
                (Reason::System(Errno::INVAL | Errno::BUSY), LegacyCpusetSetting::Cpus(_) | LegacyCpusetSetting::Nodes(_) | LegacyCpusetSetting::CpuExclusive(_) | LegacyCpusetSetting::MemoryExclusive(_)) => {
                    "CPUs and nodes that those in it have still, that are online, and that exclusive groups beside it don't have"
                }
                (Reason::System(Errno::NOSPC), _) => "CPUs and nodes for a group that has tasks",
                (Reason::System(Errno::INVAL), LegacyCpusetSetting::RelaxDomainLevel(_)) => "-1 to 5",
                _ => return self.explain(error),
            };
            Error::invalid("set", format!("{setting} of {}", self.path), accepted)
        })
    }

    /// The threads in it, without those in the groups below.
    ///
    /// # Errors
    /// It is gone.
    pub fn threads(&self) -> Result<GroupMembers, Error> {
        self.directory.parse("tasks", GroupMembers::parse).map_err(|error| self.explain(error))
    }

    /// Moves a process with all its threads into it.
    ///
    /// # Errors
    /// There is no such process, it can't be moved, or the group has no CPUs or nodes yet.
    pub fn take_process(&self, process: Pid) -> Result<(), Error> {
        self.take("cgroup.procs", process, "process")
    }

    /// Moves one thread into it.
    ///
    /// # Errors
    /// As for [`take_process`](Self::take_process).
    pub fn take_thread(&self, thread: Pid) -> Result<(), Error> {
        self.take("tasks", thread, "thread")
    }

    fn take(&self, file: &str, number: Pid, what: &str) -> Result<(), Error> {
        self.directory.as_live()?.write(file, number.to_string()).map_err(|error| {
            let into = format!("{what} {number} into {}", self.path);
            match *error.reason() {
                Reason::Gone if self.directory.exists(file) => Error::new("move", into, Reason::Gone),
                Reason::System(Errno::INVAL) => Error::invalid(
                    "move",
                    into,
                    "a process that may be moved: not a thread of the kernel that is bound to its CPU, nor kthreadd",
                ),
                Reason::System(Errno::NOSPC) => {
                    Error::invalid("move", into, "a group that has been given both CPUs and memory nodes")
                }
                _ => self.explain(error),
            }
        })
    }

    /// Moves all threads that are in `from` itself into it, those too that they start meanwhile.
    ///
    /// # Errors
    /// `from` can't be listed. Threads that can't be moved are in the answer, with the reason each.
    pub fn take_all(&self, from: &Self) -> Result<MovedMembers, Error> {
        super::members::move_all(|| Ok(from.threads()?.numbers), |thread| self.take_thread(thread))
    }

    #[cold]
    fn explain(&self, error: Error) -> Error {
        let removed =
            matches!(error.reason(), Reason::Absent | Reason::Gone) && !self.directory.exists("cgroup.procs");
        if removed {
            return Error::new(error.operation(), error.object().clone(), Reason::Gone);
        }
        self.machine.machine().explain(error, Requirement::none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_written_as_the_kernel_reads_them() {
        for (setting, line) in [
            (LegacyCpusetSetting::Cpus(CpuSet::parse_list(b"0-3,7").unwrap()), "cpuset.cpus = 0-3,7"),
            (LegacyCpusetSetting::Nodes(NumaNodeSet::new()), "cpuset.mems = "),
            (LegacyCpusetSetting::MemoryMigrate(true), "cpuset.memory_migrate = 1"),
            (LegacyCpusetSetting::LoadBalance(false), "cpuset.sched_load_balance = 0"),
            (LegacyCpusetSetting::RelaxDomainLevel(-1), "cpuset.sched_relax_domain_level = -1"),
        ] {
            assert_eq!(setting.to_string(), line);
        }
        assert_eq!(
            LegacyCpusetSetting::Cpus(CpuSet::new()).text(),
            "\n",
            "nothing written would change nothing"
        );
    }
}
