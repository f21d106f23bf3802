//! Bytes copied by the kernel, to whom a page that can't be had is an error and no signal: process_vm_readv(2) and
//! process_vm_writev(2) on the program itself.

use core::ptr;

use libc::{c_ulong, iovec, pid_t};
use rustix::io::Errno;

use super::{
    kind::{Changing, Readable, Writable},
    mapping::Mapping,
    result,
};

type Call =
    unsafe extern "C" fn(pid_t, *const iovec, c_ulong, *const iovec, c_ulong, c_ulong) -> libc::ssize_t;

/// Fills `buffer` from the bytes at `offset`.
pub(crate) fn read<K: Changing, P: Readable>(
    mapping: &Mapping<K, P>,
    offset: usize,
    buffer: &mut [u8],
) -> Result<(), Errno> {
    within(mapping.len(), offset, buffer.len())?;
    let memory = mapping.as_ptr().as_ptr().wrapping_add(offset);
    // SAFETY: the kernel writes to `buffer` alone, at most its length.
    unsafe { copy(libc::process_vm_readv, buffer.as_mut_ptr(), memory, buffer.len()) }
}

/// Copies `bytes` to `offset`.
pub(crate) fn write<K: Changing, P: Writable>(
    mapping: &Mapping<K, P>,
    offset: usize,
    bytes: &[u8],
) -> Result<(), Errno> {
    within(mapping.len(), offset, bytes.len())?;
    let memory = mapping.as_ptr().as_ptr().wrapping_add(offset);
    // SAFETY: the kernel reads `bytes`, and writes to the mapping alone, of which no bytes are lent but as atomics.
    unsafe { copy(libc::process_vm_writev, bytes.as_ptr().cast_mut(), memory, bytes.len()) }
}

fn within(length: usize, offset: usize, count: usize) -> Result<(), Errno> {
    match offset.checked_add(count) {
        Some(end) if end <= length => Ok(()),
        _ => Err(Errno::INVAL),
    }
}

/// Copies between `local` and `remote`, both of this process.
///
/// # Safety
/// `length` bytes at `local` may be read or written as `call` does it, and what it does at `remote` is allowed too.
unsafe fn copy(call: Call, local: *mut u8, remote: *mut u8, length: usize) -> Result<(), Errno> {
    let process = std::process::id() as pid_t;
    let mut done = 0;
    while done < length {
        let part =
            |start: *mut u8| iovec { iov_base: start.wrapping_add(done).cast(), iov_len: length - done };
        let (local, remote) = (part(local), part(remote));
        // SAFETY: as the caller says; both vectors have one part and outlive the call.
        let copied = unsafe { call(process, ptr::from_ref(&local), 1, ptr::from_ref(&remote), 1, 0) };
        match result(copied as _)? {
            0 => return Err(Errno::FAULT),
            copied => done += copied as usize,
        }
    }
    Ok(())
}
