//! Resource limits: prlimit(2). rustix's can't ask without setting.

use core::ptr;

use linux_raw_sys::general::__NR_prlimit64;
use linux_support_base::syscall::{number, result};
use rustix::io::Errno;

/// A soft and a hard limit, as the kernel takes them; all ones for none.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pair {
    pub(crate) soft: u64,
    pub(crate) hard: u64,
}

/// The limits of a process (0 is this one); and sets them at the same time, if some are given.
pub(crate) fn exchange(process: i32, resource: u32, new: Option<&Pair>) -> Result<Pair, Errno> {
    let mut old = Pair::default();
    let new = new.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the kernel reads one pair, if the pointer is not null, and writes one; both are there.
    result(unsafe {
        libc::syscall(number(__NR_prlimit64), process, resource, new, ptr::from_mut(&mut old))
    })?;
    Ok(old)
}
