use std::fs;

use super::*;

/// Eight CPUs, 3 and 7 kept free as far as `files` say.
fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
    let tree = tempfile::tempdir().unwrap();
    let all = [
        ("sys/devices/system/cpu/online", "0-7\n"),
        ("sys/devices/system/cpu/isolated", "3,7\n"),
        ("sys/devices/system/cpu/nohz_full", "3,7\n"),
        ("sys/devices/virtual/workqueue/cpumask", "77\n"),
        ("proc/cmdline", "isolcpus=domain,managed_irq,3,7 nohz_full=3,7\n"),
        ("proc/irq/default_smp_affinity", "77\n"),
        ("proc/sys/kernel/watchdog", "1\n"),
        ("proc/sys/kernel/watchdog_cpumask", "0-2,4-6\n"),
        // Each CPU's own: flags with PF_KTHREAD and PF_NO_SETAFFINITY.
        ("proc/30/stat", "30 (ksoftirqd/3) S 2 0 0 0 -1 69238848 0 0 0 0 0 0 0 0 20 0 1 0 5 0\n"),
        ("proc/30/status", "Cpus_allowed_list:\t3\n"),
        ("proc/1/stat", "1 (init) S 0 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 5 0\n"),
    ];
    for (name, text) in all.iter().chain(files) {
        let path = tree.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let machine = Machine::captured(tree.path()).unwrap();
    (tree, machine)
}

fn lines(isolation: &Isolation) -> Vec<String> {
    isolation.remedies().iter().map(ToString::to_string).collect()
}

#[test]
fn cpus_that_nothing_disturbs_are_free_and_need_nothing() {
    let (_tree, machine) = machine(&[]);
    let isolation = Isolation::read(&machine, None, None).unwrap();
    assert!(isolation.cpus.len() == 2 && isolation.cpus.iter().all(CpuIsolation::is_free), "{isolation:#?}");
    assert_eq!(isolation.housekeeping.to_string(), "0-2,4-6");
    assert_eq!(isolation.cpus[0].own_kernel_threads, 1);
    let flags = &isolation.isolcpus.value().unwrap().as_ref().unwrap().flags;
    assert_eq!(flags, &["domain", "managed_irq"]);
    assert_eq!(lines(&isolation), [""; 0]);
}

#[test]
fn each_disturbance_is_told_with_what_to_change() {
    for (file, text, remedy) in [
        ("sys/devices/system/cpu/isolated", "3\n", "boot with isolcpus=3,7"),
        (
            "sys/devices/virtual/workqueue/cpumask",
            "ff\n",
            "unbound work: write 00000077 to /sys/devices/virtual/workqueue/cpumask",
        ),
        (
            "proc/irq/default_smp_affinity",
            "ff\n",
            "new interrupts: write 00000077 to /proc/irq/default_smp_affinity",
        ),
        (
            "proc/sys/kernel/watchdog_cpumask",
            "0-7\n",
            "lockup detector: write 0-2,4-6 to /proc/sys/kernel/watchdog_cpumask",
        ),
    ] {
        let (_tree, machine) = machine(&[(file, text)]);
        let isolation = Isolation::read(&machine, None, None).unwrap();
        assert_eq!(lines(&isolation), [remedy]);
        let is_default_of_new_ones = file.ends_with("default_smp_affinity");
        assert_eq!(isolation.cpus.iter().all(CpuIsolation::is_free), is_default_of_new_ones, "{file}");
    }
}

#[test]
fn interrupts_count_where_they_go_and_threads_where_they_may() {
    let (_tree, machine) = machine(&[
        ("proc/irq/24/smp_affinity_list", "0-7\n"),
        ("proc/irq/24/effective_affinity_list", "3\n"),
        ("proc/irq/24/nvme0q1/x", ""),
        ("proc/irq/25/smp_affinity_list", "0-7\n"),
        ("proc/irq/25/effective_affinity_list", "1\n"),
        ("proc/irq/25/eth0/x", ""),
        ("proc/irq/26/smp_affinity_list", "3\n"),
        ("proc/2/stat", "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 5 0\n"),
        ("proc/2/status", "Cpus_allowed_list:\t0-7\n"),
    ]);
    let isolation = Isolation::read(&machine, None, None).unwrap();
    assert!(!isolation.cpus[0].is_free() && !isolation.cpus[1].is_free());
    assert_eq!(isolation.cpus[0].interrupts[0].number, 24);
    assert!(isolation.cpus[1].interrupts.is_empty());
    let lines = lines(&isolation);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("interrupt 24 (nvme0q1): write 0-2,4-6 to /proc/irq/24/smp_affinity_list"));
    assert!(lines[1].starts_with("kernel thread 2 (kthreadd): let it run on 0-2,4-6"));
}

#[test]
fn cpus_that_were_not_isolated_at_boot_need_all_of_it() {
    let (_tree, machine) = machine(&[("proc/cmdline", "rcu_nocbs=all\n")]);
    let isolation = Isolation::read(&machine, Some(&"2,3,99".parse().unwrap()), None).unwrap();
    assert_eq!(isolation.cpus.iter().map(|cpu| cpu.cpu.number()).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(isolation.rcu_nocbs.to_string(), "0-7");
    let lines = lines(&isolation);
    assert_eq!(lines[..2], ["boot with isolcpus=2-3", "boot with nohz_full=2-3"]);
    assert!(!lines.iter().any(|line| line.contains("rcu_nocbs")), "{lines:?}");
}

#[test]
fn all_cpus_and_none_that_is_online_are_refused() {
    let (_tree, machine) = machine(&[]);
    for cpus in ["0-7", "99"] {
        let error = Isolation::read(&machine, Some(&cpus.parse().unwrap()), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("isolate CPUs {cpus}: needs some of the CPUs 0-7, which are online, and not all of them")
        );
    }
}

#[test]
fn a_tick_that_goes_on_is_told() {
    let (_tree, machine) = machine(&[]);
    let mut isolation = Isolation::read(&machine, None, None).unwrap();
    isolation.measured = Some(Duration::from_secs(2));
    isolation.cpus[0].activity = Some(CpuActivity { ticks: 500, ..CpuActivity::default() });
    isolation.cpus[1].activity = Some(CpuActivity { ticks: 4, ..CpuActivity::default() });
    assert_eq!(isolation.remedies(), [Remedy::Tick { cpu: Cpu::new(3).unwrap(), per_second: 250 }]);
}
