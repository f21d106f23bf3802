//! The levels of the topology, each a partition of the CPUs.

use linux_support_base::{Cpu, CpuSet, Directory, Error, Machine, ParseError, text};

use super::{Core, Die, Package};
use crate::{CPU_DIRECTORY, each::noted, info::field};

/// CPUs that are together at some level: a cluster, a book, a drawer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Group {
    /// The kernel's number.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub id: Option<u32>,
    /// Its CPUs that are online.
    pub cpus: CpuSet,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Drawer,
    Book,
    Package,
    Die,
    Cluster,
    Core,
}

/// The files of a level: the number, masks of CPUs (which the oldest kernels have too) and lists of CPUs; the
/// newer name first.
struct Files {
    id: &'static str,
    lists: &'static [&'static str],
    masks: &'static [&'static str],
}

/// From the outermost level to the innermost.
const LEVELS: [(Level, Files); 6] = [
    (Level::Drawer, Files { id: "drawer_id", lists: &["drawer_siblings_list"], masks: &["drawer_siblings"] }),
    (Level::Book, Files { id: "book_id", lists: &["book_siblings_list"], masks: &["book_siblings"] }),
    (
        Level::Package,
        Files {
            id: "physical_package_id",
            lists: &["package_cpus_list", "core_siblings_list"],
            masks: &["package_cpus", "core_siblings"],
        },
    ),
    (Level::Die, Files { id: "die_id", lists: &["die_cpus_list"], masks: &["die_cpus"] }),
    (Level::Cluster, Files { id: "cluster_id", lists: &["cluster_cpus_list"], masks: &["cluster_cpus"] }),
    (
        Level::Core,
        Files {
            id: "core_id",
            lists: &["core_cpus_list", "thread_siblings_list"],
            masks: &["core_cpus", "thread_siblings"],
        },
    ),
];

#[derive(Default)]
struct Partition {
    groups: Vec<Group>,
    covered: CpuSet,
}

impl Partition {
    fn of(&self, cpu: Cpu) -> Option<usize> {
        self.groups.iter().rposition(|group| group.cpus.contains(cpu))
    }

    fn push(&mut self, id: Option<u32>, cpus: CpuSet) {
        let cpus = &cpus - &self.covered;
        self.covered.extend(&cpus);
        self.groups.push(Group { id, cpus });
    }
}

#[derive(Default)]
pub(super) struct Levels {
    partitions: [Partition; 6],
}

impl Levels {
    /// Reads where `cpu` is, as far as the CPUs read before did not say; false where nothing is known of it.
    pub(super) fn read(
        &mut self,
        machine: &Machine,
        cpu: Cpu,
        online: &CpuSet,
        problems: &mut Vec<Error>,
    ) -> bool {
        if self.partitions[Level::Core as usize].covered.contains(cpu) {
            // Its core has been read, and with that all that is around the core.
            return true;
        }
        let Ok(directory) = machine.directory(format!("{CPU_DIRECTORY}/cpu{cpu}/topology")) else {
            return false;
        };
        let mut known = false;
        for (level, files) in &LEVELS {
            if self.partitions[*level as usize].covered.contains(cpu) {
                known = true;
                continue;
            }
            let id = noted(directory.parse(files.id, field::identity), problems);
            let cpus = files.read(&directory, problems);
            known |= id.is_some() || cpus.is_some();
            match cpus {
                Some(cpus) => {
                    let mut cpus = &cpus & online;
                    cpus.insert(cpu);
                    let partition = &mut self.partitions[*level as usize];
                    match id.flatten() {
                        // The sets contradict one another: the numbers are the better guide.
                        Some(id) if !cpus.is_disjoint(&partition.covered) => {
                            self.place(cpu, *level, Some(id))
                        }
                        id => partition.push(id, cpus),
                    }
                }
                None if id.is_some() || matches!(level, Level::Package | Level::Core) => {
                    self.place(cpu, *level, id.flatten());
                }
                None => {}
            }
        }
        if !known {
            for partition in &mut self.partitions {
                let alone = |group: &Group| group.cpus.len() == 1 && group.cpus.contains(cpu);
                partition.groups.retain(|group| !alone(group));
                partition.groups.iter_mut().for_each(|group| {
                    group.cpus.remove(cpu);
                });
                partition.covered.remove(cpu);
            }
        }
        known
    }

    /// Puts `cpu` to the CPUs of the same number, where only numbers are known: of all the machine for packages
    /// and what is above, of the same package for dies and clusters, and of the same die for cores.
    pub(super) fn place(&mut self, cpu: Cpu, level: Level, id: Option<u32>) {
        let around = match level {
            Level::Drawer | Level::Book | Level::Package => &[][..],
            Level::Die | Level::Cluster => &[Level::Package][..],
            Level::Core => &[Level::Package, Level::Die][..],
        };
        let mut within: Option<CpuSet> = None;
        for outer in around {
            let outer = &self.partitions[*outer as usize];
            if let Some(index) = outer.of(cpu) {
                within = Some(outer.groups[index].cpus.clone());
            }
        }
        let nameless = matches!(level, Level::Core) && id.is_none();
        let partition = &mut self.partitions[level as usize];
        let same = partition.groups.iter_mut().find(|group| {
            let first = group.cpus.first();
            let inside = within.as_ref().zip(first).is_none_or(|(within, first)| within.contains(first));
            group.id == id && inside && !nameless
        });
        match same {
            Some(group) => {
                group.cpus.insert(cpu);
                partition.covered.insert(cpu);
            }
            None => partition.push(id, CpuSet::from(cpu)),
        }
    }

    pub(super) fn groups(&self, level: Level) -> Vec<Group> {
        self.partitions[level as usize].groups.clone()
    }

    /// The packages, with what is in them. What spans several packages is put where its first CPU is.
    pub(super) fn packages(&self) -> Vec<Package> {
        let [_, _, packages, dies, clusters, cores] = &self.partitions;
        let mut tree: Vec<Package> = packages
            .groups
            .iter()
            .map(|package| Package {
                id: package.id,
                cpus: package.cpus.clone(),
                dies: inside(dies, &package.cpus)
                    // Where the kernel knows no dies, it writes -1, and that each CPU is one.
                    .filter(|die| die.id.is_some())
                    .map(|die| Die {
                        id: die.id,
                        cpus: &die.cpus & &package.cpus,
                        clusters: inside(clusters, &(&die.cpus & &package.cpus))
                            .filter(|cluster| cluster.id.is_some())
                            .cloned()
                            .collect(),
                        cores: Vec::new(),
                    })
                    .collect(),
            })
            .collect();
        for package in &mut tree {
            let with_die = package.dies.iter().fold(CpuSet::new(), |all, die| &all | &die.cpus);
            let rest = &package.cpus - &with_die;
            if !rest.is_empty() {
                let clusters =
                    inside(clusters, &rest).filter(|cluster| cluster.id.is_some()).cloned().collect();
                package.dies.push(Die { id: None, cpus: rest, clusters, cores: Vec::new() });
            }
            for die in &mut package.dies {
                die.cores = inside(cores, &die.cpus)
                    .map(|core| Core { id: core.id, threads: core.cpus.clone() })
                    .collect();
                let cores = &die.cores;
                die.clusters.retain(|cluster| !cores.iter().any(|core| core.threads == cluster.cpus));
            }
        }
        tree
    }
}

/// The groups whose first CPU is one of `cpus`.
fn inside<'a>(partition: &'a Partition, cpus: &'a CpuSet) -> impl Iterator<Item = &'a Group> {
    partition.groups.iter().filter(|group| group.cpus.first().is_some_and(|first| cpus.contains(first)))
}

impl Files {
    fn read(&self, directory: &Directory, problems: &mut Vec<Error>) -> Option<CpuSet> {
        let lists = self.lists.iter().map(|name| (name, CpuSet::parse_list as fn(&[u8]) -> _));
        let masks = self.masks.iter().map(|name| (name, parse_mask as fn(&[u8]) -> Result<_, ParseError>));
        masks.chain(lists).find_map(|(name, parse)| noted(directory.parse(name, parse), problems))
    }
}

fn parse_mask(text: &[u8]) -> Result<CpuSet, ParseError> {
    CpuSet::parse_mask(text::trim(text))
}
