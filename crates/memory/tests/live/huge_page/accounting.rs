//! Huge pages of a control group.

mod lab {
    mod numa {
        use std::{
            os::unix::process::ExitStatusExt,
            process::Command,
            thread,
            time::{Duration, Instant},
        };

        use linux_support_base::{Bytes, Limit, Machine, NumaNode, Signal};
        use linux_support_cgroup::{
            Controller, HugePageControl,
            live::{GroupName, HugePageSetting, LiveGroup},
        };
        use linux_support_memory::mapping::MapOptions;

        use crate::huge_page::{MIB, size};

        const CHILD: &str = "LINUX_SUPPORT_TEST_CHILD";
        const NAME: &str = "huge_page::accounting::lab::numa";

        /// A group for this process with limits of pages of 2 MiB, which is left and removed at the end.
        struct Scratch<'m> {
            root: LiveGroup<'m>,
            name: GroupName,
        }

        impl<'m> Scratch<'m> {
            fn new(machine: &'m Machine, test: &str, used: u64, reserved: u64) -> Self {
                let root = LiveGroup::root(machine.as_live().unwrap()).unwrap();
                root.enable(&[Controller::Hugetlb]).unwrap();
                let name = GroupName::new(test).unwrap();
                let group = root.make(&name).unwrap();
                for (reserved, mib) in [(false, used), (true, reserved)] {
                    let max = Limit::At(Bytes::new(mib * MIB));
                    group.set(HugePageSetting { size: size(2 * MIB), reserved, max }).unwrap();
                }
                group.take_caller().unwrap();
                Self { root, name }
            }

            fn pages(&self) -> HugePageControl {
                let mut pages = self.root.child(&self.name).unwrap().read().hugetlb.into_result().unwrap();
                pages.remove(&size(2 * MIB)).unwrap()
            }

            /// What is used, what is reserved, and how often a limit was met: by a reservation or by each try to get a page.
            fn charges(&self) -> (u64, u64, u64) {
                let pages = self.pages();
                (
                    pages.current.into_result().unwrap().get() / MIB,
                    pages.reserved_current.into_result().unwrap().get() / MIB,
                    pages.events.into_result().unwrap().max,
                )
            }
        }

        impl Drop for Scratch<'_> {
            fn drop(&mut self) {
                self.root.take_caller().unwrap();
                let end = Instant::now() + Duration::from_secs(20);
                while self.root.remove_all(&self.name).is_err() {
                    assert!(Instant::now() < end, "{} is still there", self.name);
                    thread::sleep(Duration::from_millis(20));
                }
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_is_reserved_and_what_is_used_is_charged_and_counted_by_node() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "charged", 8, 16);
            assert_eq!(scratch.charges(), (0, 0, 0));
            let mut memory =
                MapOptions::new().huge_pages(size(2 * MIB)).private(Bytes::new(6 * MIB)).unwrap();
            assert_eq!(scratch.charges(), (0, 6, 0));
            memory.as_bytes_mut()[0] = 1;
            assert_eq!(scratch.charges(), (2, 6, 0));
            memory.prefault(Bytes::new(2 * MIB), |_| core::ops::ControlFlow::Continue(())).unwrap();
            assert_eq!(scratch.charges(), (6, 6, 0));
            let nodes = scratch.pages().numa_stat.into_result().unwrap();
            let total = nodes.0.get(b"total").unwrap();
            assert_eq!(total.total, Bytes::new(6 * MIB));
            let of_nodes: u64 = total.nodes.values().map(|bytes| bytes.get()).sum();
            assert_eq!((of_nodes, total.nodes.contains_key(&NumaNode::new(0).unwrap())), (6 * MIB, true));
            drop(memory);
            assert_eq!(scratch.charges(), (0, 0, 0));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_limit_that_is_met_is_an_error_that_names_its_file() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "limited", 4, 8);
            let options = MapOptions::new().huge_pages(size(2 * MIB));
            let error = options.private(Bytes::new(10 * MIB)).unwrap_err();
            assert!(error.to_string().contains("needs 5 pages, and the pool has them"), "{error}");
            assert!(error.to_string().contains("hugetlb.2MB.rsvd.max"), "{error}");
            assert_eq!(scratch.charges(), (0, 0, 1));
            let error = options.clone().populate().private(Bytes::new(6 * MIB)).unwrap_err();
            assert!(error.to_string().contains("needs 3 pages, and the pool has them"), "{error}");
            assert!(error.to_string().contains("see hugetlb.2MB.max"), "{error}");
            assert_eq!(error.reason().name(), "invalid");
            // What it got until then is given back with the mapping.
            let (used, reserved, met) = scratch.charges();
            assert_eq!((used, reserved, met > 1), (0, 0, true), "{met}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_page_beyond_the_limit_that_is_used_without_being_populated_is_a_bus_error() {
            if std::env::var_os(CHILD).is_some() {
                let options = MapOptions::new().huge_pages(size(2 * MIB));
                let mut memory = options.private(Bytes::new(6 * MIB)).unwrap();
                let bytes = memory.as_bytes_mut();
                for index in 0..3 {
                    bytes[index * 2 * MIB as usize] = 1;
                    println!("page {index}");
                }
                return;
            }
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "beyond", 4, 8);
            let name = "a_page_beyond_the_limit_that_is_used_without_being_populated_is_a_bus_error";
            let output = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", &format!("{NAME}::{name}"), "--include-ignored", "--nocapture"])
                .env(CHILD, "1")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("page 1") && !said.contains("page 2"), "{said}");
            assert_eq!(output.status.signal(), Some(i32::from(Signal::BUS.number())), "{said}");
            let (used, reserved, met) = scratch.charges();
            assert_eq!((used, reserved, met > 0), (0, 0, true), "{met}");
        }
    }
}
