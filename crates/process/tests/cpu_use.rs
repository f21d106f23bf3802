//! CPU use, start and program's name of processes that the tests start themselves.

use std::{
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};

use linux_support_base::{Machine, Pid, Reason};
use linux_support_process::{Process, ProgramName};

fn pid(child: &std::process::Child) -> Pid {
    Pid::new(child.id().cast_signed()).unwrap()
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator counts otherwise")]
fn a_thread_that_works_uses_a_cpu_and_one_that_waits_uses_none() {
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let (works, waits) = (AtomicBool::new(true), std::sync::Barrier::new(2));
    std::thread::scope(|scope| {
        let (tell, told) = std::sync::mpsc::channel();
        let tell_of_work = tell.clone();
        let works = &works;
        scope.spawn(move || {
            tell_of_work.send(("works", rustix::thread::gettid())).unwrap();
            while works.load(Ordering::Relaxed) {
                core::hint::spin_loop();
            }
        });
        let waits = &waits;
        scope.spawn(move || {
            tell.send(("waits", rustix::thread::gettid())).unwrap();
            waits.wait();
        });
        let threads: std::collections::BTreeMap<_, _> = told.iter().take(2).collect();
        let thread = |does| {
            let tid = Pid::new(threads[does].as_raw_nonzero().get()).unwrap();
            process.thread(tid).unwrap()
        };
        let (working, waiting) = (thread("works"), thread("waits"));
        let before =
            (process.cpu_sample().unwrap(), working.cpu_sample().unwrap(), waiting.cpu_sample().unwrap());
        std::thread::sleep(Duration::from_millis(400));
        // However busy the machine is, the working thread gets some ticks sooner or later.
        let used = loop {
            let used = working.cpu_sample().unwrap().since(&before.1).unwrap();
            if used.total() >= Duration::from_millis(100) {
                break used;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let idle = waiting.cpu_sample().unwrap().since(&before.2).unwrap();
        let all = process.cpu_sample().unwrap().since(&before.0).unwrap();
        works.store(false, Ordering::Relaxed);
        waits.wait();
        let cpus = used.cpus().unwrap();
        assert!(cpus > 0.0 && cpus < 1.2, "{cpus}: {used:?}");
        assert!(idle.total() < Duration::from_millis(100), "{idle:?}");
        assert!(all.total() + Duration::from_millis(20) >= used.total(), "{all:?} {used:?}");
    });
}

#[test]
fn a_process_that_ended_is_gone_and_has_no_use() {
    let machine = Machine::live().unwrap();
    let mut child = Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap();
    let process = Process::open(&machine, pid(&child)).unwrap();
    let before = process.cpu_sample();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(before.is_ok());
    assert_eq!(process.cpu_sample().unwrap_err().reason(), &Reason::Gone);
    assert_eq!(process.start_time().unwrap_err().reason(), &Reason::Gone);
    assert_eq!(process.program_name().unwrap_err().reason(), &Reason::Gone);
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's start is another")]
fn the_start_is_between_the_moments_before_and_after_it_and_the_one_of_ps() {
    let machine = Machine::live().unwrap();
    // The kernel counts ticks, and the clock may be slewed.
    let tolerance = Duration::from_millis(200);
    let before = SystemTime::now() - tolerance;
    let mut child = Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap();
    let after = SystemTime::now() + tolerance;
    let start = Process::open(&machine, pid(&child)).unwrap().start_time();
    let ps = Command::new("ps").args(["-o", "lstart=", "-p", &child.id().to_string()]).output();
    let shown = ps.ok().map(|ps| String::from_utf8(ps.stdout).unwrap());
    let date = shown
        .as_ref()
        .map(|shown| Command::new("date").args(["+%s", "-d", shown.trim()]).output().unwrap().stdout);
    child.kill().unwrap();
    child.wait().unwrap();
    let start = start.unwrap();
    assert!(before <= start && start <= after, "{before:?} {start:?} {after:?}");
    let Some(date) = date else { return println!("skipped: no ps") };
    let by_ps: u64 = String::from_utf8(date).unwrap().trim().parse().unwrap();
    let seconds = start.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert!(by_ps.abs_diff(seconds) <= 1, "ps says {by_ps} ({shown:?}), not {seconds}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator is the program")]
fn a_program_is_called_by_its_first_argument() {
    use std::os::unix::process::CommandExt;

    let machine = Machine::live().unwrap();
    let mut child = Command::new("sleep")
        .arg0("/opt/-a name longer than fifteen")
        .arg("60")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid = pid(&child);
    let read = || Process::open(&machine, pid).and_then(|process| process.program_name());
    let mut name = read();
    // The kernel lets the parent go on a moment before the program has its arguments.
    while matches!(name, Ok(ProgramName::Thread(_))) && child.try_wait().unwrap().is_none() {
        name = read();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(name, Ok(ProgramName::Argument("-a name longer than fifteen".into())));
}
