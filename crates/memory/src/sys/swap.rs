//! swapon(2) and swapoff(2).

use core::ffi::CStr;

use rustix::io::Errno;

use super::result;

/// Swaps to the area at `path`, with the `SWAP_FLAG` bits.
pub(crate) fn turn_on(path: &CStr, flags: i32) -> Result<(), Errno> {
    // SAFETY: the kernel reads a path that ends in 0 and outlives the call; no memory of this program is changed.
    result(unsafe { libc::swapon(path.as_ptr(), flags) }.into())?;
    Ok(())
}

/// Swaps to the area at `path` no longer.
pub(crate) fn turn_off(path: &CStr) -> Result<(), Errno> {
    // SAFETY: as above.
    result(unsafe { libc::swapoff(path.as_ptr()) }.into())?;
    Ok(())
}
