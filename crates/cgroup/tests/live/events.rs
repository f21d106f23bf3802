//! Limits that are met, and how that is told.

mod lab {
    mod any {
        use std::{
            process::{Command, Stdio},
            time::Duration,
        };

        use linux_support_base::{Bytes, Limit, Machine};
        use linux_support_cgroup::{
            Controller,
            live::{CoreSetting, GroupSetting, LiveGroup, MemorySetting},
        };
        use rustix::event::{Timespec, epoll};

        use crate::{SOON, Scratch, Sleeper, name};

        fn mib(count: u64) -> Bytes {
            Bytes::new(count << 20)
        }

        /// Runs `script` in a group, and waits for its end.
        fn run_in(group: &LiveGroup<'_>, script: &str) -> std::process::ExitStatus {
            let path = format!("/sys/fs/cgroup{}/cgroup.procs", group.path());
            let script = format!("echo 0 > {path}; {script}");
            Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).status().unwrap()
        }

        /// Needs some twenty mebibytes at once.
        const HUNGRY: &str = "exec head -c 64m /dev/zero | tail -c 20m > /dev/null";

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn one_epoll_tells_of_all_limits_that_are_met() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "told");
            scratch.root.enable(&[Controller::Memory, Controller::Pids]).unwrap();
            let group = scratch.group();
            let (events, memory, threads) = (
                group.watch_events().unwrap(),
                group.watch_memory().unwrap(),
                group.watch_threads().unwrap(),
            );
            let queue = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
            let flags = epoll::EventFlags::PRI | epoll::EventFlags::ET;
            epoll::add(&queue, &events, epoll::EventData::new_u64(1), flags).unwrap();
            epoll::add(&queue, &memory, epoll::EventData::new_u64(2), flags).unwrap();
            epoll::add(&queue, &threads, epoll::EventData::new_u64(3), flags).unwrap();
            let wait = |until: u64| {
                let time = Timespec::try_from(SOON).unwrap();
                for _ in 0..20 {
                    let mut list = Vec::with_capacity(8);
                    epoll::wait(&queue, rustix::buffer::spare_capacity(&mut list), Some(&time)).unwrap();
                    assert!(!list.is_empty(), "{until} was not told");
                    if list.iter().any(|event| event.data.u64() == until) {
                        return;
                    }
                }
                panic!("{until} was not told");
            };
            let sleeper = Sleeper::start();
            group.take_process(sleeper.pid()).unwrap();
            wait(1);
            assert!(events.read().unwrap().populated);

            group.set(MemorySetting::Max(Limit::At(mib(8)))).unwrap();
            let _ = group.set(MemorySetting::SwapMax(Limit::At(Bytes::new(0))));
            run_in(&group, HUNGRY);
            wait(2);
            assert!(memory.read().unwrap().max > 0);
            group.set(MemorySetting::Max(Limit::Max)).unwrap();

            group.set(GroupSetting::Threads(Limit::At(2))).unwrap();
            run_in(&group, "(sleep 0 & sleep 0 & sleep 0 & wait)");
            wait(3);
            assert!(threads.read().unwrap().max > 0);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_happens_below_is_told_above_but_not_as_its_own() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "above");
            scratch.root.enable(&[Controller::Memory]).unwrap();
            let group = scratch.group();
            group.enable(&[Controller::Memory]).unwrap();
            let below = group.make(&name("below")).unwrap();
            below.set(MemorySetting::Max(Limit::At(mib(8)))).unwrap();
            let _ = below.set(MemorySetting::SwapMax(Limit::At(Bytes::new(0))));
            let (all, own) = (group.watch_memory().unwrap(), group.watch_own_memory().unwrap());
            run_in(&below, HUNGRY);
            assert!(all.wait(Some(SOON)).unwrap());
            let (all, own, local) =
                (all.read().unwrap(), own.read().unwrap(), below.read().memory.into_result().unwrap());
            let local = local.events_local.into_result().unwrap();
            assert!(all.oom_kill > Some(0) && local.oom_kill > Some(0), "{all:?} {local:?}");
            assert_eq!((own.max, own.oom_kill), (0, Some(0)));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_group_that_ends_as_one_leaves_nobody() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "as-one");
            scratch.root.enable(&[Controller::Memory]).unwrap();
            let group = scratch.group();
            let mut sleepers = [Sleeper::start(), Sleeper::start()];
            for sleeper in &sleepers {
                group.take_process(sleeper.pid()).unwrap();
            }
            group.set(MemorySetting::OomGroup(true)).unwrap();
            group.set(MemorySetting::Max(Limit::At(mib(8)))).unwrap();
            let _ = group.set(MemorySetting::SwapMax(Limit::At(Bytes::new(0))));
            run_in(&group, HUNGRY);
            assert!(group.wait_until_empty(SOON).unwrap());
            for sleeper in &mut sleepers {
                use std::os::unix::process::ExitStatusExt;
                assert_eq!(sleeper.0.wait().unwrap().signal(), Some(9));
            }
            let events = group.read().memory.into_result().unwrap().events.into_result().unwrap();
            assert!(events.oom_group_kill != Some(0), "{events:?}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_peak_is_measured_anew_and_that_of_the_group_stays() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "peak");
            scratch.root.enable(&[Controller::Memory]).unwrap();
            let group = scratch.group();
            let meter = match group.measure_peak() {
                Ok(meter) => meter,
                Err(error) => {
                    assert_eq!(error.reason().name(), "kernel-too-old", "{error}");
                    println!("skipped: {error}");
                    return;
                }
            };
            let at_first = meter.read().unwrap();
            run_in(&group, "exec dd if=/dev/zero of=/dev/null bs=24M count=1");
            assert!(meter.read().unwrap() >= mib(20), "{:?}", meter.read());
            meter.restart().unwrap();
            assert!(meter.read().unwrap() < mib(20) && at_first < mib(20), "{:?}", meter.read());
            let peak = group.read().memory.into_result().unwrap().peak.into_result().unwrap();
            assert!(peak >= mib(20), "{peak}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn groups_can_be_neither_too_many_nor_too_deep() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "bounded");
            let group = scratch.group();
            group.set(CoreSetting::MaxDepth(Limit::At(1))).unwrap();
            let below = group.make(&name("one")).unwrap();
            let error = below.make(&name("two")).unwrap_err().to_string();
            assert!(error.contains("cgroup.max.depth"), "{error}");
            group.set(CoreSetting::MaxDepth(Limit::Max)).unwrap();
            group.set(CoreSetting::MaxDescendants(Limit::At(2))).unwrap();
            below.make(&name("two")).unwrap();
            let error = below.make(&name("three")).unwrap_err().to_string();
            assert!(error.contains("cgroup.max.descendants"), "{error}");
            let stat = group.read().stat.into_result().unwrap();
            assert_eq!(stat.descendants, 2, "all of them are counted");
            assert!(group.wait_until_empty(Duration::ZERO).unwrap());
        }
    }
}
