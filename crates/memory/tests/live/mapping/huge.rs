//! Mappings on the pools of the lab's machine `numa`: pages of 2 MiB on node 0, one of 1 GiB on node 1.

mod lab {
    mod numa {
        use linux_support_base::{Bytes, Machine, NumaNode, PageSize, Reason};
        use linux_support_memory::{
            huge_page,
            mapping::{Field, MapOptions, ReadWrite},
            numa::MemoryPolicy,
            page_map::{FrameFlags, FrameNumber, PageMap, frame_flags},
        };
        use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};

        use crate::mapping::{page, smaps_of};

        const MIB: u64 = 1 << 20;

        fn size(bytes: u64) -> PageSize {
            PageSize::new(Bytes::new(bytes)).unwrap()
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn huge_pages_back_the_mapping_and_are_one_piece_of_physical_memory_each() {
            let huge = size(2 * MIB);
            let memory = MapOptions::new().huge_pages(huge).populate().private(Bytes::new(3 * MIB)).unwrap();
            assert_eq!((memory.len() as u64, memory.page_size()), (4 * MIB, huge));
            let backed = smaps_of(memory.range(), |entry| entry.memory.get(Field::KernelPageSize)).unwrap();
            assert_eq!(backed, Some(huge.bytes()));
            let machine = Machine::live().unwrap();
            let map = PageMap::of_this_process(&machine).unwrap();
            let runs = map.physical_runs(memory.range()).unwrap();
            for run in &runs {
                assert!(
                    run.start.get().is_multiple_of(2 * MIB) && run.length().get().is_multiple_of(2 * MIB)
                );
                let frame = FrameNumber::new(run.start.get() / page() as u64).unwrap();
                let flags = frame_flags(&machine, frame, 512).unwrap();
                assert!(flags.iter().all(|flags| flags.contains(FrameFlags::HUGE)), "{flags:?}");
            }
            assert_eq!(map.physical_runs(memory.range()).unwrap(), runs);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_pool_that_is_too_small_says_what_it_has_and_a_part_is_of_whole_huge_pages() {
            let on_huge = MapOptions::new().huge_pages(size(2 * MIB));
            let pools = huge_page::pools(&Machine::live().unwrap()).unwrap();
            let pool = pools.iter().find(|pool| pool.size == size(2 * MIB)).unwrap();
            let (all, wanted) = (*pool.total.value().unwrap(), pool.total.value().unwrap() + 1);
            let error = on_huge.private(Bytes::new(wanted * 2 * MIB)).unwrap_err().to_string();
            let said = format!(
                "needs {wanted} pages, and of the {all} in the pool {all} are free and 0 of these promised"
            );
            assert!(error.contains(&said), "{error}");
            assert!(error.contains("hugepages-2048kB/nr_hugepages"), "{error}");
            let error = MapOptions::new().huge_pages(size(4 * MIB)).private(Bytes::new(1)).unwrap_err();
            assert!(error.to_string().contains("pools of 2 MiB, 1 GiB"), "{error}");

            let mut memory = on_huge.private(Bytes::new(4 * MIB)).unwrap();
            memory.as_bytes_mut().fill(7);
            assert!(memory.discard(..page()).unwrap_err().to_string().contains("multiples of 2097152"));
            memory.discard(..2 << 20).unwrap();
            assert_eq!((memory.as_bytes()[0], memory.as_bytes()[2 << 20]), (0, 7));
            let (first, mut second) = memory.split_at(2 << 20).unwrap();
            drop(first);
            second.as_bytes_mut()[0] = 8;
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_huge_page_comes_from_the_node_of_its_policy() {
            let node = NumaNode::new(1).unwrap();
            let options =
                MapOptions::new().huge_pages(size(1 << 30)).policy(MemoryPolicy::bind(node)).populate();
            let memory = options.private(Bytes::new(1 << 30)).unwrap();
            let near =
                |offset: u64| linux_support_memory::numa::node_of_address(memory.range().start() + offset);
            assert_eq!((near(0).unwrap(), near((1 << 30) - 1).unwrap()), (node, node));
            drop(memory);
            // No page of this pool is on node 0: the mapping is there, and populating it is an error and no SIGBUS.
            let elsewhere = MemoryPolicy::bind(NumaNode::new(0).unwrap());
            let error = options.policy(elsewhere).private(Bytes::new(1 << 30)).unwrap_err();
            assert!(matches!(error.reason(), Reason::System(_) | Reason::Invalid(_)), "{error}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_memfd_on_huge_pages_is_mapped_in_them() {
            let flags =
                MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING | MemfdFlags::HUGETLB | MemfdFlags::HUGE_2MB;
            let file = memfd_create("huge", flags).unwrap();
            ftruncate(&file, 4 * MIB).unwrap();
            fcntl_add_seals(&file, SealFlags::SHRINK).unwrap();
            let memory = MapOptions::new().shared_file::<ReadWrite>(&file, 0, Bytes::new(3 * MIB)).unwrap();
            assert_eq!((memory.len() as u64, memory.page_size()), (4 * MIB, size(2 * MIB)));
            memory.write_at(3 << 20, b"huge").unwrap();
            assert!(
                MapOptions::new().shared_file::<ReadWrite>(&file, page() as u64, Bytes::new(MIB)).is_err()
            );
        }
    }
}
