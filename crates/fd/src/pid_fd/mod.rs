//! Processes by descriptor: pidfd_open(2).

mod information;
mod namespace;
mod wait;

use std::{
    os::fd::{AsFd, OwnedFd, RawFd},
    time::Duration,
};

pub use information::{CoreDump, PidFdInformation, ProcessUsers};
use linux_support_base::{Errno, Error, Pid, Reason, Requirement, Signal, signal::SignalValue};
pub use namespace::ProcessNamespace;
use rustix::{
    event::PollFlags,
    process::{PidfdGetfdFlags, pidfd_getfd},
};
pub use wait::{ResourceUsage, WaitFor, Waited};

use crate::{descriptor::descriptor, readiness::wait_until, sys::pid_fd};

/// A process or thread, which no other can be taken for: its number may be given to another after its end, but the
/// descriptor stays its own.
///
/// It becomes readable when the process ends, to whoever holds it, and epoll waits for that.
///
/// ```
/// use linux_support_base::{Pid, Signal};
/// use linux_support_fd::{ChildEvent, PidFd, WaitFor};
///
/// let child = std::process::Command::new("sleep").arg("20").spawn()?;
/// let process = PidFd::open(Pid::new(child.id() as i32).unwrap())?;
/// process.send_signal(Signal::TERM)?;
/// let waited = process.wait(WaitFor::ENDED)?;
/// assert_eq!(waited.event, ChildEvent::Killed { signal: Signal::TERM, core_dumped: false });
/// assert!(process.send_signal(Signal::TERM).unwrap_err().is_absent());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Source
/// pidfd_open(2).
#[derive(Debug)]
#[doc(alias = "pidfd")]
pub struct PidFd(OwnedFd);

descriptor!(PidFd, "pidfd", crate::DescriptorKind::PidFd, nonblocking: false);

/// To whom a signal goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignalScope {
    /// The thread of the pidfd.
    #[doc(alias = "PIDFD_SIGNAL_THREAD")]
    Thread,
    /// The process that the thread of the pidfd belongs to.
    #[doc(alias = "PIDFD_SIGNAL_THREAD_GROUP")]
    Process,
    /// The process group whose leader the pidfd is of.
    #[doc(alias = "PIDFD_SIGNAL_PROCESS_GROUP")]
    ProcessGroup,
}

impl SignalScope {
    const fn flag(self) -> libc::c_uint {
        match self {
            Self::Thread => 1,
            Self::Process => 1 << 1,
            Self::ProcessGroup => 1 << 2,
        }
    }
}

const NONBLOCK: libc::c_uint = libc::O_NONBLOCK as libc::c_uint;

impl PidFd {
    /// Opens the process of this number.
    ///
    /// # Errors
    /// There is none ([`Reason::Gone`]), or the number is that of a thread other than a process's first.
    pub fn open(process: Pid) -> Result<Self, Error> {
        Self::open_with(process, 0)
    }

    /// Opens the process, so that [`wait`](Self::wait) never waits by itself: what async runtimes and others may
    /// want who hold the same descriptor.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    #[doc(alias = "PIDFD_NONBLOCK")]
    pub fn open_nonblocking(process: Pid) -> Result<Self, Error> {
        Self::open_with(process, NONBLOCK)
    }

    /// Opens the thread of this number.
    ///
    /// # Errors
    /// There is none ([`Reason::Gone`]).
    ///
    /// # Kernel
    /// Since 6.9.
    #[doc(alias = "PIDFD_THREAD")]
    pub fn open_thread(thread: Pid) -> Result<Self, Error> {
        Self::open_with(thread, pid_fd::THREAD)
    }

    /// The pidfd that the kernel opened in answer to something else, such as `CLONE_PIDFD` of clone3(2). What is no pidfd
    /// is not found out here, as by `try_from`: every call then fails.
    #[must_use]
    pub const fn of_kernel(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    fn open_with(process: Pid, flags: libc::c_uint) -> Result<Self, Error> {
        pid_fd::open(process, flags).map(Self).map_err(|errno| {
            let object = format!("process {process}");
            match errno {
                Errno::INVAL if flags & pid_fd::THREAD != 0 => Error::new(
                    "open",
                    object.as_str(),
                    Reason::NotConfigured { needs: Requirement::none().since(6, 9) },
                ),
                // Older kernels say INVAL of a thread, newer ones NOENT.
                Errno::INVAL | Errno::NOENT => {
                    Error::invalid("open", object.as_str(), "is a thread, and not a process's first")
                }
                errno => Error::system("open", object.as_str(), errno),
            }
        })
    }

    /// Sends a signal to the process, or to the thread if the pidfd is of one.
    ///
    /// # Errors
    /// It has ended ([`Reason::Gone`]), the caller may not, or the signal belongs to the C library.
    ///
    /// # Capabilities
    /// CAP_KILL for processes of other users.
    #[doc(alias = "pidfd_send_signal")]
    pub fn send_signal(&self, signal: Signal) -> Result<(), Error> {
        self.send(Some(signal), None, 0)
    }

    /// Sends a signal to the thread, its process or its process group.
    ///
    /// # Errors
    /// Those of [`send_signal`](Self::send_signal).
    ///
    /// # Kernel
    /// Since 6.9.
    pub fn send_signal_to(&self, scope: SignalScope, signal: Signal) -> Result<(), Error> {
        self.send(Some(signal), None, scope.flag())
    }

    /// Sends a signal with a number to the thread, its process or its process group.
    ///
    /// # Errors
    /// Those of [`queue_signal`](Self::queue_signal).
    ///
    /// # Kernel
    /// Since 6.9.
    pub fn queue_signal_to(
        &self,
        scope: SignalScope,
        signal: Signal,
        value: impl Into<SignalValue>,
    ) -> Result<(), Error> {
        self.send(Some(signal), Some(value.into()), scope.flag())
    }

    /// Sends a signal with a number (or what else a [`SignalValue`] is made of), as sigqueue(3) does.
    ///
    /// # Errors
    /// Those of [`send_signal`](Self::send_signal); its user has too many signals waiting
    /// ([`Reason::System`] with [`Errno::AGAIN`]).
    #[doc(alias = "sigqueue")]
    pub fn queue_signal(&self, signal: Signal, value: impl Into<SignalValue>) -> Result<(), Error> {
        self.send(Some(signal), Some(value.into()), 0)
    }

    /// Whether a signal could be sent: whether the process is there (which it is until it was waited for) and the
    /// caller may.
    ///
    /// # Errors
    /// Those of [`send_signal`](Self::send_signal).
    pub fn probe(&self) -> Result<(), Error> {
        self.send(None, None, 0)
    }

    fn send(
        &self,
        signal: Option<Signal>,
        value: Option<SignalValue>,
        flags: libc::c_uint,
    ) -> Result<(), Error> {
        if let Some(signal) = signal.filter(|signal| signal.is_of_c_library()) {
            let refusal = format!("signal {signal} belongs to the C library");
            return Err(Error::invalid("send signal to", "pidfd", refusal));
        }
        pid_fd::send_signal(self.as_fd(), signal, value, flags).map_err(|errno| match errno {
            Errno::INVAL if flags != 0 => Error::new(
                "send signal to",
                "pidfd",
                Reason::NotConfigured { needs: Requirement::none().since(6, 9) },
            ),
            errno => Error::system("send signal to", "pidfd", errno)
                .explained(Requirement::none().capability("CAP_KILL"), None),
        })
    }

    /// Whether the process has ended; it may still wait for its parent.
    ///
    /// # Errors
    /// None that is known.
    pub fn has_ended(&self) -> Result<bool, Error> {
        self.wait_for_end(Some(Duration::ZERO))
    }

    /// Waits for the end of the process, whosever child it is; `false` says that the time ran out.
    ///
    /// # Errors
    /// None that is known.
    pub fn wait_for_end(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        wait_until(self, PollFlags::IN, timeout).map_err(|errno| Error::system("wait for", "pidfd", errno))
    }

    /// Another descriptor of the open file that `descriptor` is in that process, close-on-exec.
    ///
    /// # Errors
    /// It has no such descriptor ([`Reason::System`] with [`Errno::BADF`]), it has ended, or the caller may not.
    ///
    /// # Capabilities
    /// What ptrace(2) takes to attach: CAP_SYS_PTRACE for processes that are not the caller's own.
    #[doc(alias = "pidfd_getfd")]
    pub fn duplicate_descriptor(&self, descriptor: RawFd) -> Result<OwnedFd, Error> {
        let object = format!("descriptor {descriptor} of a process");
        if descriptor < 0 {
            return Err(Error::system("duplicate", object.as_str(), Errno::BADF));
        }
        pidfd_getfd(self, descriptor, PidfdGetfdFlags::empty()).map_err(|errno| {
            Error::system("duplicate", object.as_str(), errno)
                .explained(Requirement::none().capability("CAP_SYS_PTRACE"), None)
        })
    }
}
