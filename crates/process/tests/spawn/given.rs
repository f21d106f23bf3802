//! What a program is given: arguments, environment, streams, descriptors, signals, limits, scheduling.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::{AsRawFd, OwnedFd},
    time::Duration,
};

use linux_support_base::{Bytes, Limit, Machine, Signal, SignalSet};
use linux_support_fd::ChildEvent;
use linux_support_process::{
    DescriptorNumber, Environment, Nice, OomScoreAdjustment, Personality, ResourceLimit, Umask, resource,
    scheduling::{FairShare, Scheduling, SchedulingAttributes},
    spawn::{Program, Step, Stream, WhenDropped},
};

use crate::{printed, shell, text};

#[test]
fn a_program_gets_its_arguments_and_no_variable_that_was_not_named() {
    let program = Program::new("/usr/bin/env").environment([("A", "1"), ("B", "x=y z")]);
    assert_eq!(printed(program), "A=1\nB=x=y z\n");
    assert_eq!(printed(Program::new("/usr/bin/env")), "");
    let program = Program::new("/bin/sh").arguments(["-c", "printf '%s|' \"$@\""]).argument("zero");
    assert_eq!(printed(program.arguments(["", "two words", "\u{e4}"])), "|two words|\u{e4}|");
    let name = "printf %s \"$0\"";
    assert_eq!(printed(Program::new("/bin/sh").first_argument("other").arguments(["-c", name])), "other");
}

#[test]
fn only_what_is_allowed_of_an_environment_goes_on() {
    let environment = Environment::parse(b"SECRET=1\0LANG=C\0LANG=X\0broken\0").unwrap();
    let program = Program::new("/usr/bin/env").environment_of(&environment, &[b"LANG", b"HOME", b"broken"]);
    assert_eq!(printed(program), "LANG=C\n");
}

#[test]
fn streams_are_null_pipes_and_files() {
    assert_eq!(printed(shell("readlink /proc/self/fd/0; cat")), "/dev/null\n");
    let mut cat = Program::new("/bin/cat").input(Stream::Pipe).output(Stream::Pipe).spawn().unwrap();
    cat.input.as_mut().unwrap().write_all(b"through a pipe").unwrap();
    cat.input = None;
    assert_eq!(text(&mut cat.output), "through a pipe");
    assert!(cat.wait().unwrap().event.is_success());

    let mut file = tempfile::tempfile().unwrap();
    let program = shell("echo out; echo err >&2").output(file.try_clone().unwrap());
    let mut started = program.error(Stream::Pipe).spawn().unwrap();
    assert_eq!(text(&mut started.error), "err\n");
    assert!(started.wait().unwrap().event.is_success());
    std::io::Seek::rewind(&mut file).unwrap();
    let mut written = String::new();
    file.read_to_string(&mut written).unwrap();
    assert_eq!(written, "out\n");
}

#[test]
fn descriptors_come_at_their_numbers_and_no_others_do() {
    let machine = Machine::live().unwrap();
    // One that somebody forgot to have closed, and that must not come along.
    let forgotten = tempfile::tempfile().unwrap();
    rustix::io::fcntl_setfd(&forgotten, rustix::io::FdFlags::empty()).unwrap();
    // Numbers crosswise to those that the caller has.
    let [first, second] = ["/dev/zero", "/dev/full"].map(|path| OwnedFd::from(File::open(path).unwrap()));
    let number = |file: &OwnedFd| file.as_raw_fd().cast_unsigned();
    let (of_first, of_second) = (number(&first), number(&second));
    let program = Program::new("/bin/sleep")
        .argument("20")
        .descriptor(DescriptorNumber::new(of_second), first)
        .descriptor(DescriptorNumber::new(of_first), second)
        .when_dropped(WhenDropped::Kill);
    let started = program.spawn().unwrap();
    let process = started.handle(machine.as_live().unwrap()).unwrap();
    let found: Vec<_> =
        process.descriptors().unwrap().iter().map(|descriptor| descriptor.number.get()).collect();
    let mut expected = vec![0, 1, 2, of_first, of_second];
    expected.sort_unstable();
    assert_eq!(found, expected);
    let link = |number: u32| std::fs::read_link(format!("/proc/{}/fd/{number}", started.pid())).unwrap();
    assert_eq!(link(of_second).to_str(), Some("/dev/zero"));
    assert_eq!(link(of_first).to_str(), Some("/dev/full"));
    drop(started);
    let program = Program::new("/bin/sleep").argument("20").keep_other_descriptors();
    let started = program.when_dropped(WhenDropped::Kill).spawn().unwrap();
    assert!(std::fs::exists(format!("/proc/{}/fd/{}", started.pid(), forgotten.as_raw_fd())).unwrap());
}

#[test]
fn a_descriptor_of_ten_and_more_is_given_too() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"by number").unwrap();
    let program = Program::new("/bin/cat").argument("/proc/self/fd/77");
    let program = program.descriptor(DescriptorNumber::new(77), file);
    assert_eq!(printed(program), "by number");
}

#[test]
fn signals_begin_as_the_kernel_has_them_but_for_those_that_are_named() {
    let machine = Machine::live().unwrap();
    // The test's own program ignores SIGPIPE, as all of Rust's do.
    let none = "0".repeat(16);
    let status = printed(Program::new("/bin/cat").argument("/proc/self/status"));
    for name in ["SigBlk", "SigIgn", "SigCgt"] {
        assert!(status.contains(&format!("{name}:\t{none}\n")), "{status}");
    }
    let set: SignalSet = [Signal::HUP, Signal::PIPE].into_iter().collect();
    let program =
        Program::new("/bin/sleep").argument("20").ignored_signals(set).blocked_signals(Signal::USR1);
    let mut started = program.spawn().unwrap();
    let status = started.handle(machine.as_live().unwrap()).unwrap().status().unwrap();
    assert_eq!(status.signals_ignored, Some(set));
    assert_eq!(status.signals_blocked, Some(Signal::USR1.into()));
    let waited = started.stop(Duration::from_secs(20)).unwrap();
    assert_eq!(waited.event, ChildEvent::Killed { signal: Signal::TERM, core_dumped: false });
}

#[test]
fn the_caller_is_as_before() {
    let before = linux_support_fd::BlockedSignals::of_thread().unwrap();
    let dumpable = linux_support_process::own::dumpable().unwrap();
    for path in ["/bin/true", "/no/such/program"] {
        if let Ok(mut started) = Program::new(path).spawn() {
            started.wait().unwrap();
        }
    }
    assert_eq!(linux_support_fd::BlockedSignals::of_thread().unwrap(), before);
    assert_eq!(linux_support_process::own::dumpable().unwrap(), dumpable);
}

#[test]
fn directory_mask_session_limits_and_scheduling_are_what_the_kernel_says_of_it() {
    let machine = Machine::live().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cpus = linux_support_base::syscall::thread_affinity(None).unwrap();
    let cpu = linux_support_base::CpuSet::from(cpus.last().unwrap());
    let nice = Nice::new(5).unwrap();
    let files = ResourceLimit { soft: Limit::At(77), hard: Limit::At(78) };
    let core = ResourceLimit { soft: Limit::At(Bytes::new(0)), hard: Limit::At(Bytes::new(0)) };
    let program = Program::new("/bin/sleep")
        .argument("20")
        .directory(folder.path())
        .umask(Umask::new(0o027))
        .new_session()
        .limit(resource::OPEN_FILES, files)
        .limit(resource::CORE_FILE_SIZE, core)
        .scheduling(&SchedulingAttributes::new(Scheduling::Batch(FairShare::new(nice))))
        .cpus(&cpu)
        .step(Step::personality(Personality::from_bits(0x004_0000)).unwrap())
        .step(Step::timer_slack(Duration::from_micros(77)).unwrap())
        .step(Step::oom_score_adjustment(OomScoreAdjustment::new(500).unwrap()))
        .no_new_privileges()
        .when_dropped(WhenDropped::Kill);
    let started = program.spawn().unwrap();
    let process = started.handle(machine.as_live().unwrap()).unwrap();
    let status = process.status().unwrap();
    let stat = process.stat().unwrap();
    assert_eq!(stat.session, Some(started.pid()));
    assert_eq!(stat.process_group, Some(started.pid()));
    assert_eq!(status.umask, Some(Umask::new(0o027)));
    assert_eq!(status.no_new_privileges, Some(true));
    assert_eq!(process.live().limit(resource::OPEN_FILES).unwrap(), files);
    assert_eq!(process.live().limit(resource::CORE_FILE_SIZE).unwrap(), core);
    assert_eq!(
        process.live().scheduling().unwrap().scheduling.policy(),
        linux_support_process::SchedulingPolicy::Batch
    );
    assert_eq!(process.live().nice().unwrap(), nice);
    assert_eq!(linux_support_base::syscall::thread_affinity(Some(started.pid())).unwrap(), cpu);
    assert!(process.personality().unwrap().has_fixed_addresses());
    assert_eq!(process.oom_score_adjustment().unwrap().get(), 500);
    let slack = std::fs::read_to_string(format!("/proc/{}/timerslack_ns", started.pid())).unwrap();
    assert_eq!(slack, "77000\n");
    let directory = std::fs::read_link(format!("/proc/{}/cwd", started.pid())).unwrap();
    assert_eq!(directory, folder.path().canonicalize().unwrap());
}

#[test]
fn a_program_is_run_by_its_descriptor() {
    let file = File::open("/bin/echo").unwrap();
    assert_eq!(
        printed(Program::of_descriptor(file).first_argument("echo").argument("by descriptor")),
        "by descriptor\n"
    );
    let directory = File::open("/proc/self/ns").unwrap();
    let program = Program::new("/bin/readlink").argument("uts").directory_of(&directory);
    assert!(printed(program).starts_with("uts:["));
}

#[test]
fn what_is_dropped_is_ended_where_that_was_chosen_and_goes_on_where_not() {
    let machine = Machine::live().unwrap();
    let live = machine.as_live().unwrap();
    let sleep = || Program::new("/bin/sleep").argument("20");
    let ended = sleep().when_dropped(WhenDropped::Kill).spawn().unwrap();
    let handle = ended.handle(live).unwrap();
    drop(ended);
    // Waited for, too.
    assert!(handle.ensure_alive().is_err());
    let left = sleep().spawn().unwrap();
    let handle = left.handle(live).unwrap();
    drop(left);
    assert!(!handle.wait_for_end(Some(Duration::ZERO)).unwrap());
    handle.send_signal(Signal::KILL).unwrap();
    handle.wait(linux_support_fd::WaitFor::ENDED).unwrap();
}

#[test]
fn a_started_program_says_how_it_ended_and_what_it_used() {
    let mut started = shell("exit 7").spawn().unwrap();
    assert!(started.wait_for_end(Some(Duration::from_secs(20))).unwrap());
    let waited = started.try_wait().unwrap().unwrap();
    assert_eq!((waited.event, waited.process), (ChildEvent::Exited(7), started.pid()));
    assert!(waited.usage.most_resident > Bytes::new(100_000));
    assert!(started.try_wait().is_err());
    let mut started = shell("kill -STOP $$; exit 3").spawn().unwrap();
    let stopped = started.pid_fd().wait(linux_support_fd::WaitFor::STOPPED).unwrap();
    assert_eq!(stopped.event, ChildEvent::Stopped(Signal::STOP));
    started.send_signal(Signal::CONT).unwrap();
    let continued = started.pid_fd().wait(linux_support_fd::WaitFor::CONTINUED).unwrap();
    assert_eq!(continued.event, ChildEvent::Continued);
    assert_eq!(started.wait().unwrap().event, ChildEvent::Exited(3));
}

#[test]
fn a_parents_end_is_told_by_the_signal_that_was_chosen() {
    // The parent is this thread, as the kernel sees it: its end is what counts.
    let thread = std::thread::spawn(|| {
        let program = Program::new("/bin/sleep").argument("20").parent_death_signal(Signal::USR1);
        program.spawn().unwrap()
    });
    let mut started = thread.join().unwrap();
    let waited = started.wait().unwrap();
    assert_eq!(waited.event, ChildEvent::Killed { signal: Signal::USR1, core_dumped: false });
}

#[test]
fn many_threads_start_programs_at_the_same_time() {
    let threads: Vec<_> = (0..8)
        .map(|number: u32| {
            std::thread::spawn(move || {
                for round in 0..20 {
                    let program = shell(&format!("printf '{number} {round}'"));
                    assert_eq!(printed(program), format!("{number} {round}"));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
