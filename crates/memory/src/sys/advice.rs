//! What the kernel is told and asked about memory: madvise(2), process_madvise(2), mlock(2), mincore(2), msync(2).

use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, iovec};
use linux_raw_sys::general::{__NR_process_madvise, MADV_HWPOISON};
use linux_support_base::AddressRange;
use rustix::io::Errno;

use super::{
    kind::{Changing, Kind, Protection},
    mapping::Mapping,
    number, result,
};

/// A part of a mapping, for the calls below; an error where it is none.
fn part<K: Kind, P: Protection>(
    mapping: &Mapping<K, P>,
    offset: usize,
    length: usize,
) -> Result<*mut libc::c_void, Errno> {
    match offset.checked_add(length) {
        Some(end) if end <= mapping.len() => Ok(mapping.as_ptr().as_ptr().wrapping_add(offset).cast()),
        _ => Err(Errno::INVAL),
    }
}

/// Gives any advice.
///
/// # Safety
/// What the advice does to the bytes and to how they can be reached is allowed by who has borrowed them, now and later.
pub(super) unsafe fn madvise<K: Kind, P: Protection>(
    mapping: &Mapping<K, P>,
    offset: usize,
    length: usize,
    advice: c_int,
) -> Result<(), Errno> {
    let start = part(mapping, offset, length)?;
    // SAFETY: the range is in the mapping, and the rest is as the caller says.
    result(unsafe { libc::madvise(start, length, advice) }.into())?;
    Ok(())
}

/// Advice that leaves all bytes as they are.
macro_rules! harmless {
    ($($(#[$attribute:meta])* $name:ident $number:ident $alias:literal;)*) => {
        /// How memory will be used, or what becomes of it: nothing here changes its bytes.
        ///
        /// # Source
        /// madvise(2).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Advice {
            $($(#[$attribute])* #[doc(alias = $alias)] $name,)*
        }

        impl Advice {
            /// All advice of this type.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The kernel's number.
            #[must_use]
            pub const fn number(self) -> i32 {
                match self {
                    $(Self::$name => linux_raw_sys::general::$number as i32,)*
                }
            }

            /// The kernel's name: `MADV_COLD`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $alias,)*
                }
            }
        }
    };
}

harmless! {
    /// In no certain way.
    Normal MADV_NORMAL "MADV_NORMAL";
    /// Here and there: reads nothing ahead.
    Random MADV_RANDOM "MADV_RANDOM";
    /// From lower to higher: reads more ahead.
    Sequential MADV_SEQUENTIAL "MADV_SEQUENTIAL";
    /// Soon: begins to read.
    WillNeed MADV_WILLNEED "MADV_WILLNEED";
    /// Not soon: is given up before other memory.
    Cold MADV_COLD "MADV_COLD";
    /// Not for long: is written to swap or to its file now.
    PageOut MADV_PAGEOUT "MADV_PAGEOUT";
    /// On transparent huge pages.
    HugePages MADV_HUGEPAGE "MADV_HUGEPAGE";
    /// Not on transparent huge pages.
    NoHugePages MADV_NOHUGEPAGE "MADV_NOHUGEPAGE";
    /// On transparent huge pages, now. Since Linux 6.1.
    Collapse MADV_COLLAPSE "MADV_COLLAPSE";
    /// Equal pages may be one, with those of others too. Private memory only.
    Mergeable MADV_MERGEABLE "MADV_MERGEABLE";
    /// Pages that were merged become separate.
    Unmergeable MADV_UNMERGEABLE "MADV_UNMERGEABLE";
    /// Is left out of core dumps.
    DoNotDump MADV_DONTDUMP "MADV_DONTDUMP";
    /// Is in core dumps.
    Dump MADV_DODUMP "MADV_DODUMP";
    /// Children that are forked don't have it. What they do with this value is up to whoever forks, which is unsafe.
    DoNotFork MADV_DONTFORK "MADV_DONTFORK";
    /// Children that are forked have it.
    Fork MADV_DOFORK "MADV_DOFORK";
    /// Children that are forked have it empty: for keys and the state of random numbers. Private memory only.
    WipeOnFork MADV_WIPEONFORK "MADV_WIPEONFORK";
    /// Children that are forked have what is in it.
    KeepOnFork MADV_KEEPONFORK "MADV_KEEPONFORK";
    /// All pages become readable now, without a write: with the errors that MAP_POPULATE keeps to itself.
    PopulateRead MADV_POPULATE_READ "MADV_POPULATE_READ";
    /// All pages become writable now, as by a write: with the errors that MAP_POPULATE keeps to itself.
    PopulateWrite MADV_POPULATE_WRITE "MADV_POPULATE_WRITE";
    /// The frames are replaced by others, and used no more: for memory that begins to fail. Needs CAP_SYS_ADMIN.
    SoftOffline MADV_SOFT_OFFLINE "MADV_SOFT_OFFLINE";
}

/// Gives advice that changes nothing of the bytes.
pub(crate) fn advise<K: Kind, P: Protection>(
    mapping: &Mapping<K, P>,
    offset: usize,
    length: usize,
    advice: Advice,
) -> Result<(), Errno> {
    // SAFETY: all advice of this type leaves the bytes as they are, for this process.
    unsafe { madvise(mapping, offset, length, advice.number()) }
}

/// Lets go of the pages: they become 0, or what the file has.
pub(crate) fn discard<K: Kind, P: Protection>(
    mapping: &mut Mapping<K, P>,
    offset: usize,
    length: usize,
    advice: Discard,
) -> Result<(), Errno> {
    // SAFETY: the mapping is borrowed exclusively, so nobody has its bytes; afterwards they are settled again.
    unsafe { madvise(mapping, offset, length, advice as c_int) }
}

/// How pages are let go of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Discard {
    Unlocked = libc::MADV_DONTNEED as isize,
    Locked = linux_raw_sys::general::MADV_DONTNEED_LOCKED as isize,
}

/// Frees the memory behind a shared mapping, or makes a hole in its file.
pub(crate) fn remove<K: Changing, P: Protection>(
    mapping: &Mapping<K, P>,
    offset: usize,
    length: usize,
) -> Result<(), Errno> {
    // SAFETY: the bytes become 0, as by a write of another process, which is allowed for memory that changes.
    unsafe { madvise(mapping, offset, length, libc::MADV_REMOVE) }
}

impl<K: Kind, P: Protection> Mapping<K, P> {
    /// Poisons the pages of `length` bytes at `offset`, as if the hardware had found them broken: an access is a SIGBUS,
    /// in every process that has them.
    ///
    /// For tests, on machines that are there for it.
    ///
    /// # Safety
    /// Nobody reads or writes these bytes any more, but to see what happens.
    ///
    /// # Errors
    /// The range is none of this mapping (`EINVAL`); CAP_SYS_ADMIN is missing (`EPERM`); the kernel is built without
    /// `CONFIG_MEMORY_FAILURE` (`EINVAL`).
    #[doc(alias = "MADV_HWPOISON")]
    pub unsafe fn poison(&mut self, offset: usize, length: usize) -> Result<(), linux_support_base::Error> {
        // SAFETY: as the caller says.
        unsafe { madvise(self, offset, length, MADV_HWPOISON as c_int) }
            .map_err(|errno| linux_support_base::Error::system("poison", "memory", errno))
    }
}

/// Advice about another process: gives the number of bytes that it was given for.
pub(crate) fn advise_process(
    process: BorrowedFd<'_>,
    ranges: &[AddressRange],
    advice: c_int,
) -> Result<u64, Errno> {
    let parts: Vec<_> = ranges
        .iter()
        .map(|range| iovec {
            iov_base: std::ptr::without_provenance_mut(range.start() as usize),
            iov_len: range.length() as usize,
        })
        .collect();
    // SAFETY: the kernel reads the parts, which outlive the call. The advice is one that leaves bytes as they are.
    let advised = result(unsafe {
        libc::syscall(
            number(__NR_process_madvise),
            process.as_raw_fd(),
            parts.as_ptr(),
            parts.len(),
            advice,
            0,
        )
    })?;
    Ok(advised as u64)
}

/// Locks a part into memory.
pub(crate) fn lock<K: Kind, P: Protection>(
    mapping: &Mapping<K, P>,
    offset: usize,
    length: usize,
    on_fault: bool,
) -> Result<(), Errno> {
    let start = part(mapping, offset, length)?;
    let flags = if on_fault { linux_raw_sys::general::MLOCK_ONFAULT } else { 0 };
    // SAFETY: it takes numbers, and changes no byte.
    result(unsafe { libc::syscall(number(linux_raw_sys::general::__NR_mlock2), start, length, flags) })?;
    Ok(())
}

/// Lets a part be swapped again.
pub(crate) fn unlock<K: Kind, P: Protection>(
    mapping: &Mapping<K, P>,
    offset: usize,
    length: usize,
) -> Result<(), Errno> {
    let start = part(mapping, offset, length)?;
    // SAFETY: it takes numbers, and changes no byte.
    result(unsafe { libc::munlock(start, length) }.into())?;
    Ok(())
}

/// Locks all memory of the process, with the `MCL` flags; none unlocks it.
pub(crate) fn lock_all(flags: u32) -> Result<(), Errno> {
    let returned = match flags {
        // SAFETY: it takes nothing, and changes no byte.
        0 => unsafe { libc::munlockall() },
        // SAFETY: it takes numbers, and changes no byte.
        flags => unsafe { libc::mlockall(flags as c_int) },
    };
    result(returned.into())?;
    Ok(())
}

/// A byte for each page of a part, of which bit 0 says whether it is in memory.
pub(crate) fn in_core<K: Kind, P: Protection>(
    mapping: &Mapping<K, P>,
    offset: usize,
    length: usize,
) -> Result<Vec<u8>, Errno> {
    let start = part(mapping, offset, length)?;
    let mut pages = vec![0; length.div_ceil(rustix::param::page_size())];
    // SAFETY: the kernel writes a byte for each base page of the range, and there is room for as many.
    result(unsafe { libc::mincore(start, length, pages.as_mut_ptr().cast()) }.into())?;
    Ok(pages)
}

/// Writes what was changed to the file, with the `MS` flags.
pub(crate) fn synchronize<K: Changing, P: Protection>(
    mapping: &Mapping<K, P>,
    offset: usize,
    length: usize,
    flags: c_int,
) -> Result<(), Errno> {
    let start = part(mapping, offset, length)?;
    // SAFETY: it takes numbers; what it may change in the mapping, others may too.
    result(unsafe { libc::msync(start, length, flags) }.into())?;
    Ok(())
}
