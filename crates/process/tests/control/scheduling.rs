use std::time::Duration;

use linux_support_base::{Machine, Reason, UserId};
use linux_support_process::{
    LiveTask, Process,
    scheduling::{
        FairShare, IoLevel, IoPriority, Nice, Scheduling, SchedulingAttributes, SchedulingPolicy,
        SchedulingTarget, TemporaryScheduling, io_priority, nice,
    },
};

use crate::{Sleeper, printed};

#[test]
#[cfg_attr(user_emulation, ignore = "the tools are those of another architecture's emulator")]
fn chrt_sees_the_policy_that_was_set() {
    let machine = Machine::live().unwrap();
    let sleeper = Sleeper::start();
    let process = sleeper.open(&machine);
    let task = process.as_live().unwrap();
    let pid = sleeper.pid().to_string();
    for (scheduling, name) in [
        (Scheduling::Batch(FairShare::new(Nice::new(3).unwrap())), "SCHED_BATCH"),
        (Scheduling::Idle, "SCHED_IDLE"),
        (Scheduling::Other(FairShare::new(Nice::new(5).unwrap())), "SCHED_OTHER"),
    ] {
        let attributes = SchedulingAttributes::new(scheduling).reset_on_fork();
        task.set_scheduling(&attributes).unwrap();
        let now = task.scheduling().unwrap();
        assert!(now.reset_on_fork);
        assert_eq!(now.scheduling.policy(), scheduling.policy());
        assert_eq!(process.stat().unwrap().policy, scheduling.policy());
        if let Some(text) = printed("chrt", &["-p", &pid]) {
            assert!(text.contains(&format!("policy: {name}|SCHED_RESET_ON_FORK")), "{text}");
        }
    }
    assert_eq!(process.stat().unwrap().nice.get(), 5);
}

#[test]
#[cfg_attr(user_emulation, ignore = "the tools are those of another architecture's emulator")]
fn ionice_sees_the_priority_that_was_set() {
    let machine = Machine::live().unwrap();
    let sleeper = Sleeper::start();
    let process = sleeper.open(&machine);
    let task = process.as_live().unwrap();
    for priority in [IoPriority::best_effort(IoLevel::LAST), IoPriority::IDLE] {
        task.set_io_priority(priority).unwrap();
        assert_eq!(task.io_priority().unwrap(), priority);
        if let Some(text) = printed("ionice", &["-p", &sleeper.pid().to_string()]) {
            assert_eq!(text.trim(), priority.to_string());
        }
    }
}

#[test]
fn nice_values_are_of_threads_groups_and_users() {
    let machine = Machine::live().unwrap();
    let sleeper = Sleeper::start();
    let process = sleeper.open(&machine);
    let task = process.as_live().unwrap();
    task.set_nice(Nice::new(11).unwrap()).unwrap();
    assert_eq!(task.nice().unwrap().get(), 11);
    assert_eq!(nice(SchedulingTarget::Thread(sleeper.pid())).unwrap().get(), 11);
    assert!(nice(SchedulingTarget::CallingGroup).unwrap().get() <= 11);
    let nobody = UserId::new(4_000_000_123);
    for error in [
        nice(SchedulingTarget::User(nobody)).unwrap_err(),
        io_priority(SchedulingTarget::User(nobody)).unwrap_err(),
    ] {
        assert_eq!(error.reason(), &Reason::Gone);
        assert!(error.to_string().contains("user 4000000123"), "{error}");
    }
}

#[test]
fn a_temporary_policy_ends_with_its_guard() {
    std::thread::spawn(|| {
        let before = LiveTask::caller().scheduling().unwrap();
        let guard = TemporaryScheduling::set(&SchedulingAttributes::new(Scheduling::Batch(FairShare::new(
            LiveTask::caller().nice().unwrap(),
        ))))
        .unwrap();
        assert_eq!(guard.before(), &before);
        assert_eq!(LiveTask::caller().scheduling().unwrap().scheduling.policy(), SchedulingPolicy::Batch);
        drop(guard);
        assert_eq!(LiveTask::caller().scheduling().unwrap().scheduling.policy(), before.scheduling.policy());
    })
    .join()
    .unwrap();
}

#[test]
fn a_slice_that_the_kernel_would_change_is_refused() {
    for slice in [Duration::from_micros(99), Duration::from_millis(101)] {
        let share = FairShare::new(Nice::default()).with_slice(slice);
        let error = LiveTask::caller()
            .set_scheduling(&SchedulingAttributes::new(Scheduling::Other(share)))
            .unwrap_err();
        assert!(error.to_string().ends_with("expected 100µs to 100ms"), "{error}");
    }
    let unknown = SchedulingAttributes::new(Scheduling::Unknown(77));
    let error = LiveTask::caller().set_scheduling(&unknown).unwrap_err();
    assert!(error.to_string().contains("scheduling policy 77"), "{error}");
}

#[test]
fn a_process_that_has_ended_is_gone() {
    let machine = Machine::live().unwrap();
    let mut sleeper = Sleeper::start();
    let process = sleeper.open(&machine);
    sleeper.end();
    let task = process.as_live().unwrap();
    let error = task.set_nice(Nice::new(19).unwrap()).unwrap_err();
    assert_eq!(error.reason(), &Reason::Gone);
    assert_eq!(task.scheduling().unwrap_err().reason(), &Reason::Gone);
}

#[test]
fn a_process_of_a_captured_machine_is_not_to_be_changed() {
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(tree.path().join("proc/7")).unwrap();
    let machine = Machine::captured(tree.path()).unwrap();
    let process = Process::open(&machine, linux_support_base::Pid::new(7).unwrap()).unwrap();
    assert!(process.as_live().unwrap_err().to_string().contains("captured"));
}

mod lab {
    mod any {
        use std::{
            sync::{Barrier, Mutex},
            time::Duration,
        };

        use linux_support_base::{Limit, Machine};
        use linux_support_process::{
            LiveTask,
            scheduling::{
                Deadline, DeadlineFlags, FairShare, IoLevel, IoPriority, Nice, RealTimePriority,
                RealTimeShare, SchedulerSettings, Scheduling, SchedulingAttributes, Utilisation,
                UtilisationClamp,
            },
        };
        use rustix::thread::{CpuSet, sched_setaffinity};

        fn in_a_thread(test: impl FnOnce(LiveTask<'_, '_>) + Send) {
            std::thread::scope(|scope| scope.spawn(|| test(LiveTask::caller())).join().unwrap());
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn real_time_policies_are_had_with_their_priorities() {
            in_a_thread(|thread| {
                let priority = RealTimePriority::new(7).unwrap();
                for scheduling in [Scheduling::Fifo(priority), Scheduling::RoundRobin(priority)] {
                    thread.set_scheduling(&SchedulingAttributes::new(scheduling)).unwrap();
                    assert_eq!(thread.scheduling().unwrap().scheduling, scheduling);
                }
                let interval = thread.round_robin_interval().unwrap().unwrap();
                let machine = Machine::live().unwrap();
                let settings = SchedulerSettings::read(&machine);
                let system = settings.round_robin_interval.into_result().unwrap();
                // The kernel counts in ticks of up to 10 ms.
                assert!(interval.abs_diff(system) <= Duration::from_millis(10), "{interval:?} {system:?}");
                thread.set_io_priority(IoPriority::real_time(IoLevel::FIRST)).unwrap();
                assert_eq!(thread.io_priority().unwrap().to_string(), "realtime: prio 0");
            });
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_deadline_is_admitted_or_refused_with_the_reason() {
            in_a_thread(|thread| {
                let millis = Duration::from_millis;
                let deadline = |runtime, period| {
                    let deadline = Deadline::new(millis(runtime), millis(period), millis(period)).unwrap();
                    SchedulingAttributes::new(Scheduling::Deadline(deadline.with(DeadlineFlags::RECLAIM)))
                        .reset_on_fork()
                };
                thread.set_scheduling(&deadline(2, 20)).unwrap();
                assert_eq!(thread.scheduling().unwrap().scheduling, deadline(2, 20).scheduling);
                let error = thread.set_scheduling(&deadline(200, 60_000)).unwrap_err();
                assert!(error.to_string().contains("sched_deadline_period_max_us"), "{error}");
                // Of each CPU, 5 % are kept for others: with as many threads as CPUs there is not enough.
                let cpus = std::thread::available_parallelism().unwrap().get();
                let refused = Mutex::new(Vec::new());
                let all_have_asked = Barrier::new(cpus);
                std::thread::scope(|scope| {
                    for _ in 0..cpus {
                        scope.spawn(|| {
                            let asked = LiveTask::caller().set_scheduling(&deadline(19, 20));
                            refused.lock().unwrap().extend(asked.err());
                            all_have_asked.wait();
                        });
                    }
                });
                let refused = refused.into_inner().unwrap();
                assert!(!refused.is_empty());
                for error in refused {
                    assert!(error.to_string().contains("too much bandwidth"), "{error}");
                }
                assert_eq!(thread.scheduling().unwrap().scheduling, deadline(2, 20).scheduling);
                thread
                    .set_scheduling(&SchedulingAttributes::new(Scheduling::Other(FairShare::default())))
                    .unwrap();
                let mut one = CpuSet::new();
                one.set(0);
                sched_setaffinity(None, &one).unwrap();
                let error = thread.set_scheduling(&deadline(2, 20)).unwrap_err();
                assert!(error.to_string().contains("all CPUs of its root domain"), "{error}");
            });
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn slices_and_clamps_are_taken_where_the_kernel_has_them() {
            in_a_thread(|thread| {
                let machine = Machine::live().unwrap();
                let share = FairShare::new(Nice::new(-3).unwrap()).with_slice(Duration::from_micros(2_500));
                let attributes = SchedulingAttributes::new(Scheduling::Other(share));
                thread.set_scheduling(&attributes).unwrap();
                let version = machine.kernel_release().unwrap().version();
                let had = thread.scheduling().unwrap().scheduling;
                if (version.major(), version.minor()) >= (6, 12) {
                    assert_eq!(had, Scheduling::Other(share));
                } else {
                    assert_eq!(had, Scheduling::Other(FairShare::new(share.nice)));
                }
                let clamp = UtilisationClamp { min: Utilisation::new(128), max: Utilisation::new(512) };
                match thread.set_scheduling(&attributes.with_utilisation(clamp)) {
                    Ok(()) => {
                        assert_eq!(thread.scheduling().unwrap().utilisation, clamp);
                        thread.reset_utilisation_clamp().unwrap();
                        let free =
                            UtilisationClamp { min: Some(Utilisation::MIN), max: Some(Utilisation::MAX) };
                        assert_eq!(thread.scheduling().unwrap().utilisation, free);
                    }
                    Err(error) => {
                        assert!(error.to_string().ends_with("needs CONFIG_UCLAMP_TASK"), "{error}");
                    }
                }
            });
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_share_of_real_time_threads_is_set_for_a_while() {
            let machine = Machine::live().unwrap();
            let part = || SchedulerSettings::read(&machine).real_time.into_result().unwrap().part();
            let before = part();
            let half =
                RealTimeShare::set_runtime(machine.as_live().unwrap(), Limit::At(Duration::from_millis(500)))
                    .unwrap();
            assert_eq!(part(), 0.5);
            drop(half);
            assert_eq!(part(), before);
            let error =
                RealTimeShare::set_runtime(machine.as_live().unwrap(), Limit::At(Duration::from_secs(5)))
                    .unwrap_err();
            assert_eq!(error.operation(), "write");
            assert_eq!(part(), before);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn an_autogroup_has_a_nice_value_of_its_own() {
            let machine = Machine::live().unwrap();
            let process = linux_support_process::Process::of_caller(&machine).unwrap();
            let Ok(Some(before)) = process.autogroup() else {
                println!("skipped: no autogroups");
                return;
            };
            let task = process.as_live().unwrap();
            task.set_autogroup_nice(Nice::new(-4).unwrap()).unwrap();
            assert_eq!(process.autogroup().unwrap().unwrap().nice.get(), -4);
            LiveTask::caller().set_autogroup_nice(before.nice).unwrap();
            assert_eq!(process.autogroup().unwrap().unwrap(), before);
        }
    }
}
