//! How the machine's CPUs lie: packages, dies, clusters, cores and threads.

mod kind;
mod level;

use linux_support_base::{Cpu, CpuSet, Error, Machine};

pub use kind::{Capacity, CpuKind};
pub use level::Group;

use crate::{CpuInfo, each};
use level::{Level, Levels};

/// The packages of a machine, and what is in them.
///
/// The kernel's numbers of packages, dies and cores repeat: a core 0 is in every package, and on some machines in
/// every die. So the parts are told apart by the CPUs that they hold.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cpu::Topology;
///
/// let topology = Topology::read(&Machine::live()?)?;
/// println!("{} packages, {} cores", topology.packages.len(), topology.cores().count());
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// Documentation/admin-guide/cputopology.rst, Documentation/ABI/stable/sysfs-devices-system-cpu.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Topology {
    /// The packages (sockets), in the order of their first CPUs.
    pub packages: Vec<Package>,
    /// Groups of packages: on s390.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub books: Vec<Group>,
    /// Groups of books: on s390.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub drawers: Vec<Group>,
    /// The kinds of cores, where they are unlike: see [`CpuKind`].
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub kinds: Vec<CpuKind>,
    /// How much each CPU can do next to the strongest of the machine, where the kernel tells.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub capacities: Vec<Capacity>,
    /// CPUs that are online, but of which the kernel does not say where they are.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "CpuSet::is_empty"))]
    pub unplaced: CpuSet,
    /// CPUs that have a directory and are offline: the kernel says nothing of where these are.
    pub offline: CpuSet,
    /// Files that should have helped and could not be read.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub problems: Vec<Error>,
}

/// A package: what is put into a socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "socket")]
pub struct Package {
    /// The firmware's number; on some architectures there is none.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub id: Option<u32>,
    /// Its CPUs that are online.
    pub cpus: CpuSet,
    /// Its dies: one where the kernel knows of none.
    pub dies: Vec<Die>,
}

/// A die of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Die {
    /// Its number within the package, where the kernel knows of dies.
    ///
    /// # Kernel
    /// Since 5.2.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub id: Option<u32>,
    /// Its CPUs that are online.
    pub cpus: CpuSet,
    /// Groups of its cores that share something, such as the second level cache; those of one core are left
    /// out.
    ///
    /// # Kernel
    /// Since 5.16.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub clusters: Vec<Group>,
    /// Its cores.
    pub cores: Vec<Core>,
}

/// A core.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Core {
    /// The kernel's number: within the package or the die, or of the whole machine.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub id: Option<u32>,
    /// Its threads that are online.
    pub threads: CpuSet,
}

/// Where a CPU is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place<'a> {
    /// Its package.
    pub package: &'a Package,
    /// Its die.
    pub die: &'a Die,
    /// Its cluster, where cores are grouped in clusters.
    pub cluster: Option<&'a Group>,
    /// Its core.
    pub core: &'a Core,
}

impl Package {
    /// The cores of all its dies.
    pub fn cores(&self) -> impl Iterator<Item = &Core> {
        self.dies.iter().flat_map(|die| &die.cores)
    }

    /// The clusters of all its dies.
    pub fn clusters(&self) -> impl Iterator<Item = &Group> {
        self.dies.iter().flat_map(|die| &die.clusters)
    }
}

impl Topology {
    /// Reads where each CPU that is online is, from `/sys/devices/system/cpu/cpuN/topology`, or where that is
    /// missing from `/proc/cpuinfo`.
    ///
    /// # Errors
    /// It can't be found out which CPUs are online. Single files that are missing or malformed are no errors:
    /// see [`unplaced`](Self::unplaced) and [`problems`](Self::problems).
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let online = each::online(machine)?;
        let mut problems = Vec::new();
        let mut levels = Levels::default();
        let mut unplaced = CpuSet::new();
        for cpu in &online {
            if !levels.read(machine, cpu, &online, &mut problems) {
                unplaced.insert(cpu);
            }
        }
        if !unplaced.is_empty()
            && let Ok(info) = CpuInfo::read(machine)
        {
            for processor in &info.processors {
                if let Some(core) = processor.core.filter(|_| unplaced.contains(processor.cpu)) {
                    levels.place(processor.cpu, Level::Package, processor.package);
                    levels.place(processor.cpu, Level::Core, Some(core));
                    unplaced.remove(processor.cpu);
                }
            }
        }
        let offline = each::listed(machine).map(|listed| &listed - &online).unwrap_or_default();
        Ok(Self {
            packages: levels.packages(),
            books: levels.groups(Level::Book),
            drawers: levels.groups(Level::Drawer),
            kinds: kind::kinds(machine, &mut problems),
            capacities: kind::capacities(machine, &online, &mut problems),
            unplaced,
            offline,
            problems,
        })
    }

    /// All dies.
    pub fn dies(&self) -> impl Iterator<Item = &Die> {
        self.packages.iter().flat_map(|package| &package.dies)
    }

    /// All clusters.
    pub fn clusters(&self) -> impl Iterator<Item = &Group> {
        self.dies().flat_map(|die| &die.clusters)
    }

    /// All cores.
    pub fn cores(&self) -> impl Iterator<Item = &Core> {
        self.dies().flat_map(|die| &die.cores)
    }

    /// The most threads that any core has online.
    #[must_use]
    pub fn threads_per_core(&self) -> usize {
        self.cores().map(|core| core.threads.len()).max().unwrap_or(0)
    }

    /// Where this CPU is; `None` where it is offline or the kernel does not say.
    #[must_use]
    pub fn place(&self, cpu: Cpu) -> Option<Place<'_>> {
        for package in &self.packages {
            for die in &package.dies {
                if let Some(core) = die.cores.iter().find(|core| core.threads.contains(cpu)) {
                    let cluster = die.clusters.iter().find(|cluster| cluster.cpus.contains(cpu));
                    return Some(Place { package, die, cluster, core });
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
