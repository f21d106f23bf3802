//! Counts of CPUs, beside those of std, of the crate num_cpus and of nproc.

use std::process::Command;

use linux_support_base::{Cpu, CpuSet, Machine, Reading, syscall};
use linux_support_cpu::{CpuCount, UsableCpus, logical_cpus, physical_cores, usable_cpus};

fn usable() -> UsableCpus {
    UsableCpus::read(&Machine::live().unwrap()).unwrap()
}

/// What the crate num_cpus would say, whose own answer is kept from the first call on where a quota limits it.
fn rounded_up(usable: &UsableCpus) -> usize {
    let affinity = usable.affinity.value().unwrap().len();
    match &usable.quota {
        Reading::Value(Some(quota)) => affinity.min(quota.rounded_up().get()),
        _ => affinity,
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator shows this machine's /sys and another affinity")]
fn std_counts_the_same() {
    let usable = usable();
    let parallelism = std::thread::available_parallelism().unwrap();
    assert_eq!((usable.parallelism(), usable_cpus()), (parallelism, parallelism), "{usable:?}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator shows this machine's /sys and another affinity")]
fn num_cpus_counts_the_same() {
    let count = CpuCount::read(&Machine::live().unwrap()).unwrap();
    assert_eq!(num_cpus::get(), rounded_up(&usable()));
    assert_eq!(num_cpus::get_physical(), physical_cores().get());
    assert_eq!((count.logical, count.cores), (logical_cpus().get(), Some(physical_cores().get())));
}

#[test]
#[cfg_attr(user_emulation, ignore = "nproc runs outside of the emulator")]
fn nproc_counts_the_same() {
    let run = |arguments: &[&str]| -> usize {
        let output = Command::new("nproc").args(arguments).env_remove("OMP_NUM_THREADS").output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    };
    if Command::new("nproc").output().is_err() {
        println!("skipped: no nproc");
        return;
    }
    // What nproc makes of quotas depends on its version.
    assert!(run(&[]) == usable().affinity.value().unwrap().len() || run(&[]) == usable().parallelism().get());
    assert!(run(&["--all"]) >= logical_cpus().get());
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator answers for its own threads")]
fn a_thread_that_was_pinned_may_use_one_cpu() {
    let before = syscall::thread_affinity(None).unwrap();
    let last: Cpu = before.last().unwrap();
    syscall::set_thread_affinity(None, &CpuSet::from(last)).unwrap();
    let (pinned, by_std) = (usable(), std::thread::available_parallelism());
    syscall::set_thread_affinity(None, &before).unwrap();
    assert_eq!((pinned.cpus(), pinned.parallelism().get()), (last.into(), 1));
    assert_eq!(by_std.unwrap().get(), 1);
}
