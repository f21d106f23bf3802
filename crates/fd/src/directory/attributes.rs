//! Whose a file is, who may do what to it, and its times: asked and changed through any descriptor of it.

use std::{
    os::fd::{AsFd, AsRawFd},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use bitflags::bitflags;
use linux_support_base::{Errno, Error, GroupId, UserId};
use rustix::fs::{AtFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, chmod, chownat, utimensat};

use super::{FileMode, FileStatus};
use crate::sys;

bitflags! {
    /// What a process would do to a file; none asks whether it is there.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Access: u32 {
        /// Read it.
        #[doc(alias = "R_OK")]
        const READ = 4;
        /// Write it.
        #[doc(alias = "W_OK")]
        const WRITE = 2;
        /// Execute it, or search the directory.
        #[doc(alias = "X_OK")]
        const EXECUTE = 1;
    }
}

/// What to do with a time of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileTime {
    /// Leaves it.
    #[doc(alias = "UTIME_OMIT")]
    Keep,
    /// Sets it to the kernel's time; who may write the file may do so.
    #[doc(alias = "UTIME_NOW")]
    Now,
    /// Sets it; the owner may do so, and `CAP_FOWNER`.
    At(SystemTime),
}

/// The attributes of what a descriptor is of: a [`PathHandle`](super::PathHandle), a
/// [`DirectoryHandle`](super::DirectoryHandle), a `std::fs::File`.
///
/// ```
/// use linux_support_fd::directory::{Access, FileAttributes, FileMode, FileTime};
///
/// let file = tempfile::tempfile().unwrap();
/// file.set_permissions_of(FileMode::READABLE)?;
/// file.set_times_of(FileTime::Keep, FileTime::At(std::time::UNIX_EPOCH))?;
/// let status = file.file_status()?;
/// assert_eq!((status.mode, status.modified), (FileMode::READABLE, std::time::UNIX_EPOCH));
/// assert!(file.allows(Access::READ)?);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
pub trait FileAttributes: AsFd {
    /// What is known of it.
    ///
    /// # Errors
    /// None that is known.
    fn file_status(&self) -> Result<FileStatus, Error> {
        FileStatus::at(self.as_fd(), Path::new(""), AtFlags::EMPTY_PATH)
    }

    /// Sets its mode; the owner may do so, and `CAP_FOWNER`.
    ///
    /// # Errors
    /// It is another user's; it is a link, which has none (`EOPNOTSUPP`).
    #[doc(alias = "fchmodat2")]
    fn set_permissions_of(&self, mode: FileMode) -> Result<(), Error> {
        let descriptor = self.as_fd();
        let set = match sys::directory::set_mode(descriptor, mode.bits()) {
            // Before Linux 6.6.
            Err(Errno::NOSYS) => {
                chmod(format!("/proc/thread-self/fd/{}", descriptor.as_raw_fd()), mode.raw())
            }
            set => set,
        };
        set.map_err(|errno| failed("set mode of", errno))
    }

    /// Sets its owner and group, where they are given. Takes away set-user-ID and set-group-ID, and file
    /// capabilities.
    ///
    /// # Errors
    /// The process has not `CAP_CHOWN`, and it is not the owner who gives it to a group of his.
    #[doc(alias = "fchownat")]
    fn set_owner_of(&self, owner: Option<UserId>, group: Option<GroupId>) -> Result<(), Error> {
        let failed = |errno| failed("set owner of", errno);
        // The highest number means "leave it" to the kernel.
        if owner.is_some_and(UserId::is_none) || group.is_some_and(GroupId::is_none) {
            return Err(Error::invalid("set owner of", "file", "takes numbers below 4294967295"));
        }
        let owner = owner.map(|owner| rustix::fs::Uid::from_raw(owner.number()));
        let group = group.map(|group| rustix::fs::Gid::from_raw(group.number()));
        chownat(self.as_fd(), "", owner, group, AtFlags::EMPTY_PATH).map_err(failed)
    }

    /// Sets its times of access and of modification.
    ///
    /// # Errors
    /// It is another user's.
    #[doc(alias = "utimensat")]
    fn set_times_of(&self, accessed: FileTime, modified: FileTime) -> Result<(), Error> {
        let times = Timestamps { last_access: timespec(accessed)?, last_modification: timespec(modified)? };
        utimensat(self.as_fd(), "", &times, AtFlags::EMPTY_PATH)
            .map_err(|errno| failed("set times of", errno))
    }

    /// Whether the process may, by its effective identity and capabilities, do `access` to it. The answer may be
    /// another by the time that it is tried.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "faccessat2")]
    fn allows(&self, access: Access) -> Result<bool, Error> {
        allows(sys::directory::access(self.as_fd(), access.bits(), true))
    }

    /// As [`allows`](Self::allows), by the real identity: that of who started a set-user-ID program.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "access")]
    fn allows_real_user(&self, access: Access) -> Result<bool, Error> {
        allows(sys::directory::access(self.as_fd(), access.bits(), false))
    }
}

impl<T: AsFd + ?Sized> FileAttributes for T {}

fn allows(access: Result<(), Errno>) -> Result<bool, Error> {
    match access {
        Ok(()) => Ok(true),
        // A file system or a file that is read-only, or a program that is being written.
        Err(Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::TXTBSY) => Ok(false),
        Err(errno) => Err(failed("query access to", errno)),
    }
}

fn timespec(time: FileTime) -> Result<Timespec, Error> {
    let special = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
    let time = match time {
        FileTime::Keep => return Ok(special(UTIME_OMIT)),
        FileTime::Now => return Ok(special(UTIME_NOW)),
        FileTime::At(time) => time,
    };
    let stamp = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs())
            .ok()
            .map(|seconds| Timespec { tv_sec: seconds, tv_nsec: since.subsec_nanos().into() }),
        Err(before) => {
            let before = before.duration();
            let seconds = i64::try_from(before.as_secs()).ok().and_then(i64::checked_neg);
            match (seconds, before.subsec_nanos()) {
                (Some(seconds), 0) => Some(Timespec { tv_sec: seconds, tv_nsec: 0 }),
                (Some(seconds), nanoseconds) => seconds.checked_sub(1).map(|seconds| Timespec {
                    tv_sec: seconds,
                    tv_nsec: (1_000_000_000 - nanoseconds).into(),
                }),
                (None, _) => None,
            }
        }
    };
    stamp.ok_or_else(|| Error::invalid("set times of", "file", "takes times within 2^63 seconds of 1970"))
}

#[cold]
fn failed(operation: &'static str, errno: Errno) -> Error {
    Error::system(operation, "file", errno)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_before_1970_round_down() {
        let time = UNIX_EPOCH - Duration::new(1, 250_000_000);
        let stamp = timespec(FileTime::At(time)).unwrap();
        assert_eq!((stamp.tv_sec, stamp.tv_nsec), (-2, 750_000_000));
        let stamp = timespec(FileTime::At(UNIX_EPOCH - Duration::from_secs(3))).unwrap();
        assert_eq!((stamp.tv_sec, stamp.tv_nsec), (-3, 0));
    }
}
