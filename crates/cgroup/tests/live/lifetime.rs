//! Groups made and removed, stopped and ended.

mod lab {
    mod any {
        use std::{os::unix::process::ExitStatusExt, time::Duration};

        use linux_support_base::{GroupId, Machine, Reason, UserId};
        use linux_support_cgroup::{Controller, live::LiveGroup};

        use crate::{SOON, Scratch, Sleeper, name};

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_tree_of_groups_is_removed_once_it_is_empty() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "removed");
            let group = scratch.group();
            let deep = group.make(&name("a")).unwrap().make(&name("b\u{e9} c")).unwrap();
            group.make(&name("d")).unwrap();
            assert_eq!(group.children().unwrap(), ["a", "d"]);
            assert_eq!(deep.path().as_bytes(), "/removed/a/b\u{e9} c".as_bytes());
            let error = group.make(&name("a")).unwrap_err().to_string();
            assert!(error.contains("exist"), "{error}");

            let sleeper = Sleeper::start();
            deep.take_process(sleeper.pid()).unwrap();
            let error = group.remove_all(&name("a")).unwrap_err().to_string();
            assert!(error.contains("without processes"), "{error}");
            assert!(deep.directory().exists("cgroup.procs"), "nothing was removed");
            drop(sleeper);
            assert!(deep.wait_until_empty(SOON).unwrap());
            assert_eq!(group.remove_all(&name("a")).unwrap().groups, 2);
            assert_eq!(group.children().unwrap(), ["d"]);
            assert_eq!(*deep.make(&name("e")).unwrap_err().reason(), Reason::Gone);
            assert_eq!(*deep.processes().unwrap_err().reason(), Reason::Gone);
            assert!(group.remove(&name("a")).unwrap_err().is_absent());
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_group_that_is_removed_is_not_another_of_its_name() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "again");
            let (group, again) = (scratch.group(), name("x"));
            let first = group.make(&again).unwrap();
            group.remove(&again).unwrap();
            let second = group.make(&again).unwrap();
            assert_eq!(*first.kill().unwrap_err().reason(), Reason::Gone);
            second.kill().unwrap();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_group_is_stopped_and_goes_on_and_ends() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "stopped");
            let group = scratch.group();
            let mut sleeper = Sleeper::start();
            group.take_process(sleeper.pid()).unwrap();
            assert!(group.events().unwrap().populated);
            let frozen = group.freeze(SOON).unwrap();
            assert_eq!(group.events().unwrap().frozen, Some(true));
            drop(frozen);
            let watch = group.watch_events().unwrap();
            if watch.read().unwrap().frozen == Some(true) {
                assert!(watch.wait(Some(SOON)).unwrap());
            }
            assert_eq!(group.events().unwrap().frozen, Some(false));
            group.freeze(SOON).unwrap().thaw().unwrap();
            assert!(!group.wait_until_empty(Duration::from_millis(50)).unwrap());
            group.kill().unwrap();
            assert!(group.wait_until_empty(SOON).unwrap());
            assert_eq!(sleeper.0.wait().unwrap().signal(), Some(9));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_root_and_its_own_are_found() {
            let machine = Machine::live().unwrap();
            let live = machine.as_live().unwrap();
            let scratch = Scratch::new(&machine, "found");
            let before = LiveGroup::own(live).unwrap();
            scratch.group().take_caller().unwrap();
            assert_eq!(*LiveGroup::own(live).unwrap().path(), "/found");
            before.take_caller().unwrap();
            let sleeper = Sleeper::start();
            assert_eq!(LiveGroup::of_process(live, sleeper.pid()).unwrap().path(), before.path());
            let root = LiveGroup::root(live).unwrap();
            let error = root.kill().unwrap_err().to_string();
            assert!(error.contains("below the root"), "{error}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_delegate_makes_groups_and_changes_no_limit() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "delegated");
            scratch.root.enable(&[Controller::Memory]).unwrap();
            let group = scratch.group();
            group.delegate(UserId::new(1234), GroupId::new(1234)).unwrap();
            let owner = |file: &str| {
                use std::os::unix::fs::MetadataExt;
                std::fs::metadata(format!("/sys/fs/cgroup/delegated/{file}")).unwrap().uid()
            };
            assert_eq!(
                (owner(""), owner("cgroup.procs"), owner("cgroup.subtree_control")),
                (1234, 1234, 1234)
            );
            assert_eq!((owner("memory.max"), owner("cgroup.freeze")), (0, 0));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_delegate_moves_its_own_within_and_nothing_else() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "lent");
            scratch.root.enable(&[Controller::Memory]).unwrap();
            scratch.group().delegate(UserId::new(1234), GroupId::new(1234)).unwrap();
            // Says which of these a user can do who has been given the group.
            let attempts = "mkdir $g/own && echo made; echo 0 > $g/own/cgroup.procs && echo moved; \
                 echo +memory > $g/cgroup.subtree_control && echo given; \
                 echo 1M > $g/own/memory.high && echo limited-own; echo 1M > $g/memory.high && echo limited; \
                 echo 1 > $g/cgroup.freeze && echo frozen; mkdir $g/../beside && echo beside; \
                 echo 0 > $g/../cgroup.procs && echo left";
            let script = format!(
                "g=/sys/fs/cgroup/lent; export g; echo 0 > $g/cgroup.procs; \
                 exec /usr/bin/setpriv --reuid 1234 --regid 1234 --clear-groups sh -c '{attempts}'"
            );
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            if said.is_empty() {
                return println!("skipped: {}", String::from_utf8_lossy(&output.stderr));
            }
            assert_eq!(said, "made\nmoved\ngiven\nlimited-own\n");
        }
    }
}
