//! Waiting until a descriptor is ready, for those whose own calls never wait.

use std::{
    os::fd::AsFd,
    time::{Duration, Instant},
};

use linux_support_base::{Errno, Error};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The time-out as the kernel takes it; one beyond its range is none.
pub(crate) fn timespec(timeout: Duration) -> Option<Timespec> {
    Some(Timespec { tv_sec: timeout.as_secs().try_into().ok()?, tv_nsec: timeout.subsec_nanos().into() })
}

/// Waits until `descriptor` is ready for `wanted`, has an error or was hung up. `false` says that the time ran out.
///
/// Interruptions are not seen.
pub(crate) fn wait_until(
    descriptor: impl AsFd,
    wanted: PollFlags,
    timeout: Option<Duration>,
) -> Result<bool, Errno> {
    let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        match poll(&mut [PollFd::new(&descriptor, wanted)], left.and_then(timespec).as_ref()) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Does what `attempt` does as soon as it no longer says "not now".
pub(crate) fn when_readable<T>(
    descriptor: impl AsFd,
    operation: &'static str,
    object: &'static str,
    mut attempt: impl FnMut() -> Result<Option<T>, Error>,
) -> Result<T, Error> {
    loop {
        if let Some(value) = attempt()? {
            return Ok(value);
        }
        wait_until(&descriptor, PollFlags::IN, None)
            .map_err(|errno| Error::system(operation, object, errno))?;
    }
}

/// Tries again as long as a signal interrupts, and says `None` for "not now".
pub(crate) fn attempt<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<Option<T>, Errno> {
    loop {
        match call() {
            Ok(value) => return Ok(Some(value)),
            Err(Errno::AGAIN) => return Ok(None),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}
