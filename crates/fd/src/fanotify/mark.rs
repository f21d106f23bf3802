//! What a group marks.

use super::FanotifyMask;

/// What a mark is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MarkKind {
    /// The file or directory.
    #[default]
    #[doc(alias = "FAN_MARK_INODE")]
    Inode,
    /// The mount that it is on. Needs CAP_SYS_ADMIN.
    #[doc(alias = "FAN_MARK_MOUNT")]
    Mount,
    /// The file system that it is on, with all its mounts. Needs CAP_SYS_ADMIN.
    #[doc(alias = "FAN_MARK_FILESYSTEM")]
    FileSystem,
    /// The mount namespace whose file it is. Needs CAP_SYS_ADMIN there. Since 6.15.
    #[doc(alias = "FAN_MARK_MNTNS")]
    MountNamespace,
}

/// A mark: what of, and what for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FanotifyMark {
    /// What it is on.
    pub kind: MarkKind,
    /// What is told, or is not told where it is [ignored](Self::ignored).
    pub events: FanotifyMask,
    /// Whether these events are ignored, until the file changes or for ever.
    pub ignored: Option<Ignored>,
    /// A link at the end of the path is marked itself.
    #[doc(alias = "FAN_MARK_DONT_FOLLOW")]
    pub dont_follow: bool,
    /// It has to be a directory.
    #[doc(alias = "FAN_MARK_ONLYDIR")]
    pub only_directory: bool,
    /// The mark doesn't keep the file in memory, and may be lost with it. Since 5.19.
    #[doc(alias = "FAN_MARK_EVICTABLE")]
    pub evictable: bool,
}

/// For how long events are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "FAN_MARK_IGNORE")]
pub enum Ignored {
    /// Until the file is modified. Of files only.
    UntilModified,
    /// Until the mark is removed.
    #[doc(alias = "FAN_MARK_IGNORED_SURV_MODIFY")]
    Always,
}

impl FanotifyMark {
    /// A mark on a file or directory.
    #[must_use]
    pub fn inode(events: FanotifyMask) -> Self {
        Self { events, ..Self::default() }
    }

    /// A mark on the mount that a file is on.
    #[must_use]
    pub fn mount(events: FanotifyMask) -> Self {
        Self { kind: MarkKind::Mount, events, ..Self::default() }
    }

    /// A mark on the file system that a file is on.
    #[must_use]
    pub fn file_system(events: FanotifyMask) -> Self {
        Self { kind: MarkKind::FileSystem, events, ..Self::default() }
    }

    /// A mark on the mount namespace whose file, such as `/proc/self/ns/mnt`, is marked.
    #[must_use]
    pub fn mount_namespace(events: FanotifyMask) -> Self {
        Self { kind: MarkKind::MountNamespace, events, ..Self::default() }
    }

    /// The same mark, ignoring its events in place of telling them.
    #[must_use]
    pub fn ignoring(mut self, ignored: Ignored) -> Self {
        self.ignored = Some(ignored);
        self
    }

    pub(super) fn flags(self) -> u32 {
        let set = |is: bool, flag: u32| if is { flag } else { 0 };
        let ignored = match self.ignored {
            None => 0,
            Some(Ignored::UntilModified) => 0x400,
            Some(Ignored::Always) => 0x400 | 0x40,
        };
        self.kind.flags()
            | ignored
            | set(self.dont_follow, 0x4)
            | set(self.only_directory, 0x8)
            | set(self.evictable, 0x200)
    }
}

impl MarkKind {
    pub(super) const fn flags(self) -> u32 {
        match self {
            Self::Inode => 0,
            Self::Mount => 0x10,
            Self::FileSystem => 0x100,
            Self::MountNamespace => 0x110,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FanotifyReport;

    #[test]
    fn marks_have_the_kernels_bits() {
        let ignored = FanotifyMark::mount(FanotifyMask::OPENED).ignoring(Ignored::Always);
        assert_eq!(
            ignored.flags(),
            libc::FAN_MARK_MOUNT | libc::FAN_MARK_IGNORE | libc::FAN_MARK_IGNORED_SURV_MODIFY
        );
        let mut mark = FanotifyMark::file_system(FanotifyMask::OPENED);
        (mark.dont_follow, mark.only_directory, mark.evictable) = (true, true, true);
        assert_eq!(
            mark.flags(),
            libc::FAN_MARK_FILESYSTEM
                | libc::FAN_MARK_DONT_FOLLOW
                | libc::FAN_MARK_ONLYDIR
                | libc::FAN_MARK_EVICTABLE
        );
        assert_eq!(FanotifyMask::PERMISSIONS & FanotifyMask::MAY_RUN, FanotifyMask::MAY_RUN);
        assert_eq!(FanotifyMask::RENAMED.bits(), libc::FAN_RENAME);
        assert_eq!(FanotifyReport::TARGET.bits(), libc::FAN_REPORT_TARGET_FID);
    }
}
