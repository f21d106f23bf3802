//! The mapping itself: mmap(2), munmap(2), mprotect(2), mremap(2), mseal(2).

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr::{self, NonNull},
    slice,
    sync::atomic::AtomicU64,
};
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::c_int;
use linux_raw_sys::general::{__NR_mseal, MAP_DROPPABLE, SECRETMEM_MAGIC};
use linux_support_base::{AddressRange, PageSize};
use rustix::{fs::SealFlags, io::Errno};

use super::{
    kind::{
        Droppable, Exclusive, FileBacked, Growing, Kind, Lasting, Private, Protection, Readable, Shared,
        Unchanging, Writable,
    },
    number, result,
};

/// Memory that this program has mapped, and that is unmapped when this is dropped.
///
/// `K` says what it is of, and `P` what may be done with it: see the [module](crate::mapping). A mapping consists of
/// whole pages, and is made by [`MapOptions`](crate::mapping::MapOptions).
///
/// It can be sent to other threads and shared with them: what it lends obeys the rules of borrowing, or is atomic.
pub struct Mapping<K: Kind, P: Protection> {
    start: NonNull<u8>,
    /// Above 0, a multiple of `page`, and at most `isize::MAX`.
    length: usize,
    page: PageSize,
    state: PhantomData<(K, P)>,
}

// SAFETY: the memory belongs to this value alone; it is reached through it only by the rules of borrowing, as atomics or
// by the kernel.
unsafe impl<K: Kind, P: Protection> Send for Mapping<K, P> {}
// SAFETY: as above: a shared reference lends shared slices of bytes that nobody changes, or atomics.
unsafe impl<K: Kind, P: Protection> Sync for Mapping<K, P> {}

/// What a new mapping shall be, beside its kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// A multiple of `page`, above 0 and at most `isize::MAX`.
    pub(crate) length: usize,
    /// The size of its pages.
    pub(crate) page: PageSize,
    /// Whether they are from the pool of that size.
    pub(crate) huge: bool,
    /// Where to put it, and nowhere else.
    pub(crate) address: Option<usize>,
    pub(crate) no_reserve: bool,
    pub(crate) stack: bool,
}

impl Request {
    fn flags(&self) -> c_int {
        let mut flags = 0;
        if self.huge {
            flags |= libc::MAP_HUGETLB | (log2(self.page) << libc::MAP_HUGE_SHIFT) as c_int;
        } else if self.no_reserve {
            // With huge pages, this would make a SIGBUS of a page that is lacking.
            flags |= libc::MAP_NORESERVE;
        }
        if self.stack {
            flags |= libc::MAP_STACK;
        }
        if self.address.is_some() {
            flags |= libc::MAP_FIXED_NOREPLACE;
        }
        flags
    }
}

/// The power of two that a page has bytes.
pub(crate) const fn log2(page: PageSize) -> u32 {
    page.bytes().get().trailing_zeros()
}

impl<P: Protection> Mapping<Private, P> {
    pub(crate) fn private(request: Request) -> Result<Self, Errno> {
        // SAFETY: anonymous and private memory is as `Private` says.
        unsafe { Self::map(request, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, None) }
    }
}

impl<P: Protection> Mapping<Shared, P> {
    pub(crate) fn shared(request: Request) -> Result<Self, Errno> {
        // SAFETY: anonymous and shared memory is of the length that was asked for, and keeps it.
        unsafe { Self::map(request, libc::MAP_SHARED | libc::MAP_ANONYMOUS, None) }
    }

    /// Memory that was mapped by another call than mmap(2).
    ///
    /// # Safety
    /// `length` bytes from `start` on, above 0 and whole pages of `page`, are mapped, are protected as `P` says, belong to
    /// nobody else, and are as `Shared` says.
    pub(super) unsafe fn of_attached(start: NonNull<u8>, length: usize, page: PageSize) -> Self {
        Self { start, length, page, state: PhantomData }
    }

    /// Memory of a file that can't shrink: of a memfd that is sealed so, or of secret memory; `None` where it could, or
    /// where it is too short.
    pub(crate) fn of_lasting(
        request: Request,
        file: BorrowedFd<'_>,
        offset: u64,
    ) -> Result<Option<Self>, Errno> {
        let lasts = sealed(file, SealFlags::SHRINK)? || is_secret(file)?;
        if !lasts || !holds(file, offset, &request)? {
            return Ok(None);
        }
        // SAFETY: a file that is long enough and can't be made shorter is as `Shared` says: seals stay, and the length
        // of secret memory can't be changed any more once it is above 0.
        unsafe { Self::map(request, libc::MAP_SHARED, Some((file, offset))) }.map(Some)
    }
}

impl<P: Protection> Mapping<Droppable, P> {
    pub(crate) fn droppable(request: Request) -> Result<Self, Errno> {
        // SAFETY: droppable memory is as `Droppable` says.
        unsafe { Self::map(request, MAP_DROPPABLE as c_int | libc::MAP_ANONYMOUS, None) }
    }
}

impl<P: Protection> Mapping<Unchanging, P> {
    /// Memory of a file that is sealed against any change of its bytes and its length; `None` where it is not, or where it is too short.
    pub(crate) fn of_unchanging(
        request: Request,
        file: BorrowedFd<'_>,
        offset: u64,
    ) -> Result<Option<Self>, Errno> {
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        if !sealed(file, seals)? || !holds(file, offset, &request)? {
            return Ok(None);
        }
        // SAFETY: with these seals, which stay, the file's bytes can't change, and those behind its end neither: the
        // kernel refuses the seal against writing while a mapping could write, and such mappings after it. The file is
        // long enough, and can't be made shorter. What is written to the private mapping stays in it.
        unsafe { Self::map(request, libc::MAP_PRIVATE, Some((file, offset))) }.map(Some)
    }
}

fn sealed(file: BorrowedFd<'_>, seals: SealFlags) -> Result<bool, Errno> {
    match rustix::fs::fcntl_get_seals(file) {
        Ok(found) => Ok(found.contains(seals)),
        // It is of a kind that has no seals.
        Err(Errno::INVAL) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Whether the file is of memfd_secret(2).
fn is_secret(file: BorrowedFd<'_>) -> Result<bool, Errno> {
    Ok(rustix::fs::fstatfs(file)?.f_type as u64 == u64::from(SECRETMEM_MAGIC))
}

/// Whether the file has all pages that are asked for; its last may be incomplete.
fn holds(file: BorrowedFd<'_>, offset: u64, request: &Request) -> Result<bool, Errno> {
    let size = u64::try_from(rustix::fs::fstat(file)?.st_size).unwrap_or(0);
    let pages = size.checked_next_multiple_of(request.page.bytes().get()).unwrap_or(0);
    Ok(offset.checked_add(request.length as u64).is_some_and(|end| end <= pages))
}

impl<P: Protection> Mapping<FileBacked, P> {
    pub(crate) fn of_file(
        request: Request,
        file: BorrowedFd<'_>,
        offset: u64,
        shared: bool,
        synchronous: bool,
    ) -> Result<Self, Errno> {
        let flags = match (shared, synchronous) {
            (false, _) => libc::MAP_PRIVATE,
            (true, false) => libc::MAP_SHARED,
            (true, true) => libc::MAP_SHARED_VALIDATE | libc::MAP_SYNC,
        };
        // SAFETY: `FileBacked` promises nothing of the bytes.
        unsafe { Self::map(request, flags, Some((file, offset))) }
    }
}

impl<K: Kind, P: Protection> Mapping<K, P> {
    /// Maps.
    ///
    /// # Safety
    /// What is mapped so is what `K` says, for as long as it is mapped.
    unsafe fn map(
        request: Request,
        flags: c_int,
        file: Option<(BorrowedFd<'_>, u64)>,
    ) -> Result<Self, Errno> {
        let Request { length, page, address, .. } = request;
        let whole = (length as u64).is_multiple_of(page.bytes().get());
        if length == 0 || isize::try_from(length).is_err() || !whole {
            return Err(Errno::INVAL);
        }
        let (descriptor, offset) = match file {
            Some((file, offset)) => (file.as_raw_fd(), i64::try_from(offset).map_err(|_| Errno::OVERFLOW)?),
            None => (-1, 0),
        };
        let wished = ptr::without_provenance_mut(address.unwrap_or(0));
        // SAFETY: without MAP_FIXED, the kernel puts it where nothing is mapped, so that nobody's memory is replaced.
        let start = unsafe {
            libc::mmap(wished, length, P::BITS, flags | request.flags(), descriptor, offset as libc::off_t)
        };
        if start == libc::MAP_FAILED {
            return Err(result(-1).err().unwrap_or(Errno::NOMEM));
        }
        let Some(start) = NonNull::new(start.cast::<u8>()) else {
            // A program may map page 0 if it insists; nothing in Rust can refer to it.
            // SAFETY: it was mapped just now, and nobody knows of it.
            unsafe { libc::munmap(ptr::null_mut(), length) };
            return Err(Errno::NOMEM);
        };
        Ok(Self { start, length, page, state: PhantomData })
    }

    /// The address of its first byte: valid as long as this is, for what `P` allows.
    ///
    /// For what this type doesn't offer. To read or to write through it is the reader's responsibility: that nobody
    /// has borrowed the bytes otherwise, that others may change them, and that a file may become shorter.
    #[must_use]
    pub fn as_ptr(&self) -> NonNull<u8> {
        self.start
    }

    /// How many bytes it has: whole pages.
    #[allow(clippy::len_without_is_empty, reason = "none is empty")]
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// The size of its pages: the base size, or that of the pool that they are from.
    #[must_use]
    pub fn page_size(&self) -> PageSize {
        self.page
    }

    /// Its addresses.
    #[must_use]
    pub fn range(&self) -> AddressRange {
        let start = self.start.as_ptr().addr() as u64;
        AddressRange::new(start, start.saturating_add(self.length as u64)).expect("addresses rise")
    }

    /// The same memory, under another type.
    ///
    /// # Safety
    /// It is what `L` says, and `Q` is how it is protected.
    pub(super) unsafe fn become_type<L: Kind, Q: Protection>(self) -> Mapping<L, Q> {
        let this = ManuallyDrop::new(self);
        Mapping { start: this.start, length: this.length, page: this.page, state: PhantomData }
    }

    /// Changes what may be done.
    pub(crate) fn change<Q: Protection>(self) -> Result<Mapping<K, Q>, (Self, Errno)> {
        let set = |bits| {
            // SAFETY: the memory is this value's own, and nothing of it is borrowed.
            result(unsafe { libc::mprotect(self.start.as_ptr().cast(), self.length, bits) }.into())
        };
        match set(Q::BITS) {
            // SAFETY: it is protected so now.
            Ok(_) => Ok(unsafe { self.become_type() }),
            Err(errno) => {
                // The kernel goes from one part to the next: some may have changed.
                let _ = set(P::BITS);
                Err((self, errno))
            }
        }
    }

    /// The part before `middle` and that from there on; as it was where `middle` is no border of pages inside.
    pub(crate) fn split(self, middle: usize) -> Result<(Self, Self), Self> {
        let border = (middle as u64).is_multiple_of(self.page.bytes().get());
        if !border || middle == 0 || middle >= self.length {
            return Err(self);
        }
        let this = ManuallyDrop::new(self);
        // SAFETY: `middle` is inside of the mapping.
        let second = unsafe { this.start.add(middle) };
        let part = |start, length| Self { start, length, page: this.page, state: PhantomData };
        Ok((part(this.start, middle), part(second, this.length - middle)))
    }

    /// Unmaps what is beyond `length`, which is a multiple of the page size, above 0 and at most what there is.
    pub(crate) fn shrink(&mut self, length: usize) -> Result<(), Errno> {
        let whole = (length as u64).is_multiple_of(self.page.bytes().get());
        if !whole || length == 0 || length > self.length {
            return Err(Errno::INVAL);
        }
        if length < self.length {
            // SAFETY: the rest of the mapping is this value's own, and nothing of it is borrowed.
            let rest = unsafe { self.start.add(length) };
            // SAFETY: as above; afterwards the value no longer has that part.
            result(unsafe { libc::munmap(rest.as_ptr().cast(), self.length - length) }.into())?;
            self.length = length;
        }
        Ok(())
    }

    /// Forgets it: it stays for as long as the program runs. Refused by the kernel before Linux 6.10.
    pub(crate) fn seal(self) -> Result<&'static mut Self, (Self, Errno)> {
        // SAFETY: the call takes numbers; it only forbids later changes of the range, which is this value's own.
        match result(unsafe { libc::syscall(number(__NR_mseal), self.start.as_ptr(), self.length, 0) }) {
            Ok(_) => Ok(Box::leak(Box::new(self))),
            Err(errno) => Err((self, errno)),
        }
    }
}

impl<K: Growing, P: Protection> Mapping<K, P> {
    /// Makes it longer, and moves it where there is no room. `length` is a multiple of the page size.
    pub(crate) fn grow(&mut self, length: usize) -> Result<(), Errno> {
        let whole = (length as u64).is_multiple_of(self.page.bytes().get());
        if !whole || length < self.length || isize::try_from(length).is_err() {
            return Err(Errno::INVAL);
        }
        self.remap(length, libc::MREMAP_MAYMOVE).map(|start| (self.start, self.length) = (start, length))
    }
}

impl<P: Protection> Mapping<Private, P> {
    /// Moves the pages into a new mapping, and leaves this one empty.
    pub(crate) fn take_pages(&mut self) -> Result<Self, Errno> {
        let start = self.remap(self.length, libc::MREMAP_MAYMOVE | libc::MREMAP_DONTUNMAP)?;
        Ok(Self { start, length: self.length, page: self.page, state: PhantomData })
    }
}

impl<K: Kind, P: Protection> Mapping<K, P> {
    fn remap(&mut self, length: usize, flags: c_int) -> Result<NonNull<u8>, Errno> {
        // SAFETY: the memory is this value's own and nothing of it is borrowed; the kernel moves it to where nothing
        // is mapped.
        let start = unsafe {
            libc::mremap(self.start.as_ptr().cast(), self.length, length, flags, ptr::null_mut::<u8>())
        };
        if start == libc::MAP_FAILED {
            return Err(result(-1).err().unwrap_or(Errno::NOMEM));
        }
        // The kernel chooses no place below the least address that may be mapped, unless that is 0 and all else full.
        NonNull::new(start.cast()).ok_or(Errno::NOMEM)
    }
}

impl<K: Exclusive, P: Readable> Mapping<K, P> {
    /// Its bytes: 0 until they are written, or those of the file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: the mapping is readable, the kernel has initialized it, its length is at most `isize::MAX`; nobody
        // else changes the bytes or takes them away, as `Exclusive` says, and this program does so only with an
        // exclusive borrow.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl<K: Exclusive, P: Writable> Mapping<K, P> {
    /// Its bytes, to be written.
    #[must_use]
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as for `as_bytes`; it is writable too, and borrowed exclusively.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl<K: Lasting, P: Writable> Mapping<K, P> {
    /// Its bytes, eight at a time, as atomics: others may read and write them meanwhile.
    ///
    /// In one size only, as atomic accesses of several sizes to the same bytes must not race.
    #[must_use]
    pub fn as_atomics(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is readable and writable, aligned to a page and so to 8 bytes, and always there, as
        // `Lasting` says; this program reaches it only so and through the kernel.
        unsafe { slice::from_raw_parts(self.start.as_ptr().cast::<AtomicU64>(), self.length / 8) }
    }
}

impl<K: Kind, P: Protection> Drop for Mapping<K, P> {
    fn drop(&mut self) {
        // SAFETY: the memory is this value's own, and nothing of it is borrowed any more. Where the kernel refuses, as
        // it does for what is sealed, it stays mapped.
        let _ = unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}
