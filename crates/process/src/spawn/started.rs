use core::time::Duration;
use std::os::fd::{AsFd, BorrowedFd};

use linux_support_base::{Error, LiveMachine, Pid, Signal};
use linux_support_fd::{PidFd, PipeReader, PipeWriter, WaitFor, Waited};

use super::WhenDropped;
use crate::handle::ProcessHandle;

/// A program that was started, a child of the caller.
///
/// Its number is its own until it was waited for; what is done here goes by its descriptor.
#[derive(Debug)]
pub struct Started {
    pub(super) pid: Pid,
    pub(super) pid_fd: PidFd,
    pub(super) when_dropped: WhenDropped,
    pub(super) was_waited_for: bool,
    /// Where to write its standard input, if that is a pipe.
    pub input: Option<PipeWriter>,
    /// Where to read its standard output, if that is a pipe.
    pub output: Option<PipeReader>,
    /// Where to read its standard error, if that is a pipe.
    pub error: Option<PipeReader>,
}

impl Started {
    /// Its number, as the caller sees it.
    #[must_use]
    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// Its descriptor, for epoll and others that wait.
    #[must_use]
    pub const fn pid_fd(&self) -> &PidFd {
        &self.pid_fd
    }

    /// The process with all that can be read of it.
    ///
    /// # Errors
    /// It has ended and was waited for, or `/proc` is of another namespace of process numbers.
    pub fn handle<'m>(&self, machine: LiveMachine<'m>) -> Result<ProcessHandle<'m>, Error> {
        // The number is its own before and after: it is proved there, and it is the child's until somebody waits.
        let handle = ProcessHandle::open(machine, self.pid)?;
        self.pid_fd.probe()?;
        Ok(handle)
    }

    /// Waits for its end, and gives what became of it and what it used. Its standard input is closed first, lest it
    /// waits for more.
    ///
    /// # Errors
    /// Somebody else waited for it; the process ignores SIGCHLD, so that children leave nothing to wait for.
    pub fn wait(&mut self) -> Result<Waited, Error> {
        self.input = None;
        let waited = self.pid_fd.wait(WaitFor::ENDED)?;
        self.was_waited_for = true;
        Ok(waited)
    }

    /// What became of it, if it has ended.
    ///
    /// # Errors
    /// As for [`wait`](Self::wait).
    pub fn try_wait(&mut self) -> Result<Option<Waited>, Error> {
        let waited = self.pid_fd.try_wait(WaitFor::ENDED)?;
        self.was_waited_for |= waited.is_some();
        Ok(waited)
    }

    /// Waits for its end, and leaves it to be waited for; `false` says that the time ran out.
    ///
    /// # Errors
    /// None that is known.
    pub fn wait_for_end(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        self.pid_fd.wait_for_end(timeout)
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// As for [`PidFd::send_signal`].
    pub fn send_signal(&self, signal: Signal) -> Result<(), Error> {
        self.pid_fd.send_signal(signal)
    }

    /// Asks it to end (SIGTERM), and ends it (SIGKILL) if it has not within `patience`.
    ///
    /// # Errors
    /// As for [`wait`](Self::wait), and the signals can't be sent: it is another user's by now.
    pub fn stop(&mut self, patience: Duration) -> Result<Waited, Error> {
        self.send_signal(Signal::TERM)?;
        if !self.wait_for_end(Some(patience))? {
            self.send_signal(Signal::KILL)?;
        }
        self.wait()
    }

    /// Says what is to become of it when this is dropped.
    pub const fn set_when_dropped(&mut self, when_dropped: WhenDropped) {
        self.when_dropped = when_dropped;
    }
}

impl AsFd for Started {
    /// The pidfd.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pid_fd.as_fd()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if self.when_dropped == WhenDropped::Kill && !self.was_waited_for {
            // Where it has been waited for by others, both fail.
            if self.pid_fd.send_signal(Signal::KILL).is_ok() {
                let _ = self.pid_fd.wait(WaitFor::ENDED);
            }
        }
    }
}
