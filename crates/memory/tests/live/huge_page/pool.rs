//! Pools of the lab's machine `numa`: pages of 2 MiB on nodes 0 and 3, one of 1 GiB on node 1.

mod lab {
    mod any {
        use linux_support_base::Machine;
        use linux_support_memory::huge_page::HugePageSizes;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_processor_can_do_what_the_kernel_offers() {
            let sizes = HugePageSizes::read(&Machine::live().unwrap());
            let offered = sizes.offered.into_result().unwrap();
            assert!(!offered.is_empty());
            assert!(offered.iter().all(|size| sizes.of_processor.contains(size)), "{offered:?}");
            assert!(offered.contains(sizes.default.value().unwrap()));
        }
    }

    mod numa {
        use linux_support_base::{Bytes, Machine, NumaNode};
        use linux_support_kernel::CommandLine;
        use linux_support_memory::{
            huge_page::{self, BootCount, BootHugePages, PoolPart, PoolWish},
            mapping::MapOptions,
            numa::{self, MemoryPolicy, ThreadPolicy},
        };

        use crate::huge_page::{MIB, size};

        fn node(number: u32) -> NumaNode {
            NumaNode::new(number).unwrap()
        }

        fn by_node(machine: &Machine, bytes: u64) -> Vec<u64> {
            let pool = huge_page::pool(machine, size(bytes)).unwrap();
            pool.nodes.into_iter().map(|node| node.total.into_result().unwrap()).collect()
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_pool_grows_on_the_node_that_was_asked_for_and_comes_back_as_it_was() {
            let machine = Machine::live().unwrap();
            let before = by_node(&machine, 2 * MIB);
            assert_eq!(before, [16, 0, 0, 8]);
            let wish = PoolWish::new(size(2 * MIB), 5).of(PoolPart::Node(node(2))).compact();
            let (resized, held) = wish.set_for_now(machine.as_live().unwrap()).unwrap();
            assert_eq!((resized.before, resized.asked, resized.got, resized.surplus), (0, 5, 5, 0));
            assert_eq!(by_node(&machine, 2 * MIB), [16, 0, 5, 8]);
            held.restore().unwrap();
            assert_eq!(by_node(&machine, 2 * MIB), before);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_whole_pool_comes_back_to_the_nodes_that_had_its_pages() {
            let machine = Machine::live().unwrap();
            let before = by_node(&machine, 2 * MIB);
            let wish = PoolWish::new(size(2 * MIB), 60);
            let (resized, held) = wish.set_for_now(machine.as_live().unwrap()).unwrap();
            assert_eq!((resized.before, resized.got), (24, 60));
            assert_ne!(by_node(&machine, 2 * MIB), before);
            drop(held);
            assert_eq!(by_node(&machine, 2 * MIB), before);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn pages_come_from_the_nodes_of_the_threads_policy() {
            let machine = Machine::live().unwrap();
            let policy = ThreadPolicy::set(&MemoryPolicy::bind(node(2))).unwrap();
            let wish = PoolWish::new(size(2 * MIB), 27).of(PoolPart::Policy);
            let (resized, held) = wish.set_for_now(machine.as_live().unwrap()).unwrap();
            assert_eq!((resized.before, resized.got), (24, 27));
            assert_eq!(by_node(&machine, 2 * MIB), [16, 0, 3, 8]);
            held.restore().unwrap();
            policy.restore().unwrap();
            assert_eq!(by_node(&machine, 2 * MIB), [16, 0, 0, 8]);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_shortfall_is_told_and_with_all_or_nothing_nothing_is_changed() {
            let machine = Machine::live().unwrap();
            let live = machine.as_live().unwrap();
            // All of the node's memory, of which the kernel has some for itself.
            let all = numa::Node::read(&machine, node(2)).unwrap().size().unwrap().get() / (2 * MIB);
            let wish = PoolWish::new(size(2 * MIB), all).of(PoolPart::Node(node(2)));
            let (resized, held) = wish.set_for_now(live).unwrap();
            println!("{resized:?}");
            assert_eq!(resized.asked, all);
            assert!(resized.shortfall() > 0 && resized.got > 100, "{resized:?}");
            held.restore().unwrap();
            let error = wish.set_whole(live).unwrap_err();
            let told = format!("pool of 2 MiB pages of node 2: asked for {all}, and ");
            assert!(error.to_string().contains(&told), "{error}");
            assert_eq!(by_node(&machine, 2 * MIB), [16, 0, 0, 8]);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn pages_in_use_become_surplus_when_the_pool_shrinks() {
            let machine = Machine::live().unwrap();
            let live = machine.as_live().unwrap();
            let memory =
                MapOptions::new().huge_pages(size(2 * MIB)).populate().private(Bytes::new(6 * MIB)).unwrap();
            let (resized, held) = PoolWish::new(size(2 * MIB), 0).set_for_now(live).unwrap();
            assert_eq!((resized.before, resized.got, resized.surplus), (24, 0, 3));
            assert_eq!(huge_page::pool(&machine, size(2 * MIB)).unwrap().total.into_result().unwrap(), 3);
            held.restore().unwrap();
            drop(memory);
            assert_eq!(by_node(&machine, 2 * MIB), [16, 0, 0, 8]);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_pool_may_grow_by_need_for_now() {
            let machine = Machine::live().unwrap();
            let live = machine.as_live().unwrap();
            let options = MapOptions::new().huge_pages(size(2 * MIB)).populate();
            let length = Bytes::new(26 * 2 * MIB);
            assert!(options.private(length).is_err());
            let setting = huge_page::set_overcommit(live, size(2 * MIB), 4).unwrap();
            let memory = options.private(length).unwrap();
            let pool = huge_page::pool(&machine, size(2 * MIB)).unwrap();
            assert_eq!((pool.surplus.value(), pool.overcommit.value()), (Some(&2), Some(&4)));
            drop(memory);
            setting.restore().unwrap();
            assert!(options.private(length).is_err());
            // Newer kernels also make these by need.
            if let Err(error) = huge_page::set_overcommit(live, size(1024 * MIB), 1) {
                assert!(error.to_string().contains("makes no such pages by need"), "{error}");
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_large_page_is_split_into_small_ones_in_its_node() {
            let machine = Machine::live().unwrap();
            let live = machine.as_live().unwrap();
            let pool = huge_page::pool(&machine, size(1024 * MIB)).unwrap();
            assert_eq!(pool.demote_size.value(), Some(&size(2 * MIB)));
            let error = huge_page::demote(live, size(1024 * MIB), 2, None).unwrap_err();
            assert!(error.to_string().contains("2 pages: 1 are free"), "{error}");
            assert!(huge_page::demote(live, size(2 * MIB), 1, None).is_err());
            let demoted = huge_page::demote(live, size(1024 * MIB), 1, Some(node(1))).unwrap();
            assert_eq!((demoted.asked, demoted.split, demoted.into), (1, 1, size(2 * MIB)));
            assert_eq!(by_node(&machine, 2 * MIB), [16, 512, 0, 8]);
            assert_eq!(by_node(&machine, 1024 * MIB), [0, 0, 0, 0]);
            let small = PoolWish::new(size(2 * MIB), 0).of(PoolPart::Node(node(1)));
            assert_eq!(small.set(live).unwrap().got, 0);
            // As it was for the tests that follow, if the kernel finds a whole GiB again.
            let large = PoolWish::new(size(1024 * MIB), 1).of(PoolPart::Node(node(1))).compact();
            assert!(large.set(live).unwrap().is_met());
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_was_set_at_boot_is_what_each_node_has() {
            let machine = Machine::live().unwrap();
            let line = CommandLine::read(&machine).unwrap();
            let (sizes, default) =
                (huge_page::sizes(&machine).unwrap(), huge_page::default_size(&machine).unwrap());
            let boot = BootHugePages::of(&line, &sizes, default);
            println!("{boot} of {line}");
            assert_eq!((boot.pools.len(), boot.ignored.len()), (2, 0));
            for pool in &boot.pools {
                let mut of_nodes = by_node(&machine, pool.size.bytes().get());
                let BootCount::ByNode(set) = &pool.count else { panic!("{pool:?}") };
                for (node, pages) in set {
                    let place = &mut of_nodes[node.number() as usize];
                    assert_eq!(place, pages, "{pool:?}");
                    *place = 0;
                }
                assert_eq!(of_nodes, [0, 0, 0, 0], "{pool:?}");
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn this_machine_has_two_sizes() {
            let sizes = huge_page::HugePageSizes::read(&Machine::live().unwrap());
            let two = vec![size(2 * MIB), size(1024 * MIB)];
            assert_eq!(sizes.offered.value(), Some(&two));
            assert_eq!(sizes.of_processor, two);
            assert_eq!(sizes.default.value(), Some(&size(2 * MIB)));
        }
    }
}
