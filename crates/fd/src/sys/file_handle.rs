//! name_to_handle_at(2) and open_by_handle_at(2).

use core::mem::offset_of;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use libc::{c_int, c_uint};
use linux_raw_sys::general::{__NR_name_to_handle_at, __NR_open_by_handle_at, AT_EMPTY_PATH};
use rustix::io::Errno;

use super::{number, opened, result};

/// The longest handle that the kernel takes, in bytes.
pub(crate) const LONGEST: usize = 128;

/// `struct file_handle`, with room for the longest.
#[repr(C)]
struct Raw {
    length: c_uint,
    kind: c_int,
    handle: [u8; LONGEST],
}

const _: () = assert!(offset_of!(Raw, handle) == 8);

/// The handle of what `file` is of: its kind, its bytes, and how many of them count.
pub(crate) fn of(file: BorrowedFd<'_>) -> Result<(i32, [u8; LONGEST], usize), Errno> {
    let mut raw = Raw { length: LONGEST as c_uint, kind: 0, handle: [0; LONGEST] };
    let mut mount: c_int = 0;
    // SAFETY: the path is an empty C string; the record says how much room it has, and the kernel writes that much at
    // most; both places that are written to outlive the call.
    result(unsafe {
        libc::syscall(
            number(__NR_name_to_handle_at),
            file.as_raw_fd(),
            c"".as_ptr(),
            &raw mut raw,
            &raw mut mount,
            AT_EMPTY_PATH,
        )
    })?;
    Ok((raw.kind, raw.handle, (raw.length as usize).min(LONGEST)))
}

/// Opens the file of a handle of at most [`LONGEST`] bytes, on the mount that `mount` is on.
pub(crate) fn open(
    mount: BorrowedFd<'_>,
    kind: i32,
    handle: &[u8],
    flags: rustix::fs::OFlags,
) -> Result<OwnedFd, Errno> {
    let mut raw = Raw { length: handle.len() as c_uint, kind, handle: [0; LONGEST] };
    raw.handle.get_mut(..handle.len()).ok_or(Errno::INVAL)?.copy_from_slice(handle);
    // SAFETY: the kernel reads as many bytes as the record says, which it has, and gives -1 or a new descriptor.
    unsafe {
        opened(libc::syscall(
            number(__NR_open_by_handle_at),
            mount.as_raw_fd(),
            &raw mut raw,
            flags.bits() as c_int,
        ))
    }
}
