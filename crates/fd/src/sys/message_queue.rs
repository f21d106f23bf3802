//! POSIX message queues, whose system calls take names without the slash of the C library.

use core::{ffi::CStr, mem::size_of, ptr};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use libc::{c_int, c_long, c_uint};
use linux_raw_sys::general::{
    __NR_mq_getsetattr, __NR_mq_notify, __NR_mq_open, __NR_mq_timedreceive, __NR_mq_timedsend, __NR_mq_unlink,
};
use linux_support_base::Signal;
use rustix::{fs::OFlags, io::Errno};

use super::{number, result};

/// `struct mq_attr`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct Attributes {
    pub(crate) flags: c_long,
    pub(crate) capacity: c_long,
    pub(crate) message_size: c_long,
    pub(crate) queued: c_long,
    pub(crate) reserved: [c_long; 4],
}

/// `struct sigevent`, which is 64 bytes long on every architecture.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct SignalEvent {
    value: usize,
    signal: c_int,
    notify: c_int,
    padding: [u8; 64 - size_of::<usize>() - 2 * size_of::<c_int>()],
}

/// What happens when a message comes into the empty queue.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Nothing,
    Signal(Signal, usize),
}

/// Opens a queue: `mode` and `attributes` are for one that is made.
pub(crate) fn open(
    name: &CStr,
    flags: OFlags,
    mode: u32,
    attributes: Option<&Attributes>,
) -> Result<OwnedFd, Errno> {
    let attributes = attributes.map_or(ptr::null(), ptr::from_ref);
    let flags = flags.bits() as c_int;
    // SAFETY: the name ends with a NUL, and the attributes are none or a whole `mq_attr` that is only read; both
    // outlive the call.
    let opened =
        result(unsafe { libc::syscall(number(__NR_mq_open), name.as_ptr(), flags, mode, attributes) })?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(opened as RawFd) })
}

/// Takes the name away.
pub(crate) fn unlink(name: &CStr) -> Result<(), Errno> {
    // SAFETY: the name ends with a NUL and outlives the call.
    result(unsafe { libc::syscall(number(__NR_mq_unlink), name.as_ptr()) }).map(drop)
}

/// Sends a message, without a time-out.
pub(crate) fn send(queue: impl AsFd, message: &[u8], priority: u16) -> Result<(), Errno> {
    // SAFETY: the kernel reads the message only; no time-out is given.
    result(unsafe {
        libc::syscall(
            number(__NR_mq_timedsend),
            queue.as_fd().as_raw_fd(),
            message.as_ptr(),
            message.len(),
            c_uint::from(priority),
            ptr::null::<libc::timespec>(),
        )
    })
    .map(drop)
}

/// Receives the oldest of the messages of the highest priority, without a time-out: its length and priority.
pub(crate) fn receive(queue: impl AsFd, buffer: &mut [u8]) -> Result<(usize, u32), Errno> {
    let mut priority: c_uint = 0;
    // SAFETY: the kernel writes at most `buffer.len()` bytes there, and one number; no time-out is given.
    let length = result(unsafe {
        libc::syscall(
            number(__NR_mq_timedreceive),
            queue.as_fd().as_raw_fd(),
            buffer.as_mut_ptr(),
            buffer.len(),
            ptr::from_mut(&mut priority),
            ptr::null::<libc::timespec>(),
        )
    })?;
    Ok((length as usize, priority))
}

/// Registers the process to be told of the next message, or no longer.
pub(crate) fn notify(queue: impl AsFd, event: Option<Event>) -> Result<(), Errno> {
    let event = event.map(|event| {
        let (value, signal, notify) = match event {
            Event::Nothing => (0, 0, libc::SIGEV_NONE),
            Event::Signal(signal, value) => (value, c_int::from(signal.number()), libc::SIGEV_SIGNAL),
        };
        SignalEvent { value, signal, notify, padding: [0; _] }
    });
    let event = event.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the event is none or a whole `sigevent` that is only read and outlives the call; neither of the kinds
    // used has the kernel call or write anything in this process.
    result(unsafe { libc::syscall(number(__NR_mq_notify), queue.as_fd().as_raw_fd(), event) }).map(drop)
}

/// What a queue is like.
pub(crate) fn attributes(queue: impl AsFd) -> Result<Attributes, Errno> {
    let mut attributes = Attributes::default();
    // SAFETY: nothing is set, and the kernel writes a whole `mq_attr`.
    result(unsafe {
        libc::syscall(
            number(__NR_mq_getsetattr),
            queue.as_fd().as_raw_fd(),
            ptr::null::<Attributes>(),
            ptr::from_mut(&mut attributes),
        )
    })?;
    Ok(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structures_have_the_kernels_sizes() {
        assert_eq!((size_of::<SignalEvent>(), size_of::<Attributes>()), (64, size_of::<[c_long; 8]>()));
    }
}
