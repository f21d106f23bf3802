//! Segments of System V on huge pages.

mod lab {
    mod numa {
        use core::sync::atomic::Ordering;

        use linux_support_base::{Bytes, GroupId, Machine};
        use linux_support_memory::{
            huge_page::{self, SegmentOptions, huge_segment_group, set_huge_segment_group},
            mapping::{Field, ReadOnly, ReadWrite},
        };

        use crate::{
            huge_page::{MIB, size},
            mapping::smaps_of,
        };

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_segment_is_on_huge_pages_and_gives_them_back() {
            let machine = Machine::live().unwrap();
            let free = || huge_page::pool(&machine, size(2 * MIB)).unwrap().free.into_result().unwrap();
            let before = free();
            let segment =
                SegmentOptions::new().huge_pages(size(2 * MIB)).create(Bytes::new(3 * MIB)).unwrap();
            let memory = segment.attach::<ReadWrite>().unwrap();
            assert_eq!((memory.len() as u64, memory.page_size()), (4 * MIB, size(2 * MIB)));
            memory.as_atomics()[(3 * MIB / 8) as usize].store(9, Ordering::Relaxed);
            let seen = segment.number().attach::<ReadOnly>().unwrap();
            let mut bytes = [0; 8];
            seen.read_at(3 * MIB as usize, &mut bytes).unwrap();
            assert_eq!(u64::from_ne_bytes(bytes), 9);
            let page = smaps_of(seen.range(), |entry| entry.memory.get(Field::KernelPageSize)).unwrap();
            assert_eq!(page, Some(Bytes::new(2 * MIB)));
            assert_eq!(free(), before - 1);
            drop((segment, memory, seen));
            assert_eq!(free(), before);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_pool_that_is_too_small_or_missing_is_told() {
            let error = |bytes, length| {
                let options = SegmentOptions::new().huge_pages(size(bytes));
                options.create(Bytes::new(length)).unwrap_err().to_string()
            };
            let few = error(2 * MIB, 100 * MIB);
            assert!(few.contains("needs 50 pages of 2 MiB, and of the 24 in the pool 24 are free"), "{few}");
            let lacking = error(4 * MIB, 1);
            assert!(lacking.contains("has pools of 2 MiB, 1 GiB"), "{lacking}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_group_that_may_have_them_is_set_for_now() {
            let machine = Machine::live().unwrap();
            let before = huge_segment_group(&machine).unwrap();
            let group = set_huge_segment_group(machine.as_live().unwrap(), GroupId::new(77)).unwrap();
            assert_eq!(huge_segment_group(&machine).unwrap(), GroupId::new(77));
            group.restore().unwrap();
            assert_eq!(huge_segment_group(&machine).unwrap(), before);
        }
    }
}
