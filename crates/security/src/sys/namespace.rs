//! Leaving and entering namespaces.

use std::os::fd::{AsRawFd, BorrowedFd};

use libc::c_int;
use linux_support_base::syscall::result;
use rustix::io::Errno;

/// Leaves what the flags name, and makes others.
pub(crate) fn unshare(flags: u32) -> Result<(), Errno> {
    // SAFETY: it takes a number. Of the flags, none but CLONE_FILES could take descriptors from under others in the same
    // thread, and no caller gives that one.
    result(i64::from(unsafe { libc::unshare(flags as c_int) })).map(drop)
}

/// Enters the namespace, or those of the process, that the flags name.
pub(crate) fn enter(descriptor: BorrowedFd<'_>, flags: u32) -> Result<(), Errno> {
    // SAFETY: it takes a descriptor, which is borrowed for the call, and a number.
    result(i64::from(unsafe { libc::setns(descriptor.as_raw_fd(), flags as c_int) })).map(drop)
}
