//! Settings that every machine has, or says why not.

use std::{fs, path::Path, process::Command, time::Duration};

use linux_support_base::{Cpu, CpuSet, Machine, Reading};
use linux_support_cpu::{
    CpuSets, Frequencies, Frequency, FrequencyWish, Idle, LatencyLimit, ResumeLatency, Smt, SmtControl,
    hotplug::{self, HotplugState},
    idle::limit_states,
    set_boost,
};

const fn micros(count: u64) -> Duration {
    Duration::from_micros(count)
}

#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn one_thread_of_each_core_runs_as_long_as_the_guard_is_there() {
    let machine = Machine::live().unwrap();
    let live = machine.as_live().unwrap();
    let online = || CpuSets::read(&machine).online.into_result().unwrap();
    let before = online();
    let smt = Smt::read(&machine);
    match smt.control.value() {
        Some(SmtControl::On) => {}
        Some(SmtControl::NotSupported | SmtControl::NotImplemented) => {
            let error = SmtControl::Off.set(live).unwrap_err();
            assert_eq!(error.reason().name(), "invalid", "{error}");
            println!("skipped: {error}");
            return;
        }
        other => {
            println!("skipped: {other:?} {smt:?}");
            return;
        }
    }
    let has_threads = smt.active == Reading::Value(true);
    let guard = SmtControl::Off.set(live).unwrap();
    let during = Smt::read(&machine);
    assert_eq!((during.control.value(), during.active.value()), (Some(&SmtControl::Off), Some(&false)));
    assert_eq!(online().len() < before.len(), has_threads);
    guard.restore().unwrap();
    assert_eq!((Smt::read(&machine), online()), (smt, before.clone()));
    let error = SmtControl::Threads(4000).set(live).unwrap_err();
    assert_eq!(error.reason().name(), "invalid", "{error}");
    assert_eq!(online(), before);
}

#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn the_least_latency_that_anybody_asked_for_is_in_force() {
    let first = match LatencyLimit::hold(micros(50)) {
        Ok(limit) => limit,
        Err(error) if error.is_absent() => {
            println!("skipped: {error}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!((first.latency(), first.in_force().unwrap()), (micros(50), micros(50)));
    let second = LatencyLimit::hold(micros(7)).unwrap();
    assert_eq!((second.in_force().unwrap(), first.in_force().unwrap()), (micros(7), micros(7)));
    drop(second);
    assert_eq!(first.in_force().unwrap(), micros(50));
    assert_eq!(LatencyLimit::hold(Duration::ZERO).unwrap().in_force().unwrap(), Duration::ZERO);
}

#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn a_cpu_wakes_as_fast_as_it_is_told_until_the_guard_goes() {
    let machine = Machine::live().unwrap();
    let live = machine.as_live().unwrap();
    let cpu = Cpu::new(1).unwrap();
    let read = || ResumeLatency::read(&machine, cpu).unwrap();
    let before = read();
    for wish in [ResumeLatency::AtMost(micros(20)), ResumeLatency::None, ResumeLatency::Any] {
        let guard = wish.set(live, cpu).unwrap();
        assert_eq!(read(), wish);
        guard.restore().unwrap();
        assert_eq!(read(), before);
    }
    let absent = ResumeLatency::Any.set(live, Cpu::new(4000).unwrap()).unwrap_err();
    assert!(absent.is_absent(), "{absent}");
}

#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn idle_states_that_wake_too_slowly_are_off_until_the_guard_goes() {
    let machine = Machine::live().unwrap();
    let live = machine.as_live().unwrap();
    let cpu = Cpu::new(1).unwrap();
    let states = || {
        let all = Idle::read(&machine).unwrap().cpus;
        all.into_iter().find(|(one, _)| *one == cpu).unwrap().1
    };
    let off = || -> Vec<bool> {
        states().into_iter().map(|state| state.is_disabled.into_result().unwrap()).collect()
    };
    let before = states();
    println!("{:?}: {before:?}", Idle::read(&machine).unwrap().driver);
    if before.is_empty() {
        let error = limit_states(live, cpu, Duration::ZERO).unwrap_err();
        assert!(error.is_absent(), "{error}");
        println!("skipped: {error}");
        return;
    }
    let was_off = off();
    let latencies: Vec<_> = before.into_iter().map(|state| state.latency.into_result().unwrap()).collect();
    let guard = limit_states(live, cpu, Duration::ZERO).unwrap();
    assert_eq!(off(), latencies.iter().map(|latency| !latency.is_zero()).collect::<Vec<_>>());
    guard.restore().unwrap();
    assert_eq!(off(), was_off);
}

#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn frequencies_are_set_or_it_is_said_that_nothing_scales_them() {
    let machine = Machine::live().unwrap();
    let live = machine.as_live().unwrap();
    let frequencies = || Frequencies::read(&machine).unwrap();
    let first = Cpu::new(0).unwrap();
    let wish = FrequencyWish::default().governor("performance");
    let Some(policy) = frequencies().policies.into_iter().next() else {
        for error in [wish.apply(live, first).unwrap_err(), set_boost(live, false).unwrap_err()] {
            assert!(error.is_absent(), "{error}");
            assert!(error.to_string().contains("needs a cpufreq driver"), "{error}");
        }
        println!("skipped: nothing scales the frequency of this machine's CPUs");
        return;
    };
    let guard = wish.apply(live, first).unwrap();
    assert_eq!(frequencies().policies[0].governor, Reading::Value("performance".into()));
    guard.restore().unwrap();
    assert_eq!(frequencies().policies[0].governor, policy.governor);
}

/// No machine of the lab scales frequencies, since QEMU emulates nothing that does: files of a driver lie in place of
/// those of the CPUs, for this process alone. Their values are of equal length: unlike those of sysfs, these files keep what is
/// longer.
#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn a_driver_is_told_what_was_asked_for_and_then_what_it_had() {
    const CHILD: &str = "LINUX_SUPPORT_TEST_CHILD";
    const NAME: &str = "any::a_driver_is_told_what_was_asked_for_and_then_what_it_had";
    const PLACE: &str = "/sys/devices/system/cpu";
    if std::env::var_os(CHILD).is_none() {
        let own = std::env::current_exe().unwrap();
        let mut command = Command::new("unshare");
        command.arg("-m").arg(own).args(["--exact", NAME, "--include-ignored", "--nocapture"]);
        assert!(command.env(CHILD, "1").status().unwrap().success());
        return;
    }
    assert!(Command::new("mount").args(["-t", "tmpfs", "none", PLACE]).status().unwrap().success());
    for (name, text) in [
        ("online", "0\n"),
        ("possible", "0\n"),
        ("cpufreq/boost", "1\n"),
        ("cpu0/cpufreq/affected_cpus", "0\n"),
        ("cpu0/cpufreq/scaling_governor", "interactive\n"),
        ("cpu0/cpufreq/scaling_available_governors", "interactive performance\n"),
        ("cpu0/cpufreq/scaling_min_freq", "1000000\n"),
        ("cpu0/cpufreq/scaling_max_freq", "2000000\n"),
        ("cpu0/cpufreq/cpuinfo_min_freq", "1000000\n"),
        ("cpu0/cpufreq/cpuinfo_max_freq", "4000000\n"),
        ("cpu0/cpuidle/state0/latency", "0\n"),
        ("cpu0/cpuidle/state0/disable", "0\n"),
        ("cpu0/cpuidle/state1/latency", "10\n"),
        ("cpu0/cpuidle/state1/disable", "0\n"),
        ("cpu0/cpuidle/state2/latency", "500\n"),
        ("cpu0/cpuidle/state2/disable", "0\n"),
    ] {
        let path = Path::new(PLACE).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let machine = Machine::live().unwrap();
    let live = machine.as_live().unwrap();
    let cpu = Cpu::new(0).unwrap();
    let has = |name: &str| fs::read_to_string(Path::new(PLACE).join(name)).unwrap().trim().to_owned();
    let policy = || {
        ["scaling_governor", "scaling_min_freq", "scaling_max_freq"]
            .map(|name| has(&format!("cpu0/cpufreq/{name}")))
    };
    let before = policy();
    let kilohertz = Frequency::from_kilohertz;
    let wish = FrequencyWish::default().governor("performance");
    let wish = wish.minimum(kilohertz(2_500_000)).maximum(kilohertz(3_000_000));
    let guard = wish.apply(live, cpu).unwrap();
    assert_eq!(policy(), ["performance", "2500000", "3000000"]);
    guard.restore().unwrap();
    assert_eq!(policy(), before);
    let refused = FrequencyWish::default().maximum(kilohertz(5_000_000)).apply(live, cpu).unwrap_err();
    assert!(refused.to_string().contains("5 GHz is not within 1 GHz to 4 GHz"), "{refused}");
    let guard = set_boost(live, false).unwrap();
    assert_eq!(has("cpufreq/boost"), "0");
    guard.restore().unwrap();
    assert_eq!(has("cpufreq/boost"), "1");
    let off = || [0, 1, 2].map(|state| has(&format!("cpu0/cpuidle/state{state}/disable")));
    let guard = limit_states(live, cpu, micros(100)).unwrap();
    assert_eq!(off(), ["0", "0", "1"]);
    guard.restore().unwrap();
    assert_eq!(off(), ["0", "0", "0"]);
}

#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn a_step_that_is_told_to_fail_keeps_a_cpu_online_once() {
    let machine = Machine::live().unwrap();
    let live = machine.as_live().unwrap();
    let cpu = Cpu::new(1).unwrap();
    let states = HotplugState::read_all(&machine).unwrap();
    let offline = || CpuSets::read(&machine).offline.into_result().unwrap();
    assert_eq!(hotplug::failing_step(&machine, cpu).unwrap(), None);
    // Which steps can be made to fail differs from kernel to kernel.
    let mut failing = Vec::new();
    for state in &states {
        match hotplug::fail_at(live, cpu, Some(state)) {
            Ok(()) => failing.push(state),
            Err(error) => assert_eq!(error.reason().name(), "invalid", "{error}"),
        }
    }
    println!("{} of {} steps can be made to fail", failing.len(), states.len());
    let step = *failing.last().unwrap();
    hotplug::fail_at(live, cpu, Some(step)).unwrap();
    assert_eq!(hotplug::failing_step(&machine, cpu).unwrap(), Some(step.number));
    let outcome = hotplug::switch(live, cpu, false);
    println!("{step:?}: {outcome:?}");
    assert!(outcome.is_err());
    assert_eq!(offline(), CpuSet::new());
    // Once it failed, it fails no more.
    hotplug::fail_at(live, cpu, None).unwrap();
    let guard = hotplug::switch(live, cpu, false).unwrap();
    assert_eq!(offline(), "1".parse().unwrap());
    guard.restore().unwrap();
    assert_eq!(offline(), CpuSet::new());
}
