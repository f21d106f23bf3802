//! What changes the memory of the whole machine, in the lab.

mod lab {
    mod numa {
        use std::{
            fs::{self, File},
            os::unix::fs::FileExt,
            sync::atomic::{AtomicBool, Ordering},
            time::{Duration, Instant},
        };

        use linux_support_base::{Bytes, Machine, NumaNode, PageSize};
        use linux_support_fd::{Epoll, Events, Interest};
        use linux_support_memory::{
            AccessMonitor, Caches, Counter, MemoryInformation, MergingState, Overcommit, OvercommitMode,
            PressureResource, PressureTrigger, SamePageMerging, StallKind, Swap, SwapOptions,
            VirtualMemoryStatistics, drop_caches,
            mapping::{Advice, Field, MapOptions, MappingKind, MemoryMap},
            merge_pages_of_this_process, merges_pages_of_this_process,
            numa::MemoryPolicy,
            turn_off_swap,
            zone::{FreeBlocks, PageTypes},
        };

        use crate::mapping::{page, pages, smaps_of};

        const MIB: u64 = 1 << 20;
        const DISK: &str = "/dev/nvme0n1";

        fn machine() -> Machine {
            Machine::live().unwrap()
        }

        /// Writes the header of a swap area of this length, as mkswap does.
        fn make_swap(disk: &File, length: u64) {
            let page = page();
            let mut header = vec![0; page];
            header[1024..1028].copy_from_slice(&1_u32.to_ne_bytes());
            header[1028..1032].copy_from_slice(&((length / page as u64 - 1) as u32).to_ne_bytes());
            header[page - 10..].copy_from_slice(b"SWAPSPACE2");
            disk.write_all_at(&header, 0).unwrap();
            disk.sync_all().unwrap();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn swap_goes_on_with_its_priority_and_off_with_its_guard() {
            let machine = machine();
            let live = machine.as_live().unwrap();
            let disk = File::options().read(true).write(true).open(DISK).unwrap();
            disk.write_all_at(&vec![0; page()], 0).unwrap();
            let error = SwapOptions::new().turn_on(live, DISK).unwrap_err();
            assert!(error.to_string().contains("as mkswap writes it"), "{error}");
            make_swap(&disk, 16 * MIB);
            let areas = || Swap::read_all(&machine).unwrap();
            assert_eq!(areas(), []);
            let swap = SwapOptions::new().priority(7).turn_on(live, DISK).unwrap();
            let found = &areas()[0];
            assert_eq!((found.path.as_bytes(), found.priority), (DISK.as_bytes(), 7));
            assert_eq!(found.size.get(), 16 * MIB - page() as u64);
            let error = SwapOptions::new().turn_on(live, DISK).unwrap_err();
            assert_eq!(error.reason().name(), "failed", "{error}");

            let mut memory = MapOptions::new().private(pages(64)).unwrap();
            memory.as_bytes_mut().fill(9);
            memory.advise(.., Advice::PageOut).unwrap();
            let swapped = smaps_of(memory.range(), |entry| entry.memory.get(Field::Swap)).flatten().unwrap();
            assert!(swapped > Bytes::new(0));
            let map = MemoryMap::of_this_process(&machine).unwrap();
            assert!(map.total().swapped.unwrap() >= swapped);
            let told = linux_support_memory::page_map::PageMap::of_this_process(&machine).unwrap();
            let entries = told.entries(memory.range()).unwrap();
            assert!(entries.iter().any(|entry| entry.is_swapped()));
            swap.turn_off().unwrap();
            assert_eq!(areas(), []);
            assert!(memory.as_bytes().iter().all(|&byte| byte == 9));

            SwapOptions::new().turn_on(live, DISK).unwrap().keep();
            assert_eq!(areas().len(), 1);
            turn_off_swap(live, DISK).unwrap();
            let error = turn_off_swap(live, DISK).unwrap_err();
            assert!(error.to_string().contains("is not swapped to"), "{error}");
            drop(SwapOptions::new().turn_on(live, DISK).unwrap());
            assert_eq!(areas(), []);
            disk.write_all_at(&vec![0; page()], 0).unwrap();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn equal_pages_become_one_while_merging_runs() {
            let machine = machine();
            let before = SamePageMerging::RUN.read(&machine).unwrap();
            let running =
                SamePageMerging::RUN.set(machine.as_live().unwrap(), &MergingState::Running).unwrap();
            let _pages = SamePageMerging::PAGES_TO_SCAN.set(machine.as_live().unwrap(), &5000).unwrap();
            let _sleep =
                SamePageMerging::SLEEP.set(machine.as_live().unwrap(), &Duration::from_millis(1)).unwrap();
            let mut memory = MapOptions::new().private(pages(64)).unwrap();
            memory.advise(.., Advice::NoHugePages).unwrap();
            memory.as_bytes_mut().fill(42);
            memory.advise(.., Advice::Mergeable).unwrap();
            let merged = || smaps_of(memory.range(), |entry| entry.memory.get(Field::Ksm)).flatten();
            let shared = || SamePageMerging::read(&machine).unwrap().pages_sharing.into_result().unwrap();
            let end = Instant::now() + Duration::from_secs(40);
            while shared() < 50 && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(50));
            }
            assert!(shared() >= 50, "{:?}", SamePageMerging::read(&machine));
            // Since Linux 6.7, smaps says it too.
            assert!(merged().is_none_or(|merged| merged > Bytes::new(0)));
            memory.advise(.., Advice::Unmergeable).unwrap();
            running.restore().unwrap();
            assert_eq!(SamePageMerging::RUN.read(&machine).unwrap(), before);
            let error =
                SamePageMerging::RUN.set(machine.as_live().unwrap(), &MergingState::Unknown(9)).unwrap_err();
            assert!(error.to_string().contains("0, 1 or 2"), "{error}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn merging_of_a_process_ends_with_its_guard_or_the_kernel_is_too_old() {
            match merge_pages_of_this_process(true) {
                Err(error) => assert_eq!(error.reason().name(), "kernel-too-old", "{error}"),
                Ok(guard) => {
                    assert!(merges_pages_of_this_process().unwrap());
                    guard.restore().unwrap();
                    assert!(!merges_pages_of_this_process().unwrap());
                    drop(merge_pages_of_this_process(true).unwrap());
                    assert!(!merges_pages_of_this_process().unwrap());
                }
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn without_overcommitting_no_more_is_promised_than_the_limit() {
            let machine = machine();
            let memory = MemoryInformation::read(&machine).unwrap();
            let (limit, all) = (memory.commit_limit.unwrap(), memory.mem_total.unwrap());
            let computed = Overcommit::read(&machine).limit(&memory).unwrap();
            assert!(computed.get().abs_diff(limit.get()) <= 2 * page() as u64, "{computed:#} {limit:#}");
            let wanted = Bytes::new((limit.get() + all.get()) / 2);
            drop(MapOptions::new().private(wanted).unwrap());
            let never = Overcommit::MODE.set(machine.as_live().unwrap(), &OvercommitMode::Never).unwrap();
            assert_eq!(never.before(), &OvercommitMode::Guess);
            assert!(MapOptions::new().private(wanted).is_err());
            let ratio = Overcommit::RATIO.set(machine.as_live().unwrap(), &200).unwrap();
            drop(MapOptions::new().private(wanted).unwrap());
            ratio.restore().unwrap();
            never.restore().unwrap();
            assert_eq!(Overcommit::MODE.read(&machine).unwrap(), OvercommitMode::Guess);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn caches_are_dropped_as_often_as_they_are_told_to() {
            let machine = machine();
            let counts = || {
                let statistics = VirtualMemoryStatistics::read(&machine).unwrap();
                [Counter::DropPagecache, Counter::DropSlab].map(|counter| statistics.get(counter).unwrap())
            };
            let [pages, objects] = counts();
            drop_caches(machine.as_live().unwrap(), Caches::PAGES).unwrap();
            assert_eq!(counts(), [pages + 1, objects]);
            drop_caches(machine.as_live().unwrap(), Caches::all()).unwrap();
            assert_eq!(counts(), [pages + 2, objects + 1]);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn pressure_wakes_an_epoll_once_tasks_wait() {
            let machine = machine();
            let (threshold, window) = (Duration::from_millis(50), Duration::from_secs(1));
            let trigger =
                PressureTrigger::new(&machine, PressureResource::Cpu, StallKind::Some, threshold, window);
            let trigger = match trigger {
                Err(error) if error.reason().name() == "not-configured" => {
                    println!("skipped: {error}");
                    return;
                }
                trigger => trigger.unwrap(),
            };
            let epoll = Epoll::new().unwrap();
            epoll.add(&trigger, Interest::PRIORITY, 5_u64).unwrap();
            let stop = AtomicBool::new(false);
            let mut events = Events::with_capacity(4);
            std::thread::scope(|scope| {
                // More than there are CPUs, so that some wait.
                for _ in 0..3 * std::thread::available_parallelism().unwrap().get() {
                    scope.spawn(|| {
                        while !stop.load(Ordering::Relaxed) {
                            std::hint::spin_loop();
                        }
                    });
                }
                epoll.wait(&mut events, Some(Duration::from_secs(40))).unwrap();
                stop.store(true, Ordering::Relaxed);
            });
            assert!(events.iter().any(|event| event.token == 5));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn why_a_block_lacks_is_what_the_kernel_says() {
            let machine = machine();
            const PATH: &str = "/sys/kernel/debug/extfrag/extfrag_index";
            let Ok(text) = fs::read_to_string(PATH) else {
                println!("skipped: no {PATH}");
                return;
            };
            // Free memory changes at any moment: until both were read in one.
            let (mut text, mut before) = (text, FreeBlocks::read_all(&machine).unwrap());
            for _ in 0..100 {
                text = fs::read_to_string(PATH).unwrap();
                let after = FreeBlocks::read_all(&machine).unwrap();
                let same = after == before;
                before = after;
                if same {
                    break;
                }
            }
            let mut compared = 0;
            for (line, blocks) in text.lines().zip(&before) {
                let (_, numbers) = line.split_once(&format!("zone {:>8} ", blocks.zone.to_string())).unwrap();
                for (order, theirs) in numbers.split_whitespace().enumerate() {
                    let ours = blocks.fragmentation(order).unwrap_or(-1.0);
                    assert_eq!(format!("{ours:.3}"), theirs, "{line} order {order}");
                    compared += 1;
                }
            }
            assert!(compared > 20, "{text}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn page_types_are_of_every_node_and_monitors_are_listed_or_explained() {
            let machine = machine();
            let types = PageTypes::read(&machine).unwrap();
            assert_eq!(types.block.get() * page() as u64, 2 * MIB);
            let nodes: Vec<_> = types.blocks.iter().map(|zone| zone.node.number()).collect();
            assert!((0..4).all(|node| nodes.contains(&node)), "{nodes:?}");
            assert!(types.free.iter().any(|free| free.migrate_type == "Movable"));
            match AccessMonitor::read_all(&machine) {
                Ok(monitors) => assert!(monitors.is_empty(), "{monitors:?}"),
                Err(error) => assert!(error.is_absent(), "{error}"),
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_memory_map_tells_nodes_policies_and_pools() {
            let machine = machine();
            let node = NumaNode::new(3).unwrap();
            let bound = MapOptions::new()
                .policy(MemoryPolicy::bind(node))
                .populate()
                .private(Bytes::new(MIB))
                .unwrap();
            let size = PageSize::new(Bytes::new(2 * MIB)).unwrap();
            let huge = MapOptions::new().huge_pages(size).populate().shared(Bytes::new(2 * MIB)).unwrap();
            let map = MemoryMap::of_this_process(&machine).unwrap();
            let found = map.at(bound.range().start()).unwrap();
            assert_eq!(found.policy.as_ref().unwrap(), &linux_support_base::ByteString::from("bind:3"));
            let on: Vec<_> = found.nodes.iter().flatten().map(|on| (on.node, on.resident.get())).collect();
            assert_eq!(on, [(node, MIB)]);
            let found = map.at(huge.range().start()).unwrap();
            assert_eq!(found.kind, MappingKind::HugePages);
            assert_eq!(found.pool_pages(), Some((size, Bytes::new(2 * MIB))));
            let total = map.total();
            assert_eq!((total.pools.len(), total.pools[0].resident), (1, Bytes::new(2 * MIB)));
            assert!(total.nodes.unwrap().iter().any(|on| on.node == node && on.resident.get() >= MIB));
            assert_eq!(map.nodes_unavailable, None);
        }
    }
}
