//! Blocks of memory out of use and into it again.

mod lab {
    mod numa {
        use std::{fs, sync::LazyLock};

        use linux_support_base::{Errno, LiveMachine, Machine, Reason};
        use linux_support_memory::{
            block::{BlockState, ChangedBlock, MemoryBlock, MemoryBlocks, OnlineZone},
            numa::Node,
        };

        use crate::numa::node;

        /// It is read and changed in turn, and the guards borrow it.
        static MACHINE: LazyLock<Machine> = LazyLock::new(|| Machine::live().unwrap());

        fn live() -> LiveMachine<'static> {
            MACHINE.as_live().unwrap()
        }

        fn blocks() -> MemoryBlocks {
            MemoryBlocks::read(&MACHINE).unwrap()
        }

        fn file(number: u64, name: &str) -> String {
            let path = format!("/sys/devices/system/memory/memory{number}/{name}");
            fs::read_to_string(path).unwrap().trim().to_owned()
        }

        /// A block of the node of memory alone, offline: which of them can be depends on what the kernel put there.
        fn offline() -> (MemoryBlock, ChangedBlock<'static>) {
            let of_three = blocks().blocks.into_iter().filter(|block| block.nodes == node(3).into());
            let mut reasons = Vec::new();
            for block in of_three {
                match block.set_offline(live()) {
                    Ok(changed) => return (block, changed),
                    Err(error) => reasons.push(error.to_string()),
                }
            }
            panic!("no block of node 3 goes offline: {reasons:?}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_block_goes_out_of_use_and_comes_back_with_its_guard() {
            let size = || Node::read(&MACHINE, node(3)).unwrap().size().unwrap().get();
            let (before, total) = (size(), blocks().total(&BlockState::Online).get());
            let (block, guard) = offline();
            let one = blocks().block_size.get();
            assert!(guard.is_changed() && guard.number() == block.number);
            assert_eq!(file(block.number, "state"), "offline");
            assert_eq!((size(), blocks().total(&BlockState::Online).get()), (before - one, total - one));
            assert_eq!(blocks().total(&BlockState::Offline).get(), one);
            // Offline already: nothing to do, and nothing to undo.
            let again = block.set_offline(live()).unwrap();
            assert!(!again.is_changed());
            drop(again);
            assert_eq!(file(block.number, "state"), "offline");
            guard.restore().unwrap();
            assert_eq!(file(block.number, "state"), "online");
            assert_eq!((size(), blocks().total(&BlockState::Online).get()), (before, total));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_block_is_used_for_what_was_asked_and_can_go_again_where_all_can_be_moved() {
            let (block, guard) = offline();
            let movable = block.set_online(live(), OnlineZone::Movable).unwrap();
            assert_eq!(
                (file(block.number, "state"), file(block.number, "valid_zones")),
                ("online".into(), "Movable".into())
            );
            let error = block.set_online(live(), OnlineZone::Kernel).unwrap_err();
            assert!(
                error.to_string().contains("is online in zone Movable: take it offline first"),
                "{error}"
            );
            assert!(!block.set_online(live(), OnlineZone::Movable).unwrap().is_changed());
            // What was movable comes back so.
            drop(block.set_offline(live()).unwrap());
            assert_eq!(file(block.number, "valid_zones"), "Movable");
            drop(movable);
            assert_eq!(file(block.number, "state"), "offline");
            drop(guard);
            assert_eq!(
                (file(block.number, "state"), file(block.number, "valid_zones")),
                ("online".into(), "Normal".into())
            );
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_block_that_can_not_go_says_why_and_stays() {
            let blocks = blocks();
            // The first has the hole below 1 MiB.
            let error = blocks.blocks[0].set_offline(live()).unwrap_err();
            assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
            assert!(error.to_string().contains("memory block 0: needs a block without holes"), "{error}");
            assert_eq!(file(0, "state"), "online");
            let mut busy = None;
            for block in blocks.blocks.iter().skip(1).filter(|block| block.nodes == node(1).into()) {
                match block.set_offline(live()) {
                    Ok(guard) => guard.restore().unwrap(),
                    Err(error) => busy = Some((block.number, error)),
                }
                assert_eq!(file(block.number, "state"), "online");
            }
            let (number, error) = busy.expect("a block of node 1 with what the kernel can't move");
            assert_eq!(error.reason(), &Reason::System(Errno::BUSY), "{error}");
            assert!(
                error.to_string().starts_with(&format!("set offline memory block {number}: ")),
                "{error}"
            );
        }
    }
}
