//! fanotify_init(2), fanotify_mark(2), and the descriptors that come with events.

use core::ptr;
use std::{
    collections::HashMap,
    ffi::CStr,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
};

use libc::c_uint;
use linux_raw_sys::general::{__NR_fanotify_init, __NR_fanotify_mark};
use rustix::io::Errno;

use super::{number, opened, result};
use crate::{Fanotify, fanotify::descriptor_numbers};

pub(crate) fn init(flags: c_uint, event_flags: c_uint) -> Result<OwnedFd, Errno> {
    // SAFETY: the call takes two numbers, and gives -1 or a new descriptor.
    unsafe { opened(libc::syscall(number(__NR_fanotify_init), flags, event_flags)) }
}

/// Changes the marks of a group: on `path` below `directory`, or on `directory` itself.
pub(crate) fn mark(
    group: BorrowedFd<'_>,
    flags: c_uint,
    mask: u64,
    directory: Option<BorrowedFd<'_>>,
    path: Option<&CStr>,
) -> Result<(), Errno> {
    // SAFETY: the path is null or a C string that outlives the call; on 64-bit machines the mask is one argument.
    result(unsafe {
        libc::syscall(
            number(__NR_fanotify_mark),
            group.as_raw_fd(),
            flags,
            mask,
            directory.map_or(libc::AT_FDCWD, |directory| directory.as_raw_fd()),
            path.map_or(ptr::null(), CStr::as_ptr),
        )
    })?;
    Ok(())
}

/// The bytes of events, and the descriptors that came with them, by their numbers.
#[derive(Debug)]
pub(crate) struct Received<'b> {
    pub(crate) bytes: &'b [u8],
    pub(crate) descriptors: HashMap<RawFd, OwnedFd>,
}

/// Reads events of a group. All descriptors that the kernel opened for them are owned at once, so none is leaked
/// whatever becomes of the events.
///
/// # Errors
/// Those of read(2).
pub(crate) fn read<'b>(group: &Fanotify, buffer: &'b mut [u8]) -> Result<Received<'b>, Errno> {
    let length = rustix::io::read(group, &mut *buffer)?;
    let bytes = &buffer[..length];
    let descriptors = descriptor_numbers(bytes)
        // SAFETY: the kernel has just opened these for the events in `bytes`, which nobody else has seen, and tells
        // each number once: they are open and nobody else's. That the bytes are events is what the type says.
        .map(|number| (number, unsafe { OwnedFd::from_raw_fd(number) }))
        .collect();
    Ok(Received { bytes, descriptors })
}
