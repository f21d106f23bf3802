//! The signals that a thread blocks: sigprocmask(2).

use core::marker::PhantomData;

use linux_support_base::{Error, Signal, SignalSet};

use crate::sys::signal_mask::{self, Change, change_mask};

/// Signals that the calling thread blocks, or no longer blocks, until this is dropped.
///
/// A signal that is blocked waits: for a [`SignalFd`](crate::SignalFd) to be read, or for the end of this guard.
/// Each thread blocks signals for itself, and gives what it blocks to the threads and children that it starts; so
/// what a process takes from a descriptor is best blocked first of all, before there is another thread.
///
/// ```
/// use linux_support_base::{Signal, SignalSet};
/// use linux_support_fd::BlockedSignals;
///
/// let blocked = BlockedSignals::block(Signal::USR1)?;
/// assert!(BlockedSignals::of_thread()?.contains(Signal::USR1));
/// drop(blocked);
/// assert!(!BlockedSignals::of_thread()?.contains(Signal::USR1));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// sigprocmask(2).
#[derive(Debug)]
#[must_use = "the signals are blocked as long as this lives"]
#[doc(alias = "pthread_sigmask")]
pub struct BlockedSignals {
    /// What was blocked before.
    before: SignalSet,
    /// What this changed.
    changed: SignalSet,
    /// The mask is the thread's own.
    _not_send: PhantomData<*const ()>,
}

impl BlockedSignals {
    /// Blocks `signals`, beside those that are blocked already. Those of the C library never are, and the kernel
    /// blocks neither SIGKILL nor SIGSTOP.
    ///
    /// # Errors
    /// None that is known.
    pub fn block(signals: impl Into<SignalSet>) -> Result<Self, Error> {
        let signals = signals.into() - SignalSet::OF_C_LIBRARY;
        let before =
            change_mask(Change::Block, signals).map_err(|errno| Error::system("block", "signals", errno))?;
        Ok(Self { before, changed: signals - before, _not_send: PhantomData })
    }

    /// Blocks `signals` and no others: those that were blocked and are not among them come in while this lives. Those of
    /// the C library stay as they are.
    ///
    /// # Errors
    /// None that is known.
    pub fn exactly(signals: impl Into<SignalSet>) -> Result<Self, Error> {
        let failed = |errno| Error::system("block", "signals", errno);
        let before = Self::of_thread()?;
        let library = SignalSet::OF_C_LIBRARY;
        let signals = (signals.into() - library) | (before & library);
        change_mask(Change::Set, signals).map_err(failed)?;
        let changed = (signals - before) | (before - signals);
        Ok(Self { before, changed, _not_send: PhantomData })
    }

    /// Lets `signals` in that were blocked, as long as this lives.
    ///
    /// # Errors
    /// None that is known.
    pub fn unblock(signals: impl Into<SignalSet>) -> Result<Self, Error> {
        let signals = signals.into() - SignalSet::OF_C_LIBRARY;
        let before = change_mask(Change::Unblock, signals)
            .map_err(|errno| Error::system("let in", "signals", errno))?;
        Ok(Self { before, changed: signals & before, _not_send: PhantomData })
    }

    /// The signals that wait for the calling thread or for its process, since the thread blocks them.
    /// `/proc/PID/status` tells the two apart.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "sigpending")]
    pub fn pending() -> Result<SignalSet, Error> {
        signal_mask::pending().map_err(|errno| Error::system("read", "pending signals", errno))
    }

    /// Says why `signals` could not be read from a [`SignalFd`](crate::SignalFd) or waited for by the calling thread.
    /// `operation` and `object` are the error's.
    ///
    /// # Errors
    /// One of them can't be caught, belongs to the C library, or is not blocked.
    pub fn ensure(signals: SignalSet, operation: &'static str, object: &'static str) -> Result<(), Error> {
        let refused = |what: String| Err(Error::invalid(operation, object, what));
        if let Some(signal) = signals.iter().find(|signal| !signal.can_be_caught()) {
            return refused(format!("{signal} can't be caught"));
        }
        if let Some(signal) = signals.iter().find(|&signal| signal.is_of_c_library()) {
            return refused(format!("signal {} belongs to the C library", Signal::number(signal)));
        }
        match (signals - Self::of_thread()?).iter().next() {
            Some(signal) => refused(format!("{signal} is not blocked: block it first")),
            None => Ok(()),
        }
    }

    /// What the calling thread blocks.
    ///
    /// # Errors
    /// None that is known.
    pub fn of_thread() -> Result<SignalSet, Error> {
        change_mask(Change::Block, SignalSet::EMPTY)
            .map_err(|errno| Error::system("read", "blocked signals", errno))
    }

    /// Leaves them blocked, for as long as the thread lives.
    pub fn keep(self) {
        core::mem::forget(self);
    }
}

impl Drop for BlockedSignals {
    /// Blocks no longer what was not blocked before, and again what was.
    fn drop(&mut self) {
        // Sets of this length can't be refused. What waits comes in last.
        let _ = change_mask(Change::Block, self.changed & self.before);
        let _ = change_mask(Change::Unblock, self.changed - self.before);
    }
}

#[cfg(test)]
mod tests {
    use linux_support_base::Signal;

    use super::*;

    #[test]
    #[cfg_attr(user_emulation, ignore = "the emulator keeps some signals for itself")]
    fn signals_32_and_33_are_never_blocked() {
        let blocked = BlockedSignals::block(SignalSet::ALL).unwrap();
        let set = BlockedSignals::of_thread().unwrap();
        assert_eq!(set, !(SignalSet::OF_C_LIBRARY.with(Signal::KILL).with(Signal::STOP)));
        drop(blocked);
        assert_eq!(BlockedSignals::of_thread().unwrap(), SignalSet::EMPTY);
    }

    #[test]
    fn what_was_let_in_or_replaced_is_blocked_again() {
        let set = |signals: &[Signal]| signals.iter().copied().collect::<SignalSet>();
        let outer = BlockedSignals::block(set(&[Signal::USR1, Signal::WINCH])).unwrap();
        let inner = BlockedSignals::unblock(set(&[Signal::USR1, Signal::USR2])).unwrap();
        assert_eq!(BlockedSignals::of_thread().unwrap(), Signal::WINCH.into());
        drop(inner);
        assert_eq!(BlockedSignals::of_thread().unwrap(), set(&[Signal::USR1, Signal::WINCH]));
        let inner = BlockedSignals::exactly(set(&[Signal::USR1, Signal::HUP])).unwrap();
        assert_eq!(BlockedSignals::of_thread().unwrap(), set(&[Signal::USR1, Signal::HUP]));
        drop(inner);
        assert_eq!(BlockedSignals::of_thread().unwrap(), set(&[Signal::USR1, Signal::WINCH]));
        drop(outer);
        assert_eq!(BlockedSignals::of_thread().unwrap(), SignalSet::EMPTY);
    }

    #[test]
    fn an_inner_guard_leaves_the_outer_ones_signals_blocked() {
        let outer = BlockedSignals::block(Signal::USR1).unwrap();
        let inner = BlockedSignals::block([Signal::USR1, Signal::USR2].into_iter().collect::<SignalSet>());
        drop(inner.unwrap());
        assert_eq!(BlockedSignals::of_thread().unwrap(), Signal::USR1.into());
        drop(outer);
    }
}
