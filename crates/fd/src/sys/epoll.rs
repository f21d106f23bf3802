//! epoll_wait(2) and epoll_pwait2(2), and the ioctls for busy polling.

use core::ptr;
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::c_int;
use linux_raw_sys::general::__NR_epoll_pwait2;
use linux_support_base::SignalSet;
use rustix::{
    event::Timespec,
    io::Errno,
    ioctl::{Opcode, opcode},
};

use super::{ioctl, number, result, signal_mask::KernelSignalSet};

/// Waits for events, which it writes to the front of `events`, and gives their number.
#[inline]
pub(crate) fn wait(
    epoll: BorrowedFd<'_>,
    events: &mut [libc::epoll_event],
    timeout: Option<&Timespec>,
    mask: Option<SignalSet>,
) -> Result<usize, Errno> {
    // Of a length beyond its range this is negative, which the kernel refuses, or smaller than the length.
    let room = events.len() as c_int;
    // Whoever asks for no certain time needs no nanoseconds, and older tools know only the older call.
    let milliseconds = match timeout {
        None => -1,
        Some(Timespec { tv_sec: 0, tv_nsec: 0 }) => 0,
        Some(_) => return wait_fully(epoll, events, room, timeout, mask),
    };
    if mask.is_some() {
        return wait_fully(epoll, events, room, timeout, mask);
    }
    // SAFETY: the events are of the kernel's layout and outlive the call; the kernel writes at most as many events as
    // it is told there is room for, and every bit pattern is an event.
    let ready = unsafe { libc::epoll_wait(epoll.as_raw_fd(), events.as_mut_ptr(), room, milliseconds) };
    Ok(result(ready.into())? as usize)
}

fn wait_fully(
    epoll: BorrowedFd<'_>,
    events: &mut [libc::epoll_event],
    room: c_int,
    timeout: Option<&Timespec>,
    mask: Option<SignalSet>,
) -> Result<usize, Errno> {
    let mask = mask.map(KernelSignalSet::from);
    // SAFETY: the events, the time-out and the mask are of the kernel's layout and outlive the call, and `room` is
    // the length of `events` at most; every bit pattern is an event.
    let ready = result(unsafe {
        libc::syscall(
            number(__NR_epoll_pwait2),
            epoll.as_raw_fd(),
            events.as_mut_ptr(),
            room,
            timeout.map_or(ptr::null(), ptr::from_ref),
            mask.as_ref().map_or(ptr::null(), KernelSignalSet::as_ptr),
            KernelSignalSet::SIZE,
        )
    })?;
    Ok(ready as usize)
}

/// How an epoll polls network devices: `struct epoll_params`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct BusyPollParameters {
    pub(crate) microseconds: u32,
    pub(crate) budget: u16,
    pub(crate) prefer: u8,
    padding: u8,
}

impl BusyPollParameters {
    pub(crate) fn new(microseconds: u32, budget: u16, prefer: bool) -> Self {
        Self { microseconds, budget, prefer: prefer.into(), padding: 0 }
    }
}

const EPIOCSPARAMS: Opcode = opcode::write::<BusyPollParameters>(0x8a, 1);
const EPIOCGPARAMS: Opcode = opcode::read::<BusyPollParameters>(0x8a, 2);

pub(crate) fn set_busy_poll(epoll: BorrowedFd<'_>, mut parameters: BusyPollParameters) -> Result<(), Errno> {
    // SAFETY: this request, whose group is epoll's alone, reads one `epoll_params`, and such is the argument.
    unsafe { ioctl(epoll, EPIOCSPARAMS, ptr::from_mut(&mut parameters).cast()) }?;
    Ok(())
}

pub(crate) fn busy_poll(epoll: BorrowedFd<'_>) -> Result<BusyPollParameters, Errno> {
    let mut parameters = BusyPollParameters::default();
    // SAFETY: this request, whose group is epoll's alone, writes one `epoll_params`, which is made of integers only,
    // and such is the argument.
    unsafe { ioctl(epoll, EPIOCGPARAMS, ptr::from_mut(&mut parameters).cast()) }?;
    Ok(parameters)
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn the_requests_are_the_kernels() {
        assert_eq!((EPIOCSPARAMS, EPIOCGPARAMS), (0x4008_8a01, 0x8008_8a02));
    }
}
