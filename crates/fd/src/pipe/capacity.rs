//! How much a pipe holds.

use std::os::fd::AsFd;

use linux_support_base::{Bytes, Errno, Error, Machine};
use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};

use super::PipeLimits;

/// The most that any pipe may hold: the kernel counts in 32 bits.
const MOST: u64 = 1 << 31;

pub(super) fn capacity(pipe: impl AsFd) -> Result<Bytes, Error> {
    fcntl_getpipe_size(pipe)
        .map(|size| Bytes::new(size as u64))
        .map_err(|errno| Error::system("read the capacity of", "pipe", errno))
}

pub(super) fn set_capacity(pipe: impl AsFd, wanted: Bytes) -> Result<Bytes, Error> {
    let pipe = pipe.as_fd();
    // The kernel would look at the lower half of the number alone.
    let set = match wanted.get() {
        size if size > MOST => Err(Errno::INVAL),
        size => fcntl_setpipe_size(pipe, size as usize),
    };
    let errno = match set {
        Ok(_) => return capacity(pipe),
        Err(errno) => errno,
    };
    Err(match errno {
        Errno::INVAL => Error::invalid(
            "set the capacity of",
            "pipe",
            format!("{wanted} is above 2 GiB, the most there is"),
        ),
        Errno::PERM => refused(wanted),
        errno => Error::system("set the capacity of", "pipe", errno),
    })
}

/// Which of the limits refused it, as far as they tell.
#[cold]
fn refused(wanted: Bytes) -> Error {
    let limits = Machine::live().and_then(|machine| PipeLimits::read(&machine));
    let accepted = match limits {
        Ok(limits) if wanted > limits.maximum => format!(
            "{wanted} is above the {} of {}: CAP_SYS_RESOURCE may pass it",
            limits.maximum,
            PipeLimits::MAXIMUM
        ),
        Ok(limits) => format!(
            "{wanted} more than all pipes of the user may hold: {} pages by {}, or {} by {}; CAP_SYS_RESOURCE may \
             pass them",
            limits.user_pages_soft,
            PipeLimits::USER_PAGES_SOFT,
            limits.user_pages_hard,
            PipeLimits::USER_PAGES_HARD
        ),
        Err(_) => format!("{wanted} is above a limit: see {}", PipeLimits::MAXIMUM),
    };
    Error::invalid("set the capacity of", "pipe", accepted)
}
