//! Leases: being told before others open or change a file.

use core::fmt;
use std::os::fd::AsFd;

use linux_raw_sys::general::{F_RDLCK, F_UNLCK, F_WRLCK};
use linux_support_base::{Errno, Error, Reason, Signal};

use crate::sys;

/// What a lease guards against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeaseMode {
    /// The file's being opened for writing, or cut. Needs a descriptor that is open for reading alone.
    Read,
    /// The file's being opened at all, or cut. Needs that no other descriptor of the file is open.
    Write,
}

/// What has become of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// It is held.
    Held,
    /// Somebody wants to read: it is to become one for reading, or to end.
    BreakingToRead,
    /// It is to end; or was ended by force, after the seconds in `/proc/sys/fs/lease-break-time`.
    BreakingToEnd,
}

/// A lease on a file, held until this is dropped: whoever would break it is held up until its holder gives way.
///
/// The holder is told by a signal, so that signal is best blocked first, with
/// [`BlockedSignals`](crate::BlockedSignals), and taken from a descriptor; SIGIO, the kernel's default, ends the process
/// otherwise. A signal's record has the descriptor's number.
///
/// ```
/// use linux_support_base::Signal;
/// use linux_support_fd::lock::{Lease, LeaseMode, LeaseState};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("file");
/// std::fs::write(&path, "contents").unwrap();
/// let file = std::fs::File::open(&path).unwrap();
/// let lease = Lease::take(&file, LeaseMode::Read, Signal::URG)?;
/// assert_eq!(lease.state()?, LeaseState::Held);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Capabilities
/// `CAP_LEASE` for files of other users.
///
/// # Source
/// fcntl(2), "Leases".
#[must_use = "the lease is held as long as this lives"]
#[doc(alias = "F_SETLEASE")]
pub struct Lease<F: AsFd> {
    file: F,
    mode: Option<LeaseMode>,
}

impl<F: AsFd> Lease<F> {
    /// Takes a lease, of whose break `signal` will tell the process.
    ///
    /// # Errors
    /// The file is open elsewhere in a way that the lease guards against (`EAGAIN`); it is another user's; its file
    /// system has no leases, or it is no regular file (`EINVAL`).
    pub fn take(file: F, mode: LeaseMode, signal: Signal) -> Result<Self, Error> {
        let failed = |errno| failed("lease", errno);
        sys::lock::set_signal(file.as_fd(), signal.number()).map_err(failed)?;
        sys::lock::set_lease(file.as_fd(), mode.number()).map_err(failed)?;
        Ok(Self { file, mode: Some(mode) })
    }

    /// Has the signal sent to the calling thread alone.
    ///
    /// # Errors
    /// None that is known.
    pub fn signal_calling_thread(&self) -> Result<(), Error> {
        sys::lock::signal_calling_thread(self.file.as_fd()).map_err(|errno| failed("direct signal of", errno))
    }

    /// What lends the descriptor.
    pub fn file(&self) -> &F {
        &self.file
    }

    /// How it is held; `None` after [`give_way`](Self::give_way) has ended it.
    pub fn mode(&self) -> Option<LeaseMode> {
        self.mode
    }

    /// What has become of it.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "F_GETLEASE")]
    pub fn state(&self) -> Result<LeaseState, Error> {
        let kind = sys::lock::lease(self.file.as_fd()).map_err(|errno| failed("query", errno))?;
        Ok(match (self.mode, kind) {
            (Some(mode), kind) if kind == mode.number() => LeaseState::Held,
            (_, F_RDLCK) => LeaseState::BreakingToRead,
            _ => LeaseState::BreakingToEnd,
        })
    }

    /// Gives way as far as whoever breaks it asks, and lets that one go on. Says what it was asked for; nothing
    /// happens to a lease that is [held](LeaseState::Held).
    ///
    /// A lease on a descriptor that is open for writing can't become one for reading, so it ends.
    ///
    /// # Errors
    /// None that is known.
    pub fn give_way(&mut self) -> Result<LeaseState, Error> {
        let state = self.state()?;
        if state == LeaseState::Held {
            return Ok(state);
        }
        if state == LeaseState::BreakingToRead {
            match sys::lock::set_lease(self.file.as_fd(), F_RDLCK) {
                Ok(()) => {
                    self.mode = Some(LeaseMode::Read);
                    return Ok(state);
                }
                Err(Errno::AGAIN) => {}
                Err(errno) => return Err(failed("change", errno)),
            }
        }
        self.mode = None;
        match sys::lock::set_lease(self.file.as_fd(), F_UNLCK) {
            // "Not now" says that it was ended by force meanwhile.
            Ok(()) | Err(Errno::AGAIN) => Ok(state),
            Err(errno) => Err(failed("release", errno)),
        }
    }
}

impl LeaseMode {
    fn number(self) -> u32 {
        match self {
            Self::Read => F_RDLCK,
            Self::Write => F_WRLCK,
        }
    }
}

#[cold]
fn failed(operation: &'static str, errno: Errno) -> Error {
    let error = Error::system(operation, "file", errno);
    match error.reason() {
        Reason::PermissionDenied { .. } => {
            Error::new(operation, "file", Reason::PermissionDenied { capability: Some("CAP_LEASE") })
        }
        _ => error,
    }
}

impl<F: AsFd> Drop for Lease<F> {
    fn drop(&mut self) {
        if self.mode.is_some() {
            // Where it was ended by force there is none to release.
            let _ = sys::lock::set_lease(self.file.as_fd(), F_UNLCK);
        }
    }
}

impl<F: AsFd> fmt::Debug for Lease<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("file", &self.file.as_fd()).field("mode", &self.mode).finish()
    }
}
