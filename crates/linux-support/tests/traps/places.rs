//! Files are sought where the kernel has them.

use std::{fs, path::Path};

use linux_support::{
    base::{Machine, Pid, Reason},
    cgroup::{Group, Hierarchies},
    kernel::{Hardening, SystemLimits},
    memory::{SamePageMerging, SystemPressure},
    process::{Process, ProcessDetail},
};

use crate::file;

const STALL: &str = "some avg10=1.00 avg60=0.00 avg300=0.00 total=5\n";

#[test]
fn pressure_is_in_proc_pressure_and_in_control_groups_and_not_under_processes() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "proc/1/pressure/memory", STALL);
    let read = || SystemPressure::read(&Machine::captured(folder.path()).unwrap()).memory;
    assert!(read().error().is_some());
    file(folder.path(), "proc/pressure/memory", STALL);
    assert_eq!(read().value().unwrap().some.unwrap().total.as_micros(), 5);

    file(folder.path(), "sys/fs/cgroup/a/memory.pressure", STALL);
    let hierarchies = Hierarchies::parse(b"1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n").unwrap();
    let machine = Machine::captured(folder.path()).unwrap();
    let group = Group::read(&machine, hierarchies.unified().unwrap(), b"/a").unwrap();
    assert_eq!(group.pressure.memory.value().unwrap().some.unwrap().total.as_micros(), 5);
}

#[test]
fn ksm_is_in_sys_kernel_mm_ksm() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "proc/sys/vm/ksm/pages_shared", "1\n");
    file(folder.path(), "sys/kernel/mm/ksm/pages_shared", "7\n");
    let merging = SamePageMerging::read(&Machine::captured(folder.path()).unwrap()).unwrap();
    assert_eq!(merging.pages_shared.value(), Some(&7));
}

/// All paths that reading a process and the settings of this machine sought, found or not.
fn sought() -> Vec<String> {
    fn walk(folder: &Path, root: &Path, paths: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), root, paths);
            } else {
                paths.push(entry.path().strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let (machine, recording) = Machine::recording(&tree, |_| false).unwrap();
    let pid = Pid::new(std::process::id().cast_signed()).unwrap();
    let process = Process::open(&machine, pid).unwrap();
    let _ = (ProcessDetail::read(&process), SystemLimits::read(&machine), Hardening::read(&machine));
    let _ = (SystemPressure::read(&machine), SamePageMerging::read(&machine));
    recording.finish(machine.facts()).unwrap();
    let mut paths = Vec::new();
    walk(&tree, &tree, &mut paths);
    let errors = fs::read_to_string(tree.join("linux-support/errors")).unwrap_or_default();
    paths.extend(errors.lines().filter_map(|line| line.split_once(" /")).map(|(_, path)| path.to_owned()));
    paths
}

#[test]
fn no_old_scheduler_knob_and_no_pressure_of_a_process_is_sought_in_proc() {
    let sought = sought();
    assert!(sought.len() > 50 && sought.iter().any(|path| path == "proc/pressure/memory"), "{sought:?}");
    for path in &sought {
        assert!(!path.starts_with("proc/sys/kernel/sched_"), "in debugfs since Linux 5.13: {path}");
        let of_process =
            path.strip_prefix("proc/").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        assert!(!(of_process && path.contains("pressure")), "{path}");
    }
}

/// A setting that is absent is told with what it needs, so that a misspelt name, which needs nothing, shows.
#[test]
fn a_setting_that_is_absent_says_why_and_no_name_is_misspelt() {
    let machine = Machine::live().unwrap();
    for limit in SystemLimits::read(&machine).as_slice() {
        if let Some(error) = limit.limit.error() {
            assert_ne!(error.reason(), &Reason::Absent, "{} needs nothing, and is absent", limit.name);
        }
    }
}
