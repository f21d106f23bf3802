//! fork(2), and memory that is wiped by it.

use core::{
    ptr,
    sync::atomic::{AtomicPtr, AtomicU32, Ordering},
};

use linux_support_base::{Pid, syscall::result};
use rustix::io::Errno;

/// Which side of a fork this is.
#[derive(Debug)]
pub(crate) enum Side {
    /// With the number of the child.
    Parent(Pid),
    Child,
}

/// Forks a process that has no thread but the calling one. With others it is [`Errno::DEADLK`]: what they had locked
/// would be locked in the child for ever.
pub(crate) fn fork_alone() -> Result<Side, Errno> {
    let threads = std::fs::read_dir("/proc/self/task")
        .map_err(|error| error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error))?;
    if threads.count() != 1 {
        return Err(Errno::DEADLK);
    }
    // SAFETY: the only thread of the process is in here, so no other one has been left half-way in anything; nor can any
    // have come meanwhile, since none is there to start it.
    let child = result(i64::from(unsafe { libc::fork() }))?;
    Ok(Pid::new(child as i32).map_or(Side::Child, Side::Parent))
}

/// Ends the process at once, and runs nothing that was registered for its end: that is the parent's.
pub(crate) fn exit_at_once(status: i32) -> ! {
    // SAFETY: it takes a number and does not return.
    unsafe { libc::_exit(status) }
}

/// A number that is 0 at first and again in every child that is forked (since Linux 4.14); `None` where there can be
/// none. No lock is taken: a fork at any moment leaves it whole.
pub(crate) fn wiped_by_fork() -> Option<&'static AtomicU32> {
    static PLACE: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
    let mut place = PLACE.load(Ordering::Acquire);
    if place.is_null() {
        let new = wiped_page()?;
        place = match PLACE.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => new,
            Err(other) => {
                // SAFETY: mapped above, and known to nobody else.
                unsafe { libc::munmap(new.cast(), rustix::param::page_size()) };
                other
            }
        };
    }
    // SAFETY: a page that was mapped for this and is never unmapped; of its bytes, all zeros at first, nobody makes
    // anything but this atomic number.
    Some(unsafe { &*place })
}

fn wiped_page() -> Option<*mut AtomicU32> {
    let page = rustix::param::page_size();
    // SAFETY: a new mapping, at no place in particular.
    let start = unsafe {
        libc::mmap(
            ptr::null_mut(),
            page,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if start == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the mapping from above, in which nothing is yet.
    if unsafe { libc::madvise(start, page, libc::MADV_WIPEONFORK) } != 0 {
        // SAFETY: the mapping from above, known to nobody else.
        unsafe { libc::munmap(start, page) };
        return None;
    }
    Some(start.cast())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(user_emulation, ignore = "the emulator has advice of its own")]
    fn a_forked_child_has_its_own_number_and_not_the_cached_one() {
        let own = crate::own::pid();
        assert_eq!(own.number(), rustix::process::getpid().as_raw_nonzero().get());
        assert_eq!(wiped_by_fork().unwrap().load(Ordering::Relaxed), own.number().cast_unsigned());
        // SAFETY: the child makes two system calls and reads and writes an atomic number: nothing that a lock of another
        // thread's could stop.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let wiped = wiped_by_fork().is_some_and(|cached| cached.load(Ordering::Relaxed) == 0);
            let other = crate::own::pid();
            // SAFETY: as above.
            let right = wiped && other != own && other.number() == unsafe { libc::getpid() };
            exit_at_once(i32::from(!right));
        }
        assert!(child > 0);
        let mut status = -1;
        // SAFETY: the child from above, and a number for its status.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!(status, 0);
        assert_eq!(crate::own::pid(), own);
    }

    #[test]
    fn a_process_with_other_threads_is_not_forked() {
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || ended.recv());
        assert_eq!(fork_alone().unwrap_err(), Errno::DEADLK);
        drop(end);
        let _ = thread.join();
    }
}
