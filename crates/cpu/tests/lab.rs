//! CPUs of the lab's machines.

mod numa {
    use std::{collections::BTreeSet, fs, process::Command};

    use linux_support_base::{Cpu, CpuSet, Machine};
    use linux_support_cpu::{CpuSets, Topology};

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
}
