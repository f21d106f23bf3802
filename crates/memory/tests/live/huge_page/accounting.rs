//! Huge pages of a control group.

mod lab {
    mod numa {
        use std::{fs, path::Path, process, thread, time::Duration};

        use linux_support_base::{Bytes, Machine, NumaNode};
        use linux_support_cgroup::{Group, Hierarchies};
        use linux_support_memory::mapping::MapOptions;

        use crate::huge_page::{MIB, size};

        const ROOT: &str = "/sys/fs/cgroup";

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_pages_that_a_group_uses_are_counted_by_node() {
            let folder = Path::new(ROOT).join("huge");
            let own = process::id().to_string();
            fs::write(format!("{ROOT}/cgroup.subtree_control"), "+hugetlb").unwrap();
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("hugetlb.2MB.max"), (8 * MIB).to_string()).unwrap();
            fs::write(folder.join("cgroup.procs"), &own).unwrap();
            let options = MapOptions::new().huge_pages(size(2 * MIB)).populate();
            let memory = options.private(Bytes::new(6 * MIB)).unwrap();
            let refused = options.private(Bytes::new(4 * MIB));
            let machine = Machine::live().unwrap();
            let hierarchies = Hierarchies::read(&machine).unwrap();
            let group = Group::read(&machine, hierarchies.unified().unwrap(), b"/huge");
            drop(memory);
            fs::write(format!("{ROOT}/cgroup.procs"), &own).unwrap();
            let is_gone = (0..50).any(|_| {
                thread::sleep(Duration::from_millis(20));
                fs::remove_dir(&folder).is_ok()
            });
            assert!(refused.is_err() && is_gone);
            let control = group.unwrap().hugetlb.into_result().unwrap().remove(&size(2 * MIB)).unwrap();
            assert_eq!(control.current.into_result().unwrap(), Bytes::new(6 * MIB));
            assert!(control.events.into_result().unwrap().max > 0);
            let nodes = control.numa_stat.into_result().unwrap();
            let total = nodes.0.get(b"total").unwrap();
            assert_eq!(total.total, Bytes::new(6 * MIB));
            let of_nodes: u64 = total.nodes.values().map(|bytes| bytes.get()).sum();
            assert_eq!((of_nodes, total.nodes.contains_key(&NumaNode::new(0).unwrap())), (6 * MIB, true));
        }
    }
}
