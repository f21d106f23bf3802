//! What is known of a file without opening it.

use std::{
    os::{fd::BorrowedFd, unix::ffi::OsStrExt},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use linux_support_base::{Bytes, DeviceNumber, Error, GroupId, UserId};
use rustix::fs::{AtFlags, Statx, StatxFlags, StatxTimestamp, statx};

use super::{EntryKind, FileMode, failed};

/// What statx(2) tells of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "statx")]
#[non_exhaustive]
pub struct FileStatus {
    /// What it is.
    pub kind: EntryKind,
    /// Who may do what to it.
    pub mode: FileMode,
    /// How many names it has.
    pub links: u32,
    /// Whose it is.
    pub owner: UserId,
    /// Of which group.
    pub group: GroupId,
    /// The device of its file system, or of the part of it that has numbers of its own.
    pub device: DeviceNumber,
    /// Its number there.
    pub inode: u64,
    /// The device that it stands for, if it is a device.
    pub represents: Option<DeviceNumber>,
    /// How long it is.
    pub size: Bytes,
    /// How much it takes on the storage: less than its size where there are holes.
    pub allocated: Bytes,
    /// The size of transfers that suits it best.
    pub block_size: Bytes,
    /// When it was last read, where the file system keeps that and as far as the mount does.
    pub accessed: Option<SystemTime>,
    /// When its data last changed.
    pub modified: SystemTime,
    /// When anything about it last changed.
    pub changed: SystemTime,
    /// When it was made, where the file system tells.
    pub created: Option<SystemTime>,
    /// The number of its mount, as in mountinfo.
    pub mount: Option<u64>,
}

impl FileStatus {
    pub(super) fn at(directory: BorrowedFd<'_>, path: &Path, flags: AtFlags) -> Result<Self, Error> {
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME | StatxFlags::MNT_ID;
        let status = statx(directory, path, flags | AtFlags::NO_AUTOMOUNT, wanted)
            .map_err(|errno| failed("query", path.as_os_str().as_bytes(), errno))?;
        Ok(Self::of(&status))
    }

    fn of(status: &Statx) -> Self {
        let told = StatxFlags::from_bits_retain(status.stx_mask);
        let kind = EntryKind::of_mode(status.stx_mode);
        let represents = DeviceNumber::new(status.stx_rdev_major, status.stx_rdev_minor);
        Self {
            kind,
            mode: FileMode::of_status(status.stx_mode),
            links: status.stx_nlink,
            owner: UserId::new(status.stx_uid),
            group: GroupId::new(status.stx_gid),
            device: DeviceNumber::new(status.stx_dev_major, status.stx_dev_minor),
            inode: status.stx_ino,
            represents: matches!(kind, EntryKind::CharacterDevice | EntryKind::BlockDevice)
                .then_some(represents),
            size: Bytes::new(status.stx_size),
            allocated: Bytes::new(status.stx_blocks.saturating_mul(512)),
            block_size: Bytes::new(status.stx_blksize.into()),
            accessed: told.contains(StatxFlags::ATIME).then(|| time(&status.stx_atime)),
            modified: time(&status.stx_mtime),
            changed: time(&status.stx_ctime),
            created: told.contains(StatxFlags::BTIME).then(|| time(&status.stx_btime)),
            mount: told.contains(StatxFlags::MNT_ID).then_some(status.stx_mnt_id),
        }
    }
}

fn time(stamp: &StatxTimestamp) -> SystemTime {
    let seconds = Duration::from_secs(stamp.tv_sec.unsigned_abs());
    let whole =
        if stamp.tv_sec < 0 { UNIX_EPOCH.checked_sub(seconds) } else { UNIX_EPOCH.checked_add(seconds) };
    // Both hold 64 bits of seconds.
    whole
        .and_then(|whole| whole.checked_add(Duration::from_nanos(stamp.tv_nsec.into())))
        .unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statx_masks_say_what_was_filled_in() {
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME | StatxFlags::MNT_ID;
        let mut status = statx(rustix::fs::CWD, "/", AtFlags::empty(), wanted).unwrap();
        let with = |status: &mut Statx, flags: StatxFlags| {
            status.stx_mask = flags.bits();
            let told = FileStatus::of(status);
            (told.accessed.is_some(), told.created.is_some(), told.mount)
        };
        status.stx_mnt_id = 7;
        assert_eq!(with(&mut status, wanted), (true, true, Some(7)));
        assert_eq!(with(&mut status, StatxFlags::BASIC_STATS), (true, false, None));
        // A file system that keeps no times of reading leaves one there that means nothing.
        assert_eq!(with(&mut status, StatxFlags::BASIC_STATS - StatxFlags::ATIME), (false, false, None));
    }
}
