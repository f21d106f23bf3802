//! What a group is told of.

use bitflags::bitflags;

bitflags! {
    /// What is watched for, and what happened. Bits that are not known here are kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FanotifyMask: u64 {
        /// It was read.
        #[doc(alias = "FAN_ACCESS")]
        const ACCESSED = 0x1;
        /// Its data changed.
        #[doc(alias = "FAN_MODIFY")]
        const MODIFIED = 0x2;
        /// Its permissions, owner, times, links or extended attributes changed. Needs file handles.
        #[doc(alias = "FAN_ATTRIB")]
        const ATTRIBUTES = 0x4;
        /// It was open for writing and was closed.
        #[doc(alias = "FAN_CLOSE_WRITE")]
        const CLOSED_AFTER_WRITING = 0x8;
        /// It was not open for writing and was closed.
        #[doc(alias = "FAN_CLOSE_NOWRITE")]
        const CLOSED_WITHOUT_WRITING = 0x10;
        /// It was opened.
        #[doc(alias = "FAN_OPEN")]
        const OPENED = 0x20;
        /// Something was moved away from it. Needs file handles.
        #[doc(alias = "FAN_MOVED_FROM")]
        const MOVED_FROM = 0x40;
        /// Something was moved into it. Needs file handles.
        #[doc(alias = "FAN_MOVED_TO")]
        const MOVED_TO = 0x80;
        /// Something was created in it. Needs file handles.
        #[doc(alias = "FAN_CREATE")]
        const CREATED = 0x100;
        /// Something was deleted from it. Needs file handles.
        #[doc(alias = "FAN_DELETE")]
        const DELETED = 0x200;
        /// What is marked was deleted. Needs file handles.
        #[doc(alias = "FAN_DELETE_SELF")]
        const MARKED_DELETED = 0x400;
        /// What is marked was moved. Needs file handles.
        #[doc(alias = "FAN_MOVE_SELF")]
        const MARKED_MOVED = 0x800;
        /// It was opened to be run.
        #[doc(alias = "FAN_OPEN_EXEC")]
        const OPENED_TO_RUN = 0x1000;
        /// Told only: events were lost, since too many waited.
        #[doc(alias = "FAN_Q_OVERFLOW")]
        const OVERFLOW = 0x4000;
        /// The file system has an error. Of marks on file systems, since 5.16.
        #[doc(alias = "FAN_FS_ERROR")]
        const FILE_SYSTEM_ERROR = 0x8000;
        /// May it be opened?
        #[doc(alias = "FAN_OPEN_PERM")]
        const MAY_OPEN = 0x1_0000;
        /// May it be read?
        #[doc(alias = "FAN_ACCESS_PERM")]
        const MAY_ACCESS = 0x2_0000;
        /// May it be opened to be run?
        #[doc(alias = "FAN_OPEN_EXEC_PERM")]
        const MAY_RUN = 0x4_0000;
        /// May it be accessed, with the range of it: its data can be filled in before. Since 6.14.
        #[doc(alias = "FAN_PRE_ACCESS")]
        const BEFORE_ACCESS = 0x10_0000;
        /// A mount was attached to the namespace that is marked. Since 6.15.
        #[doc(alias = "FAN_MNT_ATTACH")]
        const MOUNT_ATTACHED = 0x100_0000;
        /// A mount was detached from the namespace that is marked. Since 6.15.
        #[doc(alias = "FAN_MNT_DETACH")]
        const MOUNT_DETACHED = 0x200_0000;
        /// And for what is in the directory that is marked.
        #[doc(alias = "FAN_EVENT_ON_CHILD")]
        const ON_CHILDREN = 0x800_0000;
        /// Something was renamed, in one event with both names. Needs names, since 5.17.
        #[doc(alias = "FAN_RENAME")]
        const RENAMED = 0x1000_0000;
        /// And for directories; told: it is one.
        #[doc(alias = "FAN_ONDIR")]
        const DIRECTORIES = 0x4000_0000;
        const _ = !0;

        /// All that has to be answered.
        const PERMISSIONS = 0x17_0000;
    }
}
