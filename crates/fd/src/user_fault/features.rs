//! What can be asked of userfaultfd, and of a range that it watches.

use bitflags::bitflags;

bitflags! {
    /// What a [`UserFault`](super::UserFault) is asked to tell or do beyond missing pages of private memory. Bits that
    /// have no name are kept.
    ///
    /// # Source
    /// ioctl_userfaultfd(2), UFFDIO_API(2const).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct UserFaultFeatures: u64 {
        /// Write protection can be watched.
        #[doc(alias = "UFFD_FEATURE_PAGEFAULT_FLAG_WP")]
        const WRITE_PROTECTION = 1 << 0;
        /// A child has a descriptor of its own, which comes as an event. Needs `CAP_SYS_PTRACE`.
        #[doc(alias = "UFFD_FEATURE_EVENT_FORK")]
        const FORK_EVENTS = 1 << 1;
        /// mremap(2) is an event.
        #[doc(alias = "UFFD_FEATURE_EVENT_REMAP")]
        const REMAP_EVENTS = 1 << 2;
        /// madvise(2) that gives pages back is an event.
        #[doc(alias = "UFFD_FEATURE_EVENT_REMOVE")]
        const REMOVE_EVENTS = 1 << 3;
        /// Missing huge pages of hugetlbfs can be watched.
        #[doc(alias = "UFFD_FEATURE_MISSING_HUGETLBFS")]
        const MISSING_HUGE_PAGES = 1 << 4;
        /// Missing pages of shared memory can be watched.
        #[doc(alias = "UFFD_FEATURE_MISSING_SHMEM")]
        const MISSING_SHARED_MEMORY = 1 << 5;
        /// munmap(2) is an event.
        #[doc(alias = "UFFD_FEATURE_EVENT_UNMAP")]
        const UNMAP_EVENTS = 1 << 6;
        /// Touching a missing page is SIGBUS, and no event.
        #[doc(alias = "UFFD_FEATURE_SIGBUS")]
        const SIGNAL = 1 << 7;
        /// Faults tell the thread that they hold up.
        #[doc(alias = "UFFD_FEATURE_THREAD_ID")]
        const THREAD = 1 << 8;
        /// Huge pages that are in the cache and not mapped can be watched.
        #[doc(alias = "UFFD_FEATURE_MINOR_HUGETLBFS")]
        const MINOR_HUGE_PAGES = 1 << 9;
        /// Pages of shared memory that are in the cache and not mapped can be watched.
        #[doc(alias = "UFFD_FEATURE_MINOR_SHMEM")]
        const MINOR_SHARED_MEMORY = 1 << 10;
        /// Faults tell the very address, not that of its page.
        #[doc(alias = "UFFD_FEATURE_EXACT_ADDRESS")]
        const EXACT_ADDRESS = 1 << 11;
        /// Write protection can be watched on shared memory and huge pages.
        #[doc(alias = "UFFD_FEATURE_WP_HUGETLBFS_SHMEM")]
        const WRITE_PROTECTED_SHARED_MEMORY = 1 << 12;
        /// Pages that were never touched can be write-protected. Since Linux 6.4.
        #[doc(alias = "UFFD_FEATURE_WP_UNPOPULATED")]
        const WRITE_PROTECTED_UNPOPULATED = 1 << 13;
        /// Pages can be poisoned. Since Linux 6.6.
        #[doc(alias = "UFFD_FEATURE_POISON")]
        const POISON = 1 << 14;
        /// Writing to a protected page ends its protection and is no event: the page map tells which were written.
        /// Since Linux 6.7.
        #[doc(alias = "UFFD_FEATURE_WP_ASYNC")]
        const WRITE_PROTECTION_WITHOUT_EVENTS = 1 << 15;
        /// Pages can be moved. Since Linux 6.8.
        #[doc(alias = "UFFD_FEATURE_MOVE")]
        const MOVE = 1 << 16;
        const _ = !0;
    }
}

bitflags! {
    /// Which faults to watch for in a range.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct WatchedFaults: u64 {
        /// On pages that are not there.
        #[doc(alias = "UFFDIO_REGISTER_MODE_MISSING")]
        const MISSING = 1 << 0;
        /// On writing to pages that are protected.
        #[doc(alias = "UFFDIO_REGISTER_MODE_WP")]
        const WRITE_PROTECTED = 1 << 1;
        /// On pages that are in the page cache, but not mapped.
        #[doc(alias = "UFFDIO_REGISTER_MODE_MINOR")]
        const MINOR = 1 << 2;
    }
}

bitflags! {
    /// What can be done to a range that is watched. Bits that have no name are kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FaultOperations: u64 {
        /// [`UserFault::wake`](super::UserFault::wake).
        const WAKE = 1 << 2;
        /// [`UserFault::copy`](super::UserFault::copy).
        const COPY = 1 << 3;
        /// [`UserFault::zero`](super::UserFault::zero).
        const ZERO = 1 << 4;
        /// [`UserFault::move_pages`](super::UserFault::move_pages).
        const MOVE = 1 << 5;
        /// [`UserFault::write_protect`](super::UserFault::write_protect).
        const WRITE_PROTECT = 1 << 6;
        /// [`UserFault::resume`](super::UserFault::resume).
        const CONTINUE = 1 << 7;
        /// [`UserFault::poison`](super::UserFault::poison).
        const POISON = 1 << 8;
        const _ = !0;
    }
}

bitflags! {
    /// How pages are given.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FillFlags: u32 {
        /// Leaves the threads that wait for them waiting, until [`UserFault::wake`](super::UserFault::wake).
        const DO_NOT_WAKE = 1 << 0;
        /// Protected from writing, in a range that is watched for that. For [`UserFault::copy`](super::UserFault::copy)
        /// and, since Linux 6.4, [`UserFault::resume`](super::UserFault::resume).
        const WRITE_PROTECTED = 1 << 1;
        /// Leaves pages out that are not there. For [`UserFault::move_pages`](super::UserFault::move_pages).
        #[doc(alias = "UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES")]
        const ALLOW_HOLES = 1 << 2;
    }
}

impl FillFlags {
    /// The bits that copying, zeroing, resuming and poisoning take; which of them are of use, the kernel says.
    pub(super) fn fill(self) -> u64 {
        (self - Self::ALLOW_HOLES).bits().into()
    }

    /// The bits that moving takes.
    pub(super) fn moving(self) -> u64 {
        let wake = u64::from((self & Self::DO_NOT_WAKE).bits());
        if self.contains(Self::ALLOW_HOLES) { wake | 2 } else { wake }
    }

    /// The bits that an end of write protection takes.
    pub(super) fn writable(self) -> u64 {
        if self.contains(Self::DO_NOT_WAKE) { 2 } else { 0 }
    }
}
