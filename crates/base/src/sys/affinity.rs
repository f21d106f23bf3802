//! On which CPUs a thread may run: sched_setaffinity(2).

use linux_raw_sys::general::{__NR_sched_getaffinity, __NR_sched_setaffinity};
use rustix::io::Errno;

use crate::{
    CpuSet, Pid,
    syscall::{number, result},
};

/// The kernel's number of a thread; 0 is the calling one.
fn thread_number(thread: Option<Pid>) -> i32 {
    thread.map_or(0, i32::from)
}

/// The CPUs on which `thread` may run (`None` is the calling one), as sched_getaffinity(2) tells them: those of its
/// affinity that are online.
///
/// # Errors
/// There is no such thread ([`Errno::SRCH`]).
pub fn thread_affinity(thread: Option<Pid>) -> Result<CpuSet, Errno> {
    // As the C library's set; the kernel's may be longer.
    let mut words = vec![0u64; 16];
    loop {
        let bytes = words.len() * 8;
        // SAFETY: the kernel writes at most `bytes` bytes to the words, which are that long.
        let written = result(unsafe {
            libc::syscall(number(__NR_sched_getaffinity), thread_number(thread), bytes, words.as_mut_ptr())
        });
        match written {
            // It says how much of them it wrote.
            Ok(written) => return Ok(CpuSet::from_words(&words[..(written as usize / 8).min(words.len())])),
            Err(Errno::INVAL) if words.len() < 1 << 14 => words.resize(words.len() * 2, 0),
            Err(errno) => return Err(errno),
        }
    }
}

/// Lets `thread` (`None` is the calling one) run on `cpus` only; of these the kernel leaves out those that the thread's
/// cpuset lacks.
///
/// # Errors
/// None of the CPUs is online and allowed ([`Errno::INVAL`]); there is no such thread ([`Errno::SRCH`]), or it is another
/// user's ([`Errno::PERM`]).
///
/// # Capabilities
/// CAP_SYS_NICE for threads of others.
pub fn set_thread_affinity(thread: Option<Pid>, cpus: &CpuSet) -> Result<(), Errno> {
    let words = cpus.as_words();
    // SAFETY: the kernel reads the words, as many bytes as it is told.
    result(unsafe {
        libc::syscall(number(__NR_sched_setaffinity), thread_number(thread), words.len() * 8, words.as_ptr())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_put_onto_one_of_its_cpus_and_back() {
        let before = thread_affinity(None).unwrap();
        let one = CpuSet::from(before.last().unwrap());
        set_thread_affinity(None, &one).unwrap();
        let moved = thread_affinity(None);
        set_thread_affinity(None, &before).unwrap();
        assert_eq!((moved, thread_affinity(None)), (Ok(one), Ok(before)));
    }

    #[test]
    fn no_cpu_at_all_and_threads_that_are_not_there_are_refused() {
        assert_eq!(set_thread_affinity(None, &CpuSet::new()), Err(Errno::INVAL));
        let nobody = Pid::new(i32::MAX);
        assert_eq!(thread_affinity(nobody), Err(Errno::SRCH));
        let cpus = thread_affinity(None).unwrap();
        assert_eq!(set_thread_affinity(nobody, &cpus), Err(Errno::SRCH));
    }
}
