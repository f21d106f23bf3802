//! Waiting for many descriptors: epoll(7).

mod busy_poll;
mod events;
mod interest;
mod watches;

use core::marker::PhantomData;
use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
    time::{Duration, Instant},
};

pub use busy_poll::BusyPoll;
pub use events::{Event, Events, Token};
pub use interest::{Delivery, Interest, Readiness, Trigger};
use linux_support_base::{Errno, Error, SignalSet};
use rustix::event::epoll;
pub use watches::Watched;

use crate::{Descriptor, DescriptorKind, descriptor::adopt, readiness::timespec, sys};

/// Waits for many descriptors, each known by a token of the program's choice.
///
/// It watches open files, not descriptors: a file that is open through another descriptor too, as after
/// [`EventFd::try_clone`](crate::EventFd::try_clone) or `fork`, is watched on after the one that was added is closed.
/// [Delete](Self::delete) it before closing, or let a [`Reactor`](crate::Reactor) do it.
///
/// ```
/// use std::time::Duration;
/// use linux_support_fd::{Epoll, EventFd, Events, Interest, Readiness};
///
/// let epoll = Epoll::new()?;
/// let wake = EventFd::counter(0)?;
/// epoll.add(&wake, Interest::READABLE, 7_u64)?;
///
/// let mut events = Events::with_capacity(16);
/// epoll.wait(&mut events, Some(Duration::from_micros(50)))?;
/// assert!(events.is_empty());
///
/// wake.write(1)?;
/// epoll.wait(&mut events, None)?;
/// let event = events.iter().next().unwrap();
/// assert_eq!((event.token, event.readiness), (7, Readiness::READABLE));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// epoll(7).
#[derive(Debug)]
#[doc(alias = "epoll_create1")]
pub struct Epoll<T = u64> {
    descriptor: OwnedFd,
    token: PhantomData<fn(T) -> T>,
}

impl<T: Token> Epoll<T> {
    /// One that watches nothing yet.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub fn new() -> Result<Self, Error> {
        epoll::create(epoll::CreateFlags::CLOEXEC)
            .map(Self::owning)
            .map_err(|errno| Error::system("create", "epoll", errno))
    }

    const fn owning(descriptor: OwnedFd) -> Self {
        Self { descriptor, token: PhantomData }
    }

    /// Watches `source`, which it is told of with `token`.
    ///
    /// # Errors
    /// `source` is watched already, is of a kind that is always ready (a regular file, a directory), or is an epoll
    /// that watches this one; the user watches too many (`/proc/sys/fs/epoll/max_user_watches`).
    #[doc(alias = "EPOLL_CTL_ADD")]
    pub fn add(&self, source: impl AsFd, interest: Interest, token: T) -> Result<(), Error> {
        let (flags, data) = (Self::flags(interest)?, epoll::EventData::new_u64(token.into_bits()));
        epoll::add(&self.descriptor, &source, data, flags).map_err(|errno| refused("watch", &source, errno))
    }

    /// Watches `source`, which is watched already, for something else.
    ///
    /// # Errors
    /// `source` is not watched, or the old or the new interest is [exclusive](Delivery::Exclusive).
    #[doc(alias = "EPOLL_CTL_MOD")]
    pub fn modify(&self, source: impl AsFd, interest: Interest, token: T) -> Result<(), Error> {
        let (flags, data) = (Self::flags(interest)?, epoll::EventData::new_u64(token.into_bits()));
        epoll::modify(&self.descriptor, &source, data, flags)
            .map_err(|errno| refused("modify the watch on", &source, errno))
    }

    /// Watches `source` no longer.
    ///
    /// # Errors
    /// `source` is not watched.
    #[doc(alias = "EPOLL_CTL_DEL")]
    pub fn delete(&self, source: impl AsFd) -> Result<(), Error> {
        epoll::delete(&self.descriptor, &source).map_err(|errno| refused("end the watch on", &source, errno))
    }

    /// Waits until something is ready, or so long (in nanoseconds, as exact as the machine's timers), and gives the
    /// number of `events`. Interruptions by signals are not seen.
    ///
    /// # Errors
    /// None that is known.
    #[inline]
    #[doc(alias = "epoll_wait")]
    pub fn wait(&self, events: &mut Events<T>, timeout: Option<Duration>) -> Result<usize, Error> {
        let first = timeout.and_then(timespec);
        match sys::epoll::wait(self.as_fd(), events.room(), first.as_ref(), None) {
            Ok(ready) => {
                events.set_ready(ready);
                Ok(ready)
            }
            Err(Errno::INTR) => self.wait_on(events, timeout),
            Err(errno) => Err(Error::system("wait for", "epoll", errno)),
        }
    }

    /// Goes on waiting after an interruption, which as good as never came late.
    #[cold]
    fn wait_on(&self, events: &mut Events<T>, timeout: Option<Duration>) -> Result<usize, Error> {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let left = end.map(|end| end.saturating_duration_since(Instant::now())).and_then(timespec);
            match sys::epoll::wait(self.as_fd(), events.room(), left.as_ref(), None) {
                Ok(ready) => {
                    events.set_ready(ready);
                    return Ok(ready);
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Error::system("wait for", "epoll", errno)),
            }
        }
    }

    /// As [`wait`](Self::wait), while the calling thread blocks the signals `blocked` and no others: so a signal that
    /// is blocked at other times is handled here, and no moment is left in which it could be missed.
    ///
    /// # Errors
    /// A signal was handled: [`Reason::System`](linux_support_base::Reason::System) with [`Errno::INTR`].
    #[doc(alias = "epoll_pwait2")]
    pub fn wait_blocking_signals(
        &self,
        events: &mut Events<T>,
        timeout: Option<Duration>,
        blocked: SignalSet,
    ) -> Result<usize, Error> {
        let timeout = timeout.and_then(timespec);
        let blocked = blocked - SignalSet::OF_C_LIBRARY;
        let ready = sys::epoll::wait(self.as_fd(), events.room(), timeout.as_ref(), Some(blocked))
            .map_err(|errno| Error::system("wait for", "epoll", errno))?;
        events.set_ready(ready);
        Ok(ready)
    }

    fn flags(interest: Interest) -> Result<epoll::EventFlags, Error> {
        Ok(epoll::EventFlags::from_bits_retain(interest.bits()?))
    }
}

/// Why a descriptor can't be watched, in words where the kernel's number misleads.
#[cold]
fn refused(operation: &'static str, source: &impl AsFd, errno: Errno) -> Error {
    let object = format!("descriptor {}", source.as_fd().as_raw_fd());
    let accepted = match errno {
        Errno::PERM => "is always ready, as regular files and directories are: epoll doesn't take it",
        Errno::EXIST => "is watched already: modify the watch",
        Errno::NOENT => "is not watched",
        Errno::LOOP => "is an epoll that watches this one, or nested too deep",
        Errno::NOSPC => {
            "would be one more than the user may watch: raise /proc/sys/fs/epoll/max_user_watches"
        }
        Errno::INVAL => "is this epoll itself, or its watch is exclusive and can't be modified",
        errno => return Error::system(operation, object.as_str(), errno),
    };
    Error::invalid(operation, object.as_str(), accepted)
}

impl<T> Descriptor for Epoll<T> {
    const NAME: &'static str = "epoll";
}

impl<T> AsFd for Epoll<T> {
    #[inline]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl<T> AsRawFd for Epoll<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl<T> From<Epoll<T>> for OwnedFd {
    fn from(epoll: Epoll<T>) -> Self {
        epoll.descriptor
    }
}

impl<T: Token> TryFrom<OwnedFd> for Epoll<T> {
    type Error = Error;

    /// Takes an epoll and makes it close-on-exec. What it watches already is known by the tokens that were given.
    ///
    /// # Errors
    /// It is of another kind, or `/proc` is not there to tell. The descriptor is closed then.
    fn try_from(descriptor: OwnedFd) -> Result<Self, Error> {
        match DescriptorKind::of(&descriptor)? {
            DescriptorKind::Epoll => {
                adopt(&descriptor, "epoll", false)?;
                Ok(Self::owning(descriptor))
            }
            kind => Err(kind.is_no("epoll", &descriptor)),
        }
    }
}
