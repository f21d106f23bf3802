//! Signals that are read: signalfd(2).

use std::os::fd::{AsFd, OwnedFd};

use linux_support_base::{Error, SignalSet, signal::SignalInformation};
use rustix::io;

use crate::{
    BlockedSignals,
    descriptor::descriptor,
    readiness::{attempt, when_readable},
    sys::signal_fd::signalfd,
};

/// Signals as records that are read, in place of handlers that interrupt.
///
/// It gives the signals that wait for the thread that reads, and for its process. They wait only while they are
/// blocked, so block them first, and before the first thread is started:
///
/// ```
/// use linux_support_base::{Signal, SignalSet};
/// use linux_support_fd::{BlockedSignals, SignalFd};
///
/// let wanted: SignalSet = [Signal::TERM, Signal::HUP].into_iter().collect();
/// let blocked = BlockedSignals::block(wanted)?;
/// let signals = SignalFd::new(wanted)?;
/// assert!(signals.try_read()?.is_none());
/// blocked.keep();
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// Children, in a program with one thread:
///
/// ```standalone_crate
/// use linux_support_base::{Signal, signal::{ChildEvent, SignalCause}};
/// use linux_support_fd::{BlockedSignals, SignalFd};
///
/// let _blocked = BlockedSignals::block(Signal::CHLD)?;
/// let signals = SignalFd::new(Signal::CHLD)?;
/// let mut child = std::process::Command::new("/bin/sh").args(["-c", "exit 3"]).spawn()?;
/// let cause = signals.read()?.cause;
/// let SignalCause::Child { child: of, event, .. } = cause else { panic!("{cause:?}") };
/// assert_eq!(of.process.unwrap().number() as u32, child.id());
/// assert_eq!(event, ChildEvent::Exited(3));
/// child.wait()?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Source
/// signalfd(2).
#[derive(Debug)]
#[doc(alias = "signalfd4")]
pub struct SignalFd(OwnedFd);

descriptor!(SignalFd, "signalfd", crate::DescriptorKind::SignalFd, nonblocking: true);

impl SignalFd {
    /// One that reads `signals`.
    ///
    /// # Errors
    /// The calling thread doesn't block them all, one of them can't be caught or belongs to the C library, or there
    /// is no descriptor left.
    pub fn new(signals: impl Into<SignalSet>) -> Result<Self, Error> {
        let signals = signals.into();
        BlockedSignals::ensure(signals, "create", "signalfd")?;
        signalfd(None, signals)
            .and_then(|created| created.ok_or(rustix::io::Errno::BADF))
            .map(Self)
            .map_err(|errno| Error::system("create", "signalfd", errno))
    }

    /// Reads `signals` from now on, and no others.
    ///
    /// # Errors
    /// The calling thread doesn't block them all, or one of them can't be caught or belongs to the C library.
    pub fn set_signals(&self, signals: impl Into<SignalSet>) -> Result<(), Error> {
        let signals = signals.into();
        BlockedSignals::ensure(signals, "change", "signalfd")?;
        signalfd(Some(self.as_fd()), signals)
            .map(|_| ())
            .map_err(|errno| Error::system("change", "signalfd", errno))
    }

    /// Waits for a signal and takes it.
    ///
    /// # Errors
    /// None that is known.
    pub fn read(&self) -> Result<SignalInformation, Error> {
        when_readable(self, "read", "signalfd", || self.try_read())
    }

    /// Takes a signal that waits: of the standard ones each once, however often it was sent, and of the real-time
    /// ones each that was sent.
    ///
    /// # Errors
    /// None that is known.
    pub fn try_read(&self) -> Result<Option<SignalInformation>, Error> {
        let mut record = [0; SignalInformation::SIZE];
        let length = attempt(|| io::read(&self.0, &mut record))
            .map_err(|errno| Error::system("read", "signalfd", errno))?;
        length
            .map(|length| SignalInformation::parse_record(&record[..length]))
            .transpose()
            .map_err(|error| Error::malformed("signalfd", error))
    }

    /// Takes as many signals that wait as `buffer` has room for, at 128 bytes each, with one system call; decode them
    /// with [`SignalInformation::parse_records`]. Gives nothing if none waits.
    ///
    /// # Errors
    /// There is no room for one.
    pub fn try_read_many<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], Error> {
        if buffer.len() < SignalInformation::SIZE {
            return Err(Error::invalid("read", "signalfd", "takes room for 128 bytes at least"));
        }
        let length = attempt(|| io::read(&self.0, &mut *buffer))
            .map_err(|errno| Error::system("read", "signalfd", errno))?;
        Ok(&buffer[..length.unwrap_or(0)])
    }
}
