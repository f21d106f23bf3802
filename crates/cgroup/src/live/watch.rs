use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use linux_support_base::{ByteString, Errno, Error, PageSize, ParseError, Requirement};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::OFlags,
    io::pread,
};

use super::{LiveGroup, group::NOT_ROOT};
use crate::{
    GroupEvents, HugePageEvents, Keyed, MemoryEvents, PidsEvents, SwapEvents, v2::parse_resource_counts,
};

/// A file of a group that tells when what it counts has changed: to be waited for by itself, or in an epoll, for
/// priority (`POLLPRI`) and edge-triggered.
///
/// For pressure, `PressureTrigger` of the crate for memory takes the directory of a group.
///
/// # Source
/// Documentation/admin-guide/cgroup-v2.rst, "Basic Operations".
#[derive(Debug)]
pub struct GroupWatch<T> {
    file: OwnedFd,
    path: ByteString,
    parse: fn(&[u8]) -> Result<T, ParseError>,
}

/// More than any of these files has.
const ROOM: usize = 4096;

impl<T> GroupWatch<T> {
    fn new(
        group: &LiveGroup<'_>,
        file: &str,
        needs: Requirement,
        parse: fn(&[u8]) -> Result<T, ParseError>,
    ) -> Result<Self, Error> {
        let opened = group.live()?.open(file, OFlags::RDONLY).map_err(|error| group.explain(error, needs))?;
        let path = [group.directory().path(), b"/", file.as_bytes()].concat().into();
        let watch = Self { file: opened, path, parse };
        // A file that was never read tells of a change at once.
        watch.read()?;
        Ok(watch)
    }

    /// What it counts now. A change from then on is told.
    ///
    /// # Errors
    /// The group is gone.
    pub fn read(&self) -> Result<T, Error> {
        let mut buffer = [0; ROOM];
        let mut length = 0;
        loop {
            match pread(&self.file, &mut buffer[length..], length as u64) {
                Ok(0) => break,
                Ok(more) => length += more,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Error::system("read", self.path.clone(), errno)),
            }
        }
        (self.parse)(&buffer[..length]).map_err(|error| Error::malformed(self.path.clone(), error))
    }

    /// Waits until it has changed since it was read last; `false` if the time runs out before. `None` waits for ever.
    ///
    /// # Errors
    /// None that is known.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        // A time beyond the kernel's range is none.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut [PollFd::new(&self.file, PollFlags::PRI)], timeout.as_ref()) {
            Ok(ready) => Ok(ready > 0),
            // Whoever asked looks again.
            Err(Errno::INTR) => Ok(true),
            Err(errno) => Err(Error::system("wait for", self.path.clone(), errno)),
        }
    }
}

impl<T> AsFd for GroupWatch<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl LiveGroup<'_> {
    /// Tells when the group gets its first process or loses its last, and when it is stopped or goes on.
    ///
    /// # Errors
    /// It is the root, or gone.
    #[doc(alias = "cgroup.events")]
    pub fn watch_events(&self) -> Result<GroupWatch<GroupEvents>, Error> {
        GroupWatch::new(self, "cgroup.events", NOT_ROOT, GroupEvents::parse)
    }

    /// Tells when the group, or one below it, meets a limit of memory.
    ///
    /// # Errors
    /// It has no controller of memory, or is the root.
    #[doc(alias = "memory.events")]
    pub fn watch_memory(&self) -> Result<GroupWatch<MemoryEvents>, Error> {
        GroupWatch::new(self, "memory.events", MEMORY, MemoryEvents::parse)
    }

    /// As [`watch_memory`](Self::watch_memory), of the group alone.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Kernel
    /// Since 5.2.
    #[doc(alias = "memory.events.local")]
    pub fn watch_own_memory(&self) -> Result<GroupWatch<MemoryEvents>, Error> {
        GroupWatch::new(self, "memory.events.local", MEMORY.since(5, 2), MemoryEvents::parse)
    }

    /// Tells when the group meets a limit of swap space.
    ///
    /// # Errors
    /// As for [`watch_memory`](Self::watch_memory); the kernel can't swap.
    #[doc(alias = "memory.swap.events")]
    pub fn watch_swap(&self) -> Result<GroupWatch<SwapEvents>, Error> {
        GroupWatch::new(self, "memory.swap.events", MEMORY, SwapEvents::parse)
    }

    /// Tells when a thread could not be started for the limit of threads.
    ///
    /// # Errors
    /// It has no controller of threads, or is the root.
    #[doc(alias = "pids.events")]
    pub fn watch_threads(&self) -> Result<GroupWatch<PidsEvents>, Error> {
        GroupWatch::new(self, "pids.events", PIDS, PidsEvents::parse)
    }

    /// As [`watch_threads`](Self::watch_threads), of the group alone: of its own limit.
    ///
    /// # Errors
    /// As there; the kernel is older than 6.11.
    #[doc(alias = "pids.events.local")]
    pub fn watch_own_threads(&self) -> Result<GroupWatch<PidsEvents>, Error> {
        GroupWatch::new(self, "pids.events.local", PIDS.since(6, 11), PidsEvents::parse)
    }

    /// Tells when the group, or one below it, meets a limit of a scalar resource of the platform: how often, by the
    /// resource's name and `.max`.
    ///
    /// # Errors
    /// It has no controller of those, or is the root.
    ///
    /// # Kernel
    /// Since 5.16.
    #[doc(alias = "misc.events")]
    pub fn watch_misc(&self) -> Result<GroupWatch<Keyed<u64>>, Error> {
        const MISC: Requirement =
            Requirement::none().since(5, 16).configuration("the controller misc, switched on for this group");
        GroupWatch::new(self, "misc.events", MISC, parse_resource_counts)
    }

    /// As [`watch_huge_pages`](Self::watch_huge_pages), of the group alone.
    ///
    /// # Errors
    /// As there.
    #[doc(alias = "hugetlb.events.local")]
    pub fn watch_own_huge_pages(&self, size: PageSize) -> Result<GroupWatch<HugePageEvents>, Error> {
        let file = super::setting::huge_page_file(size, "events.local");
        GroupWatch::new(self, &file, HUGETLB, HugePageEvents::parse)
    }

    /// Tells when the group meets its limit of huge pages of a size.
    ///
    /// # Errors
    /// It has no controller of huge pages, or is the root; the kernel has no pages of this size.
    #[doc(alias = "hugetlb.events")]
    pub fn watch_huge_pages(&self, size: PageSize) -> Result<GroupWatch<HugePageEvents>, Error> {
        GroupWatch::new(self, &super::setting::huge_page_file(size, "events"), HUGETLB, HugePageEvents::parse)
    }
}

pub(super) const MEMORY: Requirement =
    Requirement::none().configuration("the controller memory, switched on for this group");
const PIDS: Requirement =
    Requirement::none().configuration("the controller pids, switched on for this group");
const HUGETLB: Requirement = Requirement::none()
    .configuration("the controller hugetlb, switched on for this group, and this page size");
