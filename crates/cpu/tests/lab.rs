//! CPUs of the lab's machines.

mod numa {
    use std::{collections::BTreeSet, fs, process::Command};

    use linux_support_base::{Cpu, CpuSet, Machine};
    use linux_support_cpu::{CpuSets, Topology, UsableCpus};

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn lscpu_sees_the_same_packages_and_cores() {
        let Ok(output) = Command::new("lscpu").arg("--parse=CPU,SOCKET,CORE").output() else {
            println!("skipped: no lscpu");
            return;
        };
        let text = String::from_utf8(output.stdout).unwrap();
        let rows: Vec<Vec<&str>> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split(',').collect())
            .collect();
        // Sets of CPUs are compared: lscpu numbers packages and cores as it likes.
        let groups = |column: usize| -> BTreeSet<BTreeSet<u32>> {
            let together = |row: &Vec<&str>| {
                let same = rows.iter().filter(|other| other[column] == row[column]);
                same.map(|other| other[0].parse().unwrap()).collect()
            };
            rows.iter().map(together).collect()
        };
        let numbers = |set: &CpuSet| set.iter().map(u32::from).collect::<BTreeSet<u32>>();
        let topology = Topology::read(&Machine::live().unwrap()).unwrap();
        let packages: BTreeSet<_> = topology.packages.iter().map(|package| numbers(&package.cpus)).collect();
        assert_eq!(packages, groups(1));
        let cores: BTreeSet<_> = topology.cores().map(|core| numbers(&core.threads)).collect();
        assert_eq!(cores, groups(2));
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn a_cpu_that_goes_offline_leaves_its_core_and_comes_back() {
        let machine = Machine::live().unwrap();
        let switch = "/sys/devices/system/cpu/cpu5/online";
        let core_of_4 = || {
            let topology = Topology::read(&machine).unwrap();
            topology.place(Cpu::new(4).unwrap()).unwrap().core.threads.to_string()
        };
        assert_eq!(core_of_4(), "4-5");
        fs::write(switch, "0").unwrap();
        let offline = CpuSets::read(&machine).offline.into_result().unwrap().to_string();
        let alone = core_of_4();
        fs::write(switch, "1").unwrap();
        assert_eq!((offline.as_str(), alone.as_str()), ("5", "4"));
        assert_eq!(core_of_4(), "4-5");
    }

    /// This process, in a group for as long as this lives.
    struct InGroup(&'static str);

    const GROUPS: &str = "/sys/fs/cgroup";

    impl InGroup {
        fn enter(path: &'static str) -> Self {
            let own = std::process::id().to_string();
            fs::write(format!("{GROUPS}/{path}/cgroup.procs"), own).unwrap();
            Self(path)
        }
    }

    impl Drop for InGroup {
        fn drop(&mut self) {
            let own = std::process::id().to_string();
            let _ = fs::write(format!("{GROUPS}/cgroup.procs"), own);
            let mut path = Some(self.0);
            while let Some(group) = path {
                let _ = fs::remove_dir(format!("{GROUPS}/{group}"));
                path = group.rsplit_once('/').map(|(above, _)| above);
            }
        }
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn the_quota_of_a_group_above_and_the_cpuset_limit_what_std_counts_too() {
        for (group, controllers) in [("", "+cpu +cpuset"), ("counts", "+cpu +cpuset")] {
            fs::create_dir_all(format!("{GROUPS}/{group}")).unwrap();
            fs::write(format!("{GROUPS}/{group}/cgroup.subtree_control"), controllers).unwrap();
        }
        fs::create_dir(format!("{GROUPS}/counts/inner")).unwrap();
        fs::write(format!("{GROUPS}/counts/cpuset.cpus"), "1-2,4-6").unwrap();
        fs::write(format!("{GROUPS}/counts/cpu.max"), "250000 100000").unwrap();
        fs::write(format!("{GROUPS}/counts/inner/cpu.max"), "1600000 200000").unwrap();
        let machine = Machine::live().unwrap();
        let inside = {
            let _group = InGroup::enter("counts/inner");
            (
                UsableCpus::read(&machine).unwrap(),
                std::thread::available_parallelism().unwrap(),
                num_cpus::get(),
            )
        };
        let (usable, by_std, by_num_cpus) = inside;
        assert_eq!(usable.cpuset.to_string(), "1-2,4-6");
        assert_eq!(usable.affinity.to_string(), "1-2,4-6");
        let quota = usable.quota.value().unwrap().as_ref().unwrap();
        assert_eq!((quota.cpus(), quota.group.to_string()), (2.5, format!("{GROUPS}/counts")));
        assert_eq!((usable.parallelism(), by_std.get()), (by_std, 2));
        // It looks at the innermost group alone.
        assert_eq!((by_num_cpus, quota.rounded_up().get()), (5, 3));
    }
}
