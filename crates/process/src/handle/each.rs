use core::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use linux_support_base::{Error, Machine, Pid, Reason, text::decimal};
use rustix::{
    fs::{CWD, Mode, OFlags, RawDir, openat},
    io::Errno,
};

use super::{ProcessHandle, ThreadHandle, gone};
use crate::process::Process;

/// How much of a directory is read at a time: some 300 numbers.
const PART: usize = 8 << 10;

/// Numbers of a directory of `/proc`, read part by part.
#[derive(Debug)]
struct Numbers {
    directory: OwnedFd,
    buffer: Box<[MaybeUninit<u8>]>,
    part: Vec<Pid>,
    ended: bool,
}

impl Numbers {
    fn new(directory: OwnedFd) -> Self {
        let buffer = vec![MaybeUninit::uninit(); PART].into_boxed_slice();
        Self { directory, buffer, part: Vec::new(), ended: false }
    }

    /// The next number; `None` at the end.
    fn next(&mut self) -> Result<Option<Pid>, Errno> {
        while self.part.is_empty() && !self.ended {
            let mut entries = RawDir::new(&self.directory, &mut self.buffer);
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

/// The processes of a machine, each a [`ProcessHandle`]: what [`ProcessHandle::all`] gives.
///
/// What can't be opened of a process that lives is an error of its own, and the pass goes on after it.
#[derive(Debug)]
pub struct ProcessHandles<'m> {
    machine: &'m Machine,
    numbers: Numbers,
}

impl<'m> ProcessHandles<'m> {
    pub(super) fn new(machine: &'m Machine) -> Result<Self, Error> {
        let failed = |errno| Error::system("list", "/proc", errno);
        let proc = machine.directory("/proc")?;
        let directory = match proc.descriptor() {
            Some(directory) => openat(directory, ".", LIST, Mode::empty()).map_err(failed)?,
            None => openat(CWD, "/proc", LIST, Mode::empty()).map_err(failed)?,
        };
        Ok(Self { machine, numbers: Numbers::new(directory) })
    }
}

impl<'m> Iterator for ProcessHandles<'m> {
    type Item = Result<ProcessHandle<'m>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let pid = match self.numbers.next() {
                Ok(pid) => pid?,
                Err(errno) => {
                    self.numbers.ended = true;
                    return Some(Err(Error::system("list", "/proc", errno)));
                }
            };
            let handle = Process::open(self.machine, pid)
                .map_err(|error| gone(error, self.machine, pid))
                .and_then(Process::into_handle);
            match handle {
                Err(error) if matches!(error.reason(), Reason::Gone) => {}
                handle => return Some(handle),
            }
        }
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
