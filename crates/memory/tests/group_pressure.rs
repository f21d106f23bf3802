//! Pressure in control groups, told through an epoll.

mod lab {
    mod any {
        use std::{
            process::{Command, Stdio},
            time::Duration,
        };

        use linux_support_base::{Bytes, Limit, Machine};
        use linux_support_cgroup::{
            Controller,
            live::{GroupName, LiveGroup, MemorySetting},
        };
        use linux_support_memory::{PressureResource, PressureTrigger, StallKind};
        use rustix::event::{Timespec, epoll};

        const SOON: Duration = Duration::from_secs(30);

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_group_that_waits_for_memory_is_told_and_one_beside_it_is_not() {
            let machine = Machine::live().unwrap();
            let root = LiveGroup::root(machine.as_live().unwrap()).unwrap();
            root.enable(&[Controller::Memory]).unwrap();
            let names = ["narrow", "beside"].map(|name| GroupName::new(name).unwrap());
            let [group, beside] = names.each_ref().map(|name| root.make(name).unwrap());
            group.set(MemorySetting::High(Limit::At(Bytes::new(4 << 20)))).unwrap();
            let queue = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
            let mut triggers = Vec::new();
            for (number, one) in [(1, &group), (2, &beside)] {
                let (threshold, window) = (Duration::from_millis(50), Duration::from_secs(1));
                let memory = (PressureResource::Memory, StallKind::Some);
                let trigger = PressureTrigger::of_cgroup(
                    &machine,
                    one.directory(),
                    memory.0,
                    memory.1,
                    threshold,
                    window,
                );
                match trigger {
                    Ok(trigger) => {
                        let data = epoll::EventData::new_u64(number);
                        epoll::add(&queue, &trigger, data, epoll::EventFlags::PRI).unwrap();
                        triggers.push(trigger);
                    }
                    Err(error) => {
                        assert_eq!(error.reason().name(), "not-configured", "{error}");
                        println!("skipped: {error}");
                    }
                }
            }
            if triggers.len() == 2 {
                let script = "echo 0 > /sys/fs/cgroup/narrow/cgroup.procs; \
                              exec dd if=/dev/zero of=/dev/null bs=32M count=1";
                let mut hungry =
                    Command::new("sh").args(["-c", script]).stderr(Stdio::null()).spawn().unwrap();
                let mut told = Vec::with_capacity(8);
                let time = Timespec::try_from(SOON).unwrap();
                epoll::wait(&queue, rustix::buffer::spare_capacity(&mut told), Some(&time)).unwrap();
                let told: Vec<u64> = told.iter().map(|event| event.data.u64()).collect();
                assert_eq!(told, [1]);
                group.kill().unwrap();
                hungry.wait().unwrap();
            }
            drop(triggers);
            assert!(group.wait_until_empty(SOON).unwrap());
            for name in &names {
                root.remove(name).unwrap();
            }
        }
    }
}
