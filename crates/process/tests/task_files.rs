//! The files of a task that tell of its program, against what the program itself is told.

use std::{process::Command, time::Duration};

use linux_support_base::{Bytes, Machine, Pid, Reason};
use linux_support_process::{
    AuxiliaryKey, CoreDumpFilter, DescriptorNumber, InKernel, InternetTable, MemoryRecord,
    OomScoreAdjustment, Process, ProcessDetail, ProgramName, SecurityAttribute, State, WordSize, processes,
};

struct Kept(std::process::Child);

impl Kept {
    fn sleeping() -> Self {
        Self(
            Command::new("sleep")
                .arg("60")
                .env_clear()
                .env("A", "b c")
                .env("TOKEN", "s3cret")
                .spawn()
                .unwrap(),
        )
    }

    /// The child, once it sleeps.
    fn process<'m>(&self, machine: &'m Machine) -> Process<'m> {
        let process = Process::open(machine, Pid::new(self.0.id().cast_signed()).unwrap()).unwrap();
        for _ in 0..500 {
            let stat = process.stat().unwrap();
            if stat.state == State::Sleeping && !stat.flags.is_forked_without_exec() {
                return process;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the child does not sleep");
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "/proc is that of the emulator")]
fn the_auxiliary_vector_is_what_getauxval_gives() {
    let machine = Machine::live().unwrap();
    let vector = Process::of_caller(&machine).unwrap().auxiliary_vector().unwrap();
    assert_eq!(vector.word_size(), WordSize::Eight);
    assert_eq!(vector.page_size(), Some(Bytes::new(rustix::param::page_size() as u64)));
    assert_eq!(vector.value(AuxiliaryKey::ClockTicks), Some(rustix::param::clock_ticks_per_second()));
    let (first, second) = rustix::param::linux_hwcap();
    let [ours, ours_second, ..] = vector.hardware_capabilities();
    assert_eq!((ours.unwrap_or(0), ours_second.unwrap_or(0)), (first as u64, second as u64));
    assert_eq!(vector.users().unwrap()[1].number(), rustix::process::geteuid().as_raw());
    assert_eq!(vector.groups().unwrap()[0].number(), rustix::process::getgid().as_raw());
    assert_eq!(vector.is_secure(), Some(false));
    assert!(vector.address(AuxiliaryKey::Random).is_some());
    let minimum = vector.size(AuxiliaryKey::SignalStackMinimum);
    let unknown: Vec<_> = vector.entries().iter().filter(|entry| entry.key.name().is_none()).collect();
    assert!(unknown.is_empty(), "keys that are not known: {unknown:?} (least signal stack: {minimum:?})");
}

#[test]
#[cfg_attr(user_emulation, ignore = "/proc is that of the emulator")]
fn the_environment_of_a_child_is_what_it_was_given() {
    let machine = Machine::live().unwrap();
    let child = Kept::sleeping();
    let environment = child.process(&machine).environment().unwrap();
    assert_eq!(environment.value("A"), Some(&b"b c"[..]));
    assert_eq!((environment.variables().count(), environment.malformed().count()), (2, 0));
    assert!(!format!("{environment:?}").contains("s3cret"));
}

#[test]
#[cfg_attr(user_emulation, ignore = "/proc is that of the emulator")]
fn a_child_that_sleeps_is_in_its_call() {
    let machine = Machine::live().unwrap();
    let child = Kept::sleeping();
    let process = child.process(&machine);
    match process.in_kernel() {
        Ok(InKernel::Call { number, program_counter, .. }) => {
            let expected = if cfg!(target_arch = "x86_64") { 230 } else { 115 };
            assert_eq!(number.get(), expected, "clock_nanosleep");
            assert_ne!(program_counter.get(), 0);
        }
        Ok(other) => panic!("{other:?}"),
        Err(error) => eprintln!("skipped: {error}"),
    }
    match process.kernel_stack() {
        Ok(stack) => {
            let names: Vec<_> = stack
                .frames()
                .iter()
                .filter_map(|frame| frame.function.as_ref())
                .map(|function| &function.name)
                .collect();
            assert!(names.iter().any(|name| name.as_bytes().ends_with(b"nanosleep")), "{names:?}");
        }
        Err(error) => eprintln!("skipped: {error}"),
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "/proc is that of the emulator")]
fn what_the_scheduler_counts_is_what_stat_and_status_say() {
    let machine = Machine::live().unwrap();
    let child = Kept::sleeping();
    let process = child.process(&machine);
    let debug = match process.scheduler_debug() {
        Ok(debug) => debug,
        Err(error) => return eprintln!("skipped: {error}"),
    };
    assert_eq!((debug.pid, debug.threads), (process.pid(), 1));
    assert_eq!(debug.name, process.name().unwrap());
    let status = process.status().unwrap();
    assert_eq!(debug.voluntary_switches(), status.voluntary_switches);
    assert_eq!(debug.involuntary_switches(), status.involuntary_switches);
    assert_eq!(debug.run_time(), Some(process.run_times().unwrap().running));
}

/// Every file that this kernel has is read without an error, but for what it needs.
#[test]
#[cfg_attr(user_emulation, ignore = "/proc is that of the emulator")]
fn smaller_files_are_read_where_they_are() {
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let mut buffer = Vec::new();
    let mounts = process.mount_statistics(&mut buffer).unwrap();
    let mounts: Vec<_> = mounts.collect::<Result<_, _>>().unwrap();
    assert!(mounts.iter().any(|mount| mount.mount_point() == "/proc" && mount.file_system() == "proc"));
    let outcomes = [
        process.architecture_status().map(|_| ()),
        process.group_setting().map(|_| ()),
        process.kernel_stack().map(|_| ()),
        process.latencies().map(|_| ()),
        process.merged_pages().map(|_| ()),
        process.page_merging().map(|merging| assert_eq!(merging.other, [])),
        process.patch_state().map(|_| ()),
        process.posix_timers().map(|timers| assert_eq!(timers, [])),
        process.project_id_map().map(|_| ()),
        process.resource_groups().map(|_| ()),
        process.seccomp_cache().map(|_| ()),
        process.time_offsets().map(|offsets| assert_eq!(offsets.other, [])),
        SecurityAttribute::ALL.into_iter().try_for_each(|name| process.security_attribute(name).map(|_| ())),
    ];
    for error in outcomes.into_iter().filter_map(Result::err) {
        let is_told = matches!(
            error.reason(),
            Reason::Absent
                | Reason::NotConfigured { .. }
                | Reason::KernelTooOld { .. }
                | Reason::PermissionDenied { .. }
        );
        assert!(is_told, "{error}");
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "/proc is that of the emulator")]
fn what_is_set_is_read_again() {
    let machine = Machine::live().unwrap();
    let child = Kept::sleeping();
    let process = child.process(&machine);
    let filter = CoreDumpFilter::from_bits(0x7f);
    let task = process.as_live().unwrap();
    task.set_core_dump_filter(filter).unwrap();
    assert_eq!(process.core_dump_filter().unwrap(), Some(filter));
    let adjustment = OomScoreAdjustment::new(777).unwrap();
    task.set_oom_score_adjustment(adjustment).unwrap();
    assert_eq!(process.oom_score_adjustment().unwrap(), adjustment);
    task.clear_references(MemoryRecord::Referenced).unwrap();
    task.clear_references(MemoryRecord::PeakResidentSize).unwrap();
    match task.set_timer_slack(Duration::from_nanos(123_456)) {
        Ok(()) => assert_eq!(process.timer_slack().unwrap(), Duration::from_nanos(123_456)),
        Err(error) => assert!(matches!(error.reason(), Reason::PermissionDenied { .. }), "{error}"),
    }
    let error = task.set_name("other").unwrap_err();
    assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "/proc is that of the emulator")]
fn a_thread_is_named_by_its_own_process() {
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let tid = Pid::new(rustix::thread::gettid().as_raw_nonzero().get()).unwrap();
    let thread = process.thread(tid).unwrap();
    let task = thread.as_live().unwrap();
    task.set_name(") (\nname").unwrap();
    assert_eq!(thread.name().unwrap().as_bytes(), b") (\nname");
    for name in ["", "sixteen bytes ...", "nul\0"] {
        assert!(matches!(task.set_name(name).unwrap_err().reason(), Reason::Invalid(_)), "{name:?}");
    }
}

#[test]
fn a_process_that_has_ended_is_gone_in_every_file() {
    let machine = Machine::live().unwrap();
    let mut child = Kept::sleeping();
    let process = child.process(&machine);
    child.0.kill().unwrap();
    child.0.wait().unwrap();
    let mut buffer = Vec::new();
    let task = process.as_live().unwrap();
    let outcomes = [
        process.auxiliary_vector().map(|_| ()),
        process.environment().map(|_| ()),
        process.in_kernel().map(|_| ()),
        process.scheduler_debug().map(|_| ()),
        process.time_offsets().map(|_| ()),
        process.group_setting().map(|_| ()),
        process.mount_statistics(&mut buffer).map(|_| ()),
        process.descriptor_info(DescriptorNumber::new(0)).map(|_| ()),
        process.network().interfaces().map(|_| ()),
        process.network().internet_sockets(InternetTable::Tcp, &mut buffer).map(|_| ()),
        process.network().unix_sockets(&mut buffer).map(|_| ()),
        task.clear_references(MemoryRecord::Referenced),
        task.set_oom_score_adjustment(OomScoreAdjustment::new(5).unwrap()),
    ];
    for (index, outcome) in outcomes.into_iter().enumerate() {
        let error = outcome.unwrap_err();
        assert!(matches!(error.reason(), Reason::Gone), "{index}: {error}");
    }
}

/// One that has ended and was not waited for: it has no memory, no descriptors and no network any more.
#[test]
#[cfg_attr(user_emulation, ignore = "/proc is that of the emulator")]
fn a_zombie_has_no_environment_and_no_vector() {
    let machine = Machine::live().unwrap();
    let mut child = Kept::sleeping();
    let process = child.process(&machine);
    child.0.kill().unwrap();
    while process.stat().unwrap().state != State::Zombie {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(process.auxiliary_vector().unwrap().entries(), []);
    assert_eq!(process.environment().unwrap().entries().count(), 0);
    let error = process.descriptor_info(DescriptorNumber::new(0)).unwrap_err();
    assert!(matches!(error.reason(), Reason::Absent | Reason::PermissionDenied { .. }), "{error}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "/proc is that of the emulator")]
fn a_kernel_thread_has_no_environment_and_no_vector() {
    let machine = Machine::live().unwrap();
    let Some(thread) = Pid::new(2).and_then(|pid| Process::open(&machine, pid).ok()) else {
        return eprintln!("skipped: no kernel threads are seen here");
    };
    if !thread.stat().unwrap().flags.is_kernel_thread() {
        return eprintln!("skipped: no kernel threads are seen here");
    }
    match thread.environment() {
        Ok(environment) => assert_eq!(environment.entries().count(), 0),
        Err(error) => assert!(matches!(error.reason(), Reason::PermissionDenied { .. }), "{error}"),
    }
    match thread.auxiliary_vector() {
        Ok(vector) => assert_eq!(vector.entries(), []),
        Err(error) => assert!(matches!(error.reason(), Reason::PermissionDenied { .. }), "{error}"),
    }
    if let Ok(pages) = thread.merged_pages() {
        assert_eq!(pages, None);
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "/proc is that of the emulator")]
fn a_kernel_thread_has_no_program_and_no_arguments_and_all_else_is_read() {
    let machine = Machine::live().unwrap();
    let threads: Vec<_> = processes(&machine)
        .unwrap()
        .filter(|record| record.stat.value().is_some_and(|stat| stat.flags.is_kernel_thread()))
        .collect();
    let mut read = 0;
    for record in threads {
        let (stat, status) = (record.stat.as_result().unwrap(), record.status.as_result().unwrap());
        assert!(record.command_line.as_result().unwrap().is_empty(), "{}", stat.name);
        assert_eq!((stat.process_group, stat.session), (None, None), "{}", stat.name);
        assert_eq!((stat.virtual_memory.get(), stat.code()), (0, None));
        assert_eq!(status.memory.resident, None, "{}", stat.name);
        // Workers come and go, also while they are read.
        let detail = Process::open(&machine, record.pid).and_then(|process| {
            Ok((ProcessDetail::read(&process)?, process.program_name()?, process.cpu_sample()?))
        });
        let Ok((detail, name, _)) = detail else { continue };
        let error = detail.executable.error().unwrap();
        assert!(error.is_absent() || matches!(error.reason(), Reason::PermissionDenied { .. }), "{error}");
        assert_eq!(detail.core_dump_filter.value().copied().flatten(), None);
        assert!(matches!(name, ProgramName::KernelThread(_)), "{name:?}");
        assert!(name.to_string().starts_with('['), "{name}");
        read += 1;
    }
    if read == 0 {
        println!("skipped: no kernel threads are seen here");
    }
}

/// Every byte that a name can have, fifteen at a time.
#[test]
#[cfg_attr(user_emulation, ignore = "/proc is that of the emulator")]
fn a_name_of_any_bytes_is_the_same_in_every_file() {
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let tid = Pid::new(rustix::thread::gettid().as_raw_nonzero().get()).unwrap();
    let thread = process.thread(tid).unwrap();
    let all: Vec<u8> = (1..=255).collect();
    let odd = [&b")"[..], b"\n", b"\\n", b"(", b" ", b"\n\n", b"a) R 1 (b", b"\t\\134", b"Name:\tb\nPid:\t1"];
    for name in all.chunks(15).chain(odd) {
        rustix::thread::set_name(&std::ffi::CString::new(name).unwrap()).unwrap();
        let kept = &name[..name.len().min(15)];
        assert_eq!(thread.stat().unwrap().name.as_bytes(), kept);
        assert_eq!(thread.status().unwrap().name.as_bytes(), kept);
        assert_eq!(thread.name().unwrap().as_bytes(), kept);
        assert_eq!(thread.stat().unwrap().pid, tid);
        assert_eq!(thread.status().unwrap().pid, tid);
        if let Ok(debug) = thread.scheduler_debug() {
            assert_eq!(debug.name.as_bytes(), kept);
        }
        let _ = (thread.stat().unwrap().name.to_string(), thread.program_name().unwrap().to_string());
    }
}

#[test]
fn a_captured_task_is_not_changed() {
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(tree.path().join("proc/1")).unwrap();
    std::fs::write(tree.path().join("proc/1/comm"), "init\n").unwrap();
    let machine = Machine::captured(tree.path()).unwrap();
    let process = Process::open(&machine, Pid::INIT).unwrap();
    let named = process.as_live().and_then(|task| task.set_name("other"));
    assert!(matches!(named.unwrap_err().reason(), Reason::Invalid(_)));
    assert_eq!(process.name().unwrap().as_bytes(), b"init");
}

mod lab {
    mod any {
        use linux_support_base::Machine;
        use linux_support_process::{AppArmorMode, Process, SecurityLabel};

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_module_that_labels_tasks_has_a_label_for_each() {
            let active = std::fs::read_to_string("/sys/kernel/security/lsm").unwrap();
            let machine = Machine::live().unwrap();
            let process = Process::of_caller(&machine).unwrap();
            let label = process.security_label().unwrap();
            if active.split(',').any(|name| name == "apparmor") {
                let expected =
                    SecurityLabel::AppArmor { profile: "unconfined".into(), mode: AppArmorMode::Unconfined };
                assert_eq!(label, Some(expected));
            } else if active.split(',').any(|name| name == "selinux") {
                // What it says without a policy.
                assert_eq!(label, Some(SecurityLabel::Other("kernel".into())));
            } else {
                assert_eq!(label, None, "{active}");
            }
        }
    }
}
