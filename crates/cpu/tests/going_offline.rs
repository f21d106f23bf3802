//! CPUs that go offline while they are read: the others are shown, and what is missing is told.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use linux_support_base::{Cpu, Machine};
use linux_support_cpu::{Caches, CpuInfo, CpuSets, Frequencies, Interrupts, Topology};

const CPUS: &str = "sys/devices/system/cpu";

fn cpu(number: u32) -> Cpu {
    Cpu::new(number).unwrap()
}

/// Four CPUs: two cores of two threads each, a cache for each core, a frequency policy for each CPU.
fn machine(folder: &Path) -> PathBuf {
    let file = |path: String, text: String| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for name in ["online", "present", "possible"] {
        file(format!("{CPUS}/{name}"), "0-3\n".into());
    }
    file(
        "proc/cpuinfo".into(),
        (0..4).map(|cpu| format!("processor\t: {cpu}\ncpu MHz\t\t: 2000.000\n\n")).collect(),
    );
    for cpu in 0..4 {
        let core = cpu / 2;
        let siblings = format!("{}-{}\n", core * 2, core * 2 + 1);
        for (name, text) in [
            ("topology/physical_package_id", "0\n".to_owned()),
            ("topology/core_id", format!("{core}\n")),
            ("topology/package_cpus_list", "0-3\n".into()),
            ("topology/core_cpus_list", siblings.clone()),
            ("cache/index0/level", "1\n".into()),
            ("cache/index0/type", "Unified\n".into()),
            ("cache/index0/size", "32K\n".into()),
            ("cache/index0/shared_cpu_list", siblings.clone()),
        ] {
            file(format!("{CPUS}/cpu{cpu}/{name}"), text);
        }
        let policy = format!("{CPUS}/cpu{cpu}/cpufreq");
        file(format!("{policy}/affected_cpus"), format!("{cpu}\n"));
        file(format!("{policy}/scaling_cur_freq"), "2000000\n".into());
    }
    folder.join(CPUS)
}

#[test]
fn the_list_was_read_before_the_cpu_went() {
    let folder = tempfile::tempdir().unwrap();
    let cpus = machine(folder.path());
    fs::remove_dir_all(cpus.join("cpu3/topology")).unwrap();
    fs::remove_dir_all(cpus.join("cpu3/cache")).unwrap();
    fs::remove_dir_all(cpus.join("cpu3/cpufreq")).unwrap();
    let machine = Machine::captured(folder.path()).unwrap();
    let topology = Topology::read(&machine).unwrap();
    for number in 0..3 {
        assert!(topology.place(cpu(number)).is_some(), "CPU {number}");
    }
    // CPU 2 still counts it among its siblings, so that is where it is.
    assert_eq!(topology.place(cpu(3)).unwrap().core.id, Some(1));
    assert!(topology.problems.is_empty());
    let caches = Caches::read(&machine).unwrap();
    assert_eq!((caches.list.len(), caches.problems.len()), (2, 0));
    assert_eq!(Frequencies::read(&machine).unwrap().policies.len(), 3);
}

#[test]
fn a_file_that_can_no_longer_be_read_is_told_and_hides_no_other_cpu() {
    // What the kernel answers for a CPU on its way out: no such device, input/output error, busy.
    for errno in [19, 5, 16] {
        let folder = tempfile::tempdir().unwrap();
        machine(folder.path());
        fs::create_dir(folder.path().join("linux-support")).unwrap();
        let failed = [
            "cpu2/topology/core_id",
            "cpu2/topology/core_cpus_list",
            "cpu2/cache/index0/size",
            "cpu2/cpufreq/scaling_cur_freq",
        ];
        let errors: String = failed.iter().map(|path| format!("{errno} /{CPUS}/{path}\n")).collect();
        fs::write(folder.path().join("linux-support/errors"), errors).unwrap();
        let machine = Machine::captured(folder.path()).unwrap();
        let topology = Topology::read(&machine).unwrap();
        for number in [0, 1, 3] {
            let place = topology.place(cpu(number)).unwrap();
            assert_eq!(place.core.id, Some(number / 2), "errno {errno}");
        }
        let frequencies = Frequencies::read(&machine).unwrap();
        assert_eq!(frequencies.policies.len(), 4);
        assert!(frequencies.policies[3].current.value().is_some());
        assert!(frequencies.policies[2].current.error().is_some());
        // No such device is an absence; the others are trouble, and told.
        let told = topology.problems.iter().chain(&Caches::read(&machine).unwrap().problems).count();
        assert_eq!(told > 0, errno != 19, "errno {errno}");
    }
}

#[test]
fn a_storm_of_cpus_coming_and_going_gives_no_false_result() {
    let folder = tempfile::tempdir().unwrap();
    let cpus = machine(folder.path());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let away = folder.path().join("away");
            fs::create_dir(&away).unwrap();
            let replace = |name: &str, text: &str| {
                fs::write(away.join("new"), text).unwrap();
                fs::rename(away.join("new"), cpus.join(name)).unwrap();
            };
            while !done.load(Ordering::Relaxed) {
                for name in ["topology", "cache", "cpufreq"] {
                    fs::rename(cpus.join("cpu3").join(name), away.join(name)).unwrap();
                }
                replace("online", "0-2\n");
                replace("cpu2/topology/core_cpus_list", "2\n");
                replace("cpu2/cache/index0/shared_cpu_list", "2\n");
                for name in ["cpufreq", "cache", "topology"] {
                    fs::rename(away.join(name), cpus.join("cpu3").join(name)).unwrap();
                }
                replace("cpu2/topology/core_cpus_list", "2-3\n");
                replace("cpu2/cache/index0/shared_cpu_list", "2-3\n");
                replace("online", "0-3\n");
            }
        });
        let outcome = std::panic::catch_unwind(|| {
            for _ in 0..300 {
                let machine = Machine::captured(folder.path()).unwrap();
                let topology = Topology::read(&machine).unwrap();
                for number in 0..3 {
                    let place = topology.place(cpu(number)).unwrap();
                    assert_eq!((place.package.id, place.core.id), (Some(0), Some(number / 2)));
                }
                let caches = Caches::read(&machine).unwrap();
                for problem in topology.problems.iter().chain(&caches.problems) {
                    // What was listed and then gone is told.
                    let told = problem.is_absent() && problem.to_string().contains("/cpu3/");
                    assert!(told, "{problem}");
                }
                assert!(caches.list.iter().any(|cache| cache.cpus.contains(cpu(2))));
                let frequencies = Frequencies::read(&machine).unwrap();
                let read = frequencies.policies.iter().filter(|policy| policy.current.value().is_some());
                assert!((3..=4).contains(&read.count()));
                assert!(CpuSets::read(&machine).online.value().unwrap().contains(cpu(2)));
            }
        });
        done.store(true, Ordering::Relaxed);
        outcome.unwrap();
    });
}

#[test]
fn tables_with_fewer_columns_than_cpus_are_read() {
    let interrupts =
        Interrupts::parse(b"           CPU0       CPU2\n  1:   5   6  IO-APIC 1-edge i8042\n").unwrap();
    let interrupt = interrupts.number(1).unwrap();
    assert_eq!((interrupts.count(interrupt, cpu(2)), interrupts.count(interrupt, cpu(1))), (Some(6), None));
    let info = CpuInfo::parse(b"processor\t: 0\n\nprocessor\t: 2\n").unwrap();
    assert!(info.processor(cpu(1)).is_none() && info.processor(cpu(2)).is_some());
}
