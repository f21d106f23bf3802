//! Reading directories, and asking and setting what an open file allows.

use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, c_uint};
use linux_raw_sys::general::{__NR_faccessat2, __NR_fchmodat2, __NR_getdents64, AT_EACCESS, AT_EMPTY_PATH};
use rustix::io::Errno;

use super::{number, result};

/// Fills `buffer` with whole records, and says how many bytes they take: 0 at the end of the directory.
pub(crate) fn read_records(directory: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize, Errno> {
    let length = c_uint::try_from(buffer.len()).unwrap_or(c_uint::MAX);
    // SAFETY: the kernel writes at most `length` bytes to the buffer, which is that long and outlives the call.
    let read = result(unsafe {
        libc::syscall(number(__NR_getdents64), directory.as_raw_fd(), buffer.as_mut_ptr(), length)
    })?;
    Ok(read as usize)
}

/// Sets the mode of what `descriptor` is of, which may be open as a path alone. Since Linux 6.6.
pub(crate) fn set_mode(descriptor: BorrowedFd<'_>, mode: u16) -> Result<(), Errno> {
    // SAFETY: the kernel reads an empty path that ends in NUL.
    result(unsafe {
        libc::syscall(
            number(__NR_fchmodat2),
            descriptor.as_raw_fd(),
            c"".as_ptr(),
            c_uint::from(mode),
            AT_EMPTY_PATH,
        )
    })?;
    Ok(())
}

/// Whether the process may do `access` to what `descriptor` is of: an error if not.
pub(crate) fn access(descriptor: BorrowedFd<'_>, access: u32, effective: bool) -> Result<(), Errno> {
    let flags = AT_EMPTY_PATH | if effective { AT_EACCESS } else { 0 };
    // SAFETY: the kernel reads an empty path that ends in NUL.
    result(unsafe {
        libc::syscall(
            number(__NR_faccessat2),
            descriptor.as_raw_fd(),
            c"".as_ptr(),
            access as c_int,
            flags as c_int,
        )
    })?;
    Ok(())
}
