//! hugetlbfs, in the lab: mounts are the whole machine's.

mod lab {
    mod numa {

        use linux_support_base::{Bytes, Errno, GroupId, Machine, UserId};
        use linux_support_memory::{
            huge_page::{self, HugePageMount, HugePageMountOptions, page_size_at, unlinked_file},
            mapping::Field,
        };

        use crate::{
            huge_page::{MIB, size},
            mapping::smaps_of,
        };

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_mount_has_the_options_it_was_made_with_and_goes_when_dropped() {
            let machine = Machine::live().unwrap();
            assert!(HugePageMount::find(&machine, None).unwrap_err().is_absent());
            let place = tempfile::tempdir().unwrap();
            let options = HugePageMountOptions::new()
                .page_size(size(2 * MIB))
                .size(Bytes::new(8 * MIB))
                .min_size(Bytes::new(4 * MIB))
                .inodes(5)
                .user(UserId::new(7))
                .group(GroupId::new(8))
                .mode(0o1770);
            let attached = options.create(machine.as_live().unwrap()).unwrap().attach(place.path()).unwrap();
            let mount = HugePageMount::find(&machine, Some(size(2 * MIB))).unwrap();
            assert_eq!(mount.mount_point.as_bytes(), place.path().as_os_str().as_encoded_bytes());
            assert_eq!((mount.size, mount.min_size), (Some(Bytes::new(8 * MIB)), Some(Bytes::new(4 * MIB))));
            assert_eq!((mount.inodes, mount.mode), (Some(5), 0o1770));
            assert_eq!((mount.user, mount.group), (UserId::new(7), GroupId::new(8)));
            assert_eq!(page_size_at(place.path()), Ok(Some(size(2 * MIB))));
            let pool = huge_page::pool(&machine, size(2 * MIB)).unwrap();
            assert_eq!(pool.reserved.value(), Some(&2));
            let error = HugePageMount::find(&machine, Some(size(1024 * MIB))).unwrap_err();
            assert!(error.to_string().contains("mounted are some of 2 MiB"), "{error}");
            drop(attached);
            assert_eq!(page_size_at(place.path()), Ok(None));
            assert!(HugePageMount::read_all(&machine).unwrap().is_empty());
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_file_without_a_name_is_on_huge_pages_and_needs_no_mount_point() {
            let machine = Machine::live().unwrap();
            let system = HugePageMountOptions::new()
                .size(Bytes::new(6 * MIB))
                .create(machine.as_live().unwrap())
                .unwrap();
            assert!(HugePageMount::read_all(&machine).unwrap().is_empty());
            let file = unlinked_file(&system, Bytes::new(3 * MIB)).unwrap();
            assert_eq!((file.len(), file.page_size()), (Bytes::new(4 * MIB), size(2 * MIB)));
            let memory = file.map().unwrap();
            memory.write_at(MIB as usize, b"hello").unwrap();
            let mut bytes = [0; 5];
            memory.read_at(MIB as usize, &mut bytes).unwrap();
            assert_eq!(&bytes, b"hello");
            let page = smaps_of(memory.range(), |entry| entry.memory.get(Field::KernelPageSize)).unwrap();
            assert_eq!(page, Some(Bytes::new(2 * MIB)));
            let free = huge_page::pool(&machine, size(2 * MIB)).unwrap().free.into_result().unwrap();
            assert_eq!(free, 23);
            // Of the file system's 3 pages, 2 are promised.
            let second = unlinked_file(&system, Bytes::new(4 * MIB)).unwrap();
            let error = second.map().unwrap_err();
            assert!(error.to_string().contains("needs 2 pages of 2 MiB"), "{error}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_the_machine_lacks_is_told_before_anything_is_mounted() {
            let machine = Machine::live().unwrap();
            let live = machine.as_live().unwrap();
            let error = |options: HugePageMountOptions| options.create(live).unwrap_err().to_string();
            let new = HugePageMountOptions::new;
            assert!(error(new().page_size(size(4 * MIB))).contains("has pools of 2 MiB, 1 GiB"));
            assert!(error(new().size(Bytes::new(3 * MIB))).contains("whole pages of 2 MiB"));
            assert!(
                error(new().min_size(Bytes::new(50 * MIB)))
                    .contains("needs 25 pages of 2 MiB, and of the 24")
            );
            assert!(
                error(new().size(Bytes::new(2 * MIB)).min_size(Bytes::new(4 * MIB)))
                    .contains("2 MiB at most")
            );
            assert!(error(new().mode(0o7777)).contains("1777"));
            let system = new().create(live).unwrap();
            assert!(unlinked_file(&system, Bytes::new(0)).is_err());
            assert!(unlinked_file(&system, Bytes::new(u64::MAX)).is_err());
            let error = system.attach("/no/such/place").unwrap_err();
            assert!(error.is_absent(), "{error}");
            assert!(HugePageMount::read_all(&machine).unwrap().is_empty());
            let few = new().inodes(1).create(live).unwrap();
            let full = unlinked_file(&few, Bytes::new(1)).unwrap_err();
            assert!(full.to_string().contains(&Errno::NOSPC.to_string()), "{full}");
        }
    }
}
