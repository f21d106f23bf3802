//! Answering the calls of others.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use linux_support_base::{Errno, Error, Pid, Reason};
use linux_support_fd::DescriptorKind;
use rustix::{
    event::{PollFd, PollFlags, poll},
    fs::{OFlags, fcntl_getfl},
    io::{FdFlags, fcntl_setfd},
};

use super::Call;
use crate::sys::seccomp::{
    ROOM, add_descriptor, is_valid, notification_size, receive, send, wake_synchronously,
};

/// Where the calls of a filter's [`Action::Notify`](super::Action::Notify) come in. It can be waited for with epoll,
/// and be handed to another process, as every descriptor.
///
/// # Source
/// seccomp_unotify(2).
#[derive(Debug)]
#[doc(alias = "SECCOMP_RET_USER_NOTIF")]
pub struct Listener {
    descriptor: OwnedFd,
    unanswered: Errno,
}

impl Listener {
    pub(super) fn new(descriptor: OwnedFd) -> Self {
        Self { descriptor, unanswered: Errno::PERM }
    }

    /// Calls that are taken and dropped without an answer fail with this; with `EPERM` unless it is set.
    #[must_use]
    pub fn with_unanswered(self, unanswered: Errno) -> Self {
        Self { unanswered, ..self }
    }

    /// Waits for a call and takes it; `None` once all that were under the filter have ended.
    ///
    /// If several threads take calls from one listener, one may wait although the last of the processes has ended.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "SECCOMP_IOCTL_NOTIF_RECV")]
    pub fn receive(&self) -> Result<Option<Question<'_>>, Error> {
        let failed = |errno| Error::system("receive from", "seccomp listener", errno);
        loop {
            let mut wanted = [PollFd::new(&self.descriptor, PollFlags::IN)];
            match poll(&mut wanted, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(failed(errno)),
            }
            let events = wanted[0].revents();
            if events.contains(PollFlags::IN) {
                match receive(self.descriptor.as_fd()) {
                    Ok(asked) => {
                        let (id, thread, call) = (asked.id, asked.thread, asked.call);
                        return Ok(Some(Question { listener: self, id, thread, call, answered: false }));
                    }
                    // It was interrupted, or the one who asked has ended before it could be taken.
                    Err(Errno::NOENT | Errno::INTR) => {}
                    Err(errno) => return Err(failed(errno)),
                }
            } else if events.contains(PollFlags::HUP) {
                return Ok(None);
            }
        }
    }

    /// The thread that asks and the one that answers are woken on one CPU, one after the other: faster where each
    /// waits for the other.
    ///
    /// # Errors
    /// This kernel doesn't know it.
    ///
    /// # Kernel
    /// Since 6.6.
    #[doc(alias = "SECCOMP_IOCTL_NOTIF_SET_FLAGS")]
    pub fn wake_synchronously(&self) -> Result<(), Error> {
        wake_synchronously(self.descriptor.as_fd())
            .map_err(|errno| Error::system("set the wake-up of", "seccomp listener", errno))
    }
}

/// Sees to it that the kernel's records are no longer than what they are received into.
pub(super) fn ensure_room(failed: impl FnOnce(Errno) -> Error) -> Result<(), Error> {
    if notification_size().map_err(failed)? > ROOM {
        return Err(Error::invalid("receive from", "seccomp listener", "a record of at most 512 bytes"));
    }
    Ok(())
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl From<Listener> for OwnedFd {
    fn from(listener: Listener) -> Self {
        listener.descriptor
    }
}

impl TryFrom<OwnedFd> for Listener {
    type Error = Error;

    /// Takes a descriptor that was received from another process, and makes it close-on-exec.
    ///
    /// # Errors
    /// It is of another kind or open for nothing but its path, or `/proc` is not there to tell; the kernel's records are longer than there is room for here,
    /// which is six times as much as they have today. It is closed then.
    fn try_from(descriptor: OwnedFd) -> Result<Self, Error> {
        let failed = |errno| Error::system("take", "seccomp listener", errno);
        let kind = DescriptorKind::of(&descriptor)?;
        let is_place = fcntl_getfl(&descriptor).map_err(failed)?.contains(OFlags::PATH);
        if kind != DescriptorKind::SeccompListener || is_place {
            let object = format!("descriptor {}", descriptor.as_raw_fd());
            let found =
                if is_place { format!("{kind} open for nothing but its path") } else { kind.to_string() };
            return Err(Error::new(
                "take",
                object,
                Reason::OtherDescriptor { expected: "seccomp listener", found: found.into() },
            ));
        }
        ensure_room(failed)?;
        fcntl_setfd(&descriptor, FdFlags::CLOEXEC).map_err(failed)?;
        Ok(Self::new(descriptor))
    }
}

/// A call that waits for an answer. Dropped, it fails with the listener's error for that.
///
/// What its arguments point to can be read from the thread's memory; but the thread, or another that shares it, may
/// change it at any moment, also after the kernel was told to go on. So this is no way to allow some calls and refuse
/// others by what they point to: make the call for the thread, and answer with what it gave. And the number of the
/// thread may be another's by the time its memory is opened: ask [`is_waiting`](Self::is_waiting) after that.
#[derive(Debug)]
#[must_use = "dropped, the call fails"]
pub struct Question<'l> {
    listener: &'l Listener,
    id: u64,
    thread: Option<Pid>,
    call: Call,
    answered: bool,
}

impl Question<'_> {
    /// The thread that asks; `None` if it is of a namespace of process numbers that can't be seen from here.
    #[must_use]
    pub const fn thread(&self) -> Option<Pid> {
        self.thread
    }

    /// What it asks for.
    #[must_use]
    pub const fn call(&self) -> &Call {
        &self.call
    }

    /// Whether it still waits: it has neither ended nor been interrupted.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "SECCOMP_IOCTL_NOTIF_ID_VALID")]
    pub fn is_waiting(&self) -> Result<bool, Error> {
        is_valid(self.listener.as_fd(), self.id)
            .map_err(|errno| Error::system("ask about", "a system call", errno))
    }

    /// The call gives this, as if it had been made.
    ///
    /// # Errors
    /// The thread no longer waits ([`Reason::Gone`]).
    #[doc(alias = "SECCOMP_IOCTL_NOTIF_SEND")]
    pub fn give(self, value: i64) -> Result<(), Error> {
        self.answer(Ok(value), 0)
    }

    /// The call fails with this error.
    ///
    /// # Errors
    /// The thread no longer waits ([`Reason::Gone`]).
    pub fn fail(self, errno: Errno) -> Result<(), Error> {
        self.answer(Err(errno), 0)
    }

    /// The kernel makes the call, with whatever is in the thread's memory by then.
    ///
    /// # Errors
    /// The thread no longer waits ([`Reason::Gone`]).
    #[doc(alias = "SECCOMP_USER_NOTIF_FLAG_CONTINUE")]
    pub fn proceed(self) -> Result<(), Error> {
        self.answer(Ok(0), libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE)
    }

    fn answer(mut self, answer: Result<i64, Errno>, flags: libc::c_ulong) -> Result<(), Error> {
        self.answered = true;
        send(self.listener.as_fd(), self.id, answer, flags).map_err(gone)
    }

    /// Opens a file of the caller's in the process that asks, at a free number or at `number`, in place of what is
    /// there. Gives the number.
    ///
    /// # Errors
    /// The thread no longer waits ([`Reason::Gone`]), or its process has no number left.
    #[doc(alias = "SECCOMP_IOCTL_NOTIF_ADDFD")]
    pub fn open_in_process(
        &self,
        descriptor: impl AsFd,
        number: Option<RawFd>,
        close_on_exec: bool,
    ) -> Result<RawFd, Error> {
        self.add(descriptor.as_fd(), number, close_on_exec, false).map_err(gone)
    }

    /// As [`open_in_process`](Self::open_in_process) at a free number, which the call then gives: both at once.
    ///
    /// # Errors
    /// As there; the call then fails as if the question had been dropped.
    ///
    /// # Kernel
    /// Since 5.14.
    #[doc(alias = "SECCOMP_ADDFD_FLAG_SEND")]
    pub fn give_descriptor(mut self, descriptor: impl AsFd, close_on_exec: bool) -> Result<(), Error> {
        self.add(descriptor.as_fd(), None, close_on_exec, true).map_err(gone)?;
        self.answered = true;
        Ok(())
    }

    fn add(
        &self,
        descriptor: BorrowedFd<'_>,
        number: Option<RawFd>,
        close_on_exec: bool,
        answers: bool,
    ) -> Result<RawFd, Errno> {
        loop {
            match add_descriptor(self.listener.as_fd(), self.id, descriptor, number, close_on_exec, answers) {
                Err(Errno::INTR) => {}
                result => return result,
            }
        }
    }
}

#[cold]
fn gone(errno: Errno) -> Error {
    match errno {
        Errno::NOENT | Errno::INPROGRESS => Error::new("answer", "a system call", Reason::Gone),
        errno => Error::system("answer", "a system call", errno),
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        if !self.answered {
            // One who no longer waits needs no answer.
            let _ = send(self.listener.as_fd(), self.id, Err(self.listener.unanswered), 0);
        }
    }
}
