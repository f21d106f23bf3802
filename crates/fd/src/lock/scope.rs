//! What a lock covers, and how.

use core::fmt;
use std::os::fd::BorrowedFd;

use linux_raw_sys::general::{F_RDLCK, F_UNLCK, F_WRLCK, flock as Record};
use linux_support_base::Errno;
use rustix::fs::{FlockOperation, flock};

use crate::{file::ByteRange, sys};

/// Whether others may hold the lock at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockMode {
    /// Others may, if they share it too. On records it needs a file open for reading.
    Shared,
    /// Nobody else. On records it needs a file open for writing.
    Exclusive,
}

impl LockMode {
    /// Whether locks of these modes can't be held at the same time.
    #[must_use]
    pub const fn conflicts_with(self, other: Self) -> bool {
        matches!(self, Self::Exclusive) || matches!(other, Self::Exclusive)
    }
}

/// Which bytes of a file a lock is on; they need not be there.
///
/// `Display` is the form of `/proc/locks`: the first and the last byte, or `EOF` for all that may ever follow.
///
/// ```
/// use linux_support_fd::{file::ByteRange, lock::LockRange};
///
/// assert_eq!(LockRange::ALL.to_string(), "0 EOF");
/// assert_eq!(LockRange::from(ByteRange::new(10, 5)?).to_string(), "10 14");
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LockRange {
    start: u64,
    last: Option<u64>,
}

/// The end of all files.
const END: u64 = i64::MAX as u64;

impl LockRange {
    /// All bytes, however large the file becomes.
    pub const ALL: Self = Self { start: 0, last: None };

    /// From `start` to the end, however large the file becomes; `None` from 2^63 - 1 on.
    #[must_use]
    pub const fn from_start(start: u64) -> Option<Self> {
        if start < END { Some(Self { start, last: None }) } else { None }
    }

    /// The bytes from `start` to `last`, both among them.
    pub(super) fn inclusive(start: u64, last: u64) -> Option<Self> {
        (start <= last && last < END).then_some(Self { start, last: Some(last) })
    }

    /// The first byte.
    #[must_use]
    pub const fn start(self) -> u64 {
        self.start
    }

    /// The last byte; `None` says that there is no end.
    #[must_use]
    pub const fn last(self) -> Option<u64> {
        self.last
    }

    /// Whether there is a byte in both.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        let reaches = |range: Self, start| range.last.is_none_or(|last| last >= start);
        reaches(self, other.start) && reaches(other, self.start)
    }

    /// What the kernel takes for `F_SETLK` and its kin.
    pub(super) fn record(self, mode: Option<LockMode>) -> Record {
        let kind = match mode {
            Some(LockMode::Shared) => F_RDLCK,
            Some(LockMode::Exclusive) => F_WRLCK,
            None => F_UNLCK,
        };
        Record {
            l_type: kind as i16,
            l_whence: 0,
            l_start: self.start as i64,
            // A length of 0 has no end.
            l_len: self.last.map_or(0, |last| (last - self.start + 1) as i64),
            l_pid: 0,
        }
    }

    /// What the kernel gave for `F_GETLK`.
    pub(super) fn of_record(record: &Record) -> Option<Self> {
        let start = u64::try_from(record.l_start).ok()?;
        match u64::try_from(record.l_len).ok()? {
            0 => Self::from_start(start),
            length => Self::inclusive(start, start.checked_add(length - 1)?),
        }
    }
}

impl From<ByteRange> for LockRange {
    fn from(range: ByteRange) -> Self {
        Self { start: range.start(), last: Some(range.end() - 1) }
    }
}

impl fmt::Display for LockRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.last {
            Some(last) => write!(f, "{} {last}", self.start),
            None => write!(f, "{} EOF", self.start),
        }
    }
}

/// What a lock is on, and to whom it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockScope {
    /// The whole file, for the open file: flock(2).
    #[doc(alias = "LOCK_EX")]
    WholeFile,
    /// Bytes, for the open file: an open-file-description lock.
    #[doc(alias = "F_OFD_SETLK")]
    Records(LockRange),
    /// Bytes, for the process, which keeps them only until it closes any descriptor of the file.
    #[doc(alias = "F_SETLK")]
    ProcessRecords(LockRange),
}

impl LockScope {
    /// Sets or releases the lock; `false` says "not now".
    pub(super) fn set(self, file: BorrowedFd<'_>, mode: Option<LockMode>, wait: bool) -> Result<bool, Errno> {
        loop {
            let set = match self {
                Self::WholeFile => flock(file, whole(mode, wait)),
                Self::Records(range) => sys::lock::set(file, false, wait, range.record(mode)),
                Self::ProcessRecords(range) => sys::lock::set(file, true, wait, range.record(mode)),
            };
            return match set {
                Ok(()) => Ok(true),
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => Ok(false),
                Err(errno) => Err(errno),
            };
        }
    }
}

fn whole(mode: Option<LockMode>, wait: bool) -> FlockOperation {
    match (mode, wait) {
        (Some(LockMode::Shared), true) => FlockOperation::LockShared,
        (Some(LockMode::Shared), false) => FlockOperation::NonBlockingLockShared,
        (Some(LockMode::Exclusive), true) => FlockOperation::LockExclusive,
        (Some(LockMode::Exclusive), false) => FlockOperation::NonBlockingLockExclusive,
        (None, _) => FlockOperation::Unlock,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u64, last: u64) -> LockRange {
        LockRange::inclusive(start, last).unwrap()
    }

    #[test]
    fn ranges_overlap_where_they_share_a_byte() {
        assert!(range(0, 4).overlaps(range(4, 9)));
        assert!(!range(0, 4).overlaps(range(5, 9)));
        assert!(LockRange::ALL.overlaps(range(7, 7)));
        assert!(!LockRange::from_start(8).unwrap().overlaps(range(7, 7)));
        assert!(LockRange::from_start(8).unwrap().overlaps(LockRange::ALL));
    }

    #[test]
    fn records_come_back_and_impossible_ones_are_none() {
        for range in [range(0, 0), range(5, 9), LockRange::ALL, range(0, END - 1)] {
            assert_eq!(LockRange::of_record(&range.record(None)), Some(range));
        }
        let negative = Record { l_start: -1, ..LockRange::ALL.record(None) };
        let long = Record { l_start: 2, l_len: i64::MAX, ..negative };
        assert_eq!((LockRange::of_record(&negative), LockRange::of_record(&long)), (None, None));
        assert_eq!((LockRange::from_start(END), LockRange::inclusive(0, END)), (None, None));
    }
}
