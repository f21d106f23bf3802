//! A process or thread of the running machine, held so that it can be read, waited for and signalled.

mod each;
mod thread;

use core::{ops::Deref, time::Duration};
use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    process::Child,
};

pub use each::{AllProcesses, ProcessHandles, ThreadHandles};
use linux_support_base::{
    Error, LiveMachine, Machine, ParseError, Pid, Reason, Signal,
    text::{decimal, lines, trim},
};
use linux_support_fd::{PidFd, WaitFor, Waited};
pub use thread::ThreadHandle;

use crate::{descriptor::DescriptorNumber, live_task::LiveTask, process::Process};

/// A process of the running machine: its directory of `/proc` and a pidfd, both proved to be of the same one.
///
/// It is a [`Process`], and all that can be read of one can be read of it; after the end of the process that is
/// [`Reason::Gone`], whoever has its number by then. Beyond that it can be signalled, waited for and watched by its
/// [`pid_fd`](Self::pid_fd), which is no matter of numbers, and [changed](Self::live).
///
/// ```
/// use linux_support_base::{Machine, Signal};
/// use linux_support_fd::WaitFor;
/// use linux_support_process::ProcessHandle;
///
/// let machine = Machine::live()?;
/// let mut child = std::process::Command::new("sleep").arg("20").spawn()?;
/// let process = ProcessHandle::of_child(machine.as_live()?, &mut child)?;
/// assert_eq!(process.stat()?.name, "sleep");
/// process.send_signal(Signal::KILL)?;
/// process.wait(WaitFor::ENDED)?;
/// assert!(process.stat().unwrap_err().is_absent());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Which of these to take
///
/// | | reads | of a captured machine | changes | signals, waits | descriptors |
/// |---|---|---|---|---|---|
/// | [`Process`] | all files | yes | through [`as_live`](crate::Task::as_live) | no | 1 |
/// | [`ProcessHandle`] | as a `Process`, which it is | no | through [`live`](Self::live) | yes | 2 |
/// | [`LiveTask`] | what the kernel answers to calls with a number | no | yes | no | none of its own |
///
/// # The proof
///
/// The directory is opened first, then the pidfd by its number; then the kernel says of the pidfd which number it has
/// in this `/proc` (`Pid:` of its `fdinfo`), and at last the directory is still alive. So the number was that of the
/// directory's process all the time, and the pidfd is of the one that had it.
///
/// # Source
/// pidfd_open(2), proc_pid(5).
#[derive(Debug)]
#[doc(alias = "pidfd")]
pub struct ProcessHandle<'m> {
    process: Process<'m>,
    pid_fd: PidFd,
}

impl<'m> ProcessHandle<'m> {
    /// The process of this number.
    ///
    /// # Errors
    /// There is none ([`Reason::Gone`]), the mount option `hidepid` hides it, the number is that of a thread other than
    /// a process's first, or `/proc` is of another namespace of process numbers.
    pub fn open(machine: LiveMachine<'m>, pid: Pid) -> Result<Self, Error> {
        let machine = machine.machine();
        let process = Process::open(machine, pid).map_err(|error| gone(error, machine, pid))?;
        process.into_handle()
    }

    /// The process that calls this. Since it can't end meanwhile, there is nothing to prove. After a fork the handle is
    /// still of the parent.
    ///
    /// # Errors
    /// `/proc` is of a namespace of process numbers that this process is not in; there is no descriptor left.
    pub fn of_caller(machine: LiveMachine<'m>) -> Result<Self, Error> {
        let process = Process::of_caller(machine.machine())?;
        // Of the calling process's own namespace, where `/proc` may be of one further out.
        let pid_fd = PidFd::open(own_number()?)?;
        Ok(Self { process, pid_fd })
    }

    /// A child of the standard library's. It is borrowed mutably, so that nobody waits for it before this is done, which
    /// would set its number free.
    ///
    /// # Errors
    /// It has ended ([`Reason::Gone`]): its status is in the `Child`.
    pub fn of_child(machine: LiveMachine<'m>, child: &mut Child) -> Result<Self, Error> {
        let number = i32::try_from(child.id()).ok().and_then(Pid::new);
        match (number, child.try_wait()) {
            (Some(number), Ok(None)) => Self::open(machine, number),
            _ => Err(Error::new("open", format!("child {}", child.id()), Reason::Gone)),
        }
    }

    /// All processes, one after the other, in one pass over `/proc`: however many there are, it takes two descriptors
    /// and the memory for one part of the directory. Those that end before they are reached are left out.
    ///
    /// # Errors
    /// `/proc` can't be listed.
    pub fn all(machine: LiveMachine<'m>) -> Result<ProcessHandles<'m>, Error> {
        ProcessHandles::new(machine.machine())
    }

    /// The descriptor, for epoll and others that wait.
    #[must_use]
    pub const fn pid_fd(&self) -> &PidFd {
        &self.pid_fd
    }

    /// The process, to be changed: its scheduling, its limits, its files that can be written to.
    #[must_use]
    pub fn live(&self) -> LiveTask<'_, 'm> {
        LiveTask::of_live(&self.process)
    }

    /// The process without its pidfd.
    #[must_use]
    pub fn into_process(self) -> Process<'m> {
        self.process
    }

    /// Sends a signal. [`PidFd`] has the other ways to.
    ///
    /// # Errors
    /// As for [`PidFd::send_signal`]: it has ended ([`Reason::Gone`]), or the caller may not.
    pub fn send_signal(&self, signal: Signal) -> Result<(), Error> {
        self.pid_fd.send_signal(signal)
    }

    /// Waits for this child of the caller.
    ///
    /// # Errors
    /// As for [`PidFd::wait`]: it is no child, or was waited for.
    pub fn wait(&self, wanted: WaitFor) -> Result<Waited, Error> {
        self.pid_fd.wait(wanted)
    }

    /// Waits for its end, whosever child it is; `false` says that the time ran out.
    ///
    /// # Errors
    /// None that is known.
    pub fn wait_for_end(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        self.pid_fd.wait_for_end(timeout)
    }

    /// Another descriptor of the open file that it has as `number`.
    ///
    /// # Errors
    /// As for [`PidFd::duplicate_descriptor`].
    ///
    /// # Capabilities
    /// CAP_SYS_PTRACE for processes that may not be traced.
    #[doc(alias = "pidfd_getfd")]
    pub fn duplicate_descriptor(&self, number: DescriptorNumber) -> Result<OwnedFd, Error> {
        let number = number.get().try_into().map_err(|_| {
            Error::invalid("duplicate", format!("descriptor {number}"), "expected 2147483647 at most")
        })?;
        self.pid_fd.duplicate_descriptor(number)
    }

    /// Its thread of this number.
    ///
    /// # Errors
    /// There is none in this process ([`Reason::Gone`]), or the kernel has no pidfds of threads.
    ///
    /// # Kernel
    /// Since 6.9.
    #[doc(alias = "PIDFD_THREAD")]
    pub fn thread_handle(&self, tid: Pid) -> Result<ThreadHandle<'m>, Error> {
        ThreadHandle::open(&self.process, tid)
    }

    /// Its threads, one after the other, in one pass over its directory `task`. Those that end before they are reached
    /// are left out.
    ///
    /// # Errors
    /// It has ended ([`Reason::Gone`]), or the directory can't be listed.
    ///
    /// # Kernel
    /// Since 6.9.
    pub fn thread_handles(&self) -> Result<ThreadHandles<'_, 'm>, Error> {
        ThreadHandles::new(&self.process)
    }
}

impl<'m> Process<'m> {
    /// The same process, with a pidfd beside its directory.
    ///
    /// # Errors
    /// Its machine was captured; it has ended ([`Reason::Gone`]); it is a thread other than a process's first; or `/proc`
    /// is of another namespace of process numbers.
    pub fn into_handle(self) -> Result<ProcessHandle<'m>, Error> {
        self.machine().as_live()?;
        let pid_fd = prove(self.machine(), self.pid(), PidFd::open, || self.ensure_alive())?;
        Ok(ProcessHandle { process: self, pid_fd })
    }
}

impl<'m> Deref for ProcessHandle<'m> {
    type Target = Process<'m>;

    fn deref(&self) -> &Process<'m> {
        &self.process
    }
}

impl AsFd for ProcessHandle<'_> {
    /// The pidfd.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pid_fd.as_fd()
    }
}

/// The number of the calling process in its own namespace, which is not that of every `/proc`.
fn own_number() -> Result<Pid, Error> {
    i32::try_from(std::process::id())
        .ok()
        .and_then(Pid::new)
        .ok_or_else(|| Error::new("open", "the calling process", Reason::Gone))
}

/// `Absent`, of a directory of `/proc` that is there, says that there is no such process.
#[cold]
fn gone(error: Error, machine: &Machine, pid: Pid) -> Error {
    match error.reason() {
        Reason::Absent if machine.exists("/proc/self") => {
            Error::new("open", format!("process {pid}"), Reason::Gone)
        }
        _ => error,
    }
}

/// Opens the pidfd of a directory's number, and proves that it is of the directory's process or thread: see
/// [`ProcessHandle`].
fn prove(
    machine: &Machine,
    number: Pid,
    open: impl Fn(Pid) -> Result<PidFd, Error>,
    ensure_alive: impl Fn() -> Result<(), Error>,
) -> Result<PidFd, Error> {
    let other = || {
        Error::invalid(
            "open",
            format!("process {number}"),
            "/proc is of another namespace of process numbers than the caller: mount its own there",
        )
    };
    let pid_fd = open(number).map_err(|error| match (ensure_alive(), error.reason()) {
        (Err(gone), _) => gone,
        // A number that only this `/proc` has, and nobody in the caller's namespace.
        (Ok(()), Reason::Gone) => other(),
        (Ok(()), _) => error,
    })?;
    let path = format!("/proc/thread-self/fdinfo/{}", pid_fd.as_raw_fd());
    let here = machine.parse(path, number_here);
    ensure_alive()?;
    match here? {
        Some(here) if here == number => Ok(pid_fd),
        _ => Err(other()),
    }
}

/// `Pid:` of a pidfd's `fdinfo`: the number in the namespace of that `/proc`; `None` outside of it and after the end.
fn number_here(text: &[u8]) -> Result<Option<Pid>, ParseError> {
    let value = lines(text).find_map(|line| line.strip_prefix(b"Pid:"));
    let value = value.ok_or_else(|| ParseError::expected("the line Pid: of a pidfd", text))?;
    Ok(Pid::new(decimal(trim(value))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_pidfd_is_on_its_line() {
        let text = b"pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t7\nPid:\t427\nNSpid:\t427\t1\n";
        assert_eq!(number_here(text).unwrap(), Pid::new(427));
        assert_eq!(number_here(b"Pid:\t0\n").unwrap(), None);
        assert_eq!(number_here(b"Pid:\t-1\nNSpid:\t-1").unwrap(), None);
        for text in ["", "NSpid:\t1", "Pid:\tx", "Pid:"] {
            assert!(number_here(text.as_bytes()).is_err(), "{text}");
        }
    }
}
