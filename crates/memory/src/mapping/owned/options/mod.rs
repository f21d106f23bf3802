mod refusal;

use core::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd};

use linux_support_base::{Bytes, Error, PageSize};
use rustix::{fs::fstatfs, io::Errno, param::page_size};

pub(super) use self::refusal::no_promised_pages;
use self::refusal::unsealed;
use super::Guarded;
use crate::{
    mapping::{
        Advice, Droppable, FileBacked, Kind, Mapping, NoAccess, Private, Protection, ReadOnly, ReadWrite,
        Shared, Strict, Unchanging,
    },
    numa::{MemoryPolicy, Moving},
    sys::mapping::Request,
};

/// How memory is to be mapped.
///
/// Lengths are rounded up to whole pages.
///
/// ```
/// use linux_support_base::Bytes;
/// use linux_support_memory::mapping::MapOptions;
///
/// let mut memory = MapOptions::new().populate().private(Bytes::new(1 << 20))?;
/// assert_eq!(memory.residency(..)?.resident(), memory.len() / memory.page_size().bytes().get() as usize);
/// memory.as_bytes_mut().fill(1);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MapOptions {
    huge: Option<PageSize>,
    address: Option<NonZeroU64>,
    populate: bool,
    no_reserve: bool,
    stack: bool,
    synchronous: bool,
    policy: Option<MemoryPolicy>,
}

/// Who sees what is written to a mapping of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// This process alone; the file is not changed.
    Private,
    /// All who map or read the file.
    Shared,
}

impl MapOptions {
    /// On pages of the base size, wherever there is room.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// On huge pages of this size, from the pool of the machine. For anonymous memory.
    ///
    /// The pages are promised to the mapping, but not on which nodes: with a [policy](Self::policy),
    /// [populate](Self::populate) it too, for a page that its nodes lack is an error then, and a SIGBUS later. The same
    /// holds in a control group that may have less than it may reserve (`hugetlb.2MB.max` below `hugetlb.2MB.rsvd.max`):
    /// what is reserved counts against the one, and each page that is first used against the other.
    #[doc(alias = "MAP_HUGETLB")]
    #[must_use]
    pub fn huge_pages(mut self, size: PageSize) -> Self {
        self.huge = Some(size);
        self
    }

    /// On pages of the base size again.
    #[must_use]
    pub(crate) fn base_pages(mut self) -> Self {
        self.huge = None;
        self
    }

    /// The address that was asked for.
    pub(crate) fn address(&self) -> Option<NonZeroU64> {
        self.address
    }

    /// At this address or not at all: nothing that is mapped is replaced.
    #[doc(alias = "MAP_FIXED_NOREPLACE")]
    #[must_use]
    pub fn at(mut self, address: NonZeroU64) -> Self {
        self.address = Some(address);
        self
    }

    /// With all pages there from the start; where that fails, so does the mapping.
    #[doc(alias = "MAP_POPULATE")]
    #[must_use]
    pub fn populate(mut self) -> Self {
        self.populate = true;
        self
    }

    /// Without a promise of memory for all of it (heeded where `vm.overcommit_memory` is not 2).
    #[doc(alias = "MAP_NORESERVE")]
    #[must_use]
    pub fn no_reserve(mut self) -> Self {
        self.no_reserve = true;
        self
    }

    /// With writes stored once they are made and flushed from the caches of the CPU. For shared mappings of files on
    /// memory that lasts (DAX).
    #[doc(alias = "MAP_SYNC")]
    #[must_use]
    pub fn synchronous(mut self) -> Self {
        self.synchronous = true;
        self
    }

    /// From the nodes of this policy. For anonymous memory, and for what a shared memfd does not have yet.
    ///
    /// ```
    /// use linux_support_base::{Bytes, NumaNode};
    /// use linux_support_memory::{mapping::MapOptions, numa::{MemoryPolicy, PageStatus}};
    ///
    /// let node = NumaNode::new(0).unwrap();
    /// let memory =
    ///     MapOptions::new().policy(MemoryPolicy::bind(node)).populate().private(Bytes::new(1 << 16))?;
    /// assert!(memory.placement()?.iter().all(|page| *page == PageStatus::On(node)));
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    #[doc(alias = "mbind")]
    #[doc(alias = "numa_alloc_onnode")]
    #[must_use]
    pub fn policy(mut self, policy: MemoryPolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Maps memory of this process alone, all 0.
    ///
    /// # Errors
    /// `length` is 0 or too long; the address is not aligned, is taken (`EEXIST`) or out of bounds; there is no memory,
    /// or no more mappings (`ENOMEM`). With huge pages, the pool has too few, or there is none of that size: the error
    /// names it.
    #[doc(alias = "mmap")]
    #[doc(alias = "MAP_ANONYMOUS")]
    pub fn private(&self, length: Bytes) -> Result<Mapping<Private, ReadWrite>, Error> {
        self.anonymous(length, Mapping::private)
    }

    /// Maps room in the address space, without any access: for use with [`Mapping::protect`].
    ///
    /// # Errors
    /// As for [`private`](Self::private).
    pub fn reserved(&self, length: Bytes) -> Result<Mapping<Private, NoAccess>, Error> {
        let options = Self { populate: false, ..self.clone() };
        options.anonymous(length, Mapping::private)
    }

    /// Maps memory that is shared with children that are forked, all 0.
    ///
    /// # Errors
    /// As for [`private`](Self::private).
    pub fn shared(&self, length: Bytes) -> Result<Mapping<Shared, ReadWrite>, Error> {
        self.anonymous(length, Mapping::shared)
    }

    /// Maps memory that the kernel may empty at any moment: for caches. It is in no core dump, and empty in children.
    ///
    /// # Errors
    /// As for [`private`](Self::private). The kernel is older than 6.11.
    #[doc(alias = "MAP_DROPPABLE")]
    pub fn droppable(&self, length: Bytes) -> Result<Mapping<Droppable, ReadWrite>, Error> {
        self.anonymous(length, Mapping::droppable)
    }

    /// Maps memory of this process alone between two guards: what runs over either end meets a SIGSEGV.
    ///
    /// # Errors
    /// As for [`private`](Self::private).
    pub fn guarded(&self, length: Bytes) -> Result<Guarded, Error> {
        Guarded::map(self, length)
    }

    /// Maps a stack for a thread, of this size: with a guard on each end, and taking memory as it is used.
    ///
    /// # Errors
    /// As for [`private`](Self::private).
    #[doc(alias = "MAP_STACK")]
    #[doc(alias = "MAP_GROWSDOWN")]
    pub fn stack(&self, size: Bytes) -> Result<Guarded, Error> {
        Guarded::map(&Self { stack: true, no_reserve: true, ..self.clone() }, size)
    }

    /// Maps a part of a memfd that was sealed against any change (`F_SEAL_WRITE`, `F_SEAL_SHRINK`, `F_SEAL_GROW`), from
    /// `offset` on.
    ///
    /// # Errors
    /// `file` is not sealed so, or shorter; `length` is 0 or too long; `offset` or the address is not aligned.
    pub fn sealed_file(
        &self,
        file: impl AsFd,
        offset: u64,
        length: Bytes,
    ) -> Result<Mapping<Unchanging, ReadOnly>, Error> {
        let (file, request) = (file.as_fd(), self.of_file(file.as_fd(), offset, length)?);
        let mapping = Mapping::of_unchanging(request, file, offset)
            .map_err(|errno| self.explain::<Unchanging>(&request, errno))?;
        self.populated(mapping.ok_or_else(|| unsealed("F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE"))?)
    }

    /// Maps a part of a memfd that can't shrink (`F_SEAL_SHRINK`), or of secret memory (memfd_secret(2)), from `offset`
    /// on, shared with all who have it. The kernel copies nothing in or out of secret memory: it is used as atomics.
    ///
    /// # Errors
    /// As for [`sealed_file`](Self::sealed_file). `P` allows writing, and the file does not (`EACCES`, `EPERM`).
    pub fn shared_file<P: Strict>(
        &self,
        file: impl AsFd,
        offset: u64,
        length: Bytes,
    ) -> Result<Mapping<Shared, P>, Error> {
        let (file, request) = (file.as_fd(), self.of_file(file.as_fd(), offset, length)?);
        let mapping = Mapping::of_lasting(request, file, offset)
            .map_err(|errno| self.explain::<Shared>(&request, errno))?;
        self.populated(mapping.ok_or_else(|| unsealed("F_SEAL_SHRINK, or secret memory"))?)
    }

    /// Maps a part of any file, from `offset` on; it may be beyond the file's end.
    ///
    /// # Errors
    /// `length` is 0 or too long; `offset` or the address is not aligned; `P` allows what the file was not opened for
    /// (`EACCES`), or writing to a shared mapping of what was sealed (`EPERM`); it can't be mapped (`ENODEV`), or not
    /// [synchronously](Self::synchronous) (`EOPNOTSUPP`).
    pub fn file<P: Strict>(
        &self,
        file: impl AsFd,
        sharing: Sharing,
        offset: u64,
        length: Bytes,
    ) -> Result<Mapping<FileBacked, P>, Error> {
        if self.synchronous && sharing == Sharing::Private {
            return Err(Error::invalid("map", FileBacked::NAME, "synchronous needs a shared mapping"));
        }
        let (file, request) = (file.as_fd(), self.of_file(file.as_fd(), offset, length)?);
        let mapping = Mapping::of_file(request, file, offset, sharing == Sharing::Shared, self.synchronous)
            .map_err(|errno| self.explain::<FileBacked>(&request, errno))?;
        self.populated(mapping)
    }

    fn anonymous<K: Kind, P: Protection>(
        &self,
        length: Bytes,
        map: impl FnOnce(Request) -> Result<Mapping<K, P>, Errno>,
    ) -> Result<Mapping<K, P>, Error> {
        if self.synchronous {
            return Err(Error::invalid("map", K::NAME, "synchronous needs a shared mapping of a file"));
        }
        let request = self.request(length, self.huge.unwrap_or_else(base_page), 0)?;
        let mapping = map(request).map_err(|errno| self.explain::<K>(&request, errno))?;
        self.populated(mapping)
    }

    /// As [`private`](Self::private), without [`populate`](Self::populate): whether that is still to be done.
    pub(crate) fn private_unpopulated(
        &self,
        length: Bytes,
    ) -> Result<(Mapping<Private, ReadWrite>, bool), Error> {
        let options = Self { populate: false, ..self.clone() };
        Ok((options.private(length)?, self.populate))
    }

    /// The bytes of a page of anonymous memory.
    pub(super) fn page(&self) -> u64 {
        self.huge.unwrap_or_else(base_page).bytes().get()
    }

    fn of_file(&self, file: BorrowedFd<'_>, offset: u64, length: Bytes) -> Result<Request, Error> {
        if self.huge.is_some() {
            return Err(Error::invalid(
                "map",
                FileBacked::NAME,
                "a file has the pages of its file system: give none",
            ));
        }
        let page = page_of(file).map_err(|errno| Error::system("map", FileBacked::NAME, errno))?;
        self.request(length, page, offset)
    }

    fn request(&self, length: Bytes, page: PageSize, offset: u64) -> Result<Request, Error> {
        let bytes = page.bytes().get();
        let refused = |accepted: String| Err(Error::invalid("map", "memory", accepted));
        let most = isize::MAX as u64 / bytes * bytes;
        if length.get() == 0 || length.get() > most {
            return refused(format!("{} bytes: a length is from 1 to {most}", length.get()));
        }
        let length = length.get().next_multiple_of(bytes);
        if !offset.is_multiple_of(bytes) {
            return refused(format!("offset {offset}: it is a multiple of the page size of {bytes} bytes"));
        }
        if offset.checked_add(length).is_none_or(|end| end > i64::MAX as u64) {
            return refused(format!(
                "offset {offset}: with {length} bytes, it ends at 2^63 - 1 at the latest"
            ));
        }
        let address = self.address.map_or(0, NonZeroU64::get);
        if !address.is_multiple_of(bytes) {
            return refused(format!(
                "address {address:#x}: it is a multiple of the page size of {bytes} bytes"
            ));
        }
        if address.checked_add(length).is_none() {
            return refused(format!("address {address:#x}: {length} bytes have no room behind it"));
        }
        Ok(Request {
            length: length as usize,
            page,
            huge: self.huge.is_some(),
            address: self.address.map(|_| address as usize),
            no_reserve: self.no_reserve,
            stack: self.stack,
        })
    }

    fn populated<K: Kind, P: Protection>(&self, mapping: Mapping<K, P>) -> Result<Mapping<K, P>, Error> {
        if let Some(policy) = &self.policy {
            mapping.set_policy(policy, Moving::Nothing)?;
        }
        if self.populate {
            let writable = P::BITS & <ReadWrite as Protection>::BITS == <ReadWrite as Protection>::BITS;
            mapping.advise(.., if writable { Advice::PopulateWrite } else { Advice::PopulateRead })?;
        }
        Ok(mapping)
    }
}

/// The size of the base pages.
pub(super) fn base_page() -> PageSize {
    PageSize::new(Bytes::new(page_size() as u64)).expect("the kernel's page size is a power of two")
}

/// The size of the pages in which a file is mapped.
fn page_of(file: BorrowedFd<'_>) -> Result<PageSize, Errno> {
    const HUGETLBFS_MAGIC: u32 = 0x9584_58f6;
    let status = fstatfs(file)?;
    if status.f_type as u32 == HUGETLBFS_MAGIC {
        let size = u64::try_from(status.f_bsize).ok().and_then(|size| PageSize::new(Bytes::new(size)));
        return size.ok_or(Errno::INVAL);
    }
    Ok(base_page())
}
