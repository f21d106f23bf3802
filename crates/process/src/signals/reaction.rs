//! What a handler does.

use core::{
    fmt,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use linux_support_base::{Error, signal::SignalInformation};
use linux_support_fd::EventFd;
use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    io::{Errno, write},
};

use super::FatalReport;
use crate::sys::signal::{Interruption, Registers};

/// What a handler does: one of the few things that can be done at any instruction.
///
/// An interrupted thread may hold the allocator's lock, or be half-way through a change of anything; so a handler may
/// call almost nothing (signal-safety(7)). These reactions are made of atomic numbers and of system calls alone.
/// Anything else is behind the unsafe [`call`](Self::call).
pub struct Reaction(Kind);

enum Kind {
    Nothing,
    Count(&'static AtomicU64),
    Raise(&'static AtomicBool),
    Wake(EventFd),
    Forward(OwnedFd),
    Report(Box<FatalReport>),
    Call(fn(&SignalInformation, &Registers)),
}

impl Reaction {
    /// Nothing, but that system calls are interrupted: with [`HandlerFlags`](super::HandlerFlags) without `RESTART`.
    #[must_use]
    pub const fn nothing() -> Self {
        Self(Kind::Nothing)
    }

    /// Adds 1 to a number.
    #[must_use]
    pub const fn count(number: &'static AtomicU64) -> Self {
        Self(Kind::Count(number))
    }

    /// Sets a flag to `true`.
    #[must_use]
    pub const fn raise(flag: &'static AtomicBool) -> Self {
        Self(Kind::Raise(flag))
    }

    /// Adds 1 to an event descriptor, which wakes whoever waits for it.
    #[must_use]
    pub const fn wake(event: EventFd) -> Self {
        Self(Kind::Wake(event))
    }

    /// Writes the 128 bytes that the kernel tells of the signal to a pipe or socket, for
    /// [`SignalInformation::parse`] to read them on its other end. The descriptor is set to be non-blocking; what no
    /// longer fits is lost.
    ///
    /// # Errors
    /// The descriptor's flags can't be set.
    pub fn forward(descriptor: impl Into<OwnedFd>) -> Result<Self, Error> {
        let descriptor = descriptor.into();
        fcntl_getfl(&descriptor)
            .and_then(|flags| fcntl_setfl(&descriptor, flags | OFlags::NONBLOCK))
            .map_err(|errno| Error::system("set non-blocking", "descriptor for signals", errno))?;
        Ok(Self(Kind::Forward(descriptor)))
    }

    /// Writes a report; then the signal does what it does by default, which ends the process.
    #[must_use]
    pub fn report(report: FatalReport) -> Self {
        Self(Kind::Report(Box::new(report)))
    }

    pub(crate) const fn of_function(function: fn(&SignalInformation, &Registers)) -> Self {
        Self(Kind::Call(function))
    }

    /// Whether the process has to end after it.
    pub(super) const fn is_fatal(&self) -> bool {
        matches!(self.0, Kind::Report(_))
    }

    /// Whether it may have repaired what a fault was about.
    pub(crate) const fn may_repair(&self) -> bool {
        matches!(self.0, Kind::Call(_))
    }

    /// Does it. Neither allocates nor locks.
    pub(crate) fn react(&self, interruption: &Interruption<'_>) {
        match &self.0 {
            Kind::Nothing => {}
            Kind::Count(number) => {
                number.fetch_add(1, Ordering::Relaxed);
            }
            // What was written before the signal was sent is seen by whoever sees the flag.
            Kind::Raise(flag) => flag.store(true, Ordering::Release),
            Kind::Wake(event) => put(event.as_fd(), &1_u64.to_ne_bytes()),
            Kind::Forward(descriptor) => put(descriptor.as_fd(), interruption.siginfo),
            Kind::Report(report) => {
                if let Ok(information) = SignalInformation::parse(interruption.siginfo) {
                    report.write(&information, &interruption.registers());
                }
            }
            Kind::Call(function) => {
                if let Ok(information) = SignalInformation::parse(interruption.siginfo) {
                    function(&information, &interruption.registers());
                }
            }
        }
    }
}

/// Writes what a pipe, a socket or an event descriptor takes in one piece or not at all.
fn put(descriptor: BorrowedFd<'_>, bytes: &[u8]) {
    // There is nobody to tell of any other error.
    while write(descriptor, bytes) == Err(Errno::INTR) {}
}

impl fmt::Debug for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.0 {
            Kind::Nothing => "nothing",
            Kind::Count(_) => "count",
            Kind::Raise(_) => "raise",
            Kind::Wake(_) => "wake",
            Kind::Forward(_) => "forward",
            Kind::Report(_) => "report",
            Kind::Call(_) => "call",
        };
        write!(f, "Reaction({name})")
    }
}
