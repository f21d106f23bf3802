//! The system calls that no safe interface has.
#![expect(unsafe_code, reason = "mappings, resource usage and bare calls have no safe interface")]

use std::{
    fs::File,
    io,
    marker::PhantomData,
    mem::MaybeUninit,
    os::fd::{AsRawFd, OwnedFd},
    process::Child,
    time::Duration,
};

use rustix::mm::{MapFlags, ProtFlags};

/// Maps the beginning of `file` `count` times, and as many pages that no file has in between, for as long as
/// this process lives. No two of the mappings are alike enough for the kernel to make one of them.
pub(crate) fn map_many(file: &File, count: usize) -> io::Result<()> {
    let length = rustix::param::page_size();
    for turn in 0..count {
        let protection = if turn % 2 == 0 { ProtFlags::READ } else { ProtFlags::READ | ProtFlags::WRITE };
        let place = std::ptr::null_mut();
        // SAFETY: the kernel chooses the place, and nothing ever uses the new mappings.
        unsafe {
            rustix::mm::mmap_anonymous(place, length, protection, MapFlags::PRIVATE)?;
            rustix::mm::mmap(place, length, ProtFlags::READ, MapFlags::PRIVATE, file, 0)?;
        }
    }
    Ok(())
}

/// Waits for `child` and gives the CPU time, user and system, that it used.
pub(crate) fn wait_for_cpu_time(child: Child) -> io::Result<Duration> {
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    let mut status = 0;
    // SAFETY: both pointers are to values of the types that wait4 fills in.
    if unsafe { libc::wait4(pid, &raw mut status, 0, usage.as_mut_ptr()) } != pid {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a rusage of zeros is valid, and so is what wait4 wrote over it.
    let usage = unsafe { usage.assume_init() };
    if status != 0 {
        return Err(io::Error::other(format!("the program ended with wait status {status}")));
    }
    let time = |time: libc::timeval| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000);
    Ok(time(usage.ru_utime) + time(usage.ru_stime))
}

/// A counter and an epoll that watches it, used with nothing but the C library.
pub(crate) struct BareWake {
    counter: OwnedFd,
    epoll: OwnedFd,
    events: Box<[libc::epoll_event]>,
}

impl BareWake {
    pub(crate) fn new(counter: OwnedFd, epoll: OwnedFd) -> Self {
        Self { counter, epoll, events: vec![libc::epoll_event { events: 0, u64: 0 }; 16].into() }
    }

    /// Writes the counter, waits for the epoll, looks at what it tells and reads the counter.
    pub(crate) fn round_trip(&mut self) {
        let mut value = 1_u64;
        let events = &mut self.events;
        let (counter, epoll) = (self.counter.as_raw_fd(), self.epoll.as_raw_fd());
        // SAFETY: the number is valid for as many bytes as the call is told, and outlives it.
        assert!(unsafe { libc::write(counter, (&raw const value).cast(), 8) } == 8);
        // SAFETY: the events are valid for as many as the call is told, and outlive it.
        let ready = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), events.len() as i32, -1) };
        assert!(ready >= 0 && events[..ready as usize].iter().all(|event| event.u64 == 7));
        // SAFETY: as with the write.
        assert!(unsafe { libc::read(counter, (&raw mut value).cast(), 8) } == 8 && value == 1);
    }
}

/// The CPU that this thread is on, by the C library.
#[inline]
pub(crate) fn sched_getcpu() -> i32 {
    // SAFETY: it takes nothing and only reads.
    unsafe { libc::sched_getcpu() }
}

/// The node that this thread is on, by the system call.
#[inline]
pub(crate) fn getcpu_node() -> u32 {
    let (mut cpu, mut node) = (0u32, 0u32);
    let nothing = std::ptr::null::<u8>();
    // SAFETY: the kernel writes the two numbers, and no longer uses the third argument.
    let done = unsafe { libc::syscall(libc::SYS_getcpu, &raw mut cpu, &raw mut node, nothing) };
    assert!(done == 0);
    node
}

/// The page size, by the C library.
#[inline]
pub(crate) fn sysconf_page_size() -> i64 {
    // SAFETY: it only looks a number up.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) }
}

/// How many CPUs are online, by the C library, which reads a file for it.
pub(crate) fn sysconf_online() -> i64 {
    // SAFETY: it only looks a number up.
    unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }
}

/// A copy of memory by nothing but the system call, with all that it takes made before.
pub(crate) struct BareCopy<'b> {
    process: i32,
    from: Vec<libc::iovec>,
    into: Vec<libc::iovec>,
    /// What they point to.
    _buffers: (&'b [u8], PhantomData<&'b mut [u8]>),
}

impl<'b> BareCopy<'b> {
    /// Of each second piece of `source`, which is of `process`, so long; one after the other into `into`.
    pub(crate) fn new(process: i32, source: &'b [u8], length: usize, into: &'b mut [u8]) -> Self {
        let piece = |start: *const u8| libc::iovec { iov_base: start.cast_mut().cast(), iov_len: length };
        let from: Vec<_> = source.chunks(2 * length).map(|pieces| piece(pieces.as_ptr())).collect();
        assert!(from.len() * length <= into.len() && source.len().is_multiple_of(length));
        let into =
            into.chunks_mut(length).take(from.len()).map(|buffer| piece(buffer.as_mut_ptr())).collect();
        Self { process, from, into, _buffers: (source, PhantomData) }
    }

    /// Copies, and gives the number of bytes.
    pub(crate) fn copy(&self) -> usize {
        let (from, into) = (&self.from, &self.into);
        // SAFETY: the ranges are of buffers that are borrowed for as long as this lives: those that are written to,
        // exclusively.
        let copied = unsafe {
            let (remote, local) = (from.len() as libc::c_ulong, into.len() as libc::c_ulong);
            libc::process_vm_readv(self.process, into.as_ptr(), local, from.as_ptr(), remote, 0)
        };
        usize::try_from(copied).unwrap_or(0)
    }
}
