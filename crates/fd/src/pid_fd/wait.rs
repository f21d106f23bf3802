//! Waiting for a child by its pidfd.

use core::time::Duration;
use std::os::fd::AsFd;

use bitflags::bitflags;
use linux_support_base::{Bytes, Errno, Error, Pid, UserId};
use rustix::event::PollFlags;

use super::PidFd;
use crate::{ChildEvent, readiness::wait_until, sys::pid_fd};

bitflags! {
    /// What to wait for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct WaitFor: i32 {
        /// The end of the child.
        #[doc(alias = "WEXITED")]
        const ENDED = libc::WEXITED;
        /// That a signal stops it.
        #[doc(alias = "WSTOPPED")]
        const STOPPED = libc::WSTOPPED;
        /// That it goes on after a stop.
        #[doc(alias = "WCONTINUED")]
        const CONTINUED = libc::WCONTINUED;
        /// And leave it to be waited for again.
        #[doc(alias = "WNOWAIT")]
        const LEAVE = libc::WNOWAIT;
        /// Whatever signal its end sends, and none too. A child that runs another program sends SIGCHLD from then on.
        #[doc(alias = "__WALL")]
        const ANY_END_SIGNAL = libc::__WALL;
    }
}

/// What became of a child, and what it used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waited {
    /// Its number, which after its end may be given to another from now on.
    pub process: Pid,
    /// Its real user.
    pub user: UserId,
    /// What became of it.
    pub event: ChildEvent,
    /// What it and those of its children that it waited for have used.
    pub usage: ResourceUsage,
}

/// What a process has used.
///
/// # Source
/// getrusage(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[doc(alias = "rusage")]
pub struct ResourceUsage {
    /// CPU time in user mode, in microseconds.
    #[doc(alias = "ru_utime")]
    pub user_time: Duration,
    /// CPU time in the kernel, in microseconds.
    #[doc(alias = "ru_stime")]
    pub system_time: Duration,
    /// The most memory that was resident at a time.
    #[doc(alias = "ru_maxrss")]
    pub most_resident: Bytes,
    /// Page faults that needed no input.
    #[doc(alias = "ru_minflt")]
    pub minor_faults: u64,
    /// Page faults that did.
    #[doc(alias = "ru_majflt")]
    pub major_faults: u64,
    /// How often it read from a file system's device.
    #[doc(alias = "ru_inblock")]
    pub block_reads: u64,
    /// How often it wrote to one.
    #[doc(alias = "ru_oublock")]
    pub block_writes: u64,
    /// How often it gave up the CPU to wait.
    #[doc(alias = "ru_nvcsw")]
    pub voluntary_switches: u64,
    /// How often the CPU was taken from it.
    #[doc(alias = "ru_nivcsw")]
    pub involuntary_switches: u64,
}

impl PidFd {
    /// Waits for what is `wanted` of this child. Interruptions are not seen.
    ///
    /// # Errors
    /// It is no child of the caller, or was waited for already.
    #[doc(alias = "waitid")]
    pub fn wait(&self, wanted: WaitFor) -> Result<Waited, Error> {
        loop {
            match self.wait_with(wanted, 0) {
                Ok(Some(waited)) => return Ok(waited),
                Ok(None) | Err(Errno::INTR) => {}
                // It was opened non-blocking: only its end can be waited for then.
                Err(Errno::AGAIN) => {
                    wait_until(self, PollFlags::IN, None).map_err(refused)?;
                }
                Err(errno) => return Err(refused(errno)),
            }
        }
    }

    /// What is `wanted` of this child, if it has come.
    ///
    /// # Errors
    /// It is no child of the caller, or was waited for already.
    #[doc(alias = "WNOHANG")]
    pub fn try_wait(&self, wanted: WaitFor) -> Result<Option<Waited>, Error> {
        loop {
            match self.wait_with(wanted, libc::WNOHANG) {
                Ok(waited) => return Ok(waited),
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(refused(errno)),
            }
        }
    }

    fn wait_with(&self, wanted: WaitFor, options: i32) -> Result<Option<Waited>, Errno> {
        let waited = pid_fd::wait(self.as_fd(), wanted.bits() | options)?;
        Ok(Pid::new(waited.process).map(|process| Waited {
            process,
            user: UserId::new(waited.user),
            event: ChildEvent::from_code(waited.code, waited.status),
            usage: waited.usage.into(),
        }))
    }
}

fn refused(errno: Errno) -> Error {
    match errno {
        Errno::CHILD => Error::invalid("wait for", "pidfd", "is no child of the caller, or was waited for"),
        Errno::INVAL => Error::invalid("wait for", "pidfd", "wait for an end, a stop or a continuation"),
        errno => Error::system("wait for", "pidfd", errno),
    }
}

impl From<libc::rusage> for ResourceUsage {
    fn from(usage: libc::rusage) -> Self {
        let time = |time: libc::timeval| {
            let microseconds = u32::try_from(time.tv_usec).unwrap_or_default();
            Duration::new(time.tv_sec.try_into().unwrap_or_default(), microseconds.saturating_mul(1000))
        };
        let count = |count: libc::c_long| u64::try_from(count).unwrap_or_default();
        Self {
            user_time: time(usage.ru_utime),
            system_time: time(usage.ru_stime),
            most_resident: Bytes::new(count(usage.ru_maxrss).saturating_mul(1024)),
            minor_faults: count(usage.ru_minflt),
            major_faults: count(usage.ru_majflt),
            block_reads: count(usage.ru_inblock),
            block_writes: count(usage.ru_oublock),
            voluntary_switches: count(usage.ru_nvcsw),
            involuntary_switches: count(usage.ru_nivcsw),
        }
    }
}
