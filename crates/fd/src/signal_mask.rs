//! The signals that a thread blocks: sigprocmask(2).

use core::marker::PhantomData;

use linux_support_base::{Error, SignalSet};

use crate::sys::signal_mask::{Change, change_mask};

/// Signals that the calling thread blocks, until this is dropped.
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
    added: SignalSet,
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
        Ok(Self { added: signals - before, _not_send: PhantomData })
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
    /// Blocks no longer what was not blocked before.
    fn drop(&mut self) {
        // A set of this length can't be refused.
        let _ = change_mask(Change::Unblock, self.added);
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
    fn an_inner_guard_leaves_the_outer_ones_signals_blocked() {
        let outer = BlockedSignals::block(Signal::USR1).unwrap();
        let inner = BlockedSignals::block([Signal::USR1, Signal::USR2].into_iter().collect::<SignalSet>());
        drop(inner.unwrap());
        assert_eq!(BlockedSignals::of_thread().unwrap(), Signal::USR1.into());
        drop(outer);
    }
}
