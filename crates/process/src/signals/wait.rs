//! Signals that a thread waits for.

use std::time::{Duration, Instant};

use linux_support_base::{Errno, Error, SignalSet, signal::SignalInformation};
use linux_support_fd::BlockedSignals;

use crate::sys::signal as sys;

/// Waits until one of `signals` comes for the calling thread or its process, and takes it; `None` says that the time
/// ran out. With a time of zero it only takes one that waits.
///
/// Of the standard signals each is taken once, however often it was sent; of the real-time ones each that was sent, the
/// lowest number first. Interruptions by other signals are not seen.
///
/// # Errors
/// The calling thread doesn't block them all, or one of them can't be caught or belongs to the C library.
///
/// # Source
/// rt_sigtimedwait(2).
#[doc(alias = "sigtimedwait")]
#[doc(alias = "sigwaitinfo")]
pub fn wait_for_signal(
    signals: impl Into<SignalSet>,
    timeout: Option<Duration>,
) -> Result<Option<SignalInformation>, Error> {
    const OPERATION: &str = "wait for";
    let signals = signals.into();
    BlockedSignals::ensure(signals, OPERATION, "signals")?;
    let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        match sys::timed_wait(signals, left) {
            Ok(siginfo) => {
                return SignalInformation::parse(&siginfo)
                    .map(Some)
                    .map_err(|error| Error::malformed("siginfo", error));
            }
            Err(Errno::AGAIN) => return Ok(None),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(Error::system(OPERATION, "signals", errno)),
        }
    }
}
