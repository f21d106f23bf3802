//! Who stands in the way.

use std::os::fd::AsFd;

use linux_raw_sys::general::{F_UNLCK, F_WRLCK};
use linux_support_base::{Errno, Error, Machine, Pid};

use super::{
    guard::{FileLock, failed},
    held::HeldLocks,
    identity::FileIdentity,
    recorded::RecordedMode,
    scope::{LockMode, LockRange, LockScope},
};
use crate::sys;

/// A lock that stands in the way of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockConflict {
    /// How it is held.
    pub mode: LockMode,
    /// On which bytes.
    pub range: LockRange,
    /// Who holds it; `None` for records of an open file, whose [holders](HeldLocks::holders) may be several, and for
    /// a process out of sight.
    pub holder: Option<Pid>,
}

impl<F: AsFd> FileLock<F> {
    /// The first lock that would make [`try_lock`](Self::try_lock) say "not now"; it may be gone by then.
    ///
    /// Records are asked for with `F_GETLK`, whole files looked up in `/proc/locks`.
    ///
    /// # Errors
    /// The descriptor is none of a file; for whole files, `/proc` can't be read.
    #[doc(alias = "F_GETLK")]
    pub fn conflict(file: F, scope: LockScope, mode: LockMode) -> Result<Option<LockConflict>, Error> {
        let (range, of_process) = match scope {
            LockScope::WholeFile => return whole_file(file, mode),
            LockScope::Records(range) => (range, false),
            LockScope::ProcessRecords(range) => (range, true),
        };
        let record = sys::lock::get(file.as_fd(), of_process, range.record(Some(mode)))
            .map_err(|errno| failed("query", scope, errno))?;
        let kind = record.l_type as u32;
        if kind == F_UNLCK {
            return Ok(None);
        }
        // The kernel gives no other range than one that it took.
        let range = LockRange::of_record(&record).ok_or_else(|| failed("query", scope, Errno::OVERFLOW))?;
        let mode = if kind == F_WRLCK { LockMode::Exclusive } else { LockMode::Shared };
        Ok(Some(LockConflict { mode, range, holder: Pid::new(record.l_pid) }))
    }
}

fn whole_file(file: impl AsFd, mode: LockMode) -> Result<Option<LockConflict>, Error> {
    let identity = FileIdentity::of(file)?;
    let locks = HeldLocks::read(&Machine::live()?)?;
    let conflict = locks.conflicts(identity, LockScope::WholeFile, mode).next().map(|lock| {
        let mode = match lock.mode {
            RecordedMode::Shared => LockMode::Shared,
            _ => LockMode::Exclusive,
        };
        LockConflict { mode, range: lock.range, holder: lock.process }
    });
    Ok(conflict)
}
