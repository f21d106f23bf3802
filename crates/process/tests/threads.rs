//! Threads with a configuration, beside what the kernel says of them.
#![cfg(not(user_emulation))]

use std::{sync::mpsc, time::Duration};

use linux_support_base::{Bytes, CpuSet, Error, Machine, NumaNode, Reason, Signal, syscall::thread_affinity};
use linux_support_fd::BlockedSignals;
use linux_support_memory::numa::{MemoryPolicy, thread_policy};
use linux_support_process::{
    LiveTask, Nice, ProcessHandle, SchedulingPolicy, own,
    scheduling::{FairShare, IoLevel, IoPriority, Scheduling, SchedulingAttributes},
    thread::ThreadConfiguration,
};
use linux_support_security::{Scope, has_no_new_privileges, set_no_new_privileges};

#[test]
fn a_thread_is_as_it_was_configured_when_its_function_begins() {
    let machine = Machine::live().unwrap();
    let cpus = CpuSet::from(thread_affinity(None).unwrap().last().unwrap());
    let nice = Nice::new(6).unwrap();
    let io = IoPriority::best_effort(IoLevel::new(6).unwrap());
    let before = (has_no_new_privileges().unwrap(), BlockedSignals::of_thread().unwrap());
    let (end, ended) = mpsc::channel::<()>();
    let thread = ThreadConfiguration::new()
        .name("fifteen-bytes-x")
        .cpus(cpus.clone())
        .scheduling(SchedulingAttributes::new(Scheduling::Batch(FairShare::new(nice))))
        .io_priority(io)
        .timer_slack(Duration::from_micros(321))
        .blocked_signals(Signal::USR2)
        .step(|| set_no_new_privileges(Scope::Thread))
        .spawn(move || {
            let seen = (
                thread_affinity(None).unwrap(),
                LiveTask::caller().nice().unwrap(),
                LiveTask::caller().io_priority().unwrap(),
                own::timer_slack().unwrap(),
            );
            let _ = ended.recv();
            seen
        })
        .unwrap();
    let own = ProcessHandle::of_caller(machine.as_live().unwrap()).unwrap();
    let status = own.thread(thread.tid()).unwrap().status().unwrap();
    let stat = own.thread(thread.tid()).unwrap().stat().unwrap();
    assert_eq!(status.name, "fifteen-bytes-x");
    assert_eq!(status.signals_blocked, Some(Signal::USR2.into()));
    assert_eq!(status.no_new_privileges, Some(true));
    assert_eq!(stat.policy, SchedulingPolicy::Batch);
    assert!(!thread.is_finished());
    drop(end);
    let seen = thread.join().unwrap();
    assert_eq!(seen, (cpus, nice, io, Duration::from_micros(321)));
    // And the spawner is as before.
    assert_eq!((has_no_new_privileges().unwrap(), BlockedSignals::of_thread().unwrap()), before);
}

#[test]
fn what_fails_in_the_thread_is_the_spawners_error_and_the_function_does_not_run() {
    let (ran, run) = mpsc::channel::<()>();
    let refused = |configuration: ThreadConfiguration| {
        let ran = ran.clone();
        configuration.spawn(move || ran.send(()).unwrap()).unwrap_err()
    };
    let error = refused(ThreadConfiguration::new().cpus(CpuSet::new()));
    assert!(error.to_string().contains("none of them is online and allowed"), "{error}");
    let error = refused(ThreadConfiguration::new().timer_slack(Duration::ZERO));
    assert!(error.to_string().contains("expected 1 ns"), "{error}");
    let error = refused(ThreadConfiguration::new().step(|| Err(Error::new("lock", "it", Reason::Gone))));
    assert_eq!(error.to_string(), "lock it: gone meanwhile");
    for name in ["", "sixteen-bytes-xy", "a\0b"] {
        let error = refused(ThreadConfiguration::new().name(name));
        assert!(error.to_string().contains("1 to 15 bytes"), "{error}");
    }
    let error = refused(ThreadConfiguration::new().stack_size(Bytes::new(4096)));
    assert!(error.to_string().contains("64 KiB at least"), "{error}");
    let error = refused(ThreadConfiguration::new().stack_size(Bytes::new(u64::MAX)));
    assert!(error.to_string().contains("fit into the address space"), "{error}");
    let error = refused(ThreadConfiguration::new().stack_size(Bytes::new(1 << 60)));
    assert_eq!(error.operation(), "start", "{error}");
    drop(ran);
    assert!(run.recv().is_err());
}

#[test]
fn a_panic_of_a_step_comes_to_the_spawner_and_one_of_the_function_to_who_joins() {
    let step = std::panic::catch_unwind(|| {
        ThreadConfiguration::new().step(|| panic!("in a step")).spawn(|| ()).map(drop)
    });
    assert_eq!(*step.unwrap_err().downcast::<&str>().unwrap(), "in a step");
    let thread = ThreadConfiguration::new().spawn(|| panic!("in the function")).unwrap();
    let panic = thread.join().unwrap_err();
    assert_eq!(*panic.downcast::<&str>().unwrap(), "in the function");
}

#[test]
fn memory_comes_from_the_nodes_of_the_policy() {
    let policy = MemoryPolicy::preferred(NumaNode::new(0).unwrap());
    let wanted = policy.clone();
    match ThreadConfiguration::new().memory_policy(policy).spawn(|| thread_policy().unwrap()) {
        Ok(thread) => assert_eq!(thread.join().unwrap(), wanted),
        Err(error) => println!("skipped: {error}"),
    }
}

/// What `/proc/self/maps` says below the stack of the calling thread: how many bytes may not be touched.
fn guard_below() -> u64 {
    let local = 0u8;
    let here = &raw const local as u64;
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut guard = 0;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, access) = (words.next().unwrap(), words.next().unwrap());
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        if (start..end).contains(&here) {
            return guard;
        }
        guard = if access.starts_with("---") { end - start } else { 0 };
    }
    panic!("no stack at {here:x}");
}

#[test]
fn a_guard_of_any_size_lies_below_the_stack_and_is_gone_with_the_thread() {
    let guard = 1 << 20;
    for round in 0..4 {
        // Of one size, so that the C library gives the same stack again.
        let size = Bytes::new(512 << 10);
        let configuration = ThreadConfiguration::new().stack_size(size).guard_size(Bytes::new(guard));
        let thread = configuration.spawn(|| {
            let found = guard_below();
            // All of the stack can be used beside it.
            let deep = [1u8; 400 << 10];
            (found, std::hint::black_box(&deep).iter().map(|byte| u64::from(*byte)).sum::<u64>())
        });
        let (found, sum) = thread.unwrap().join().unwrap();
        assert!((guard..guard + (1 << 20)).contains(&found), "{found} in round {round}");
        assert_eq!(sum, 400 << 10);
        let plain = ThreadConfiguration::new().stack_size(Bytes::new((512 << 10) + guard));
        let plain = plain.spawn(|| {
            let found = guard_below();
            let deep = [1u8; 1400 << 10];
            (found, std::hint::black_box(&deep).len())
        });
        let (found, length) = plain.unwrap().join().unwrap();
        assert!(found < guard, "{found}");
        assert_eq!(length, 1400 << 10);
    }
}

#[test]
fn a_stack_is_advised_to_be_of_huge_pages_where_there_are_any() {
    let configuration = ThreadConfiguration::new().stack_size(Bytes::new(8 << 20)).stack_on_huge_pages();
    let thread = match configuration.spawn(|| {
        let local = 0u8;
        let here = &raw const local as u64;
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut within = false;
        for line in smaps.lines() {
            let range = line.split_whitespace().next().and_then(|word| word.split_once('-'));
            if let Some((start, end)) = range
                && let (Ok(start), Ok(end)) = (u64::from_str_radix(start, 16), u64::from_str_radix(end, 16))
            {
                within = (start..end).contains(&here);
            }
            if within && let Some(flags) = line.strip_prefix("VmFlags:") {
                return flags.split_whitespace().any(|flag| flag == "hg");
            }
        }
        panic!("no stack at {here:x}");
    }) {
        Err(error) if matches!(error.reason(), Reason::NotConfigured { .. }) => {
            println!("skipped: {error}");
            return;
        }
        thread => thread.unwrap(),
    };
    assert!(thread.join().unwrap());
}

mod lab {
    mod any {
        use linux_support_process::{
            LiveTask, RealTimePriority, SchedulingPolicy,
            scheduling::{IoClass, Scheduling, SchedulingAttributes},
            thread::ThreadConfiguration,
        };

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_thread_begins_in_real_time() {
            let priority = RealTimePriority::new(7).unwrap();
            let attributes = SchedulingAttributes::new(Scheduling::Fifo(priority));
            let io = linux_support_process::scheduling::IoPriority::new(IoClass::Idle);
            let thread = ThreadConfiguration::new().scheduling(attributes).io_priority(io).spawn(|| {
                let thread = LiveTask::caller();
                (thread.scheduling().unwrap().scheduling, thread.io_priority().unwrap())
            });
            let (scheduling, io_priority) = thread.unwrap().join().unwrap();
            assert_eq!(scheduling.policy(), SchedulingPolicy::Fifo);
            assert_eq!((scheduling, io_priority), (Scheduling::Fifo(priority), io));
        }
    }
}

/// Whether this thread may change its bounding set.
fn may_confine() -> bool {
    let own = linux_support_security::capability::Capabilities::of_caller().unwrap();
    let may = own.effective.contains(linux_support_process::Capability::SETPCAP);
    if !may {
        println!("skipped: needs CAP_SETPCAP");
    }
    may
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has capabilities and filters for the whole process")]
fn a_thread_has_the_capabilities_and_secure_bits_it_was_given_and_its_spawner_has_its_own() {
    use linux_support_process::{Capability, CapabilitySet};
    use linux_support_security::capability::{Capabilities, SecureBits};

    if !may_confine() {
        return;
    }
    let before = Capabilities::of_caller().unwrap();
    let one = CapabilitySet::of([Capability::SETPCAP]);
    let mut wanted = Capabilities::default();
    (wanted.permitted, wanted.inheritable, wanted.bounding, wanted.ambient) = (one, one, one, one);
    let bits = SecureBits::ROOT_IS_NOBODY;
    let thread = ThreadConfiguration::new()
        .capabilities(wanted)
        .secure_bits(bits)
        .spawn(|| (Capabilities::of_caller().unwrap(), SecureBits::of_caller().unwrap()))
        .unwrap();
    assert_eq!(thread.join().unwrap(), (wanted, bits));
    assert_eq!(Capabilities::of_caller().unwrap(), before);
    assert_eq!(SecureBits::of_caller().unwrap() & SecureBits::NO_ROOT_LOCKED, SecureBits::empty());

    let mut wrong = Capabilities::default();
    wrong.effective = one;
    let error = ThreadConfiguration::new().capabilities(wrong).spawn(|| panic!("it is not run")).unwrap_err();
    assert!(error.to_string().contains("CAP_SETPCAP would be effective"), "{error}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has capabilities and filters for the whole process")]
fn a_thread_runs_under_its_filter_and_its_spawner_does_not() {
    use linux_support_base::Errno;
    use linux_support_security::{
        Scope,
        seccomp::{Action, AuditArchitecture, Enforcement, Policy, SystemCallSet},
        set_no_new_privileges,
        speculation::{Permission, Weakness},
    };

    let calls = SystemCallSet::of(&["mkdir", "mkdirat"]).unwrap();
    let policy = Policy::new(Action::Allow).rule(calls, [], Action::error(Errno::ROFS)).unwrap();
    let filter = policy.compile(AuditArchitecture::NATIVE.unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made");
    let made = path.clone();
    let mut configuration = ThreadConfiguration::new()
        .step(|| set_no_new_privileges(Scope::Thread))
        .system_call_filter(filter, Enforcement::of_thread());
    let may_forbid = Weakness::StoreBypass.state().is_ok_and(|state| state.can_be_changed);
    if may_forbid {
        configuration = configuration.speculation(Weakness::StoreBypass, Permission::Forbidden);
    }
    let thread = configuration
        .spawn(move || (std::fs::create_dir(made).unwrap_err(), Weakness::StoreBypass.state().ok()))
        .unwrap();
    let (error, state) = thread.join().unwrap();
    assert_eq!(error.raw_os_error(), Some(Errno::ROFS.raw_os_error()));
    if may_forbid {
        assert_eq!(state.unwrap().permission, Permission::Forbidden);
    }
    std::fs::create_dir(path).unwrap();
}
