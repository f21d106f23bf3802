//! Nodes, offline CPUs, isolated ones.

use std::{
    collections::BTreeSet,
    fs,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use linux_support_base::{Cpu, CpuSet, Machine};
use linux_support_cpu::{
    CpuSets, InterruptAffinities, InterruptAffinity, Topology, UsableCpus, Workqueues,
    affinity::{Pinned, TaskAffinity},
    hotplug::{self, Hotplug, HotplugState, Offline},
    interrupt::{set_default_interrupt_affinity, set_interrupt_affinity},
    isolation::{Activity, Isolation, Remedy},
};

#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn lscpu_sees_the_same_packages_and_cores() {
    let Ok(output) = Command::new("lscpu").arg("--parse=CPU,SOCKET,CORE").output() else {
        println!("skipped: no lscpu");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<Vec<&str>> =
        text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(',').collect()).collect();
    // Sets of CPUs are compared: lscpu numbers packages and cores as it likes.
    let groups = |column: usize| -> BTreeSet<BTreeSet<u32>> {
        let together = |row: &Vec<&str>| {
            let same = rows.iter().filter(|other| other[column] == row[column]);
            same.map(|other| other[0].parse().unwrap()).collect()
        };
        rows.iter().map(together).collect()
    };
    let numbers = |set: &CpuSet| set.iter().map(u32::from).collect::<BTreeSet<u32>>();
    let topology = Topology::read(&Machine::live().unwrap()).unwrap();
    let packages: BTreeSet<_> = topology.packages.iter().map(|package| numbers(&package.cpus)).collect();
    assert_eq!(packages, groups(1));
    let cores: BTreeSet<_> = topology.cores().map(|core| numbers(&core.threads)).collect();
    assert_eq!(cores, groups(2));
}

#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn a_cpu_that_goes_offline_leaves_its_core_and_comes_back() {
    let machine = Machine::live().unwrap();
    let switch = "/sys/devices/system/cpu/cpu5/online";
    let core_of_4 = || {
        let topology = Topology::read(&machine).unwrap();
        topology.place(Cpu::new(4).unwrap()).unwrap().core.threads.to_string()
    };
    assert_eq!(core_of_4(), "4-5");
    fs::write(switch, "0").unwrap();
    let offline = CpuSets::read(&machine).offline.into_result().unwrap().to_string();
    let alone = core_of_4();
    fs::write(switch, "1").unwrap();
    assert_eq!((offline.as_str(), alone.as_str()), ("5", "4"));
    assert_eq!(core_of_4(), "4-5");
}

/// This process, in a group for as long as this lives.
struct InGroup(&'static str);

const GROUPS: &str = "/sys/fs/cgroup";

impl InGroup {
    fn enter(path: &'static str) -> Self {
        let own = std::process::id().to_string();
        fs::write(format!("{GROUPS}/{path}/cgroup.procs"), own).unwrap();
        Self(path)
    }
}

impl Drop for InGroup {
    fn drop(&mut self) {
        let own = std::process::id().to_string();
        let _ = fs::write(format!("{GROUPS}/cgroup.procs"), own);
        let mut path = Some(self.0);
        while let Some(group) = path {
            let _ = fs::remove_dir(format!("{GROUPS}/{group}"));
            path = group.rsplit_once('/').map(|(above, _)| above);
        }
    }
}

#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn the_quota_of_a_group_above_and_the_cpuset_limit_what_std_counts_too() {
    for (group, controllers) in [("", "+cpu +cpuset"), ("counts", "+cpu +cpuset")] {
        fs::create_dir_all(format!("{GROUPS}/{group}")).unwrap();
        fs::write(format!("{GROUPS}/{group}/cgroup.subtree_control"), controllers).unwrap();
    }
    fs::create_dir(format!("{GROUPS}/counts/inner")).unwrap();
    fs::write(format!("{GROUPS}/counts/cpuset.cpus"), "1-2,4-6").unwrap();
    fs::write(format!("{GROUPS}/counts/cpu.max"), "250000 100000").unwrap();
    fs::write(format!("{GROUPS}/counts/inner/cpu.max"), "1600000 200000").unwrap();
    let machine = Machine::live().unwrap();
    let inside = {
        let _group = InGroup::enter("counts/inner");
        (UsableCpus::read(&machine).unwrap(), std::thread::available_parallelism().unwrap(), num_cpus::get())
    };
    let (usable, by_std, by_num_cpus) = inside;
    assert_eq!(usable.cpuset.to_string(), "1-2,4-6");
    assert_eq!(usable.affinity.to_string(), "1-2,4-6");
    let quota = usable.quota.value().unwrap().as_ref().unwrap();
    assert_eq!((quota.cpus(), quota.group.to_string()), (2.5, format!("{GROUPS}/counts")));
    assert_eq!((usable.parallelism(), by_std.get()), (by_std, 2));
    // It looks at the innermost group alone.
    assert_eq!((by_num_cpus, quota.rounded_up().get()), (5, 3));
}

fn cpus(list: &str) -> CpuSet {
    list.parse().unwrap()
}

#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn cpus_are_offline_as_long_as_the_guard_is_there() {
    let machine = Machine::live().unwrap();
    let live = machine.as_live().unwrap();
    let offline = || CpuSets::read(&machine).offline.into_result().unwrap();
    let last = HotplugState::read_all(&machine).unwrap().last().unwrap().number;
    let five = Cpu::new(5).unwrap();
    let now = Hotplug::read(&machine, five).unwrap();
    assert_eq!((now.is_online, now.state.value(), now.target.value()), (true, Some(&last), Some(&last)));

    let guard = Offline::take(live, &cpus("5-6")).unwrap();
    assert_eq!(offline(), cpus("5-6"));
    let now = Hotplug::read(&machine, five).unwrap();
    assert_eq!((now.is_online, now.is_switchable, now.state.value()), (false, true, Some(&0)));
    // Within, one of them comes back and goes again.
    drop(hotplug::switch(live, five, true).unwrap());
    assert_eq!(offline(), cpus("5-6"));
    guard.restore().unwrap();
    assert_eq!(offline(), CpuSet::new());

    // The second of them is not there, so the first comes back.
    let error = Offline::take(live, &cpus("5,4000")).unwrap_err();
    assert_eq!(error.to_string(), "find CPU 4000: the machine has CPUs 0-7");
    assert_eq!(offline(), CpuSet::new());
    let error = Offline::take(live, &cpus("0")).unwrap_err();
    assert!(error.to_string().starts_with("take offline CPU 0: the kernel does not let"), "{error}");
}

#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn interrupts_go_where_they_are_sent_and_back() {
    let machine = Machine::live().unwrap();
    let live = machine.as_live().unwrap();
    let affinities = InterruptAffinities::read(&machine).unwrap();
    let read = |number| InterruptAffinity::read(&machine, number).unwrap();
    let (mut moved, mut stayed) = (0, 0);
    for before in affinities.list.iter().filter(|affinity| !affinity.actions.is_empty()) {
        match set_interrupt_affinity(live, before.number, &cpus("2")) {
            Ok(guard) => {
                assert_eq!(read(before.number).allowed.value(), Some(&cpus("2")));
                guard.restore().unwrap();
                assert_eq!(read(before.number).allowed, before.allowed);
                moved += 1;
            }
            Err(error) => {
                assert!(error.to_string().contains("it can't be moved"), "{error}");
                stayed += 1;
            }
        }
    }
    println!("{moved} moved, {stayed} stayed");
    assert!(moved > 0);
    let first = affinities.list.iter().find(|affinity| !affinity.actions.is_empty()).unwrap().number;
    let error = set_interrupt_affinity(live, first, &cpus("4000")).unwrap_err();
    assert_eq!(error.reason().name(), "invalid", "{error}");
    assert!(set_interrupt_affinity(live, 4_000_000, &cpus("1")).unwrap_err().is_absent());

    let default = || InterruptAffinities::read(&machine).unwrap().default.into_result().unwrap();
    let before = default();
    let guard = set_default_interrupt_affinity(live, &cpus("0-2")).unwrap();
    assert_eq!(default(), cpus("0-2"));
    drop(guard);
    assert_eq!(default(), before);
}

#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn unbound_work_is_kept_to_some_cpus_and_freed() {
    let machine = Machine::live().unwrap();
    let live = machine.as_live().unwrap();
    let read = || Workqueues::read(&machine).unwrap();
    let before = read();
    let name = "writeback".into();
    let of_writeback = |all: &Workqueues| {
        let found = all.list.iter().find(|workqueue| workqueue.name == name).unwrap();
        found.cpus.value().unwrap().clone()
    };
    let all = Workqueues::set_cpus(live, &cpus("0-2")).unwrap();
    let one = Workqueues::set_cpus_of(live, &name, &cpus("1")).unwrap();
    let now = read();
    assert_eq!((now.cpus.value(), of_writeback(&now)), (Some(&cpus("0-2")), cpus("1")));
    one.restore().unwrap();
    all.restore().unwrap();
    assert_eq!((read().cpus, of_writeback(&read())), (before.cpus.clone(), of_writeback(&before)));
    assert!(Workqueues::set_cpus(live, &cpus("4000")).is_err());
    assert!(Workqueues::set_cpus_of(live, &"no_such".into(), &cpus("1")).unwrap_err().is_absent());
}

/// Runs `work` while a thread does nothing but count on `cpu`.
fn while_busy<T>(cpu: &str, work: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _pinned = Pinned::to(&cpus(cpu)).unwrap();
            let mut count = 0u64;
            while !stop.load(Ordering::Relaxed) {
                count = std::hint::black_box(count + 1);
            }
        });
        let outcome = work();
        stop.store(true, Ordering::Relaxed);
        outcome
    })
}

#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn cpus_that_were_isolated_at_boot_are_seen_and_made_free() {
    let machine = Machine::live().unwrap();
    let live = machine.as_live().unwrap();
    let read = || Isolation::read(&machine, None, None).unwrap();
    let before = read();
    assert_eq!(before.cpus.iter().map(|cpu| cpu.cpu).collect::<CpuSet>(), cpus("3,7"));
    for cpu in &before.cpus {
        assert!(cpu.is_isolated && cpu.is_tickless && cpu.is_callback_free, "{cpu:?}");
        assert!(cpu.own_kernel_threads >= 3, "{cpu:?}");
    }
    let by_boot = |remedy: &Remedy| matches!(remedy, Remedy::Boot { .. });
    assert!(!before.remedies().iter().any(by_boot));
    // Others were not made ready at boot.
    let others = Isolation::read(&machine, Some(&cpus("1,5")), None).unwrap();
    assert_eq!(others.remedies().iter().filter(|remedy| by_boot(remedy)).count(), 3);

    let (mut settings, mut tasks, mut stay) = (Vec::new(), Vec::new(), Vec::new());
    for remedy in before.remedies() {
        println!("{remedy}");
        match &remedy {
            Remedy::Interrupt { number, to, .. } => match set_interrupt_affinity(live, *number, to) {
                Ok(setting) => settings.push(setting),
                Err(error) => {
                    assert!(error.to_string().contains("it can't be moved"), "{error}");
                    stay.push(*number);
                }
            },
            Remedy::NewInterrupts { to } => {
                settings.push(set_default_interrupt_affinity(live, to).unwrap());
            }
            Remedy::UnboundWork { to } => settings.push(Workqueues::set_cpus(live, to).unwrap()),
            Remedy::KernelThread { pid, to, .. } => match TaskAffinity::thread(live, *pid, to) {
                Ok(task) => tasks.push(task),
                Err(error) => assert!(error.is_absent(), "{error}"),
            },
            Remedy::Watchdog { to } => {
                let path = "/proc/sys/kernel/watchdog_cpumask";
                settings.push(live.write_for_now(path, to.to_string()).unwrap());
            }
            other => panic!("{other}"),
        }
    }
    let after = read();
    for cpu in &after.cpus {
        let left: Vec<_> = cpu.interrupts.iter().map(|interrupt| interrupt.number).collect();
        assert!(left.iter().all(|number| stay.contains(number)), "{left:?}");
        assert_eq!((cpu.has_unbound_work, cpu.is_watched, &cpu.kernel_threads[..]), (false, false, &[][..]));
        assert_eq!(cpu.is_free(), left.is_empty());
    }
    drop((settings, tasks));
    assert_eq!(read().unbound_work, before.unbound_work);
}

#[test]
#[ignore = "runs in the lab: cargo xtask lab"]
fn a_busy_cpu_without_a_tick_is_interrupted_less_than_one_with() {
    let machine = Machine::live().unwrap();
    let ticks = |cpu: &str| {
        let activity = while_busy(cpu, || {
            // It takes a moment until the tick is stopped.
            std::thread::sleep(Duration::from_millis(500));
            Activity::measure(&machine, Duration::from_secs(2)).unwrap()
        });
        activity.of(cpu.parse().unwrap()).unwrap().ticks
    };
    let (with, without) = (ticks("2"), ticks("3"));
    println!("{with} with, {without} without");
    assert!(with >= 50 && without * 4 < with, "{with} with, {without} without");
}
