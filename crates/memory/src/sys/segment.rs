//! Shared memory of System V: shmget(2), shmat(2), shmctl(2).

use core::{
    mem::MaybeUninit,
    ptr::{self, NonNull},
};

use libc::c_int;
use linux_support_base::PageSize;
use rustix::io::Errno;

use super::{
    kind::{Readable, Shared},
    mapping::{Mapping, log2},
    result,
};
use crate::mapping::{Field, smaps};

const SHM_HUGETLB: c_int = 0o4000;
const SHM_HUGE_SHIFT: u32 = 26;

/// Makes a segment, on pages of the pool of `huge`; `key` 0 is for nobody else's.
pub(crate) fn create(key: i32, length: usize, huge: Option<PageSize>, mode: u16) -> Result<c_int, Errno> {
    let mut flags = libc::IPC_CREAT | libc::IPC_EXCL | c_int::from(mode & 0o777);
    if let Some(size) = huge {
        flags |= SHM_HUGETLB | (log2(size) << SHM_HUGE_SHIFT) as c_int;
    }
    // SAFETY: it takes numbers.
    Ok(result(unsafe { libc::shmget(key, length, flags) }.into())? as c_int)
}

/// The number of the segment that has this key.
pub(crate) fn find(key: i32) -> Result<c_int, Errno> {
    // SAFETY: it takes numbers.
    Ok(result(unsafe { libc::shmget(key, 0, 0) }.into())? as c_int)
}

/// Marks a segment to go when nobody is attached any more.
pub(crate) fn remove(segment: c_int) -> Result<(), Errno> {
    // SAFETY: this command takes no structure.
    result(unsafe { libc::shmctl(segment, libc::IPC_RMID, ptr::null_mut()) }.into())?;
    Ok(())
}

/// What the kernel knows of a segment.
pub(crate) fn status(segment: c_int) -> Result<libc::shmid_ds, Errno> {
    let mut status = MaybeUninit::<libc::shmid_ds>::zeroed();
    // SAFETY: the kernel writes one such structure.
    result(unsafe { libc::shmctl(segment, libc::IPC_STAT, status.as_mut_ptr()) }.into())?;
    // SAFETY: it consists of numbers, for which 0 is valid, and so is what the kernel wrote.
    Ok(unsafe { status.assume_init() })
}

/// Attaches a segment where there is room. What it has there is looked up in the kernel's list of mappings; where that is not
/// to be had, it is detached again.
pub(crate) fn attach<P: Readable>(segment: c_int) -> Result<Mapping<Shared, P>, Errno> {
    let mut flags = 0;
    if P::BITS & libc::PROT_WRITE == 0 {
        flags |= libc::SHM_RDONLY;
    }
    if P::BITS & libc::PROT_EXEC != 0 {
        flags |= libc::SHM_EXEC;
    }
    // SAFETY: without SHM_REMAP, the kernel puts it where nothing is mapped.
    let start = unsafe { libc::shmat(segment, ptr::null(), flags) };
    if start.addr() == usize::MAX {
        return Err(result(-1).err().unwrap_or(Errno::NOMEM));
    }
    let text = std::fs::read("/proc/self/smaps");
    let extent = text.ok().and_then(|text| extent(&text, start.addr() as u64));
    let (Some(place), Some((length, page))) = (NonNull::new(start.cast::<u8>()), extent) else {
        // SAFETY: it was attached there just now, and nobody has seen its bytes.
        unsafe { libc::shmdt(start) };
        return Err(Errno::NODATA);
    };
    // SAFETY: it was attached there for `P`, its extent is that of the kernel's list of mappings, and nobody else has it. A
    // segment keeps its length, so that its bytes are there as long as they are mapped; unmapping them is detaching.
    Ok(unsafe { Mapping::of_attached(place, length, page) })
}

/// How long the mapping is that begins at `start`, and of which pages.
fn extent(smaps: &[u8], start: u64) -> Option<(usize, PageSize)> {
    let mut entries = smaps::entries(smaps).filter_map(Result::ok);
    let entry = entries.find(|entry| entry.mapping.range.start() == start)?;
    let page = PageSize::new(entry.memory.get(Field::KernelPageSize)?)?;
    let length = entry.mapping.range.length();
    let whole = length != 0 && length.is_multiple_of(page.bytes().get()) && isize::try_from(length).is_ok();
    whole.then_some((length as usize, page))
}
