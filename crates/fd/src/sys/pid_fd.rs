//! pidfd_open(2), pidfd_send_signal(2), waitid(2) with resource usage, and the ioctls of pidfds.

use core::{mem::MaybeUninit, ptr};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use libc::{c_int, c_long, c_uint};
use linux_raw_sys::general::{__NR_pidfd_open, __NR_pidfd_send_signal, __NR_waitid};
use linux_support_base::{
    Pid, Signal, UserId,
    signal::{Sender, SignalInformation, SignalValue},
};
use rustix::{
    io::Errno,
    ioctl::{Opcode, opcode},
};

use super::{ioctl, number, opened, result};

/// `PIDFD_THREAD`: of a thread, and not of a process.
pub(crate) const THREAD: c_uint = libc::O_EXCL as c_uint;

pub(crate) fn open(pid: Pid, flags: c_uint) -> Result<OwnedFd, Errno> {
    // SAFETY: the call takes two numbers, and gives -1 or a new descriptor.
    unsafe { opened(libc::syscall(number(__NR_pidfd_open), pid.number(), flags)) }
}

/// Sends a signal (`None` only asks whether that is possible), with a value if there is one.
pub(crate) fn send_signal(
    process: BorrowedFd<'_>,
    signal: Option<Signal>,
    value: Option<SignalValue>,
    flags: c_uint,
) -> Result<(), Errno> {
    let information = signal.zip(value).map(|(signal, value)| {
        let process = Pid::new(rustix::process::getpid().as_raw_nonzero().get());
        let user = UserId::new(rustix::process::getuid().as_raw());
        SignalInformation::queued(signal, Sender { process, user }, value)
    });
    let signal = signal.map_or(0, |signal| c_int::from(signal.number()));
    // SAFETY: the pointer is null or to the 128 bytes of a siginfo, which outlive the call.
    result(unsafe {
        libc::syscall(
            number(__NR_pidfd_send_signal),
            process.as_raw_fd(),
            signal,
            information.as_ref().map_or(ptr::null(), ptr::from_ref),
            flags,
        )
    })?;
    Ok(())
}

/// What waitid tells of a child.
#[derive(Debug)]
pub(crate) struct Waited {
    pub(crate) process: i32,
    pub(crate) user: u32,
    pub(crate) code: i32,
    pub(crate) status: i32,
    pub(crate) usage: libc::rusage,
}

/// Waits for a child by its pidfd. The process is 0 where there is nothing to tell and the options say not to wait.
pub(crate) fn wait(process: BorrowedFd<'_>, options: c_int) -> Result<Waited, Errno> {
    let mut information = MaybeUninit::<libc::siginfo_t>::zeroed();
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to values of the types that the call fills in, which outlive it.
    result(unsafe {
        libc::syscall(
            number(__NR_waitid),
            libc::P_PIDFD as c_long,
            c_long::from(process.as_raw_fd()),
            information.as_mut_ptr(),
            c_long::from(options),
            usage.as_mut_ptr(),
        )
    })?;
    // SAFETY: both are made of integers, and zeros where the kernel wrote nothing; the fields that are read are those
    // of a SIGCHLD, as which waitid fills it in.
    unsafe {
        let information = information.assume_init();
        Ok(Waited {
            process: information.si_pid(),
            user: information.si_uid(),
            code: information.si_code,
            status: information.si_status(),
            usage: usage.assume_init(),
        })
    }
}

/// `struct pidfd_info` in its fourth form. A kernel that has a shorter one leaves the rest as zeros.
pub(crate) type Information = [u64; 11];

const GROUP: u8 = 0xff;
const PIDFD_GET_INFO: Opcode = opcode::read_write::<Information>(GROUP, 11);

/// The information of `requested`, in native byte order.
pub(crate) fn information(process: BorrowedFd<'_>, requested: u64) -> Result<[u8; 88], Errno> {
    let mut words: Information = [0; 11];
    words[0] = requested;
    // SAFETY: this request reads and writes as many bytes as its number says, which are those of the argument.
    unsafe { ioctl(process, PIDFD_GET_INFO, ptr::from_mut(&mut words).cast()) }?;
    let mut bytes = [0; 88];
    for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_ne_bytes());
    }
    Ok(bytes)
}

/// Opens the namespace of the request with this number, from 1 to 10.
pub(crate) fn namespace(process: BorrowedFd<'_>, request: u8) -> Result<OwnedFd, Errno> {
    // SAFETY: the requests with these numbers take no argument, and give -1 or a new descriptor.
    unsafe { opened(ioctl(process, opcode::none(GROUP, request), ptr::null_mut())?) }
}
