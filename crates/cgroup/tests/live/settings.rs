//! Limits that bite, and are told.

mod lab {
    mod any {
        use std::{process::Command, time::Duration};

        use linux_support_base::{Bytes, Limit, Machine};
        use linux_support_cgroup::{
            Controller, CpuBandwidth,
            live::{CoreSetting, CpuSetting, GroupSetting, MemorySetting},
        };

        use crate::{SOON, Scratch, Sleeper, name};

        fn mib(count: u64) -> Bytes {
            Bytes::new(count << 20)
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_is_set_is_read_back() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "set");
            scratch
                .root
                .enable(&[Controller::Memory, Controller::Pids, Controller::Cpu, Controller::Io])
                .unwrap();
            let group = scratch.group();
            let bandwidth = CpuBandwidth {
                limit: Limit::At(Duration::from_millis(20)),
                period: Duration::from_millis(50),
            };
            group
                .set_all(&[
                    MemorySetting::Min(Limit::At(mib(1))).into(),
                    MemorySetting::Low(Limit::At(mib(2))).into(),
                    MemorySetting::High(Limit::At(mib(64))).into(),
                    MemorySetting::Max(Limit::At(mib(65))).into(),
                    MemorySetting::OomGroup(true).into(),
                    GroupSetting::Threads(Limit::At(77)),
                    CpuSetting::Weight(250).into(),
                    CpuSetting::Max(bandwidth).into(),
                    CpuSetting::MaxBurst(Duration::from_millis(10)).into(),
                    CoreSetting::MaxDepth(Limit::At(3)).into(),
                    CoreSetting::MaxDescendants(Limit::At(2)).into(),
                ])
                .unwrap();
            let read = group.read();
            let memory = read.memory.value().unwrap();
            assert_eq!(memory.min.value(), Some(&Limit::At(mib(1))));
            assert_eq!(memory.low.value(), Some(&Limit::At(mib(2))));
            assert_eq!(memory.high.value(), Some(&Limit::At(mib(64))));
            assert_eq!(memory.max.value(), Some(&Limit::At(mib(65))));
            assert_eq!(memory.oom_group.value(), Some(&true));
            let cpu = read.cpu.value().unwrap();
            assert_eq!((cpu.weight.value(), cpu.max.value()), (Some(&250), Some(&bandwidth)));
            assert_eq!(cpu.max_burst.value(), Some(&Duration::from_millis(10)));
            assert_eq!(read.pids.value().unwrap().max.value(), Some(&Limit::At(77)));
            assert_eq!(read.max_depth.value(), Some(&Limit::At(3)));

            group.make(&name("a")).unwrap();
            group.make(&name("b")).unwrap();
            let error = group.make(&name("c")).unwrap_err().to_string();
            assert!(error.contains("cgroup.max.descendants"), "{error}");

            let temporary = group.set_for_now(CpuSetting::Weight(9)).unwrap();
            assert_eq!(group.read().cpu.value().unwrap().weight.value(), Some(&9));
            drop(temporary);
            assert_eq!(group.read().cpu.value().unwrap().weight.value(), Some(&250));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_value_that_is_refused_leaves_what_was_there() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "refused");
            scratch.root.enable(&[Controller::Cpu]).unwrap();
            let group = scratch.group();
            let settings = [GroupSetting::from(CpuSetting::Weight(7)), CpuSetting::WeightNice(77).into()];
            let error = group.set_all(&settings).unwrap_err().to_string();
            assert!(error.contains("-20 to 19"), "{error}");
            assert_eq!(group.read().cpu.value().unwrap().weight.value(), Some(&100));
            scratch.root.disable(&[Controller::Hugetlb]).unwrap();
            let error = scratch.root.set(MemorySetting::Max(Limit::Max)).unwrap_err().to_string();
            assert!(error.contains("switched on for this group"), "{error}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_limit_of_threads_bites_and_is_told() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "few");
            scratch.root.enable(&[Controller::Pids]).unwrap();
            let group = scratch.group();
            group.set(GroupSetting::Threads(Limit::At(2))).unwrap();
            let watch = group.watch_threads().unwrap();
            // The shell moves itself, and then starts more than there may be.
            let script =
                "echo 0 > /sys/fs/cgroup/few/cgroup.procs; (sleep 1 & sleep 1 & sleep 1 & wait) 2>&1";
            let output = Command::new("sh").args(["-c", script]).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(said.contains("fork"), "{said} {output:?}");
            assert!(watch.wait(Some(SOON)).unwrap());
            assert!(watch.read().unwrap().max >= 1);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_limit_of_memory_bites_and_is_told() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "small");
            scratch.root.enable(&[Controller::Memory]).unwrap();
            let group = scratch.group();
            group.set(MemorySetting::Max(Limit::At(mib(8)))).unwrap();
            if let Err(error) = group.set(MemorySetting::SwapMax(Limit::At(Bytes::new(0)))) {
                assert_ne!(error.reason().name(), "invalid", "{error}");
            }
            let watch = group.watch_memory().unwrap();
            let script = "echo 0 > /sys/fs/cgroup/small/cgroup.procs; exec head -c 64m /dev/zero | tail -c 32m > /dev/null";
            let status = Command::new("sh").args(["-c", script]).status().unwrap();
            assert!(watch.wait(Some(SOON)).unwrap(), "{status}");
            let events = watch.read().unwrap();
            assert!(events.max > 0 && events.oom_kill.unwrap_or(0) > 0, "{events:?} {status}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn memory_is_taken_back_when_that_is_asked() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "reclaimed");
            scratch.root.enable(&[Controller::Memory]).unwrap();
            let group = scratch.group();
            let sleeper = Sleeper::start();
            group.take_process(sleeper.pid()).unwrap();
            // Nothing can be taken from one that has nothing: the kernel says so.
            match group.set(MemorySetting::Reclaim { amount: mib(512), swappiness: None }) {
                Ok(()) => panic!("a sleeping process has no half of a gibibyte"),
                Err(error) => assert_eq!(error.reason().name(), "failed", "{error}"),
            }
        }
    }
}
