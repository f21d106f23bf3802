//! The ioctls of namespaces.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use libc::{c_int, c_uint, c_ulong};
use linux_raw_sys::ioctl::{NS_GET_NSTYPE, NS_GET_OWNER_UID, NS_GET_PARENT, NS_GET_USERNS};
use rustix::{
    io::Errno,
    ioctl::{Getter, Opcode, ioctl, opcode},
};

use super::{number_of, result};

const GROUP: u8 = 0xb7;
const MOUNT_ID: u32 = number_of(opcode::read::<u64>(GROUP, 5));
const PID_FROM: u32 = number_of(opcode::read::<c_int>(GROUP, 6));
const TGID_FROM: u32 = number_of(opcode::read::<c_int>(GROUP, 7));
const PID_IN: u32 = number_of(opcode::read::<c_int>(GROUP, 8));
const TGID_IN: u32 = number_of(opcode::read::<c_int>(GROUP, 9));
const MOUNT_INFO: u32 = number_of(opcode::read::<MountInfo>(GROUP, 10));
const MOUNT_NEXT: u32 = number_of(opcode::read::<MountInfo>(GROUP, 11));
const MOUNT_PREVIOUS: u32 = number_of(opcode::read::<MountInfo>(GROUP, 12));
const ID: u32 = number_of(opcode::read::<u64>(GROUP, 13));

/// `struct mnt_ns_info`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct MountInfo {
    size: u32,
    pub(crate) mounts: u32,
    pub(crate) id: u64,
}

/// The `CLONE_NEW…` flag of its kind.
pub(crate) fn kind(namespace: BorrowedFd<'_>) -> Result<u32, Errno> {
    with_number(namespace, NS_GET_NSTYPE, 0).map(|kind| kind as u32)
}

/// The user namespace that owns it.
pub(crate) fn user_namespace(namespace: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    open(namespace, NS_GET_USERNS)
}

/// The namespace above it.
pub(crate) fn parent(namespace: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    open(namespace, NS_GET_PARENT)
}

/// Who made it, of a user namespace.
pub(crate) fn owner(namespace: BorrowedFd<'_>) -> Result<u32, Errno> {
    // SAFETY: of a namespace, this request writes one number of 32 bits.
    unsafe { ioctl(namespace, Getter::<{ NS_GET_OWNER_UID as Opcode }, c_uint>::new()) }
}

/// The number that no other mount namespace has had.
pub(crate) fn mount_id(namespace: BorrowedFd<'_>) -> Result<u64, Errno> {
    // SAFETY: of a namespace, this request writes one number of 64 bits.
    unsafe { ioctl(namespace, Getter::<{ MOUNT_ID as Opcode }, u64>::new()) }
}

/// The number that no other namespace has had.
pub(crate) fn id(namespace: BorrowedFd<'_>) -> Result<u64, Errno> {
    // SAFETY: of a namespace, this request writes one number of 64 bits.
    unsafe { ioctl(namespace, Getter::<{ ID as Opcode }, u64>::new()) }
}

/// How a number is translated.
#[derive(Clone, Copy)]
pub(crate) enum Translation {
    ThreadFrom,
    ProcessFrom,
    ThreadInto,
    ProcessInto,
}

/// The number of a process in another namespace.
pub(crate) fn translate(
    namespace: BorrowedFd<'_>,
    translation: Translation,
    number: i32,
) -> Result<i32, Errno> {
    let request = match translation {
        Translation::ThreadFrom => PID_FROM,
        Translation::ProcessFrom => TGID_FROM,
        Translation::ThreadInto => PID_IN,
        Translation::ProcessInto => TGID_IN,
    };
    with_number(namespace, request, number as c_ulong)
}

fn with_number(namespace: BorrowedFd<'_>, request: u32, argument: c_ulong) -> Result<c_int, Errno> {
    // SAFETY: of a namespace, these requests take a number or nothing, and give a number.
    result(unsafe { libc::ioctl(namespace.as_raw_fd(), request as c_ulong as _, argument) }.into())
        .map(|number| number as c_int)
}

fn open(namespace: BorrowedFd<'_>, request: u32) -> Result<OwnedFd, Errno> {
    let number = with_number(namespace, request, 0)?;
    // SAFETY: of a namespace, both of these requests open a descriptor for the caller, close-on-exec, which nobody else
    // knows.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// What is known of a mount namespace.
pub(crate) fn mounts(namespace: BorrowedFd<'_>) -> Result<MountInfo, Errno> {
    let mut info = MountInfo { size: size_of::<MountInfo>() as u32, ..Default::default() };
    with_info(namespace, MOUNT_INFO, &mut info)?;
    Ok(info)
}

/// The mount namespace made after, or before, this one.
pub(crate) fn neighbour(namespace: BorrowedFd<'_>, next: bool) -> Result<OwnedFd, Errno> {
    let mut info = MountInfo { size: size_of::<MountInfo>() as u32, ..Default::default() };
    let request = if next { MOUNT_NEXT } else { MOUNT_PREVIOUS };
    let number = with_info(namespace, request, &mut info)?;
    // SAFETY: of a namespace, both of these requests open a descriptor for the caller, close-on-exec, which nobody else
    // knows.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn with_info(namespace: BorrowedFd<'_>, request: u32, info: &mut MountInfo) -> Result<c_int, Errno> {
    // SAFETY: of a namespace, these requests read and write one `struct mnt_ns_info`, which outlives the call.
    result(
        unsafe { libc::ioctl(namespace.as_raw_fd(), request as c_ulong as _, std::ptr::from_mut(info)) }
            .into(),
    )
    .map(|number| number as c_int)
}
