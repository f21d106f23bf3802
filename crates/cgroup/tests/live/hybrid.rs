//! Both versions mounted at once, as on machines in between.

mod lab {
    mod any {
        use std::{fs, process::Command};

        use linux_support_base::Machine;
        use linux_support_cgroup::{
            Controller, Hierarchies, LegacyGroup, Membership, Mode, Version, live::LiveGroup, tree,
        };

        /// A hierarchy of version 1, mounted until this is dropped.
        struct Mounted(tempfile::TempDir);

        impl Mounted {
            fn new(options: &str) -> Option<Self> {
                let folder = tempfile::tempdir().unwrap();
                let output = Command::new("mount")
                    .args(["-t", "cgroup", "-o", options, "lab"])
                    .arg(folder.path())
                    .output()
                    .unwrap();
                if !output.status.success() {
                    println!("without {options}: {}", String::from_utf8_lossy(&output.stderr).trim());
                    return None;
                }
                Some(Self(folder))
            }
        }

        impl Drop for Mounted {
            fn drop(&mut self) {
                let _ = Command::new("umount").arg(self.0.path()).status();
                // What was mounted goes back to version 2 some time after that.
                for _ in 0..100 {
                    let controllers = std::fs::read_to_string("/sys/fs/cgroup/cgroup.controllers");
                    if controllers.is_ok_and(|controllers| controllers.contains("cpuset")) {
                        break;
                    }
                    std::thread::sleep(std::time::Duration::from_millis(100));
                }
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn hierarchies_of_version_1_are_read_beside_the_one_of_version_2() {
            let machine = Machine::live().unwrap();
            let root = LiveGroup::root(machine.as_live().unwrap()).unwrap();
            // What is in use there can't be had here.
            let _ = root.disable(&root.enabled().unwrap());
            let options = [
                "none,name=lab",
                "cpu,cpuacct",
                "cpuset",
                "memory",
                "blkio",
                "pids",
                "freezer",
                "hugetlb",
                "devices",
                "net_cls,net_prio",
                "misc",
                "rdma",
            ];
            let mounted: Vec<Mounted> = options.iter().filter_map(|options| Mounted::new(options)).collect();
            if mounted.is_empty() {
                return println!("skipped: a kernel without version 1");
            }
            let hierarchies = Hierarchies::read(&machine).unwrap();
            assert_eq!(hierarchies.mode(), Mode::Hybrid);
            let own = std::process::id().to_string();
            let (mut values, mut expected) = (0, 0);
            let looked_at = [
                Controller::Cpu,
                Controller::Memory,
                Controller::Pids,
                Controller::Freezer,
                Controller::Cpuset,
            ];
            for Mounted(folder) in &mounted {
                let place = folder.path().to_str().unwrap();
                let hierarchy = hierarchies.iter().find(|one| one.mount_point == place).unwrap();
                assert_eq!(hierarchy.version, Version::V1);
                expected += usize::from(looked_at.iter().any(|one| hierarchy.has(one)));
                let group = folder.path().join("made");
                fs::create_dir(&group).unwrap();
                if !hierarchy.has(&Controller::Cpuset) {
                    fs::write(group.join("tasks"), &own).unwrap();
                    let memberships = Membership::read_own(&machine).unwrap();
                    let found = memberships.iter().find(|one| hierarchy.is_of(one)).unwrap();
                    assert_eq!(found.path, "/made", "{place}");
                    fs::write(folder.path().join("tasks"), &own).unwrap();
                }
                let all = tree::legacy_groups(&machine, hierarchy, b"/", 8).unwrap();
                assert_eq!(all.len(), 2, "{place}");
                for (_, group) in &all {
                    let text = serde_json::to_string(group).unwrap();
                    assert!(!text.contains(r#""malformed""#), "{text}");
                }
                let made = LegacyGroup::read(&machine, hierarchy, b"/made").unwrap();
                values += usize::from(made.cpu.is_some_and(|cpu| cpu.shares.value().is_some()));
                values += usize::from(made.memory.is_some_and(|memory| memory.usage.value().is_some()));
                values += usize::from(made.pids.is_some_and(|pids| pids.max.value().is_some()));
                values += usize::from(made.freezer.is_some_and(|freezer| freezer.state.value().is_some()));
                values +=
                    usize::from(made.cpuset.is_some_and(|cpuset| cpuset.memory_migrate.value().is_some()));
                // One whose last thread has just left is busy for a moment.
                let is_gone = (0..100).any(|_| {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    fs::remove_dir(&group).is_ok()
                });
                assert!(is_gone, "{place}");
            }
            println!("{} hierarchies of version 1", mounted.len());
            assert_eq!(values, expected);
        }
    }
}
