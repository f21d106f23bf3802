use core::{num::NonZeroU64, time::Duration};

use linux_support_base::{Error, Requirement};
use rustix::{process, thread};

use super::failed;

/// By how much the calling thread's timers may be late, so that several can expire together.
///
/// # Errors
/// None is known.
#[doc(alias = "PR_GET_TIMERSLACK")]
pub fn timer_slack() -> Result<Duration, Error> {
    thread::current_timer_slack()
        .map(Duration::from_nanos)
        .map_err(|errno| Error::system("read", "the timer slack", errno))
}

/// Sets by how much the calling thread's timers may be late, at least 1 ns; `None` for what the thread began with, 50 µs
/// as a rule. Real-time threads have none, whatever is set.
///
/// # Errors
/// The time is 0, or has more nanoseconds than fit in 64 bits.
#[doc(alias = "PR_SET_TIMERSLACK")]
pub fn set_timer_slack(slack: Option<Duration>) -> Result<(), Error> {
    let invalid = || {
        Error::invalid(
            "set",
            "the timer slack",
            "expected 1 ns to 2^63 ns: the kernel takes 0 for the thread's default",
        )
    };
    let slack = match slack {
        None => None,
        Some(slack) => {
            let nanoseconds = u64::try_from(slack.as_nanos()).ok().filter(|time| *time <= i64::MAX as u64);
            Some(nanoseconds.and_then(NonZeroU64::new).ok_or_else(invalid)?)
        }
    };
    thread::set_current_timer_slack(slack).map_err(|errno| Error::system("set", "the timer slack", errno))
}

const IO_FLUSHER: Requirement = Requirement::none().since(5, 6).capability("CAP_SYS_RESOURCE");

/// Whether the calling thread is one that memory is written out through.
///
/// # Errors
/// The capability is missing.
///
/// # Capabilities
/// CAP_SYS_RESOURCE.
#[doc(alias = "PR_GET_IO_FLUSHER")]
pub fn is_io_flusher() -> Result<bool, Error> {
    process::is_io_flusher()
        .map_err(|errno| failed("read", "whether this thread flushes I/O", IO_FLUSHER, errno))
}

/// Tells the kernel that memory is written out through the calling thread (a file system or block device in user space),
/// so that its own memory must not wait for that; or no longer.
///
/// # Errors
/// The capability is missing.
///
/// # Capabilities
/// CAP_SYS_RESOURCE.
#[doc(alias = "PR_SET_IO_FLUSHER")]
pub fn set_io_flusher(enabled: bool) -> Result<(), Error> {
    process::configure_io_flusher_behavior(enabled)
        .map_err(|errno| failed("set", "whether this thread flushes I/O", IO_FLUSHER, errno))
}
