//! Locks on records and leases: what fcntl(2) has beside rustix's.

use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, c_ulong};
use linux_raw_sys::general::{
    __NR_fcntl, __NR_gettid, F_GETLEASE, F_GETLK, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_OWNER_TID,
    F_SETLEASE, F_SETLK, F_SETLKW, F_SETOWN_EX, F_SETSIG, f_owner_ex, flock,
};
use rustix::io::Errno;

use super::{number, result};

/// Sets or releases a lock on records; `wait` is heeded where it sets one.
pub(crate) fn set(file: BorrowedFd<'_>, of_process: bool, wait: bool, mut lock: flock) -> Result<(), Errno> {
    let command = match (of_process, wait) {
        (true, false) => F_SETLK,
        (true, true) => F_SETLKW,
        (false, false) => F_OFD_SETLK,
        (false, true) => F_OFD_SETLKW,
    };
    with_lock(file, command, &mut lock)
}

/// The first lock that stands in the way of `lock`: in its place, with type F_UNLCK where there is none.
pub(crate) fn get(file: BorrowedFd<'_>, of_process: bool, mut lock: flock) -> Result<flock, Errno> {
    with_lock(file, if of_process { F_GETLK } else { F_OFD_GETLK }, &mut lock)?;
    Ok(lock)
}

fn with_lock(file: BorrowedFd<'_>, command: u32, lock: &mut flock) -> Result<(), Errno> {
    // SAFETY: all of these commands take a pointer to one `struct flock`, which the kernel reads and may write; it
    // outlives the call.
    result(unsafe {
        libc::syscall(number(__NR_fcntl), file.as_raw_fd(), command as c_int, std::ptr::from_mut(lock))
    })?;
    Ok(())
}

/// Takes, changes or releases (F_UNLCK) a lease.
pub(crate) fn set_lease(file: BorrowedFd<'_>, kind: u32) -> Result<(), Errno> {
    with_number(file, F_SETLEASE, kind)?;
    Ok(())
}

/// The type of the lease that is held, or that it is to become while it is being broken.
pub(crate) fn lease(file: BorrowedFd<'_>) -> Result<u32, Errno> {
    Ok(with_number(file, F_GETLEASE, 0)? as u32)
}

/// Chooses the signal that tells of a break in place of SIGIO.
pub(crate) fn set_signal(file: BorrowedFd<'_>, signal: u8) -> Result<(), Errno> {
    with_number(file, F_SETSIG, signal.into())?;
    Ok(())
}

fn with_number(file: BorrowedFd<'_>, command: u32, argument: u32) -> Result<i64, Errno> {
    // SAFETY: these commands take a number and touch no memory of the process.
    result(unsafe {
        libc::syscall(number(__NR_fcntl), file.as_raw_fd(), command as c_int, c_ulong::from(argument))
    })
}

/// Sends the signals of `file` to the calling thread alone.
pub(crate) fn signal_calling_thread(file: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: it takes nothing and can't fail.
    let thread = result(unsafe { libc::syscall(number(__NR_gettid)) })?;
    let owner = f_owner_ex { type_: F_OWNER_TID as c_int, pid: thread as c_int };
    // SAFETY: the kernel reads one `struct f_owner_ex`, which outlives the call.
    result(unsafe {
        libc::syscall(number(__NR_fcntl), file.as_raw_fd(), F_SETOWN_EX as c_int, std::ptr::from_ref(&owner))
    })?;
    Ok(())
}
