//! On which CPUs the calling thread may run: sched_setaffinity(2).

use linux_raw_sys::general::{__NR_sched_getaffinity, __NR_sched_setaffinity};
use rustix::io::Errno;

use super::{number, result};

/// The CPUs of the calling thread, in words as long as the kernel's own.
pub(crate) fn get() -> Result<Vec<u64>, Errno> {
    let mut words = vec![0u64; 16];
    loop {
        let bytes = words.len() * 8;
        // SAFETY: the kernel writes at most `bytes` bytes to the words, which are that long.
        let written =
            result(unsafe { libc::syscall(number(__NR_sched_getaffinity), 0, bytes, words.as_mut_ptr()) });
        match written {
            Ok(written) => {
                words.truncate(written as usize / 8);
                return Ok(words);
            }
            // The kernel has more CPUs than fit.
            Err(Errno::INVAL) if words.len() < 1 << 14 => words.resize(words.len() * 2, 0),
            Err(errno) => return Err(errno),
        }
    }
}

/// Sets the CPUs of the calling thread.
pub(crate) fn set(words: &[u64]) -> Result<(), Errno> {
    // SAFETY: the kernel reads the words.
    result(unsafe { libc::syscall(number(__NR_sched_setaffinity), 0, words.len() * 8, words.as_ptr()) })?;
    Ok(())
}
