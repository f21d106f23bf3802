//! seccomp(2), and the ioctls of its listener.

use core::{ffi::c_void, ptr};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use libc::{c_uint, c_ulong, seccomp_notif, seccomp_notif_addfd, seccomp_notif_resp, seccomp_notif_sizes};
use linux_raw_sys::general::__NR_seccomp;
use linux_support_base::{
    Pid,
    syscall::{number, result},
};
use rustix::{
    io::Errno,
    ioctl::{Opcode, opcode},
};

use crate::seccomp::{AuditArchitecture, Call, Instruction};

const RECEIVE: Opcode = opcode::read_write::<seccomp_notif>(b'!', 0);
const SEND: Opcode = opcode::read_write::<seccomp_notif_resp>(b'!', 1);
const IS_VALID: Opcode = opcode::write::<u64>(b'!', 2);
const ADD_DESCRIPTOR: Opcode = opcode::write::<seccomp_notif_addfd>(b'!', 3);
const SET_FLAGS: Opcode = opcode::write::<u64>(b'!', 4);

/// `SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP`.
const SYNCHRONOUS_WAKE_UP: usize = 1;

/// # Safety
/// `argument` is null or points to what the operation reads or writes, for as long as the call takes.
unsafe fn seccomp(operation: c_uint, flags: c_ulong, argument: *mut c_void) -> Result<i64, Errno> {
    // SAFETY: as the caller says.
    result(unsafe { libc::syscall(number(__NR_seccomp), operation, flags, argument) })
}

/// Lets the thread do nothing but read, write, return from signals and end.
pub(crate) fn set_strict() -> Result<(), Errno> {
    // SAFETY: there is no argument. What the thread does then may end it, as its caller wishes.
    unsafe { seccomp(libc::SECCOMP_SET_MODE_STRICT, 0, ptr::null_mut()) }?;
    Ok(())
}

/// What setting a filter gave beside errors.
pub(crate) enum Set {
    Done,
    Listener(OwnedFd),
    /// The number of a thread that could not be brought to the same filters.
    Unsynchronized(i64),
}

/// Puts a filter in force. `instructions` are no more than 4,096.
pub(crate) fn set_filter(instructions: &[Instruction], flags: c_ulong) -> Result<Set, Errno> {
    let mut program = libc::sock_fprog {
        len: u16::try_from(instructions.len()).map_err(|_| Errno::INVAL)?,
        // The kernel only reads them.
        filter: instructions.as_ptr().cast_mut().cast(),
    };
    // SAFETY: `Instruction` has the layout of `sock_filter`, `repr(C)` and field by field; there are `len` of them, and
    // both they and `program` outlive the call, which keeps a copy.
    let given = unsafe { seccomp(libc::SECCOMP_SET_MODE_FILTER, flags, ptr::from_mut(&mut program).cast()) }?;
    if flags & libc::SECCOMP_FILTER_FLAG_NEW_LISTENER != 0 {
        // SAFETY: with the flag, what is given is a descriptor that the call has opened for the caller.
        return Ok(Set::Listener(unsafe { OwnedFd::from_raw_fd(given as RawFd) }));
    }
    Ok(if given == 0 { Set::Done } else { Set::Unsynchronized(given) })
}

/// Whether the kernel knows an action.
pub(crate) fn is_available(mut answer: u32) -> Result<bool, Errno> {
    // SAFETY: the operation reads a number of 32 bits.
    match unsafe { seccomp(libc::SECCOMP_GET_ACTION_AVAIL, 0, ptr::from_mut(&mut answer).cast()) } {
        Ok(_) => Ok(true),
        Err(Errno::OPNOTSUPP) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// How many bytes the kernel's notification has.
pub(crate) fn notification_size() -> Result<usize, Errno> {
    let mut sizes = seccomp_notif_sizes { seccomp_notif: 0, seccomp_notif_resp: 0, seccomp_data: 0 };
    // SAFETY: the operation writes this record.
    unsafe { seccomp(libc::SECCOMP_GET_NOTIF_SIZES, 0, ptr::from_mut(&mut sizes).cast()) }?;
    Ok(usize::from(sizes.seccomp_notif))
}

/// # Safety
/// `argument` points to what `request` reads or writes, for as long as the call takes.
unsafe fn ioctl(listener: BorrowedFd<'_>, request: Opcode, argument: *mut c_void) -> Result<i64, Errno> {
    // SAFETY: as the caller says; another kind of descriptor refuses the request without looking at it.
    result(i64::from(unsafe { libc::ioctl(listener.as_raw_fd(), request as _, argument) }))
}

/// A call that somebody is asked about.
pub(crate) struct Asked {
    pub(crate) id: u64,
    pub(crate) thread: Option<Pid>,
    pub(crate) call: Call,
}

/// The most bytes of a notification that there is room for: those of today are 80.
pub(crate) const ROOM: usize = 512;

/// Waits for a call and takes it. The kernel's record is no longer than [`ROOM`].
pub(crate) fn receive(listener: BorrowedFd<'_>) -> Result<Asked, Errno> {
    #[repr(C, align(8))]
    struct Room([u8; ROOM]);
    const { assert!(size_of::<seccomp_notif>() <= ROOM && align_of::<seccomp_notif>() <= 8) };
    let mut room = Room([0; ROOM]);
    // SAFETY: the kernel wants zeros and writes a record no longer than the room, as the caller has asked it before.
    unsafe { ioctl(listener, RECEIVE, ptr::from_mut(&mut room).cast()) }?;
    // SAFETY: the room is aligned for the record and longer than it; any bytes are one.
    let record = unsafe { ptr::from_ref(&room).cast::<seccomp_notif>().read() };
    Ok(Asked {
        id: record.id,
        thread: i32::try_from(record.pid).ok().and_then(Pid::new),
        call: Call {
            number: record.data.nr.cast_unsigned(),
            architecture: AuditArchitecture::new(record.data.arch),
            instruction_pointer: record.data.instruction_pointer,
            arguments: record.data.args,
        },
    })
}

/// Answers a call: with a value, with an error, or by letting the kernel make it.
pub(crate) fn send(
    listener: BorrowedFd<'_>,
    id: u64,
    answer: Result<i64, Errno>,
    flags: c_ulong,
) -> Result<(), Errno> {
    let mut response = seccomp_notif_resp {
        id,
        val: answer.unwrap_or(0),
        error: answer.err().map_or(0, |errno| -errno.raw_os_error()),
        flags: flags as u32,
    };
    // SAFETY: the request reads this record.
    unsafe { ioctl(listener, SEND, ptr::from_mut(&mut response).cast()) }?;
    Ok(())
}

/// Whether the call still waits for an answer.
pub(crate) fn is_valid(listener: BorrowedFd<'_>, mut id: u64) -> Result<bool, Errno> {
    // SAFETY: the request reads a number of 64 bits.
    match unsafe { ioctl(listener, IS_VALID, ptr::from_mut(&mut id).cast()) } {
        Ok(_) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Opens a file of ours in the process that asks: at a number of its own choice, or at `at`. Gives that number.
pub(crate) fn add_descriptor(
    listener: BorrowedFd<'_>,
    id: u64,
    descriptor: BorrowedFd<'_>,
    at: Option<RawFd>,
    close_on_exec: bool,
    answers: bool,
) -> Result<RawFd, Errno> {
    let place = if at.is_some() { libc::SECCOMP_ADDFD_FLAG_SETFD } else { 0 };
    let answer = if answers { libc::SECCOMP_ADDFD_FLAG_SEND } else { 0 };
    let mut record = seccomp_notif_addfd {
        id,
        flags: (place | answer) as u32,
        srcfd: descriptor.as_raw_fd().cast_unsigned(),
        newfd: at.unwrap_or(0).cast_unsigned(),
        newfd_flags: if close_on_exec { libc::O_CLOEXEC.cast_unsigned() } else { 0 },
    };
    // SAFETY: the request reads this record; the descriptor is open while the call takes.
    let number = unsafe { ioctl(listener, ADD_DESCRIPTOR, ptr::from_mut(&mut record).cast()) }?;
    Ok(number as RawFd)
}

/// Has the one who waits and the one who answers woken on the same CPU.
pub(crate) fn wake_synchronously(listener: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: the request takes a number in place of a pointer.
    unsafe { ioctl(listener, SET_FLAGS, ptr::without_provenance_mut(SYNCHRONOUS_WAKE_UP)) }?;
    Ok(())
}
