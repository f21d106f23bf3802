//! A lock that is held.

use core::fmt;
use std::{
    os::fd::AsFd,
    thread,
    time::{Duration, Instant},
};

use linux_support_base::{Errno, Error};

use super::scope::{LockMode, LockScope};

/// A lock on a file, held until this is dropped.
///
/// `F` is what lends the descriptor: `&File` as a rule, or what owns one (`File`, `Arc<File>`) where the lock is to
/// be kept, as a daemon keeps its PID file.
///
/// ```
/// use linux_support_fd::{file::ByteRange, lock::{FileLock, LockMode, LockScope}};
///
/// let file = tempfile::tempfile().unwrap();
/// let header = LockScope::Records(ByteRange::new(0, 512)?.into());
/// let mut lock = FileLock::lock(&file, header, LockMode::Exclusive)?;
/// // … write …
/// lock.change(LockMode::Shared)?;
/// assert_eq!(lock.mode(), Some(LockMode::Shared));
/// lock.unlock()?;
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// flock(2), fcntl(2).
#[must_use = "the lock is held as long as this lives"]
pub struct FileLock<F: AsFd> {
    file: F,
    scope: LockScope,
    mode: Option<LockMode>,
}

/// What became of a lock whose mode was to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the lock may be lost"]
pub enum LockChange {
    /// It is held in the new mode.
    Changed,
    /// Others stand in the way: it is held in the mode that it had.
    ///
    /// On a [whole file](LockScope::WholeFile) it was not held for a moment, in which others may have had it.
    Unchanged,
    /// Others took it, and it is not held any more: on a [whole file](LockScope::WholeFile) alone, whose lock the
    /// kernel releases before it asks for the other mode.
    Lost,
}

/// The pauses between tries of a lock with a time-out, at the beginning and at most.
const PAUSE: (Duration, Duration) = (Duration::from_micros(50), Duration::from_millis(5));

impl<F: AsFd> FileLock<F> {
    /// Waits for the lock.
    ///
    /// # Errors
    /// The file is not open for what `mode` needs; the system has no lock left (`ENOLCK`); waiting for records of
    /// processes would never end, since each waits for the other (`EDEADLK`). No other deadlock is seen.
    pub fn lock(file: F, scope: LockScope, mode: LockMode) -> Result<Self, Error> {
        scope.set(file.as_fd(), Some(mode), true).map_err(|errno| failed("lock", scope, errno))?;
        Ok(Self { file, scope, mode: Some(mode) })
    }

    /// Takes the lock if nobody stands in the way.
    ///
    /// # Errors
    /// As those of [`lock`](Self::lock), without the last.
    pub fn try_lock(file: F, scope: LockScope, mode: LockMode) -> Result<Option<Self>, Error> {
        let locked =
            scope.set(file.as_fd(), Some(mode), false).map_err(|errno| failed("lock", scope, errno))?;
        Ok(locked.then_some(Self { file, scope, mode: Some(mode) }))
    }

    /// Waits for the lock for as long as `timeout`; `None` says that the time ran out.
    ///
    /// The kernel has no such wait. A signal that breaks off the other one would belong to the whole process, and
    /// so would be nobody's to take; so this tries again and again, after pauses from 50 µs to 5 ms. Who waits
    /// without a time-out comes first.
    ///
    /// # Errors
    /// As those of [`lock`](Self::lock), without the last.
    pub fn lock_within(
        file: F,
        scope: LockScope,
        mode: LockMode,
        timeout: Duration,
    ) -> Result<Option<Self>, Error> {
        let locked = within(timeout, || scope.set(file.as_fd(), Some(mode), false))
            .map_err(|errno| failed("lock", scope, errno))?;
        Ok(locked.then_some(Self { file, scope, mode: Some(mode) }))
    }

    /// What lends the descriptor.
    pub fn file(&self) -> &F {
        &self.file
    }

    /// What it is on.
    pub fn scope(&self) -> LockScope {
        self.scope
    }

    /// How it is held; `None` after it was [lost](LockChange::Lost).
    pub fn mode(&self) -> Option<LockMode> {
        self.mode
    }

    /// Changes the mode, waiting for those who stand in the way.
    ///
    /// Records are changed at once or stay as they are. The lock on a [whole file](LockScope::WholeFile) is released
    /// before the other is waited for: look again at what it protects. Two who share records and both want them for
    /// themselves wait for ever; where that may be, use [`try_change`](Self::try_change).
    ///
    /// # Errors
    /// As those of [`lock`](Self::lock). The lock on a whole file is lost then.
    pub fn change(&mut self, mode: LockMode) -> Result<(), Error> {
        match self.scope.set(self.file.as_fd(), Some(mode), true) {
            Ok(_) => {
                self.mode = Some(mode);
                Ok(())
            }
            Err(errno) => {
                if self.scope == LockScope::WholeFile {
                    self.mode = None;
                }
                Err(failed("change", self.scope, errno))
            }
        }
    }

    /// Changes the mode if nobody stands in the way.
    ///
    /// # Errors
    /// As those of [`try_lock`](Self::try_lock).
    pub fn try_change(&mut self, mode: LockMode) -> Result<LockChange, Error> {
        self.change_within(mode, Duration::ZERO)
    }

    /// Changes the mode, waiting for as long as `timeout` for those who stand in the way.
    ///
    /// # Errors
    /// As those of [`try_lock`](Self::try_lock).
    pub fn change_within(&mut self, mode: LockMode, timeout: Duration) -> Result<LockChange, Error> {
        let whole = self.scope == LockScope::WholeFile;
        let former = self.mode;
        if whole {
            // Each try releases it.
            self.mode = None;
        }
        let attempt = || self.scope.set(self.file.as_fd(), Some(mode), false);
        if within(timeout, attempt).map_err(|errno| failed("change", self.scope, errno))? {
            self.mode = Some(mode);
            return Ok(LockChange::Changed);
        }
        if whole { self.regain(former) } else { Ok(LockChange::Unchanged) }
    }

    /// Takes again the lock on a whole file that a try has released.
    fn regain(&mut self, former: Option<LockMode>) -> Result<LockChange, Error> {
        self.mode = None;
        let regained = former.is_some()
            && self
                .scope
                .set(self.file.as_fd(), former, false)
                .map_err(|errno| failed("change", self.scope, errno))?;
        if regained {
            self.mode = former;
            return Ok(LockChange::Unchanged);
        }
        Ok(LockChange::Lost)
    }

    /// Releases the lock, and says whether that failed, as on a network it may.
    ///
    /// # Errors
    /// The file system's own.
    pub fn unlock(mut self) -> Result<(), Error> {
        match self.mode.take() {
            Some(_) => self
                .scope
                .set(self.file.as_fd(), None, false)
                .map(drop)
                .map_err(|errno| failed("unlock", self.scope, errno)),
            None => Ok(()),
        }
    }

    /// Leaves the file locked for as long as the table in [`lock`](super) says.
    pub fn leave(mut self) {
        self.mode = None;
    }
}

/// Tries until it is done or the time is over.
fn within(timeout: Duration, mut attempt: impl FnMut() -> Result<bool, Errno>) -> Result<bool, Errno> {
    let end = Instant::now().checked_add(timeout);
    let mut pause = PAUSE.0;
    loop {
        if attempt()? {
            return Ok(true);
        }
        let left = end.map_or(PAUSE.1, |end| end.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Ok(false);
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(PAUSE.1);
    }
}

#[cold]
pub(super) fn failed(operation: &'static str, scope: LockScope, errno: Errno) -> Error {
    let object = match scope {
        LockScope::WholeFile => "file",
        LockScope::Records(_) => "records of a file",
        LockScope::ProcessRecords(_) => "records of a file for the process",
    };
    match errno {
        Errno::BADF => Error::invalid(
            operation,
            object,
            "needs a file open for reading to share, and for writing to exclude",
        ),
        errno => Error::system(operation, object, errno),
    }
}

impl<F: AsFd> Drop for FileLock<F> {
    fn drop(&mut self) {
        if self.mode.is_some() {
            // Where it fails, the file's closing releases it.
            let _ = self.scope.set(self.file.as_fd(), None, false);
        }
    }
}

impl<F: AsFd> fmt::Debug for FileLock<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileLock")
            .field("file", &self.file.as_fd())
            .field("scope", &self.scope)
            .field("mode", &self.mode)
            .finish()
    }
}
