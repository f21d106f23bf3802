//! Transparent huge pages of this process: prctl(2), and madvise(2) for memory that nobody here owns.

use libc::{c_int, c_ulong};
use linux_raw_sys::general::{MADV_COLLAPSE, MADV_POPULATE_READ};
use linux_support_base::AddressRange;
use rustix::io::Errno;

use super::result;

const PR_SET_THP_DISABLE: c_int = 41;
const PR_GET_THP_DISABLE: c_int = 42;
const NONE: c_ulong = 0;

/// 0 where nothing is disabled, else 1 with the flags.
pub(crate) fn get() -> Result<u32, Errno> {
    // SAFETY: it takes numbers, and changes nothing.
    let found = result(unsafe { libc::prctl(PR_GET_THP_DISABLE, NONE, NONE, NONE, NONE) }.into())?;
    Ok(found as u32)
}

/// Disables them, but for what the flags say, or no longer.
pub(crate) fn set(disable: bool, flags: u32) -> Result<(), Errno> {
    let (disable, flags) = (c_ulong::from(disable), c_ulong::from(flags));
    // SAFETY: it takes numbers, and changes no byte of memory.
    result(unsafe { libc::prctl(PR_SET_THP_DISABLE, disable, flags, NONE, NONE) }.into())?;
    Ok(())
}

/// Puts the pages of any range of this process on huge pages.
pub(crate) fn collapse(range: AddressRange) -> Result<(), Errno> {
    let start = std::ptr::without_provenance_mut(range.start() as usize);
    // SAFETY: the kernel moves the pages to other frames while nobody can reach them; every byte, and how it may be
    // reached, is as before. Where nothing is mapped, or something else by now, it is an error or as harmless.
    result(unsafe { libc::madvise(start, range.length() as usize, MADV_COLLAPSE as c_int) }.into())?;
    Ok(())
}

/// Has the pages of any range of this process be there, as reading them would.
pub(crate) fn populate(range: AddressRange) -> Result<(), Errno> {
    let start = std::ptr::without_provenance_mut(range.start() as usize);
    // SAFETY: the kernel reads the pages in and changes no byte; where nothing may be read, it is an error.
    result(unsafe { libc::madvise(start, range.length() as usize, MADV_POPULATE_READ as c_int) }.into())?;
    Ok(())
}
