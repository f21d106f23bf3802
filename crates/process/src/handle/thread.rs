use core::{ops::Deref, time::Duration};
use std::os::fd::{AsFd, BorrowedFd};

use linux_support_base::{Error, Pid, Reason, Signal};
use linux_support_fd::PidFd;

use super::prove;
use crate::{
    live_task::LiveTask,
    process::{Process, Thread},
};

/// A thread of the running machine: its directory of `/proc` and a pidfd, both proved to be of the same one.
///
/// To a thread it is what a [`ProcessHandle`](super::ProcessHandle) is to a process.
///
/// # Kernel
/// Since 6.9.
///
/// # Source
/// pidfd_open(2), `PIDFD_THREAD`.
#[derive(Debug)]
#[doc(alias = "PIDFD_THREAD")]
pub struct ThreadHandle<'m> {
    thread: Thread<'m>,
    pid_fd: PidFd,
}

impl<'m> ThreadHandle<'m> {
    pub(super) fn open(process: &Process<'m>, tid: Pid) -> Result<Self, Error> {
        let thread = process.thread(tid).map_err(|error| match error.reason() {
            Reason::Absent => Error::new("open", format!("thread {tid}"), Reason::Gone),
            _ => error,
        })?;
        let pid_fd = prove(process.machine(), tid, PidFd::open_thread, || thread.ensure_alive())?;
        Ok(Self { thread, pid_fd })
    }

    /// The descriptor, for epoll and others that wait.
    #[must_use]
    pub const fn pid_fd(&self) -> &PidFd {
        &self.pid_fd
    }

    /// The thread, to be changed.
    #[must_use]
    pub fn live(&self) -> LiveTask<'_, 'm> {
        LiveTask::of_live(&self.thread)
    }

    /// Sends a signal to this thread, and to no other of its process.
    ///
    /// # Errors
    /// As for [`PidFd::send_signal`]: it has ended ([`Reason::Gone`]), or the caller may not.
    #[doc(alias = "tgkill")]
    pub fn send_signal(&self, signal: Signal) -> Result<(), Error> {
        self.pid_fd.send_signal(signal)
    }

    /// Waits for its end; `false` says that the time ran out.
    ///
    /// # Errors
    /// None that is known.
    pub fn wait_for_end(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        self.pid_fd.wait_for_end(timeout)
    }
}

impl<'m> Deref for ThreadHandle<'m> {
    type Target = Thread<'m>;

    fn deref(&self) -> &Thread<'m> {
        &self.thread
    }
}

impl AsFd for ThreadHandle<'_> {
    /// The pidfd.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pid_fd.as_fd()
    }
}
