//! Policies where there are nodes to choose from.

mod lab {
    mod numa {
        use std::{
            fs::{self, File, OpenOptions},
            path::Path,
            process::Command,
        };

        use linux_support_base::{Machine, NumaNode, NumaNodeSet, Pid, Reason};
        use linux_support_memory::{
            mapping::{Advice, FileBacked, MapOptions, Mapping, Private, ReadWrite, Sharing, numa_maps},
            numa::{
                self, DeviceReference, MemoryPolicy, MoveScope, Moving, NodeExpression, PageStatus, RunOn,
                ThreadPolicy,
            },
        };
        use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

        use crate::{
            mapping::{page, pages},
            numa::{node, nodes},
        };

        const COUNT: usize = 12;

        fn machine() -> Machine {
            Machine::live().unwrap()
        }

        fn on(statuses: &[PageStatus]) -> Vec<u32> {
            statuses.iter().map(|status| status.node().map_or(u32::MAX, NumaNode::number)).collect()
        }

        fn spread(statuses: &[PageStatus]) -> Vec<usize> {
            (0..4).map(|node| on(statuses).iter().filter(|on| **on == node).count()).collect()
        }

        fn used(options: &MapOptions) -> Mapping<Private, ReadWrite> {
            let mut memory = options.private(pages(COUNT)).unwrap();
            memory.advise(.., Advice::NoHugePages).unwrap();
            memory.as_bytes_mut().fill(1);
            memory
        }

        /// A mapping of a new file, of which no page is there.
        fn file(path: &Path) -> Mapping<FileBacked, ReadWrite> {
            let file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap();
            file.set_len(pages(COUNT).get()).unwrap();
            map(&file)
        }

        fn map(file: &File) -> Mapping<FileBacked, ReadWrite> {
            MapOptions::new().file(file, Sharing::Shared, 0, pages(COUNT)).unwrap()
        }

        fn touched(memory: &Mapping<FileBacked, ReadWrite>) -> Vec<PageStatus> {
            memory.advise(.., Advice::PopulateWrite).unwrap();
            memory.placement().unwrap()
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn memory_near_a_cpu_or_a_device_is_on_its_node() {
            let machine = machine();
            for cpu in numa::thread_cpus().unwrap().iter() {
                let near = numa::node_of_cpu(&machine, cpu).unwrap();
                let memory = used(&MapOptions::new().policy(MemoryPolicy::preferred(near)));
                assert_eq!(on(&memory.placement().unwrap()), [near.number(); COUNT], "CPU {cpu}");
                let _run = RunOn::node_of(&machine, cpu).unwrap();
                let local = used(&MapOptions::new().policy(MemoryPolicy::local()));
                assert_eq!(on(&local.placement().unwrap()), [near.number(); COUNT], "CPU {cpu}");
            }
            let disk = DeviceReference::Pci { domain: 0, bus: 0x41, device: 0, function: 0 };
            let near = disk.node(&machine).unwrap();
            assert_eq!(near, node(1));
            let memory = used(&MapOptions::new().policy(MemoryPolicy::preferred(near)));
            assert_eq!(on(&memory.placement().unwrap()), [1; COUNT]);
            // What it needs to be reached, and what has no place, says so.
            let loopback: NodeExpression = "netdev:lo".parse().unwrap();
            let error = loopback.resolve(&machine).unwrap_err();
            assert!(error.to_string().contains("the firmware tells none"), "{error}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn memory_over_nodes_is_spread_and_what_numa_maps_says_agrees() {
            for (policy, wanted) in [
                (MemoryPolicy::interleave(nodes("0-3")), [3, 3, 3, 3]),
                (MemoryPolicy::interleave(nodes("1,3")), [0, 6, 0, 6]),
                (MemoryPolicy::bind(nodes("2")), [0, 0, 12, 0]),
                (MemoryPolicy::preferred(node(3)), [0, 0, 0, 12]),
            ] {
                let memory = used(&MapOptions::new().policy(policy.clone()));
                assert_eq!(spread(&memory.placement().unwrap()), wanted, "{policy}");
                let text = machine().read("/proc/self/numa_maps").unwrap();
                let line = text.split(|byte| *byte == b'\n');
                let entry = line
                    .filter_map(|line| numa_maps::Entry::parse(line).ok())
                    .find(|entry| entry.start == memory.range().start())
                    .unwrap();
                assert_eq!(entry.policy().unwrap(), policy);
                for (node, pages) in entry.nodes() {
                    assert_eq!(pages as usize, wanted[node.number() as usize], "{policy}");
                }
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_policy_of_a_file_in_shared_memory_stays_with_the_file() {
            let path = Path::new("/dev/shm/policy");
            let first = file(path);
            first.set_policy(&MemoryPolicy::interleave(nodes("1-2")), Moving::Nothing).unwrap();
            drop(first);
            // Another mapping of the same file, as another process would have it.
            let again = map(&OpenOptions::new().read(true).write(true).open(path).unwrap());
            fs::remove_file(path).unwrap();
            let policy = numa::policy_of_address(again.range().start()).unwrap();
            assert_eq!(policy, MemoryPolicy::interleave(nodes("1-2")));
            assert_eq!(spread(&touched(&again)), [0, 6, 6, 0]);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_tmpfs_has_the_policy_that_it_was_mounted_with() {
            for (policy, wanted) in [
                (MemoryPolicy::bind(nodes("3")), [0, 0, 0, 12]),
                (MemoryPolicy::interleave(nodes("0,2-3")), [4, 0, 4, 4]),
                (MemoryPolicy::preferred(node(1)), [0, 12, 0, 0]),
                (MemoryPolicy::local(), [0, 0, 0, 0]),
            ] {
                let option = policy.mount_option().unwrap();
                let place = "/run/policy";
                fs::create_dir_all(place).unwrap();
                let mount =
                    Command::new("mount").args(["-t", "tmpfs", "-o", &option, "tmpfs", place]).status();
                assert!(mount.unwrap().success(), "{option}");
                let mounts = fs::read_to_string("/proc/mounts").unwrap();
                let line = mounts.lines().find(|line| line.contains(place)).unwrap();
                let options = line.split(' ').nth(3).unwrap();
                assert_eq!(MemoryPolicy::of_mount_options(options.as_bytes()).unwrap(), Some(policy.clone()));
                let statuses = touched(&file(&Path::new(place).join("file")));
                if policy != MemoryPolicy::local() {
                    assert_eq!(spread(&statuses), wanted, "{option}");
                }
                assert!(Command::new("umount").arg(place).status().unwrap().success());
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_the_cpuset_does_not_allow_is_refused_with_what_it_does() {
            let group = Path::new("/sys/fs/cgroup/policy");
            fs::write("/sys/fs/cgroup/cgroup.subtree_control", "+cpuset").unwrap();
            fs::create_dir_all(group).unwrap();
            fs::write(group.join("cpuset.mems"), "0-1").unwrap();
            fs::write(group.join("cgroup.procs"), "0").unwrap();
            assert_eq!(numa::allowed_nodes().unwrap(), nodes("0-1"));
            let before = numa::thread_policy().unwrap();
            let memory = used(&MapOptions::new());
            let of_memory = numa::policy_of_address(memory.range().start()).unwrap();
            let far = || MemoryPolicy::bind(nodes("2"));
            let errors = [
                ThreadPolicy::set(&far()).unwrap_err(),
                memory.set_policy(&far(), Moving::Own).unwrap_err(),
                MapOptions::new().policy(far()).private(pages(1)).unwrap_err(),
                memory.move_to(node(2)).unwrap_err(),
                "2".parse::<NodeExpression>().unwrap().resolve(&machine()).unwrap_err(),
            ];
            for error in errors {
                assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
                assert!(error.to_string().contains("0-1"), "{error}");
            }
            assert_eq!(numa::thread_policy().unwrap(), before);
            assert_eq!(numa::policy_of_address(memory.range().start()).unwrap(), of_memory);
            // Of nodes that are allowed in part, the kernel takes those; and the second place is node 1.
            let part = ThreadPolicy::set(&MemoryPolicy::bind(nodes("1-2"))).unwrap();
            let relative: NodeExpression = "+1".parse().unwrap();
            assert_eq!(relative.resolve(&machine()).unwrap(), node(1).into());
            drop(part);
            fs::write("/sys/fs/cgroup/cgroup.procs", "0").unwrap();
            fs::remove_dir(group).unwrap();
            assert_eq!(numa::allowed_nodes().unwrap(), nodes("0-3"));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn without_the_capability_pages_of_all_do_not_move_and_the_error_names_it() {
            let mut held = capabilities(None).unwrap();
            for set in [&mut held.effective, &mut held.permitted] {
                set.remove(CapabilitySet::SYS_NICE | CapabilitySet::SYS_PTRACE);
            }
            let memory = used(&MapOptions::new().policy(MemoryPolicy::preferred(node(0))));
            let (range, first) = (memory.range(), Pid::new(1));
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    set_capabilities(None, held).unwrap();
                    let all =
                        numa::move_pages(None, &[(range.start(), node(1))], MoveScope::All).unwrap_err();
                    let needed = Reason::PermissionDenied { capability: Some("CAP_SYS_NICE") };
                    assert_eq!(all.reason(), &needed, "{all}");
                    let all = numa::set_policy(range, &MemoryPolicy::bind(node(1)), Moving::All).unwrap_err();
                    assert_eq!(all.reason(), &needed, "{all}");
                    // The first process has more capabilities than this thread.
                    let others = numa::placement(first, &[range.start()]).unwrap_err();
                    assert!(matches!(others.reason(), Reason::PermissionDenied { .. }), "{others}");
                });
            });
            assert_eq!(on(&memory.placement().unwrap()), [0; COUNT]);
        }

        /// A node that was there and has no memory any more would be one; here none is, so it is one without CPUs for those
        /// who want CPUs, and numbers beyond the last.
        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn nodes_that_lack_what_is_wanted_are_refused_with_those_that_have_it() {
            let machine = machine();
            let error = RunOn::nodes(&machine, &nodes("3")).unwrap_err();
            assert!(error.to_string().contains("they have no CPUs: nodes 0-2 have"), "{error}");
            for list in ["4", "2-5", "63"] {
                let error = RunOn::nodes(&machine, &nodes(list)).unwrap_err();
                assert!(error.to_string().contains("nodes 0-3 are online"), "{error}");
            }
            for list in ["4", "63", "1023"] {
                let error = ThreadPolicy::set(&MemoryPolicy::bind(nodes(list))).unwrap_err();
                assert!(error.to_string().contains("nodes with memory are 0-3"), "{error}");
            }
            let error = numa::move_pages(Pid::new(1), &[(0, node(7))], MoveScope::Own);
            // Of another process, the kernel looks at the node first.
            assert!(error.unwrap_err().to_string().contains("a node is not there"));
            let moved = numa::migrate_pages(None, &nodes("0"), &NumaNodeSet::from(node(9))).unwrap_err();
            assert!(moved.to_string().contains("this task may use 0-3"), "{moved}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn numastat_finds_the_memory_of_a_process_where_it_is() {
            const PAGES: usize = 4096;
            let mut memory =
                MapOptions::new().policy(MemoryPolicy::bind(nodes("2"))).private(pages(PAGES)).unwrap();
            memory.as_bytes_mut().fill(1);
            let own = std::process::id().to_string();
            let Ok(output) = Command::new("numastat").args(["-p", &own]).output() else {
                println!("skipped: no numastat");
                return;
            };
            let text = String::from_utf8(output.stdout).unwrap();
            // The first table has the nodes 0 to 2.
            let total = text.lines().find(|line| line.starts_with("Total")).unwrap();
            let theirs: f64 = total.split_whitespace().nth(3).unwrap().parse().unwrap();
            let numa_maps = machine().read("/proc/self/numa_maps").unwrap();
            let ours: u64 = numa_maps
                .split(|byte| *byte == b'\n')
                .filter_map(|line| numa_maps::Entry::parse(line).ok())
                .filter_map(|entry| entry.on_node(node(2)))
                .map(|bytes| bytes.get())
                .sum();
            let mebibytes = ours as f64 / f64::from(1 << 20);
            assert!(mebibytes >= (PAGES * page()) as f64 / f64::from(1 << 20));
            assert!((theirs - mebibytes).abs() < 1.0, "{theirs} MB, and {mebibytes}\n{text}");
            drop(memory);
        }
    }
}
