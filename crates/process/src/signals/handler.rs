//! Handlers of signals.

use bitflags::bitflags;
use libc::c_int;
use linux_support_base::{Error, Signal, SignalSet};

use super::{
    Reaction,
    disposition::{check, failed},
};
use crate::sys::signal::{Place, install};

bitflags! {
    /// How a handler runs.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct HandlerFlags: c_int {
        /// System calls that it interrupts go on after it, where they can.
        #[doc(alias = "SA_RESTART")]
        const RESTART = libc::SA_RESTART;
        /// It runs on the thread's [`AlternateStack`](super::AlternateStack), if there is one.
        #[doc(alias = "SA_ONSTACK")]
        const ALTERNATE_STACK = libc::SA_ONSTACK;
        /// Of SIGCHLD: not when a child stops or goes on.
        #[doc(alias = "SA_NOCLDSTOP")]
        const NO_CHILD_STOP = libc::SA_NOCLDSTOP;
        /// Of SIGCHLD: children that end are not waited for.
        #[doc(alias = "SA_NOCLDWAIT")]
        const NO_CHILD_WAIT = libc::SA_NOCLDWAIT;
        /// The signal may interrupt its own handler.
        #[doc(alias = "SA_NODEFER")]
        const NO_DEFER = libc::SA_NODEFER;
        /// It runs once; then the signal does what it does by default.
        #[doc(alias = "SA_RESETHAND")]
        const ONCE = libc::SA_RESETHAND;
        /// The address of a fault keeps the tag in its upper bits, on Arm.
        #[doc(alias = "SA_EXPOSE_TAGBITS")]
        const TAGGED_ADDRESS = 0x800;
    }
}

impl Default for HandlerFlags {
    /// System calls go on, and the alternate stack is used.
    fn default() -> Self {
        Self::RESTART | Self::ALTERNATE_STACK
    }
}

/// A handler to be installed.
///
/// What was there before runs after it, unless it is [not to](Self::replacing): Rust's runtime has handlers for SIGSEGV
/// and SIGBUS, which tell of a stack that has run over. A fault of the thread itself that neither repairs ends the
/// process as it would have without handlers, since the instruction would only meet it again.
///
/// ```
/// use core::sync::atomic::{AtomicBool, Ordering};
/// use linux_support_base::Signal;
/// use linux_support_process::signals::{Reaction, SignalHandler, SignalTarget};
///
/// static STOP: AtomicBool = AtomicBool::new(false);
/// let handler = SignalHandler::new(Reaction::raise(&STOP)).install(Signal::TERM)?;
/// SignalTarget::calling_thread().send(Signal::TERM)?;
/// assert!(STOP.load(Ordering::Acquire));
/// handler.keep();
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// sigaction(2).
#[derive(Debug)]
#[must_use = "it is to be installed"]
pub struct SignalHandler {
    reaction: Reaction,
    flags: HandlerFlags,
    blocked: SignalSet,
    chained: bool,
    ends: bool,
}

impl SignalHandler {
    /// One that does this.
    pub fn new(reaction: Reaction) -> Self {
        let ends = reaction.is_fatal();
        let blocked = if ends { SignalSet::ALL } else { SignalSet::EMPTY };
        Self { reaction, flags: HandlerFlags::default(), blocked, chained: true, ends }
    }

    /// Runs so.
    pub fn flags(mut self, flags: HandlerFlags) -> Self {
        self.flags = flags;
        self
    }

    /// Blocks these signals while it runs, beside its own. A report blocks all.
    pub fn blocking(mut self, signals: impl Into<SignalSet>) -> Self {
        self.blocked |= signals.into();
        self
    }

    /// Runs in place of the handler before, and not with it.
    pub fn replacing(mut self) -> Self {
        self.chained = false;
        self
    }

    /// After it, and after the one before, the signal does what it does by default: the process ends as if there was no
    /// handler, with the same status and a core dump where it has one.
    pub fn ending(mut self) -> Self {
        self.ends = true;
        self
    }

    /// Installs it for `signal`, until what is given back is dropped.
    ///
    /// # Errors
    /// The signal can't be caught, or belongs to the C library; the process is to end by a signal that does not end it.
    pub fn install(self, signal: Signal) -> Result<InstalledHandler, Error> {
        const OPERATION: &str = "handle";
        check(OPERATION, signal, true)?;
        if self.ends && !signal.default_action().ends_process() {
            return Err(Error::invalid(OPERATION, signal.to_string(), "it does not end the process"));
        }
        let blocked = self.blocked - SignalSet::OF_C_LIBRARY;
        install(signal, self.reaction, self.flags.bits(), blocked, self.chained, self.ends)
            .map(|place| InstalledHandler { signal, place })
            .map_err(|errno| failed(OPERATION, signal, errno))
    }
}

/// A handler that is installed. When it is dropped, the action before holds again, and what the handler held (its
/// descriptor) is closed once no thread runs it; but it stays for ever if a later handler of the same signal is still
/// there, or a handler runs on for longer than 0.2 seconds.
#[derive(Debug)]
#[must_use = "the handler is there as long as this lives"]
pub struct InstalledHandler {
    signal: Signal,
    place: Place,
}

impl InstalledHandler {
    /// Whose it is.
    #[must_use]
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// Leaves it installed for ever.
    pub fn keep(self) {
        core::mem::forget(self.place);
    }
}
