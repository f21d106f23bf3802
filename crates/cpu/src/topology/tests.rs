use std::{fs, path::Path};

use super::*;

/// A tree with these files below `/sys/devices/system/cpu`.
fn topology(files: &[(&str, &str)]) -> Topology {
    let tree = tempfile::tempdir().unwrap();
    for (name, text) in files {
        write(tree.path(), name, text);
    }
    Topology::read(&Machine::captured(tree.path()).unwrap()).unwrap()
}

fn write(tree: &Path, name: &str, text: &str) {
    let path = match name.strip_prefix('/') {
        Some(path) => tree.join(path),
        None => tree.join("sys/devices/system/cpu").join(name),
    };
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn cpu(number: u32) -> Cpu {
    Cpu::new(number).unwrap()
}

/// `package[die(core=threads …)]` for all.
fn drawn(topology: &Topology) -> String {
    let id = |id: Option<u32>| id.map_or("-".into(), |id| id.to_string());
    let core = |core: &Core| format!("{}={}", id(core.id), core.threads);
    let die =
        |die: &Die| format!("{}({})", id(die.id), die.cores.iter().map(core).collect::<Vec<_>>().join(" "));
    let package = |package: &Package| {
        format!("{}[{}]", id(package.id), package.dies.iter().map(die).collect::<Vec<_>>().join(" "))
    };
    topology.packages.iter().map(package).collect::<Vec<_>>().join(" ")
}

#[test]
fn cores_of_the_same_number_in_two_packages_are_two() {
    let names: Vec<String> = (0..4).map(|n| format!("cpu{n}/topology/")).collect();
    let mut owned = Vec::new();
    for (n, folder) in names.iter().enumerate() {
        owned.push((format!("{folder}physical_package_id"), format!("{}\n", n % 2)));
        owned.push((format!("{folder}core_id"), "0\n".into()));
        owned.push((format!("{folder}core_siblings"), format!("{:x}\n", 5 << (n % 2))));
        owned.push((format!("{folder}thread_siblings"), format!("{:x}\n", 5 << (n % 2))));
    }
    owned.push(("online".into(), "0-3\n".into()));
    let files: Vec<(&str, &str)> = owned.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let topology = topology(&files);
    assert_eq!(drawn(&topology), "0[-(0=0,2)] 1[-(0=1,3)]");
    assert_eq!(topology.threads_per_core(), 2);
    assert_eq!(topology.place(cpu(3)).unwrap().package.id, Some(1));
    assert_eq!(topology.place(cpu(4)), None);
}

#[test]
fn dies_and_clusters_are_kept_and_clusters_of_one_core_are_not() {
    let mut owned = vec![("online".to_string(), "0-7\n".to_string())];
    for n in 0..8 {
        let folder = format!("cpu{n}/topology/");
        let die = n / 4;
        let list = |first: u32, count: u32| format!("{first}-{}\n", first + count - 1);
        owned.extend([
            (format!("{folder}physical_package_id"), "0\n".to_string()),
            (format!("{folder}package_cpus_list"), "0-7\n".into()),
            (format!("{folder}die_id"), format!("{die}\n")),
            (format!("{folder}die_cpus_list"), list(die * 4, 4)),
            (format!("{folder}core_id"), format!("{}\n", n % 4)),
            (format!("{folder}core_cpus_list"), format!("{n}\n")),
            (format!("{folder}cluster_id"), format!("{}\n", if die == 0 { n / 2 } else { n })),
            (
                format!("{folder}cluster_cpus_list"),
                if die == 0 { list(n / 2 * 2, 2) } else { format!("{n}\n") },
            ),
        ]);
    }
    let files: Vec<(&str, &str)> = owned.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let topology = topology(&files);
    assert_eq!(drawn(&topology), "0[0(0=0 1=1 2=2 3=3) 1(0=4 1=5 2=6 3=7)]");
    let clusters: Vec<_> = topology.clusters().map(|cluster| cluster.cpus.to_string()).collect();
    assert_eq!(clusters, ["0-1", "2-3"]);
    assert_eq!(topology.place(cpu(2)).unwrap().cluster.unwrap().id, Some(1));
}

#[test]
fn where_no_dies_are_known_there_is_one_for_all() {
    let topology = topology(&[
        ("online", "0-1\n"),
        ("cpu0/topology/package_cpus", "3\n"),
        ("cpu0/topology/core_cpus", "3\n"),
        ("cpu0/topology/die_id", "-1\n"),
        ("cpu0/topology/die_cpus", "1\n"),
        ("cpu1/topology/die_id", "-1\n"),
        ("cpu1/topology/die_cpus", "2\n"),
    ]);
    assert_eq!(drawn(&topology), "-[-(-=0-1)]");
    assert!(topology.place(cpu(1)).is_some());
}

#[test]
fn numbers_alone_are_enough_and_minus_one_is_no_number() {
    let topology = topology(&[
        ("online", "0-2\n"),
        ("cpu0/topology/physical_package_id", "-1\n"),
        ("cpu0/topology/core_id", "0\n"),
        ("cpu1/topology/physical_package_id", "-1\n"),
        ("cpu1/topology/core_id", "0\n"),
        ("cpu2/topology/physical_package_id", "7\n"),
        ("cpu2/topology/core_id", "0\n"),
    ]);
    assert_eq!(drawn(&topology), "-[-(0=0-1)] 7[-(0=2)]");
}

#[test]
fn what_is_offline_or_untold_is_in_no_package() {
    let topology = topology(&[
        ("online", "0,2\n"),
        ("cpu0/topology/thread_siblings_list", "0-1\n"),
        ("cpu0/topology/core_siblings_list", "0-1\n"),
        ("cpu1/online", "0\n"),
        ("cpu2/online", "1\n"),
    ]);
    assert_eq!(drawn(&topology), "-[-(-=0)]");
    assert_eq!((topology.unplaced.to_string(), topology.offline.to_string()), ("2".into(), "1".into()));
}

#[test]
fn where_sets_contradict_one_another_the_numbers_decide() {
    let topology = topology(&[
        ("online", "0-2\n"),
        ("cpu0/topology/physical_package_id", "0\n"),
        ("cpu0/topology/core_siblings", "1\n"),
        ("cpu1/topology/physical_package_id", "1\n"),
        ("cpu1/topology/core_siblings", "3\n"),
        ("cpu2/topology/physical_package_id", "1\n"),
        ("cpu2/topology/core_siblings", "6\n"),
    ]);
    let packages: Vec<_> = topology.packages.iter().map(|package| package.cpus.to_string()).collect();
    assert_eq!(packages, ["0", "1-2"]);
}

#[test]
fn a_broken_file_hides_nothing_but_itself() {
    let topology = topology(&[
        ("online", "0-1\n"),
        ("cpu0/topology/physical_package_id", "zero\n"),
        ("cpu0/topology/package_cpus_list", "0-1\n"),
        ("cpu0/topology/core_cpus_list", "0-1\n"),
    ]);
    assert_eq!(drawn(&topology), "-[-(-=0-1)]");
    assert_eq!(topology.problems.len(), 1);
}

#[test]
fn without_sysfs_the_numbers_of_cpuinfo_are_taken() {
    let topology = topology(&[
        ("online", "0-1\n"),
        (
            "/proc/cpuinfo",
            "processor\t: 0\nphysical id\t: 0\ncore id\t\t: 3\n\nprocessor\t: 1\nphysical id\t: 1\ncore id\t\t: 3\n",
        ),
    ]);
    assert_eq!(drawn(&topology), "0[-(3=0)] 1[-(3=1)]");
    assert!(topology.unplaced.is_empty());
}

#[test]
fn unlike_cores_are_told_apart() {
    let topology = topology(&[
        ("online", "0-2\n"),
        ("/sys/devices/cpu_core/cpus", "0\n"),
        ("/sys/devices/cpu_atom/cpus", "1-2\n"),
        ("cpu0/cpu_capacity", "446\n"),
        ("cpu1/cpu_capacity", "446\n"),
        ("cpu2/cpu_capacity", "1024\n"),
    ]);
    let kinds: Vec<_> = topology.kinds.iter().map(|kind| format!("{} {}", kind.name, kind.cpus)).collect();
    assert_eq!(kinds, ["core 0", "atom 1-2"]);
    let capacities: Vec<_> =
        topology.capacities.iter().map(|known| format!("{} {}", known.capacity, known.cpus)).collect();
    assert_eq!(capacities, ["1024 2", "446 0-1"]);
}

#[test]
fn this_machine_has_every_online_cpu_in_its_place() {
    let machine = Machine::live().unwrap();
    let topology = Topology::read(&machine).unwrap();
    for cpu in &each::online(&machine).unwrap() {
        assert!(topology.place(cpu).is_some() || topology.unplaced.contains(cpu));
    }
}
