//! A hundred thousand processes that live for moments, while all processes are read: nothing that is read is another's. (Some
//! 30 seconds where the two have a CPU each; on a machine that is too busy it stops after [`LONGEST`], and says at how many.)
//!
//! Each of them is marked before it is born: the spawner gives itself a name, a command line, a file mode mask and a timer
//! slack that tell a serial number, and a child inherits them. So a reading with two numbers in it mixes two processes, and
//! one whose number is not the one that the spawner got for it is of a process number that was used again. That happens all
//! the time: the namespace is told to go on from a low number after each few children.
#![expect(unsafe_code, reason = "children are forked, since to run programs would take too long")]

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    env,
    fs::{self, File},
    io::{Read, Write},
    os::unix::fs::FileExt,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use linux_support_base::{Error, Machine, Pid, Reason};
use linux_support_process::{
    CommandLine, Process, ProcessDetail, ProcessHandle, ProcessList, ProcessName, Status, processes,
};

/// How many there are.
const CHILDREN: u32 = 100_000;
/// When no more are started, and how many there must be by then.
const LONGEST: Duration = Duration::from_secs(75);
const FEWEST: usize = 10_000;
/// How many are there at a time.
const AT_A_TIME: usize = 12;
/// After how many children numbers begin again, and where.
const ROUND: u32 = 60;
const FIRST_NUMBER: &[u8] = b"100";
/// What timer slacks begin with, in nanoseconds.
const SLACK: u64 = 1_000_000;
/// Where the scanner tells which process had which serial number.
const TABLE: &str = "LINUX_SUPPORT_STORM_TABLE";

#[test]
#[cfg_attr(user_emulation, ignore = "forks are too slow there")]
fn a_storm_of_short_processes_gives_no_false_result() {
    super::with_own_proc("storm::a_storm_of_short_processes_gives_no_false_result", "", storm);
}

fn storm() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("seen");
    let mut scanner = Command::new("/proc/self/exe")
        .args(["storm::scanner", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(TABLE, &table)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = scanner.stdout.take().unwrap();
    let mut text = Vec::new();
    while !text.ends_with(b"ready\n") {
        let mut byte = [0];
        assert_eq!(output.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
    let begin = Instant::now();
    let (numbers, reuses) = spawn_all();
    let took = begin.elapsed();
    drop(scanner.stdin.take());
    let mut text = String::new();
    output.read_to_string(&mut text).unwrap();
    print!("{text}");
    assert!(scanner.wait().unwrap().success());
    println!("{} children in {took:?}, numbers begun again: {reuses}", numbers.len());
    assert!(numbers.len() >= FEWEST);

    let seen = fs::read_to_string(&table).unwrap();
    let mut checked = 0;
    for line in seen.lines() {
        let (serial, number) = line.split_once(' ').unwrap();
        let (serial, number): (usize, i32) = (serial.parse().unwrap(), number.parse().unwrap());
        assert_eq!(numbers[serial], number, "child {serial} was read by another number than its own");
        checked += 1;
    }
    println!("{checked} children were seen");
    // It takes a hundred times as long to read one as to start one.
    assert!(checked > 100, "{checked}");
}

/// Starts all children and waits for them; gives the number of each, and whether numbers were used again on purpose.
fn spawn_all() -> (Vec<i32>, bool) {
    let stat = Process::of_caller(&Machine::live().unwrap()).unwrap().stat().unwrap();
    let arguments = stat.start_arguments.unwrap().get()..stat.end_arguments.unwrap().get();
    assert!(arguments.end - arguments.start > 16);
    let last_number = File::options().write(true).open("/proc/sys/kernel/ns_last_pid");
    let mut reuses = last_number.is_ok();
    let mut numbers = Vec::with_capacity(CHILDREN as usize);
    let mut there = VecDeque::new();
    let begin = Instant::now();
    for serial in 0..CHILDREN {
        if begin.elapsed() > LONGEST {
            break;
        }
        if serial % ROUND == 0
            && let Ok(file) = &last_number
        {
            reuses &= file.write_at(FIRST_NUMBER, 0).is_ok();
        }
        mark(serial, arguments.start);
        // SAFETY: the child makes system calls only, and ends.
        let number = unsafe { libc::fork() };
        assert!(number >= 0, "{}", std::io::Error::last_os_error());
        if number == 0 {
            // SAFETY: as above.
            unsafe {
                for _ in 0..serial % 8 {
                    libc::sched_yield();
                }
                libc::_exit(0);
            }
        }
        numbers.push(number);
        there.push_back(number);
        if there.len() > AT_A_TIME {
            there.pop_front().into_iter().for_each(wait);
        }
    }
    there.into_iter().for_each(wait);
    (numbers, reuses)
}

fn wait(number: i32) {
    let mut status = -1;
    // SAFETY: a child of this process, and a number for its status.
    assert_eq!(unsafe { libc::waitpid(number, &mut status, 0) }, number);
    assert_eq!(status, 0);
}

/// Gives this process what tells the serial number.
fn mark(serial: u32, arguments: u64) {
    let text = format!("storm{serial:09}\0");
    // SAFETY: the name ends with NUL; the other takes a number; the arguments of this process are longer than the text, its
    // own, and nothing but the kernel reads them any more.
    unsafe {
        libc::prctl(libc::PR_SET_NAME, text.as_ptr());
        libc::prctl(libc::PR_SET_TIMERSLACK, SLACK + u64::from(serial));
        libc::umask(serial & 0o777);
        std::ptr::copy_nonoverlapping(text.as_ptr(), arguments as *mut u8, text.len());
    }
}

/// What the scanner found.
#[derive(Default)]
struct Seen {
    /// Which number each child had.
    numbers: HashMap<u32, Pid>,
    /// How often what, to be shown.
    counts: BTreeMap<&'static str, u64>,
}

impl Seen {
    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Of an error of reading a process: only its end is one.
    fn error(&mut self, what: &'static str, error: &Error) {
        assert!(matches!(error.reason(), Reason::Gone), "{what}: {error}");
        self.count(what);
    }

    fn child(&mut self, serial: u32, pid: Pid) {
        let before = *self.numbers.entry(serial).or_insert(pid);
        assert_eq!(before, pid, "child {serial} has two numbers");
    }
}

/// The serial number that a name tells; `None` of what is no child of the storm's.
fn of_name(name: &ProcessName) -> Option<u32> {
    name.as_str()?.strip_prefix("storm")?.parse().ok()
}

fn of_line(line: &CommandLine) -> Option<u32> {
    str::from_utf8(line.arguments().next()?).ok()?.strip_prefix("storm")?.parse().ok()
}

/// That `status` and `line` are of the child of this serial number; a process that ends has no command line.
fn check(serial: u32, pid: Pid, status: Option<&Status>, line: Option<&CommandLine>) {
    if let Some(status) = status {
        assert_eq!(of_name(&status.name), Some(serial), "the name in the status of {pid}");
        assert_eq!((status.pid, status.process, status.parent), (pid, pid, Some(Pid::INIT)));
        if let Some(umask) = status.umask {
            assert_eq!(u32::from(umask.bits()), serial & 0o777, "the mask of {pid}");
        }
    }
    if let Some(line) = line
        && !line.is_empty()
    {
        assert_eq!(of_line(line), Some(serial), "the command line of {pid}");
    }
}

#[test]
#[ignore = "the storm starts it"]
fn scanner() {
    let Some(table) = env::var_os(TABLE) else { return println!("skipped: the storm starts it") };
    let (own, init) = (Pid::new(std::process::id().cast_signed()).unwrap(), Pid::INIT);
    let machine = Machine::live().unwrap();
    let over = AtomicBool::new(false);
    let mut seen = Seen::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            over.store(true, Ordering::Release);
        });
        println!("\nready");
        let mut held = VecDeque::new();
        while !over.load(Ordering::Acquire) {
            listing(&machine, &mut seen);
            for handle in ProcessHandle::all(machine.as_live().unwrap()).unwrap() {
                let handle = handle.unwrap();
                if handle.pid() != own && handle.pid() != init {
                    whole(&handle, &mut seen);
                    held.push_back((handle.into_process(), None));
                }
            }
            held.retain_mut(|(process, serial)| still(process, serial, &mut seen));
            while held.len() > 64 {
                held.pop_front();
            }
            let list = ProcessList::read(&machine).unwrap();
            assert!(list.unreadable.is_empty(), "{:?}", list.unreadable);
            assert!([own, init].iter().all(|pid| list.processes.iter().any(|process| process.pid == *pid)));
        }
    });
    let lines = seen.numbers.iter().map(|(serial, pid)| format!("{serial} {pid}\n"));
    File::create(table).unwrap().write_all(lines.collect::<String>().as_bytes()).unwrap();
    println!("{:?}", seen.counts);
}

/// Reads all processes in one pass.
fn listing(machine: &Machine, seen: &mut Seen) {
    for record in processes(machine).unwrap() {
        let stat = record.stat.as_result().unwrap();
        assert_eq!(stat.pid, record.pid);
        if let Some(serial) = of_name(&stat.name).filter(|_| record.pid != Pid::INIT) {
            assert_eq!(stat.parent, Some(Pid::INIT));
            let (status, line) =
                (record.status.as_result().unwrap(), record.command_line.as_result().unwrap());
            check(serial, record.pid, Some(status), Some(line));
            seen.count(if line.is_empty() { "listed without arguments" } else { "listed" });
            seen.child(serial, record.pid);
        }
    }
}

/// Reads all that there is of one process.
fn whole(process: &Process<'_>, seen: &mut Seen) {
    let detail = match ProcessDetail::read(process) {
        Ok(detail) => detail,
        Err(error) => return seen.error("ended while the whole was read", &error),
    };
    let stat = detail.stat.as_result().unwrap();
    let serial = of_name(&stat.name).unwrap();
    check(serial, process.pid(), Some(detail.status.as_result().unwrap()), detail.command_line.value());
    if let Some(slack) = detail.timer_slack.value() {
        assert_eq!(*slack, Duration::from_nanos(SLACK + u64::from(serial)));
    }
    for thread in detail.threads.value().unwrap() {
        assert_eq!((thread.tid, of_name(&thread.name)), (process.pid(), Some(serial)));
    }
    seen.count("whole");
    seen.child(serial, process.pid());
}

/// Reads one that was opened before: it is the same as ever, or gone, whoever has its number.
fn still(process: &Process<'_>, serial: &mut Option<u32>, seen: &mut Seen) -> bool {
    let (stat, line) = match (process.stat(), process.command_line()) {
        (Ok(stat), Ok(line)) => (stat, line),
        (Err(error), _) | (_, Err(error)) => {
            seen.error("held and gone", &error);
            if process.machine().exists(format!("/proc/{}", process.pid())) {
                seen.count("held and gone, its number another's");
            }
            return false;
        }
    };
    let now = of_name(&stat.name).unwrap();
    assert_eq!(*serial.get_or_insert(now), now);
    check(now, process.pid(), None, Some(&line));
    seen.count("held and the same");
    seen.child(now, process.pid());
    true
}
