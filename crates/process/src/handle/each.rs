use core::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use linux_support_base::{Error, Machine, Pid, Reason, text::decimal};
use rustix::{
    fs::{Mode, OFlags, RawDir, openat},
    io::Errno,
};

use super::{ProcessHandle, ThreadHandle, gone};
use crate::process::Process;

/// How much of a directory is read at a time: some 300 numbers.
const PART: usize = 8 << 10;

/// Numbers of a directory of `/proc`, read part by part.
#[derive(Debug)]
struct Numbers {
    /// `None` where all were taken at once.
    directory: Option<OwnedFd>,
    buffer: Box<[MaybeUninit<u8>]>,
    part: Vec<Pid>,
    ended: bool,
}

impl Numbers {
    fn new(directory: OwnedFd) -> Self {
        let buffer = vec![MaybeUninit::uninit(); PART].into_boxed_slice();
        Self { directory: Some(directory), buffer, part: Vec::new(), ended: false }
    }

    /// Those of the processes of `machine`.
    fn of_processes(machine: &Machine) -> Result<Self, Error> {
        let proc = machine.directory("/proc")?;
        let Some(directory) = proc.descriptor() else {
            let mut part = Vec::new();
            proc.visit("", |name, _| part.extend(decimal(name).ok().and_then(Pid::new)))?;
            part.sort_unstable_by(|one, other| other.cmp(one));
            return Ok(Self { directory: None, buffer: Box::default(), part, ended: true });
        };
        let directory = openat(directory, ".", LIST, Mode::empty());
        directory.map(Self::new).map_err(|errno| Error::system("list", "/proc", errno))
    }

    /// The next number; `None` at the end.
    fn next(&mut self) -> Result<Option<Pid>, Errno> {
        while self.part.is_empty() && !self.ended {
            let Some(directory) = &self.directory else { return Ok(None) };
            let mut entries = RawDir::new(directory, &mut self.buffer);
            // Each turn of this reads a part; the numbers in it are taken out before the buffer is used again.
            loop {
                match entries.next() {
                    None => {
                        self.ended = true;
                        break;
                    }
                    Some(entry) => {
                        self.part.extend(decimal(entry?.file_name().to_bytes()).ok().and_then(Pid::new));
                    }
                }
                if entries.is_buffer_empty() {
                    break;
                }
            }
            self.part.reverse();
        }
        Ok(self.part.pop())
    }
}

const LIST: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The processes of a machine, each held by its directory: what [`Process::all`] gives.
///
/// What can't be opened of a process that lives is an error of its own, and the pass goes on after it.
#[derive(Debug)]
pub struct AllProcesses<'m> {
    machine: &'m Machine,
    numbers: Numbers,
}

impl<'m> Process<'m> {
    /// All processes of `machine`, one after the other, in one pass over `/proc`: however many there are, it takes two
    /// descriptors and the memory for one part of the directory. Those that end before they are reached are left out.
    ///
    /// What [`processes`](crate::processes) reads of each is quicker had by that, but for the memory for all numbers.
    ///
    /// ```
    /// use linux_support_base::Machine;
    /// use linux_support_process::Process;
    ///
    /// let machine = Machine::live()?;
    /// for process in Process::all(&machine)? {
    ///     let process = process?;
    ///     // Whatever is read of one is of that one.
    ///     if let (Ok(stat), Ok(io)) = (process.stat(), process.input_output()) {
    ///         println!("{} has read {}", stat.name, io.read_bytes);
    ///     }
    /// }
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    ///
    /// # Errors
    /// `/proc` can't be listed.
    pub fn all(machine: &'m Machine) -> Result<AllProcesses<'m>, Error> {
        Ok(AllProcesses { machine, numbers: Numbers::of_processes(machine)? })
    }
}

impl<'m> AllProcesses<'m> {
    /// What `open` makes of the next process that has not gone.
    fn next_of<T>(&mut self, open: impl Fn(Process<'m>) -> Result<T, Error>) -> Option<Result<T, Error>> {
        loop {
            let pid = match self.numbers.next() {
                Ok(pid) => pid?,
                Err(errno) => {
                    self.numbers.ended = true;
                    return Some(Err(Error::system("list", "/proc", errno)));
                }
            };
            let opened = Process::open(self.machine, pid)
                .map_err(|error| gone(error, self.machine, pid))
                .and_then(&open);
            match opened {
                Err(error) if matches!(error.reason(), Reason::Gone) => {}
                opened => return Some(opened),
            }
        }
    }
}

impl<'m> Iterator for AllProcesses<'m> {
    type Item = Result<Process<'m>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_of(Ok)
    }
}

/// The processes of a machine, each a [`ProcessHandle`]: what [`ProcessHandle::all`] gives.
///
/// What can't be opened of a process that lives is an error of its own, and the pass goes on after it.
#[derive(Debug)]
pub struct ProcessHandles<'m>(AllProcesses<'m>);

impl<'m> ProcessHandles<'m> {
    pub(super) fn new(machine: &'m Machine) -> Result<Self, Error> {
        Process::all(machine).map(Self)
    }
}

impl<'m> Iterator for ProcessHandles<'m> {
    type Item = Result<ProcessHandle<'m>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_of(Process::into_handle)
    }
}

/// The threads of a process, each a [`ThreadHandle`]: what [`ProcessHandle::thread_handles`] gives.
#[derive(Debug)]
pub struct ThreadHandles<'p, 'm> {
    process: &'p Process<'m>,
    numbers: Numbers,
}

impl<'p, 'm> ThreadHandles<'p, 'm> {
    pub(super) fn new(process: &'p Process<'m>) -> Result<Self, Error> {
        let open = || {
            let directory = process.directory().descriptor().ok_or(Errno::BADF)?;
            openat(directory, "task", LIST, Mode::empty())
        };
        let directory = open().map_err(|errno| match (errno, process.ensure_alive()) {
            (Errno::NOENT | Errno::SRCH, Err(gone)) => gone,
            (errno, _) => Error::system("list", [process.directory().path(), b"/task"].concat(), errno),
        })?;
        Ok(Self { process, numbers: Numbers::new(directory) })
    }
}

impl<'m> Iterator for ThreadHandles<'_, 'm> {
    type Item = Result<ThreadHandle<'m>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let tid = match self.numbers.next() {
                Ok(Some(tid)) => tid,
                // An empty directory may also be that of a process that has just ended.
                Ok(None) => return None,
                Err(errno) => {
                    self.numbers.ended = true;
                    let path = [self.process.directory().path(), b"/task"].concat();
                    return match (errno, self.process.ensure_alive()) {
                        (Errno::NOENT | Errno::SRCH, Err(_)) => None,
                        (errno, _) => Some(Err(Error::system("list", path, errno))),
                    };
                }
            };
            match ThreadHandle::open(self.process, tid) {
                Err(error) if matches!(error.reason(), Reason::Gone) => {}
                handle => return Some(handle),
            }
        }
    }
}
