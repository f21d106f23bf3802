//! The system calls that rustix doesn't have. Nothing else in this crate is unsafe.

pub(crate) mod block_device;
pub(crate) mod directory;
pub(crate) mod epoll;
pub(crate) mod fanotify;
pub(crate) mod file;
pub(crate) mod file_handle;
pub(crate) mod lock;
pub(crate) mod memory;
pub(crate) mod memory_fd;
pub(crate) mod message_queue;
pub(crate) mod namespace;
pub(crate) mod packet_ring;
pub(crate) mod pages;
pub(crate) mod pid_fd;
pub(crate) mod random;
pub(crate) mod signal_fd;
pub(crate) mod signal_mask;
pub(crate) mod socket;
pub(crate) mod socket_batch;
pub(crate) mod socket_message;
pub(crate) mod terminal;
pub(crate) mod user_fault;

use core::ffi::c_void;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use libc::c_long;
use linux_support_base::syscall::{number, result};
use rustix::{io::Errno, ioctl::Opcode};

/// The descriptor that a system call opened, or its error.
///
/// # Safety
/// `returned` comes from a call that gives either -1 or a descriptor that nothing else owns.
unsafe fn opened(returned: c_long) -> Result<OwnedFd, Errno> {
    let descriptor = result(returned)? as RawFd;
    // SAFETY: the caller says that it is open and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// The number of an ioctl: 32 bits to the kernel on every architecture.
#[allow(clippy::unnecessary_cast, reason = "it is a longer number where rustix goes through the C library")]
const fn number_of(request: Opcode) -> u32 {
    request as u32
}

/// Does an ioctl.
///
/// # Safety
/// `argument` is what `request` takes for every kind of descriptor that `descriptor` may be: a pointer to what it reads
/// or writes, valid for that, or a plain number.
unsafe fn ioctl(descriptor: BorrowedFd<'_>, request: Opcode, argument: *mut c_void) -> Result<c_long, Errno> {
    // SAFETY: as the caller says.
    result(unsafe { libc::ioctl(descriptor.as_raw_fd(), request as _, argument) }.into())
}
