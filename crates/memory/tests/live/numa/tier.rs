//! What the kernel says of nodes beyond their sizes, and what it does to them when asked.

mod lab {
    mod numa {
        use linux_support_base::{Bytes, Machine, NumaNodeSet, Reason};
        use linux_support_memory::{
            block,
            mapping::{Advice, MapOptions},
            numa::{self, MemoryPolicy, MemoryTier, Node, NodeSets},
            page_map::{PageMap, PhysicalAddress, Translation},
        };

        use crate::{
            mapping::pages,
            numa::{node, nodes},
        };

        fn machine() -> Machine {
            Machine::live().unwrap()
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn every_node_with_memory_is_in_one_tier() {
            let machine = machine();
            let tiers = MemoryTier::read_all(&machine).unwrap();
            let mut all = NumaNodeSet::new();
            for tier in &tiers {
                assert!(tier.nodes.is_disjoint(&all) && !tier.nodes.is_empty(), "{tiers:?}");
                all = &all | &tier.nodes;
            }
            assert_eq!(Some(&all), NodeSets::read(&machine).has_memory.value());
            assert!(tiers.windows(2).all(|pair| pair[0].number < pair[1].number));
            assert_eq!(MemoryTier::of(&tiers, node(77)), None);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_node_gives_memory_back_when_it_is_told_to() {
            let machine = machine();
            let live = machine.as_live().unwrap();
            match numa::reclaim_from_node(live, node(0), Bytes::new(64 << 10)) {
                // There is no swap, and the files are those of a file system that lives in memory.
                Ok(all) => println!("reclaimed all: {all}"),
                Err(error) => assert_eq!(error.reason().name(), "kernel-too-old", "{error}"),
            }
            numa::compact_node(live, node(3)).unwrap();
            for error in [
                numa::reclaim_from_node(live, node(77), Bytes::new(1)).unwrap_err(),
                numa::compact_node(live, node(77)).unwrap_err(),
            ] {
                assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
                assert!(error.to_string().contains("nodes 0-3 are online"), "{error}");
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_page_that_is_taken_out_of_use_is_elsewhere_and_one_whose_memory_fails_is_counted() {
            let machine = machine();
            let live = machine.as_live().unwrap();
            let failures = |number| {
                let node = Node::read(&machine, node(number)).unwrap();
                node.memory_failures.value().map(|failures| *failures.total.value().unwrap())
            };
            let map = PageMap::of_this_process(&machine).unwrap();
            let physical = |address| match map.physical_address(address).unwrap() {
                Translation::Physical(physical) => physical,
                other => panic!("{other:?}"),
            };
            let mut memory =
                MapOptions::new().policy(MemoryPolicy::bind(nodes("2"))).private(pages(2)).unwrap();
            memory.advise(.., Advice::NoHugePages).unwrap();
            memory.as_bytes_mut().fill(7);
            let start = memory.range().start();
            let before = physical(start);
            block::soft_offline_page(live, before).unwrap();
            assert_ne!(physical(start), before);
            assert!(memory.as_bytes_mut().iter().all(|byte| *byte == 7), "nothing is lost");

            let second = start + pages(1).get();
            let counted = failures(2);
            block::hard_offline_page(live, physical(second)).unwrap();
            if let (Some(before), Some(now)) = (counted, failures(2)) {
                assert_eq!(now, before + 1);
                assert_eq!(failures(1), Some(0));
            }

            let error = block::soft_offline_page(live, PhysicalAddress::new(1 << 45)).unwrap_err();
            assert!(error.to_string().contains("is no memory of this machine"), "{error}");
        }
    }
}
