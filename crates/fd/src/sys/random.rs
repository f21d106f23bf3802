//! The ioctls of `/dev/random`.

use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, c_ulong};
use linux_raw_sys::ioctl::{RNDADDENTROPY, RNDADDTOENTCNT, RNDCLEARPOOL, RNDGETENTCNT, RNDRESEEDCRNG};
use rustix::{
    io::Errno,
    ioctl::{Getter, NoArg, Opcode, Setter, ioctl},
};

use super::result;

/// How many bits of entropy the kernel has.
pub(crate) fn entropy(device: BorrowedFd<'_>) -> Result<c_int, Errno> {
    // SAFETY: of the random devices, this request writes one int.
    unsafe { ioctl(device, Getter::<{ RNDGETENTCNT as Opcode }, c_int>::new()) }
}

/// Says that what was written lately had so many bits of entropy.
pub(crate) fn credit(device: BorrowedFd<'_>, bits: c_int) -> Result<(), Errno> {
    // SAFETY: of the random devices, this request reads one int.
    unsafe { ioctl(device, Setter::<{ RNDADDTOENTCNT as Opcode }, c_int>::new(bits)) }
}

/// Has the generator take a new seed from the pool.
pub(crate) fn reseed(device: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: of the random devices, this request takes nothing.
    unsafe { ioctl(device, NoArg::<{ RNDRESEEDCRNG as Opcode }>::new()) }
}

/// Forgets what entropy there is.
pub(crate) fn clear(device: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: of the random devices, this request takes nothing.
    unsafe { ioctl(device, NoArg::<{ RNDCLEARPOOL as Opcode }>::new()) }
}

/// The most bytes that are added at once.
pub(crate) const MOST: usize = 512;

/// `struct rand_pool_info`, with its bytes.
#[repr(C)]
struct Pool {
    bits: c_int,
    length: c_int,
    bytes: [u8; MOST],
}

/// Mixes in the first [`MOST`] of `bytes`, which have so many bits of entropy.
pub(crate) fn add(device: BorrowedFd<'_>, bytes: &[u8], bits: c_int) -> Result<(), Errno> {
    let bytes = &bytes[..bytes.len().min(MOST)];
    let mut pool = Pool { bits, length: bytes.len() as c_int, bytes: [0; MOST] };
    pool.bytes[..bytes.len()].copy_from_slice(bytes);
    let request = RNDADDENTROPY as c_ulong;
    // SAFETY: of the random devices, this request reads two ints and then as many bytes as the second says, which are
    // all there; they outlive the call.
    let returned = unsafe { libc::ioctl(device.as_raw_fd(), request as _, std::ptr::from_ref(&pool)) };
    result(returned.into())?;
    Ok(())
}
