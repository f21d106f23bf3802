//! Control groups of the lab's machines: of version 2 alone, with every controller.

mod lab {
    mod any {
        use std::{fs, path::Path, process, thread, time::Duration};

        use linux_support_base::{Bytes, Limit, Machine};
        use linux_support_cgroup::{Controller, Group, Hierarchies};

        const ROOT: &str = "/sys/fs/cgroup";

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn limits_and_members_are_those_that_were_set() {
            let folder = Path::new(ROOT).join("lab");
            let own = process::id().to_string();
            fs::write(format!("{ROOT}/cgroup.subtree_control"), "+memory +pids +cpu").unwrap();
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("memory.max"), "33554432").unwrap();
            fs::write(folder.join("cgroup.procs"), &own).unwrap();
            let machine = Machine::live().unwrap();
            let hierarchies = Hierarchies::read(&machine).unwrap();
            let group = Group::read(&machine, hierarchies.unified().unwrap(), b"/lab");
            fs::write(format!("{ROOT}/cgroup.procs"), &own).unwrap();
            let group = group.unwrap();
            let controllers = group.controllers.into_result().unwrap();
            for controller in [Controller::Cpu, Controller::Memory, Controller::Pids] {
                assert!(controllers.contains(&controller), "{controllers:?}");
            }
            assert_eq!(group.processes.into_result().unwrap(), 1);
            let memory = group.memory.into_result().unwrap().max.into_result().unwrap();
            assert_eq!(memory.to_string(), Limit::At(Bytes::new(33_554_432)).to_string());
            // It is busy for a moment after the last process has left it.
            let is_gone = (0..50).any(|_| {
                thread::sleep(Duration::from_millis(20));
                fs::remove_dir(&folder).is_ok()
            });
            assert!(is_gone);
        }
    }
}
