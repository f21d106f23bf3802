//! The threads of the process, listed without taking memory.

use core::{fmt::Write, mem::MaybeUninit};
use std::os::fd::OwnedFd;

use linux_support_base::{
    Error, Machine,
    text::{colon_keyed, decimal, hexadecimal},
};
use rustix::{
    fs::{CWD, Mode, OFlags, RawDir, SeekFrom, openat, seek},
    io::{Errno, read, retry_on_intr},
    thread::{NanosleepRelativeResult, Timespec, nanosleep},
};

use crate::sys::broadcast::{Halt, has_default_action};

/// `PF_IO_WORKER` and `PF_USER_WORKER` of `include/linux/sched.h`: threads that only the kernel runs, and no signal
/// stops.
const WORKERS: u32 = 0x10 | 0x4000;

/// The process's list of threads, and those that were asked to stop.
pub(super) struct Watch {
    list: OwnedFd,
    own: i32,
    asked: Vec<i32>,
}

/// How far they are.
pub(super) enum Progress {
    AllStopped,
    Waiting,
    NoRoom,
}

impl Watch {
    /// # Errors
    /// There is no `/proc`, or it is of other process numbers than the caller's.
    pub(super) fn open() -> Result<Self, Error> {
        let own = std::process::id().to_string();
        let seen = std::fs::read_link("/proc/self").ok();
        if seen.as_deref().and_then(|link| link.to_str()) != Some(&own) {
            let accepted = "/proc must be mounted, and of the caller's own namespace of process numbers";
            return Err(Error::invalid("list", "/proc/self/task", accepted));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let list = openat(CWD, "/proc/self/task", flags, Mode::empty())
            .map_err(|errno| Error::system("open", "/proc/self/task", errno))?;
        let mut watch =
            Self { list, own: rustix::thread::gettid().as_raw_nonzero().get(), asked: Vec::new() };
        watch.make_room();
        Ok(watch)
    }

    /// Makes room for twice as many threads as there are.
    pub(super) fn make_room(&mut self) {
        self.asked = Vec::with_capacity(2 * self.count().unwrap_or(0) + 1024);
    }

    /// Whether there is only the calling thread.
    pub(super) fn is_alone(&self) -> Result<bool, Error> {
        Ok(self.count().map_err(|errno| Error::system("read", "/proc/self/status", errno))? == 1)
    }

    /// How many threads the kernel counts.
    fn count(&self) -> Result<usize, Errno> {
        let mut buffer = [0; 4096];
        let text = read_small("/proc/self/status", &mut buffer)?;
        let count = colon_keyed(text).find(|(key, _)| *key == b"Threads").and_then(|(_, value)| value);
        count.and_then(|count| decimal(count).ok()).ok_or(Errno::IO)
    }

    /// The real-time signal without an action that the fewest threads block, but for those `taken`.
    pub(super) fn signal(&self, taken: &[i32]) -> Result<i32, Error> {
        let entries = Machine::live()?.entries("/proc/self/task")?;
        let threads = entries.iter().filter_map(|entry| decimal::<i32>(entry.name.as_bytes()).ok());
        let mask = |thread| status_set(thread, b"SigBlk", &mut [0; 4096]);
        let masks: Vec<u64> = threads.filter(|&thread| thread != self.own).map(mask).collect();
        let blocked = |signal: i32| masks.iter().filter(|mask| has(**mask, signal)).count();
        (libc::SIGRTMIN()..=libc::SIGRTMAX())
            .rev()
            .filter(|&signal| !taken.contains(&signal) && has_default_action(signal))
            .min_by_key(|&signal| blocked(signal))
            .ok_or_else(|| {
                Error::invalid(
                    "stop",
                    "all threads",
                    "one real-time signal must be left with its default action",
                )
            })
    }

    /// Asks every thread that was not asked before, and says whether all have stopped.
    pub(super) fn ask_all(&mut self, halt: &Halt<'_>) -> Result<Progress, Errno> {
        // In this order: threads that had stopped when the list was begun can neither end nor start others.
        let stopped = halt.stopped();
        let (mut listed, mut living) = (0, 0);
        seek(&self.list, SeekFrom::Start(0))?;
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut entries = RawDir::new(&self.list, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            // An error of `decimal` would take memory.
            if !name.iter().all(u8::is_ascii_digit) {
                continue;
            }
            let Ok(thread) = decimal::<i32>(name) else { continue };
            listed += 1;
            if thread == self.own || !needs_asking(thread) {
                continue;
            }
            living += 1;
            if let Err(place) = self.asked.binary_search(&thread) {
                if self.asked.len() == self.asked.capacity() {
                    return Ok(Progress::NoRoom);
                }
                self.asked.insert(place, thread);
                halt.ask(thread)?;
            }
        }
        let all = living == stopped && self.count()? == listed;
        Ok(if all { Progress::AllStopped } else { Progress::Waiting })
    }

    /// The thread from which `signal` is held back, since it blocks it: those that stopped block it too, in the handler.
    pub(super) fn held_back(&self, signal: i32) -> Option<i32> {
        let mut asked = self.asked.iter().copied();
        asked.find(|&thread| has(status_set(thread, b"SigPnd", &mut [0; 4096]), signal))
    }
}

/// Why not all stopped: `held_back` is the thread that blocks `signal`, if any.
pub(super) fn not_stopped(signal: i32, held_back: Option<i32>) -> Error {
    let why = match held_back {
        Some(thread) => format!(
            "thread {thread} blocks signal {signal}, as others do each of the real-time signals: one of them must be \
             blocked by none; nothing was changed"
        ),
        None => "a thread did not stop within 5 seconds: it waits for what no signal interrupts; nothing was changed"
            .into(),
    };
    Error::invalid("stop", "all threads", why)
}

/// The set of signals that the thread's status has as `name`; none where it has ended.
fn status_set(thread: i32, name: &[u8], buffer: &mut [u8]) -> u64 {
    let Some(path) = Path::of(thread, "status") else { return 0 };
    let text = read_small(path.as_str(), buffer).unwrap_or_default();
    let set = colon_keyed(text).find(|(key, _)| *key == name).and_then(|(_, value)| value);
    set.and_then(|set| hexadecimal(set).ok()).unwrap_or(0)
}

fn has(set: u64, signal: i32) -> bool {
    set >> (signal - 1) & 1 == 1
}

/// Whether the thread lives and is no worker of the kernel's.
fn needs_asking(thread: i32) -> bool {
    let mut buffer = [0; 512];
    let Some(path) = Path::of(thread, "stat") else { return true };
    // One that can't be read has ended.
    let Ok(text) = read_small(path.as_str(), &mut buffer) else { return false };
    let Some(end) = memchr::memrchr(b')', text) else { return true };
    let mut fields = text[end + 1..].split(|&byte| byte == b' ').filter(|field| !field.is_empty());
    let state = fields.next();
    let flags = fields.nth(5).and_then(|flags| decimal::<u32>(flags).ok()).unwrap_or(0);
    !matches!(state, Some(b"Z" | b"X")) && flags & WORKERS == 0
}

fn read_small<'b>(path: &str, buffer: &'b mut [u8]) -> Result<&'b [u8], Errno> {
    let file = openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let length = retry_on_intr(|| read(&file, &mut *buffer))?;
    Ok(&buffer[..length])
}

/// Lets the others run for a tenth of a millisecond.
pub(super) fn pause() {
    let time = Timespec { tv_sec: 0, tv_nsec: 100_000 };
    let (NanosleepRelativeResult::Ok | _) = nanosleep(&time);
}

struct Path {
    bytes: [u8; 48],
    length: usize,
}

impl Path {
    /// The file `name` of a thread of this process.
    fn of(thread: i32, name: &str) -> Option<Self> {
        let mut path = Self { bytes: [0; 48], length: 0 };
        write!(path, "/proc/self/task/{thread}/{name}").ok().map(|()| path)
    }

    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl Write for Path {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(core::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
