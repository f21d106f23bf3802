//! userfaultfd(2) and its ioctls.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use libc::{c_int, c_ulong};
use linux_raw_sys::{
    general::{
        _UFFDIO_MOVE, _UFFDIO_POISON, UFFD_API, UFFD_USER_MODE_ONLY, UFFDIO as GROUP, uffdio_api,
        uffdio_continue, uffdio_copy, uffdio_move, uffdio_poison, uffdio_range, uffdio_register,
        uffdio_writeprotect, uffdio_zeropage,
    },
    ioctl::{
        UFFDIO_API, UFFDIO_CONTINUE, UFFDIO_COPY, UFFDIO_REGISTER, UFFDIO_UNREGISTER, UFFDIO_WAKE,
        UFFDIO_WRITEPROTECT, UFFDIO_ZEROPAGE,
    },
};
use linux_support_base::{AddressRange, ParseError};
use rustix::{
    io::Errno,
    ioctl::opcode,
    mm::{UserfaultfdFlags, userfaultfd},
};

use super::{number_of, result};
use crate::user_fault::UserFaultEvent;

const MOVE: u32 = number_of(opcode::read_write::<uffdio_move>(GROUP as u8, _UFFDIO_MOVE as u8));
const POISON: u32 = number_of(opcode::read_write::<uffdio_poison>(GROUP as u8, _UFFDIO_POISON as u8));
/// USERFAULTFD_IOC_NEW, of /dev/userfaultfd.
const NEW: u32 = number_of(opcode::none(GROUP as u8, 0));

/// A new descriptor, close-on-exec and non-blocking.
pub(crate) fn create(user_mode_only: bool) -> Result<OwnedFd, Errno> {
    let mode = if user_mode_only { UFFD_USER_MODE_ONLY } else { 0 };
    let flags = UserfaultfdFlags::CLOEXEC | UserfaultfdFlags::NONBLOCK;
    // SAFETY: by itself the descriptor changes nothing. What it can do to memory is limited to mappings that are
    // touched by atomic operations alone: `UserFault::register` takes no others.
    unsafe { userfaultfd(flags | UserfaultfdFlags::from_bits_retain(mode)) }
}

/// The same, from `/dev/userfaultfd`.
pub(crate) fn create_from(device: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let flags = libc::O_CLOEXEC | libc::O_NONBLOCK;
    // SAFETY: it takes flags and gives a new descriptor; of another device it is an unknown request.
    let number = result(unsafe { libc::ioctl(device.as_raw_fd(), NEW as _, flags as c_ulong) }.into())?;
    // SAFETY: the kernel has just opened this descriptor for this call, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(number as c_int) })
}

/// Asks for `features`, and gives those that there are.
pub(crate) fn handshake(descriptor: BorrowedFd<'_>, features: u64) -> Result<u64, Errno> {
    let mut call = uffdio_api { api: UFFD_API.into(), features, ioctls: 0 };
    request(descriptor, UFFDIO_API, &mut call)?;
    Ok(call.features)
}

/// Watches a range, and gives the operations that it allows.
pub(crate) fn register(descriptor: BorrowedFd<'_>, range: AddressRange, mode: u64) -> Result<u64, Errno> {
    let mut call = uffdio_register { range: raw(range), mode, ioctls: 0 };
    request(descriptor, UFFDIO_REGISTER, &mut call)?;
    Ok(call.ioctls)
}

pub(crate) fn unregister(descriptor: BorrowedFd<'_>, range: AddressRange) -> Result<(), Errno> {
    request(descriptor, UFFDIO_UNREGISTER, &mut raw(range))
}

pub(crate) fn wake(descriptor: BorrowedFd<'_>, range: AddressRange) -> Result<(), Errno> {
    request(descriptor, UFFDIO_WAKE, &mut raw(range))
}

/// Gives missing pages these bytes; says how many.
pub(crate) fn copy(descriptor: BorrowedFd<'_>, to: u64, bytes: &[u8], mode: u64) -> Result<u64, Errno> {
    let mut call =
        uffdio_copy { dst: to, src: bytes.as_ptr() as u64, len: bytes.len() as u64, mode, copy: 0 };
    let done = request(descriptor, UFFDIO_COPY, &mut call);
    how_far(done, call.copy)
}

/// Gives missing pages zeros; says how many bytes.
pub(crate) fn zero(descriptor: BorrowedFd<'_>, range: AddressRange, mode: u64) -> Result<u64, Errno> {
    let mut call = uffdio_zeropage { range: raw(range), mode, zeropage: 0 };
    let done = request(descriptor, UFFDIO_ZEROPAGE, &mut call);
    how_far(done, call.zeropage)
}

/// Lets pages that are in the cache be mapped; says how many bytes.
pub(crate) fn resume(descriptor: BorrowedFd<'_>, range: AddressRange, mode: u64) -> Result<u64, Errno> {
    let mut call = uffdio_continue { range: raw(range), mode, mapped: 0 };
    let done = request(descriptor, UFFDIO_CONTINUE, &mut call);
    how_far(done, call.mapped)
}

/// Makes touching missing pages an error; says how many bytes.
pub(crate) fn poison(descriptor: BorrowedFd<'_>, range: AddressRange, mode: u64) -> Result<u64, Errno> {
    let mut call = uffdio_poison { range: raw(range), mode, updated: 0 };
    let done = request(descriptor, POISON, &mut call);
    how_far(done, call.updated)
}

/// Moves pages to where they are missing; says how many bytes.
pub(crate) fn move_pages(
    descriptor: BorrowedFd<'_>,
    from: AddressRange,
    to: u64,
    mode: u64,
) -> Result<u64, Errno> {
    let mut call = uffdio_move { dst: to, src: from.start(), len: from.length(), mode, move_: 0 };
    let done = request(descriptor, MOVE, &mut call);
    how_far(done, call.move_)
}

/// Protects pages from writing, or ends that; says whether it could be done by now.
pub(crate) fn write_protect(
    descriptor: BorrowedFd<'_>,
    range: AddressRange,
    mode: u64,
) -> Result<bool, Errno> {
    match request(descriptor, UFFDIO_WRITEPROTECT, &mut uffdio_writeprotect { range: raw(range), mode }) {
        Ok(()) => Ok(true),
        Err(Errno::AGAIN) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// "Not now" is no error: it comes with how far it went.
fn how_far(done: Result<(), Errno>, bytes: i64) -> Result<u64, Errno> {
    match done {
        Ok(()) | Err(Errno::AGAIN) => Ok(u64::try_from(bytes).unwrap_or(0)),
        Err(errno) => Err(errno),
    }
}

fn raw(range: AddressRange) -> uffdio_range {
    uffdio_range { start: range.start(), len: range.length() }
}

/// One of the requests above, each with the record that it takes.
fn request<T: Copy>(descriptor: BorrowedFd<'_>, number: u32, record: &mut T) -> Result<(), Errno> {
    // SAFETY: each caller pairs a request with its record, which the kernel reads and may write and which outlives
    // the call, as do the bytes to be copied. What it does to memory it does to mappings that `Mapping` owns: missing pages are filled, pages moved
    // or protected only in ranges that are registered (or, for the source of a move, a `Mapping`'s own), and those are
    // touched by atomic operations alone. In another process, to which the descriptor may belong, it is none of ours.
    result(unsafe { libc::ioctl(descriptor.as_raw_fd(), number as _, std::ptr::from_mut(record)) }.into())?;
    Ok(())
}

/// How long a message is.
pub(crate) const MESSAGE: usize = 32;

/// Reads as many messages as there are and `LIMIT` allows, and gives each; a child's descriptor comes owned. "Not now"
/// is an error of its own.
pub(crate) fn read<const LIMIT: usize>(
    descriptor: BorrowedFd<'_>,
    mut give: impl FnMut(Result<UserFaultEvent<OwnedFd>, ParseError>),
) -> Result<(), Errno> {
    let mut buffer = [[0; MESSAGE]; LIMIT];
    let length = rustix::io::read(descriptor, buffer.as_flattened_mut())?;
    let whole = buffer.as_flattened().get(..length).unwrap_or_default();
    for message in whole.chunks(MESSAGE) {
        give(UserFaultEvent::parse(message).map(|event| {
            event.map_descriptor(|number| {
                // SAFETY: the message comes from the kernel, which has opened this descriptor for whoever reads the
                // message, and that is this call alone. `descriptor` is of this kind: `UserFault` takes no other.
                unsafe { OwnedFd::from_raw_fd(number) }
            })
        }));
    }
    Ok(())
}
