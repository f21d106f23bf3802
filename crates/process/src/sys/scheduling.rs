//! Policies and priorities of threads. In all of these, the thread 0 is the calling one.

use core::{ptr, time::Duration};

use linux_raw_sys::general::{
    __NR_getpriority, __NR_ioprio_get, __NR_ioprio_set, __NR_sched_getattr, __NR_sched_setattr,
    __NR_setpriority,
};
use linux_support_base::syscall::{number, result};
use rustix::io::Errno;

/// `struct sched_attr` of `include/uapi/linux/sched/types.h`, with all that it has since Linux 5.3.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) size: u32,
    pub(crate) policy: u32,
    pub(crate) flags: u64,
    pub(crate) nice: i32,
    pub(crate) priority: u32,
    pub(crate) runtime: u64,
    pub(crate) deadline: u64,
    pub(crate) period: u64,
    pub(crate) utilisation_min: u32,
    pub(crate) utilisation_max: u32,
}

impl Attributes {
    pub(crate) const SIZE: u32 = size_of::<Self>() as u32;
}

/// What a thread's attributes are.
pub(crate) fn attributes(thread: i32) -> Result<Attributes, Errno> {
    let mut attributes = Attributes::default();
    // SAFETY: the kernel writes at most `SIZE` bytes, which is how long the structure is, and all of its bits are
    // numbers.
    result(unsafe {
        libc::syscall(
            number(__NR_sched_getattr),
            thread,
            ptr::from_mut(&mut attributes),
            Attributes::SIZE,
            0u32,
        )
    })?;
    Ok(attributes)
}

/// Sets a thread's attributes.
pub(crate) fn set_attributes(thread: i32, attributes: &Attributes) -> Result<(), Errno> {
    let mut attributes = Attributes { size: Attributes::SIZE, ..*attributes };
    // SAFETY: the kernel reads as many bytes as `size` says, which is how long the structure is; where it knows fewer,
    // it writes its own size there.
    result(unsafe {
        libc::syscall(number(__NR_sched_setattr), thread, ptr::from_mut(&mut attributes), 0u32)
    })?;
    Ok(())
}

/// How long a thread runs before the next of its priority has its turn; 0 for threads that take none.
pub(crate) fn round_robin_interval(thread: i32) -> Result<Duration, Errno> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one `timespec`.
    result(i64::from(unsafe { libc::sched_rr_get_interval(thread, &mut time) }))?;
    Ok(Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec as u32))
}

/// The lowest nice value of a thread, group or user (`which` is 0, 1 or 2).
pub(crate) fn nice(which: u32, who: u32) -> Result<i64, Errno> {
    // SAFETY: it takes numbers.
    let value = result(unsafe { libc::syscall(number(__NR_getpriority), which, who) })?;
    // The kernel gives 40 to 1 for -20 to 19, so that none looks like an error.
    Ok(20 - value)
}

/// Sets the nice value of a thread, group or user.
pub(crate) fn set_nice(which: u32, who: u32, nice: i32) -> Result<(), Errno> {
    // SAFETY: it takes numbers.
    result(unsafe { libc::syscall(number(__NR_setpriority), which, who, nice) })?;
    Ok(())
}

/// The I/O priority of a thread, group or user; here these are counted from 1.
pub(crate) fn io_priority(which: u32, who: u32) -> Result<u16, Errno> {
    // SAFETY: it takes numbers.
    Ok(result(unsafe { libc::syscall(number(__NR_ioprio_get), which, who) })? as u16)
}

/// Sets the I/O priority of a thread, group or user.
pub(crate) fn set_io_priority(which: u32, who: u32, priority: u16) -> Result<(), Errno> {
    // SAFETY: it takes numbers.
    result(unsafe { libc::syscall(number(__NR_ioprio_set), which, who, u32::from(priority)) })?;
    Ok(())
}
