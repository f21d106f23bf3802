//! Processes, threads and controllers.

mod lab {
    mod any {
        use linux_support_base::{Machine, Pid, Reason};
        use linux_support_cgroup::{Controller, GroupType};

        use crate::{Scratch, Sleeper, name};

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn processes_move_one_by_one_and_all_at_once() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "moved");
            let (from, to) =
                (scratch.group().make(&name("from")).unwrap(), scratch.group().make(&name("to")).unwrap());
            let sleepers: Vec<Sleeper> = (0..5).map(|_| Sleeper::start()).collect();
            for sleeper in &sleepers {
                from.take_process(sleeper.pid()).unwrap();
            }
            assert_eq!(from.processes().unwrap().count(), 5);
            assert_eq!(from.threads().unwrap().count(), 5);
            let outcome = to.take_all(&from).unwrap();
            assert_eq!((outcome.moved, outcome.left.len()), (5, 0));
            let mut expected: Vec<Pid> = sleepers.iter().map(Sleeper::pid).collect();
            expected.sort_unstable();
            assert_eq!(to.processes().unwrap().numbers, expected);
            assert_eq!(from.processes().unwrap().count(), 0);
            let gone = to.take_process(Pid::new(i32::MAX).unwrap()).unwrap_err();
            assert_eq!(*gone.reason(), Reason::Gone);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn controllers_are_given_down_a_path_and_only_where_they_are() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "given");
            let group = scratch.group();
            let below = group.make(&name("a")).unwrap().make(&name("b")).unwrap();
            scratch.root.disable(&[Controller::Memory]).unwrap();
            let error = group.enable(&[Controller::Memory]).unwrap_err().to_string();
            assert!(error.contains("not memory"), "{error}");
            scratch
                .root
                .enable_down_to(&[name("given"), name("a"), name("b")], &[Controller::Memory])
                .unwrap();
            assert!(below.controllers().unwrap().contains(&Controller::Memory));
            assert!(!below.enabled().unwrap().contains(&Controller::Memory));
            let error = group.disable(&[Controller::Memory]).unwrap_err().to_string();
            assert!(error.contains("disable them there first"), "{error}");

            let sleeper = Sleeper::start();
            let error = group.take_process(sleeper.pid()).unwrap_err().to_string();
            assert!(error.contains("gives no controllers"), "{error}");
            below.take_process(sleeper.pid()).unwrap();
            let error = below.enable(&[Controller::Memory]).unwrap_err().to_string();
            assert!(error.contains("without processes"), "{error}");
            scratch.root.enable(&[]).unwrap();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn threads_of_one_process_are_in_different_groups() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "threads");
            let group = scratch.group();
            let (one, two) = (group.make(&name("one")).unwrap(), group.make(&name("two")).unwrap());
            one.make_threaded().unwrap();
            two.make_threaded().unwrap();
            assert_eq!(one.kind().unwrap(), GroupType::Threaded);
            assert_eq!(group.kind().unwrap(), GroupType::DomainThreaded);
            let own = linux_support_cgroup::live::LiveGroup::own(machine.as_live().unwrap()).unwrap();
            group.take_caller().unwrap();
            let thread = std::thread::scope(|scope| {
                scope
                    .spawn(|| {
                        let thread = Pid::new(rustix::thread::gettid().as_raw_nonzero().get()).unwrap();
                        two.take_thread(thread).unwrap();
                        let there = two.threads().unwrap().numbers;
                        assert!(there.contains(&thread));
                        let error = two.processes().unwrap_err().to_string();
                        assert!(error.contains("not threaded"), "{error}");
                        group.take_thread(thread).unwrap();
                        thread
                    })
                    .join()
                    .unwrap()
            });
            assert!(thread.number() > 0 && !two.threads().unwrap().numbers.contains(&thread));
            own.take_caller().unwrap();
            let error = own.make_threaded().unwrap_err().to_string();
            assert!(error.contains("cgroup") || error.contains("threaded"), "{error}");
        }
    }
}
