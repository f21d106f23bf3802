use core::ops::RangeBounds;

use bitflags::bitflags;
use linux_support_base::{Bytes, Error, Reason};
use rustix::{
    io::Errno,
    process::{Resource, getrlimit},
};

use crate::{
    mapping::{Kind, Mapping, Protection},
    sys::advice,
};

/// Which pages of a range are in memory, as it was a moment ago.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Residency(Vec<u8>);

impl Residency {
    /// How many base pages the range has.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.0.len()
    }

    /// How many of them are in memory.
    #[must_use]
    pub fn resident(&self) -> usize {
        self.iter().filter(|resident| *resident).count()
    }

    /// Whether each is, in order.
    pub fn iter(&self) -> impl Iterator<Item = bool> {
        // The kernel says nothing of the other bits.
        self.0.iter().map(|byte| byte & 1 != 0)
    }
}

bitflags! {
    /// Which memory of the process to lock.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct LockAll: u32 {
        /// What is mapped now.
        #[doc(alias = "MCL_CURRENT")]
        const CURRENT = linux_raw_sys::general::MCL_CURRENT;
        /// What will be mapped.
        #[doc(alias = "MCL_FUTURE")]
        const FUTURE = linux_raw_sys::general::MCL_FUTURE;
        /// Only once it is used.
        #[doc(alias = "MCL_ONFAULT")]
        const ON_FAULT = linux_raw_sys::general::MCL_ONFAULT;
    }
}

/// Locks memory of the process, so that it is not swapped.
///
/// # Errors
/// `which` has neither [`CURRENT`](LockAll::CURRENT) nor [`FUTURE`](LockAll::FUTURE). It is more than `RLIMIT_MEMLOCK`
/// allows, and CAP_IPC_LOCK is missing.
#[doc(alias = "mlockall")]
pub fn lock_all_memory(which: LockAll) -> Result<(), Error> {
    const OBJECT: &str = "all memory";
    if !which.intersects(LockAll::CURRENT | LockAll::FUTURE) {
        return Err(Error::invalid("lock", OBJECT, "needs CURRENT, FUTURE or both"));
    }
    advice::lock_all(which.bits()).map_err(|errno| match errno {
        Errno::NOMEM | Errno::PERM => {
            Error::new("lock", OBJECT, Reason::PermissionDenied { capability: Some("CAP_IPC_LOCK") })
        }
        errno => Error::system("lock", OBJECT, errno),
    })
}

/// Unlocks all memory of the process.
///
/// # Errors
/// None that is known.
#[doc(alias = "munlockall")]
pub fn unlock_all_memory() -> Result<(), Error> {
    advice::lock_all(0).map_err(|errno| Error::system("unlock", "all memory", errno))
}

impl<K: Kind, P: Protection> Mapping<K, P> {
    /// Brings the pages of `range` into memory and keeps them there, until they are unlocked or unmapped.
    ///
    /// # Errors
    /// `range` is empty, not all inside, or cuts pages. It is more than `RLIMIT_MEMLOCK` allows, and CAP_IPC_LOCK is
    /// missing. Pages can't be had (`EAGAIN`, `ENOMEM`); then some may be locked.
    #[doc(alias = "mlock")]
    pub fn lock(&self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        self.lock_as(range, false)
    }

    /// As [`lock`](Self::lock), but brings no page into memory that is not there: it stays once it is used.
    ///
    /// # Errors
    /// As for [`lock`](Self::lock).
    #[doc(alias = "mlock2")]
    #[doc(alias = "MLOCK_ONFAULT")]
    pub fn lock_on_fault(&self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        self.lock_as(range, true)
    }

    fn lock_as(&self, range: impl RangeBounds<usize>, on_fault: bool) -> Result<(), Error> {
        let part = self.part("lock", range)?;
        advice::lock(self, part.offset, part.length, on_fault).map_err(|errno| {
            let limit = getrlimit(Resource::Memlock).current;
            match errno {
                Errno::PERM => Error::new(
                    "lock",
                    self.object(),
                    Reason::PermissionDenied { capability: Some("CAP_IPC_LOCK") },
                ),
                Errno::NOMEM if limit.is_some_and(|limit| limit < self.len() as u64) => {
                    let limit = Bytes::new(limit.unwrap_or(0));
                    let accepted =
                        format!("RLIMIT_MEMLOCK allows {limit} in all: raise it, or have CAP_IPC_LOCK");
                    Error::invalid("lock", self.object(), accepted)
                }
                errno => self.failed("lock", errno),
            }
        })
    }

    /// Lets the pages of `range` be swapped again.
    ///
    /// # Errors
    /// `range` is empty, not all inside, or cuts pages.
    #[doc(alias = "munlock")]
    pub fn unlock(&self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        let part = self.part("unlock", range)?;
        advice::unlock(self, part.offset, part.length).map_err(|errno| self.failed("unlock", errno))
    }

    /// Which base pages of `range` are in memory. Of a file that is not this user's and was not opened for writing, the
    /// kernel says that all are.
    ///
    /// # Errors
    /// `range` is empty, not all inside, or cuts pages.
    #[doc(alias = "mincore")]
    pub fn residency(&self, range: impl RangeBounds<usize>) -> Result<Residency, Error> {
        let part = self.part("look at", range)?;
        advice::in_core(self, part.offset, part.length)
            .map(Residency)
            .map_err(|errno| self.failed("look at", errno))
    }
}
