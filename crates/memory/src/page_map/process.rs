use core::{
    convert::Infallible,
    fmt,
    ops::{ControlFlow, Range},
};
use std::os::fd::{AsFd, OwnedFd};

use linux_support_base::{AddressRange, Error, Machine, PageSize, Pid, Reason, Requirement};
use rustix::{
    fs::{Mode, OFlags, openat},
    io::{Errno, pread},
};

use zerocopy::IntoBytes;

use super::{PageLocation, PageMapEntry, PhysicalAddress, PhysicalRun, SwapSlot, run::Joined};

const NEEDS: Requirement =
    Requirement::none().configuration("CONFIG_PROC_PAGE_MONITOR").capability("CAP_SYS_PTRACE");

/// The page map of a process, held open: of that process, also when its number is given to another.
///
/// ```
/// use linux_support_base::{Bytes, Machine};
/// use linux_support_memory::{mapping::MapOptions, page_map::{PageMap, Translation}};
///
/// let memory = MapOptions::new().populate().private(Bytes::new(1 << 16))?;
/// let map = PageMap::of_this_process(&Machine::live()?)?;
/// match map.physical_address(memory.range().start() + 5)? {
///     Translation::Physical(address) => assert_eq!(address.get() % 4096, 5),
///     // This program runs without CAP_SYS_ADMIN.
///     other => assert_eq!(other, Translation::Withheld),
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Capabilities
/// CAP_SYS_ADMIN for frames and places in swap; for other processes, the permission to trace them.
#[doc(alias = "pagemap")]
pub struct PageMap {
    file: OwnedFd,
    page: PageSize,
    path: String,
}

/// What an address of a process is in physical memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Translation {
    /// This address, at this moment.
    Physical(PhysicalAddress),
    /// Nothing is mapped there, or the page was never used.
    NotPresent,
    /// It is in swap; `None` where the place is withheld.
    Swapped(Option<SwapSlot>),
    /// It is in memory, and the kernel withholds where: CAP_SYS_ADMIN is missing.
    Withheld,
}

impl PageMap {
    /// That of this process.
    ///
    /// # Errors
    /// `machine` is not the one that runs; the kernel is built without `CONFIG_PROC_PAGE_MONITOR`.
    pub fn of_this_process(machine: &Machine) -> Result<Self, Error> {
        Self::open(machine, "self".into())
    }

    /// That of another process.
    ///
    /// # Errors
    /// As for [`of_this_process`](Self::of_this_process); there is no such process; it may not be traced.
    pub fn of(machine: &Machine, process: Pid) -> Result<Self, Error> {
        Self::open(machine, process.to_string())
    }

    fn open(machine: &Machine, process: String) -> Result<Self, Error> {
        let path = format!("/proc/{process}/pagemap");
        let directory = machine.directory(format!("/proc/{process}"))?;
        let Some(descriptor) = directory.descriptor() else {
            let accepted = "needs the machine that runs, and this was captured";
            return Err(Error::invalid("open", path.as_bytes(), accepted));
        };
        let file = openat(descriptor, "pagemap", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|errno| machine.explain(Error::system("open", path.as_bytes(), errno), NEEDS))?;
        Ok(Self { file, page: machine.page_size()?, path })
    }

    /// The size of the pages of which it has an entry each.
    #[must_use]
    pub fn page_size(&self) -> PageSize {
        self.page
    }

    /// The entry of each page of `range`, in order; pages that `range` has a part of count.
    ///
    /// # Errors
    /// `range` is beyond the end of the address space of processes; the process has ended ([`Reason::Gone`]).
    pub fn entries(&self, range: AddressRange) -> Result<Vec<PageMapEntry>, Error> {
        let mut entries = Vec::new();
        self.entries_into(range, &mut entries)?;
        Ok(entries)
    }

    /// As [`entries`](Self::entries), into `entries` in place of what was there: the kernel writes the entries where they
    /// stay, so that a buffer that is used again costs nothing beside the kernel's own time.
    ///
    /// ```
    /// use linux_support_base::{Bytes, Machine};
    /// use linux_support_memory::{mapping::MapOptions, page_map::PageMap};
    ///
    /// let memory = MapOptions::new().populate().private(Bytes::new(1 << 20))?;
    /// let (map, mut entries) = (PageMap::of_this_process(&Machine::live()?)?, Vec::new());
    /// map.entries_into(memory.range(), &mut entries)?;
    /// assert!(entries.iter().all(|entry| entry.is_present()));
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`entries`](Self::entries); `entries` is then empty.
    pub fn entries_into(&self, range: AddressRange, entries: &mut Vec<PageMapEntry>) -> Result<(), Error> {
        /// How many entries there is made room for at once: a range may be far longer than what can be read of it.
        const PART: u64 = 1 << 16;
        let pages = self.pages(range);
        let (mut next, mut filled) = (pages.start, 0);
        while next < pages.end {
            let part = PART.min(pages.end - next) as usize;
            if entries.len() < filled + part {
                entries.resize(filled + part, PageMapEntry::from_bits(0));
            }
            if let Err(error) = self.read(next, &mut entries[filled..filled + part]) {
                entries.clear();
                return Err(error);
            }
            next += part as u64;
            filled += part;
        }
        entries.truncate(filled);
        Ok(())
    }

    /// Calls `visitor` with the address and the entry of each page of `range`, in order. However long the range is, only
    /// some KiB of entries are held.
    ///
    /// # Errors
    /// As for [`entries`](Self::entries), after the pages before were visited.
    pub fn visit(
        &self,
        range: AddressRange,
        mut visitor: impl FnMut(u64, PageMapEntry),
    ) -> Result<(), Error> {
        self.visit_while(range, |address, entry| {
            visitor(address, entry);
            ControlFlow::Continue(())
        })
        .map(|_: Option<Infallible>| ())
    }

    /// What an address is in physical memory.
    ///
    /// # Errors
    /// As for [`entries`](Self::entries).
    pub fn physical_address(&self, address: u64) -> Result<Translation, Error> {
        let size = self.page.bytes().get();
        let start = address - address % size;
        let mut entry = [PageMapEntry::from_bits(0)];
        self.read(start / size, &mut entry)?;
        Ok(match entry[0].location() {
            PageLocation::Frame(frame) => {
                let address = frame.address(self.page).get().saturating_add(address % size);
                Translation::Physical(PhysicalAddress::new(address))
            }
            PageLocation::FrameWithheld => Translation::Withheld,
            PageLocation::Swap(slot) => Translation::Swapped(Some(slot)),
            PageLocation::SwapWithheld => Translation::Swapped(None),
            PageLocation::None => Translation::NotPresent,
        })
    }

    /// The runs of contiguous physical memory behind `range`, in rising order of its own addresses: all of it, or an error
    /// that says what is missing.
    ///
    /// # Errors
    /// As for [`entries`](Self::entries); a page is not in memory: lock the range first; frames are withheld: CAP_SYS_ADMIN
    /// is missing.
    pub fn physical_runs(&self, range: AddressRange) -> Result<Vec<PhysicalRun>, Error> {
        let mut found = Vec::new();
        let mut joined = Joined::new(self.page);
        let missing = self.visit_while(range, |address, entry| match entry.location() {
            PageLocation::Frame(frame) => {
                found.extend(joined.push(address, Some(frame)));
                ControlFlow::Continue(())
            }
            elsewhere => ControlFlow::Break((address, elsewhere)),
        })?;
        found.extend(joined.finish());
        match missing {
            None => Ok(found),
            Some((address, elsewhere)) => Err(missing_frame(range, address, elsewhere)),
        }
    }

    /// Calls `visitor` with the address and the entry of each page of `range` until it breaks, and gives what it broke
    /// with.
    fn visit_while<B>(
        &self,
        range: AddressRange,
        mut visitor: impl FnMut(u64, PageMapEntry) -> ControlFlow<B>,
    ) -> Result<Option<B>, Error> {
        /// As many entries as the nearest cache keeps.
        const PART: u64 = 2048;
        let size = self.page.bytes().get();
        let pages = self.pages(range);
        let mut buffer = vec![PageMapEntry::from_bits(0); PART.min(pages.end - pages.start) as usize];
        let mut next = pages.start;
        while next < pages.end {
            let part = &mut buffer[..PART.min(pages.end - next) as usize];
            self.read(next, part)?;
            for (page, entry) in (next..).zip(&*part) {
                if let ControlFlow::Break(with) = visitor(page * size, *entry) {
                    return Ok(Some(with));
                }
            }
            next += part.len() as u64;
        }
        Ok(None)
    }

    /// The numbers of the pages that `range` has a part of.
    fn pages(&self, range: AddressRange) -> Range<u64> {
        let size = self.page.bytes().get();
        let start = range.start() / size;
        if range.length() == 0 { start..start } else { start..range.end().div_ceil(size) }
    }

    /// Fills `entries` with those from page number `first` on.
    fn read(&self, first: u64, entries: &mut [PageMapEntry]) -> Result<(), Error> {
        let mut offset = first.saturating_mul(8);
        let mut rest = entries.as_mut_bytes();
        while !rest.is_empty() {
            match pread(&self.file, &mut *rest, offset) {
                Ok(0) => {
                    let address = (offset / 8).saturating_mul(self.page.bytes().get());
                    let accepted =
                        format!("{address:#x} is beyond the end of its addresses, or the process has ended");
                    return Err(Error::invalid("read", self.path.as_bytes(), accepted));
                }
                Ok(read) => {
                    offset = offset.saturating_add(read as u64);
                    rest = &mut rest[read..];
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(self.failed(errno)),
            }
        }
        Ok(())
    }

    #[cold]
    pub(super) fn failed(&self, errno: Errno) -> Error {
        Error::system("read", self.path.as_bytes(), errno)
    }
}

#[cold]
fn missing_frame(range: AddressRange, address: u64, elsewhere: PageLocation) -> Error {
    const OPERATION: &str = "find the frames of";
    let object = range.to_string();
    match elsewhere {
        PageLocation::FrameWithheld => Error::new(
            OPERATION,
            object.as_bytes(),
            Reason::PermissionDenied { capability: Some("CAP_SYS_ADMIN") },
        ),
        _ => {
            let accepted = format!("the page at {address:x} is not in memory: lock the range first");
            Error::invalid(OPERATION, object.as_bytes(), accepted)
        }
    }
}

impl AsFd for PageMap {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl fmt::Debug for PageMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PageMap({})", self.path)
    }
}
