//! Counters to wake others with: eventfd(2).

use std::{os::fd::OwnedFd, time::Duration};

use linux_support_base::{Errno, Error};
use rustix::{
    event::{EventfdFlags, PollFlags, eventfd},
    io,
};

use crate::{
    descriptor::descriptor,
    readiness::{attempt, wait_until, when_readable},
};

/// A counter of 64 bits in the kernel, which wakes who waits for it to be above 0.
///
/// ```
/// use linux_support_fd::EventFd;
///
/// let wake = EventFd::counter(0)?;
/// wake.write(2)?;
/// wake.write(3)?;
/// assert_eq!(wake.read()?, 5);
/// assert_eq!(wake.try_read()?, None);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// eventfd(2).
#[derive(Debug)]
#[doc(alias = "eventfd2")]
pub struct EventFd(OwnedFd);

descriptor!(EventFd, "eventfd", crate::DescriptorKind::EventFd, nonblocking: true);

impl EventFd {
    /// The most that the counter can hold.
    pub const MAXIMUM: u64 = u64::MAX - 1;

    /// A counter that a read takes whole and sets to 0.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub fn counter(initial: u32) -> Result<Self, Error> {
        Self::new(initial, EventfdFlags::empty())
    }

    /// A semaphore: a read takes 1.
    ///
    /// # Errors
    /// There is no descriptor left.
    #[doc(alias = "EFD_SEMAPHORE")]
    pub fn semaphore(initial: u32) -> Result<Self, Error> {
        Self::new(initial, EventfdFlags::SEMAPHORE)
    }

    fn new(initial: u32, flags: EventfdFlags) -> Result<Self, Error> {
        eventfd(initial, flags | EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map(Self)
            .map_err(|errno| Error::system("create", "eventfd", errno))
    }

    /// Takes what the counter holds, or 1 from a semaphore; waits for it to be above 0.
    ///
    /// # Errors
    /// None that is known.
    pub fn read(&self) -> Result<u64, Error> {
        when_readable(self, "read", "eventfd", || self.try_read())
    }

    /// Takes what the counter holds, or 1 from a semaphore; `None` if it is 0.
    ///
    /// # Errors
    /// None that is known.
    #[inline]
    pub fn try_read(&self) -> Result<Option<u64>, Error> {
        let mut value = [0; 8];
        match attempt(|| io::read(&self.0, &mut value)) {
            Ok(Some(8)) => Ok(Some(u64::from_ne_bytes(value))),
            Ok(None) => Ok(None),
            Ok(Some(_)) => Err(Error::system("read", "eventfd", Errno::IO)),
            Err(errno) => Err(Error::system("read", "eventfd", errno)),
        }
    }

    /// Adds `value` to the counter; waits for readers where it would pass [`MAXIMUM`](Self::MAXIMUM).
    ///
    /// # Errors
    /// `value` is above that maximum.
    pub fn write(&self, value: u64) -> Result<(), Error> {
        let mut pause = Duration::ZERO;
        while !self.try_write(value)? {
            // The kernel says that there is room as soon as 1 fits: a larger value has to ask again now and then.
            std::thread::sleep(pause);
            pause = Duration::from_millis(1);
            wait_until(self, PollFlags::OUT, None)
                .map_err(|errno| Error::system("write", "eventfd", errno))?;
        }
        Ok(())
    }

    /// Adds `value` to the counter, if it stays within [`MAXIMUM`](Self::MAXIMUM); says whether it did.
    ///
    /// # Errors
    /// `value` is above that maximum.
    #[inline]
    pub fn try_write(&self, value: u64) -> Result<bool, Error> {
        match attempt(|| io::write(&self.0, &value.to_ne_bytes())) {
            Ok(done) => Ok(done.is_some()),
            Err(Errno::INVAL) if value > Self::MAXIMUM => {
                Err(Error::invalid("write", "eventfd", "takes numbers up to 18446744073709551614"))
            }
            Err(errno) => Err(Error::system("write", "eventfd", errno)),
        }
    }
}
