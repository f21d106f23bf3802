//! Shields over CPUs of the lab's machines.

mod lab {
    mod any {
        use std::{
            io::{BufRead, BufReader},
            process::{Child, Command, Stdio},
        };

        use linux_support_base::{CpuSet, Machine, Pid, Reason};
        use linux_support_cgroup::{
            Controller, Partition, PartitionKind,
            live::{GroupName, LegacyCpusetGroup, LiveGroup},
        };
        use linux_support_cpu::{
            CpuSets, affinity,
            shield::{OccupantKind, Shield},
        };

        /// A process that sleeps, ended with its guard.
        struct Sleeper(Child);

        impl Sleeper {
            fn start() -> Self {
                Self(Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap())
            }

            fn pid(&self) -> Pid {
                Pid::new(self.0.id().cast_signed()).unwrap()
            }

            fn cpus(&self) -> CpuSet {
                affinity::of_thread(Some(self.pid())).unwrap()
            }
        }

        impl Drop for Sleeper {
            fn drop(&mut self) {
                let _ = self.0.kill();
                let _ = self.0.wait();
            }
        }

        fn name(name: &str) -> GroupName {
            GroupName::new(name).unwrap()
        }

        /// The CPUs that are online, and the last two of them, or the last one of two: of those that were not isolated at boot,
        /// which can only be in isolated partitions.
        fn cpus(machine: &Machine) -> Option<(CpuSet, CpuSet)> {
            let sets = CpuSets::read(machine);
            let online = sets.online.into_result().unwrap();
            let usual = &online - sets.isolated.value().unwrap_or(&CpuSet::new());
            let skipped = usual.len().saturating_sub(2).max(1);
            let last: CpuSet = usual.iter().skip(skipped).collect();
            if last.is_empty() {
                println!("skipped: one CPU alone");
                return None;
            }
            Some((online, last))
        }

        fn partition(group: &LiveGroup<'_>) -> Partition {
            group.directory().parse("cpuset.cpus.partition", Partition::parse).unwrap()
        }

        /// Whatever a shield changes: the groups of the root, what it gives on, and the CPUs of every thread.
        fn state(root: &LiveGroup<'_>) -> (Vec<String>, Vec<Controller>, Vec<(String, String)>) {
            let groups = root.children().unwrap().iter().map(ToString::to_string).collect();
            let mut threads = Vec::new();
            for entry in std::fs::read_dir("/proc").unwrap() {
                let path = entry.unwrap().path();
                let Ok(status) = std::fs::read_to_string(path.join("status")) else { continue };
                let value = |key: &str| {
                    let line = status.lines().find(|line| line.starts_with(key)).unwrap_or_default();
                    line[key.len()..].trim().to_owned()
                };
                let Ok(stat) = std::fs::read_to_string(path.join("stat")) else { continue };
                let flags = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(6));
                let flags: u64 = flags.unwrap().parse().unwrap();
                // Workers come and go; of threads whose CPUs nobody can set, the kernel forgets them.
                const NO_SETAFFINITY: u64 = 0x0400_0000;
                if flags & NO_SETAFFINITY == 0 && !value("Name:").starts_with("kworker") {
                    let thread = format!("{} {}", path.display(), value("Name:"));
                    threads.push((thread, value("Cpus_allowed_list:")));
                }
            }
            threads.sort();
            (groups, root.enabled().unwrap(), threads)
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn cpus_are_kept_free_and_everything_comes_back() {
            let machine = Machine::live().unwrap();
            let live = machine.as_live().unwrap();
            let Some((online, last)) = cpus(&machine) else { return };
            let (anywhere, there) = (Sleeper::start(), Sleeper::start());
            // That is less than all where some were isolated at boot.
            let at_first = anywhere.cpus();
            affinity::set_thread(Some(there.pid()), &last).unwrap();
            let root = || LiveGroup::root(live).unwrap();
            let before = state(&root());
            for (shield, kind) in [
                (Shield::new(last.clone()), PartitionKind::Isolated),
                (Shield::new(last.clone()).balanced(), PartitionKind::Root),
            ] {
                let mut raised = shield.raise(root(), &name("kept-free")).unwrap();
                let group = root().child(&name("kept-free")).unwrap();
                assert_eq!(partition(&group), Partition { kind: kind.clone(), invalid: None });
                assert_eq!(
                    root().read().cpuset.into_result().unwrap().cpus_effective.into_result().unwrap(),
                    &online - &last
                );
                assert!(anywhere.cpus().is_disjoint(&last) && there.cpus().is_disjoint(&last), "{raised:?}");
                // What stays is what each CPU has of its own.
                assert!(!raised.left().is_empty());
                for occupant in raised.left() {
                    assert_eq!(occupant.kind, OccupantKind::BoundKernel, "{occupant:?}");
                }
                let migration =
                    raised.left().iter().filter(|one| one.name.to_string().starts_with("migration/"));
                assert_eq!(migration.count(), last.len());

                raised.take_process(anywhere.pid()).unwrap();
                assert_eq!(anywhere.cpus(), last);
                assert_eq!(LiveGroup::of_process(live, anywhere.pid()).unwrap().path(), raised.path());
                assert!(raised.sweep().unwrap().iter().all(|one| one.thread != anywhere.pid()));
                // Nobody else gets a partition of the same CPUs.
                let error = Shield::new(last.clone()).raise(root(), &name("second")).unwrap_err().to_string();
                assert!(error.contains(&last.to_string()) || error.contains("cpuset.cpus"), "{error}");

                let mut parent = Command::new("sh")
                    .args(["-c", "read go; sleep 1000 & echo $!; wait"])
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                raised.take_process(Pid::new(parent.id().cast_signed()).unwrap()).unwrap();
                drop(parent.stdin.take());
                let mut line = String::new();
                BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
                let child = Pid::new(line.trim().parse().unwrap()).unwrap();
                assert_eq!(affinity::of_thread(Some(child)).unwrap(), last);

                match kind {
                    PartitionKind::Isolated => raised.restore().unwrap(),
                    _ => drop(raised),
                }
                let after = state(&root());
                assert_eq!((&after.0, &after.1), (&before.0, &before.1));
                // Those that have ended meanwhile are not missed.
                let mut compared = 0;
                for (thread, cpus) in &before.2 {
                    if let Some((_, now)) = after.2.iter().find(|(one, _)| one == thread) {
                        assert_eq!(now, cpus, "{thread}");
                        compared += 1;
                    }
                }
                assert!(compared > 10, "{before:?}");
                assert_eq!(affinity::of_thread(Some(child)).unwrap(), at_first);
                assert_eq!(LiveGroup::of_process(live, child).unwrap().path(), "/");
                let _ = Command::new("kill").arg(child.to_string()).status();
                parent.wait().unwrap();
                assert_eq!((anywhere.cpus(), there.cpus()), (at_first.clone(), last.clone()));
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_can_not_be_shielded_changes_nothing() {
            let machine = Machine::live().unwrap();
            let live = machine.as_live().unwrap();
            let Some((online, last)) = cpus(&machine) else { return };
            let root = LiveGroup::root(live).unwrap();
            let before = state(&root);
            let refused = |shield: Shield, at: &str| {
                let error = shield.raise(LiveGroup::root(live).unwrap(), &name(at)).unwrap_err();
                let after = state(&root);
                assert_eq!((&after.0, &after.1), (&before.0, &before.1), "{error}");
                error.to_string()
            };
            assert!(refused(Shield::new(online.clone()), "all").contains("the others need one"));
            let nodes = "1000".parse().unwrap();
            let error = refused(Shield::new(last.clone()).on_nodes(nodes), "far");
            assert!(error.contains("cpuset.mems = 1000"), "{error}");
            let nodes = "0".parse().unwrap();
            let own = Shield::new(last.clone()).on_nodes(nodes).with_nodes_of_its_own();
            assert!(refused(own, "own").contains("version 2"));

            root.make(&name("there-already")).unwrap();
            let error = Shield::new(last).raise(LiveGroup::root(live).unwrap(), &name("there-already"));
            let error = error.unwrap_err().to_string();
            root.remove(&name("there-already")).unwrap();
            assert!(error.contains("there-already"), "{error}");
            assert_eq!(state(&root).1, before.1);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn below_another_group_a_shield_needs_a_kernel_that_lends_cpus() {
            let machine = Machine::live().unwrap();
            let live = machine.as_live().unwrap();
            let Some((_, last)) = cpus(&machine) else { return };
            let root = LiveGroup::root(live).unwrap();
            root.enable(&[Controller::Cpuset]).unwrap();
            let at_first = affinity::of_thread(None).unwrap();
            let middle = || root.child(&name("middle")).unwrap();
            root.make(&name("middle")).unwrap();
            let lends = middle().directory().exists("cpuset.cpus.exclusive");
            let exclusive = || middle().directory().line("cpuset.cpus.exclusive").unwrap();
            match Shield::new(last.clone()).raise(middle(), &name("within")) {
                Ok(raised) => {
                    assert!(lends);
                    assert_eq!(partition(raised.group().unwrap()).invalid, None);
                    assert_eq!(exclusive().to_string(), last.to_string());
                    assert!(affinity::of_thread(None).unwrap().is_disjoint(&last));
                    raised.restore().unwrap();
                    assert_eq!(exclusive(), "");
                    assert_eq!(affinity::of_thread(None).unwrap(), at_first);
                }
                Err(error) => {
                    assert!(!lends, "{error}");
                    assert!(error.to_string().contains("since 6.7"), "{error}");
                }
            }
            assert_eq!(middle().children().unwrap().len(), 0);
            root.remove(&name("middle")).unwrap();
        }

        /// The hierarchy of version 1, mounted until this is dropped.
        struct Mounted(tempfile::TempDir);

        impl Mounted {
            fn new(root: &LiveGroup<'_>) -> Option<Self> {
                let _ = root.disable(&[Controller::Cpuset]);
                let folder = tempfile::tempdir().unwrap();
                let output = Command::new("mount")
                    .args(["-t", "cgroup", "-o", "cpuset", "cpuset"])
                    .arg(folder.path())
                    .output()
                    .unwrap();
                if !output.status.success() {
                    println!(
                        "skipped: no cpuset of version 1: {}",
                        String::from_utf8_lossy(&output.stderr).trim()
                    );
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
        fn cpus_are_kept_free_by_groups_of_version_1_too() {
            let machine = Machine::live().unwrap();
            let live = machine.as_live().unwrap();
            let Some((online, last)) = cpus(&machine) else { return };
            let Some(_mounted) = Mounted::new(&LiveGroup::root(live).unwrap()) else { return };
            let root = || LegacyCpusetGroup::root(live).unwrap();
            let (anywhere, there) = (Sleeper::start(), Sleeper::start());
            let at_first = anywhere.cpus();
            affinity::set_thread(Some(there.pid()), &last).unwrap();
            let shield = Shield::new(last.clone());

            // A group that has the CPUs stands in the way, and is named.
            let narrow = root().make(&name("in-the-way")).unwrap();
            narrow.set(linux_support_cgroup::live::LegacyCpusetSetting::Cpus(last.clone())).unwrap();
            let error = shield.raise_legacy(root(), &name("user"), &name("system")).unwrap_err().to_string();
            assert!(error.contains("/in-the-way"), "{error}");
            root().remove(&name("in-the-way")).unwrap();

            let mut raised = shield.raise_legacy(root(), &name("user"), &name("system")).unwrap();
            let user = root().child(&name("user")).unwrap().read();
            assert_eq!(user.effective_cpus.into_result().unwrap(), last);
            assert_eq!(
                (user.cpu_exclusive.into_result().unwrap(), user.sched_load_balance.into_result().unwrap()),
                (true, false)
            );
            let system = root().child(&name("system")).unwrap();
            assert!(system.threads().unwrap().numbers.contains(&anywhere.pid()));
            assert_eq!(system.read().cpus.into_result().unwrap(), &online - &last);
            assert!(anywhere.cpus().is_disjoint(&last) && there.cpus().is_disjoint(&last));
            for occupant in raised.left() {
                assert_eq!(occupant.kind, OccupantKind::BoundKernel, "{occupant:?}");
            }
            raised.take_process(anywhere.pid()).unwrap();
            assert_eq!(anywhere.cpus(), last);
            let gone = raised.take_process(Pid::new(i32::MAX).unwrap()).unwrap_err();
            assert!(gone.is_absent() || *gone.reason() == Reason::Gone, "{gone}");
            raised.restore().unwrap();
            assert_eq!(root().children().unwrap().len(), 0);
            assert!(root().read().sched_load_balance.into_result().unwrap());
            assert_eq!((anywhere.cpus(), there.cpus()), (at_first, last));
        }
    }

    mod numa {
        use linux_support_base::{Cpu, Machine};
        use linux_support_cgroup::live::{GroupName, LiveGroup};
        use linux_support_cpu::{affinity::Pinned, shield::Shield};

        /// How many pages of the mapping at `address` are on node 0 and on node 1.
        fn pages(address: usize) -> [u64; 2] {
            let maps = std::fs::read_to_string("/proc/self/numa_maps").unwrap();
            let line = maps
                .lines()
                .filter_map(|line| Some((usize::from_str_radix(line.split_once(' ')?.0, 16).ok()?, line)))
                .filter(|(start, _)| *start <= address)
                .max()
                .unwrap()
                .1;
            ["N0=", "N1="].map(|key| {
                line.split(' ')
                    .find_map(|word| word.strip_prefix(key))
                    .map_or(0, |count| count.parse().unwrap())
            })
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn memory_moves_to_the_nodes_of_the_shield() {
            const PAGES: u64 = 2048;
            let machine = Machine::live().unwrap();
            let live = machine.as_live().unwrap();
            let pinned = Pinned::to(&Cpu::new(0).unwrap().into()).unwrap();
            let mut memory = vec![0_u8; PAGES as usize * 4096];
            memory.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
            pinned.restore().unwrap();
            let address = memory.as_ptr() as usize;
            assert!(pages(address)[0] >= PAGES, "{:?}", pages(address));

            let shield = Shield::new("4-5".parse().unwrap()).on_nodes("1".parse().unwrap());
            let mut raised =
                shield.raise(LiveGroup::root(live).unwrap(), &GroupName::new("near").unwrap()).unwrap();
            raised.take_caller().unwrap();
            let during = pages(address);
            assert!(during[0] == 0 && during[1] >= PAGES, "{during:?}");
            // What is asked for from now on is there too.
            let more = vec![1_u8; PAGES as usize * 4096];
            assert!(pages(more.as_ptr() as usize)[1] >= PAGES);
            raised.restore().unwrap();
            assert!(memory.iter().step_by(4096).all(|byte| *byte == 1));
        }
    }
}
