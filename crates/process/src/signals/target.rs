//! To whom signals are sent.

use core::fmt;

use linux_support_base::{
    Errno, Error, Pid, Requirement, Signal, UserId,
    signal::{Sender, SignalInformation, SignalValue},
};

use crate::sys::signal as sys;

/// To whom a signal goes, by number.
///
/// The number of a process that has ended may have been given to another: what is not the caller's own child is
/// better held by a [`PidFd`](linux_support_fd::PidFd), which sends too. A thread is found only in its process.
///
/// ```
/// use linux_support_base::{Pid, Reason, Signal};
/// use linux_support_process::signals::SignalTarget;
///
/// let mut child = std::process::Command::new("sleep").arg("20").spawn()?;
/// let target = SignalTarget::Process(Pid::new(child.id() as i32).unwrap());
/// target.send(Signal::TERM)?;
/// child.wait()?;
/// assert_eq!(target.probe().unwrap_err().reason(), &Reason::Gone);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Source
/// kill(2), tgkill(2), rt_sigqueueinfo(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignalTarget {
    /// A process: whichever of its threads doesn't block it.
    #[doc(alias = "kill")]
    Process(Pid),
    /// All processes of the group with this number. A signal to it brings no value.
    #[doc(alias = "killpg")]
    ProcessGroup(Pid),
    /// All processes of the caller's own group.
    OwnProcessGroup,
    /// One thread.
    #[doc(alias = "tgkill")]
    Thread {
        /// Its process.
        process: Pid,
        /// The thread.
        thread: Pid,
    },
}

impl SignalTarget {
    /// The calling process.
    #[must_use]
    pub fn calling_process() -> Self {
        Self::Process(this_process())
    }

    /// The calling thread.
    #[must_use]
    #[doc(alias = "raise")]
    pub fn calling_thread() -> Self {
        Self::Thread { process: this_process(), thread: pid(rustix::thread::gettid()) }
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// There is no such process, group or thread ([`Reason::Gone`](linux_support_base::Reason::Gone)); the caller may
    /// not; the signal belongs to the C library; a real-time signal, and the user of the target has too many signals
    /// waiting ([`Errno::AGAIN`], RLIMIT_SIGPENDING); the group's number is 1.
    ///
    /// # Capabilities
    /// CAP_KILL for processes of other users.
    pub fn send(self, signal: Signal) -> Result<(), Error> {
        self.check(Some(signal))?;
        self.kill(i32::from(signal.number()))
    }

    /// Sends a signal with a value. All that were sent so wait in a queue if it is a real-time signal.
    ///
    /// # Errors
    /// Those of [`send`](Self::send), and the target is a group.
    #[doc(alias = "sigqueue")]
    #[doc(alias = "rt_tgsigqueueinfo")]
    pub fn queue(self, signal: Signal, value: impl Into<SignalValue>) -> Result<(), Error> {
        self.check(Some(signal))?;
        let user = UserId::new(rustix::process::getuid().as_raw());
        let sender = Sender { process: Some(this_process()), user };
        let siginfo = SignalInformation::queued(signal, sender, value.into());
        match self {
            Self::Process(process) => sys::queue(process, None, signal, &siginfo),
            Self::Thread { process, thread } => sys::queue(process, Some(thread), signal, &siginfo),
            Self::ProcessGroup(_) | Self::OwnProcessGroup => {
                let accepted = "a value goes to a process or a thread, and not to a group";
                return Err(Error::invalid(SEND, self.name(), accepted));
            }
        }
        .map_err(|errno| self.failed(errno))
    }

    /// Whether a signal could be sent: whether there is such a target, and the caller may.
    ///
    /// # Errors
    /// Those of [`send`](Self::send).
    pub fn probe(self) -> Result<(), Error> {
        self.check(None)?;
        self.kill(0)
    }

    fn kill(self, signal: i32) -> Result<(), Error> {
        match self {
            Self::Process(process) => sys::kill(process.number(), signal),
            Self::ProcessGroup(group) => sys::kill(-group.number(), signal),
            Self::OwnProcessGroup => sys::kill(0, signal),
            Self::Thread { process, thread } => sys::kill_thread(process, thread, signal),
        }
        .map_err(|errno| self.failed(errno))
    }

    fn check(self, signal: Option<Signal>) -> Result<(), Error> {
        if let Some(signal) = signal.filter(|signal| signal.is_of_c_library()) {
            let accepted = format!("signal {signal} belongs to the C library");
            return Err(Error::invalid(SEND, self.name(), accepted));
        }
        // To the kernel, -1 is every process that there is.
        if self == Self::ProcessGroup(Pid::INIT) {
            let accepted = "group 1 can be signalled by a pidfd of its leader only";
            return Err(Error::invalid(SEND, self.name(), accepted));
        }
        Ok(())
    }

    fn failed(self, errno: Errno) -> Error {
        Error::system(SEND, self.name(), errno).explained(Requirement::none().capability("CAP_KILL"), None)
    }

    fn name(self) -> String {
        self.to_string()
    }
}

const SEND: &str = "send signal to";

impl fmt::Display for SignalTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(process) => write!(f, "process {process}"),
            Self::ProcessGroup(group) => write!(f, "process group {group}"),
            Self::OwnProcessGroup => f.write_str("own process group"),
            Self::Thread { process, thread } => write!(f, "thread {thread} of process {process}"),
        }
    }
}

fn this_process() -> Pid {
    pid(rustix::process::getpid())
}

fn pid(pid: rustix::process::Pid) -> Pid {
    Pid::new(pid.as_raw_nonzero().get()).unwrap_or(Pid::INIT)
}
