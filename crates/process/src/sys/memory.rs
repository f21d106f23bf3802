//! The memory of other processes: process_vm_readv(2) and kcmp(2), which rustix lacks.

use std::io::IoSliceMut;

use linux_raw_sys::general::{__NR_kcmp, __NR_process_vm_readv};
use linux_support_base::syscall::{number, result};
use rustix::io::Errno;

/// A range of another process's addresses, laid out as `struct iovec`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) start: u64,
    pub(crate) length: u64,
}

/// As many ranges as one call takes.
pub(crate) const RANGES: usize = 1024;

/// Copies from the ranges of `process` into the buffers, in their order, and gives the number of bytes.
pub(crate) fn read(process: i32, into: &mut [IoSliceMut<'_>], from: &[Remote]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most as many bytes to each buffer as that is long: `IoSliceMut` is laid out as
    // `struct iovec`, and each is borrowed for writing. From `from` it only reads, and checks every address.
    let read = result(unsafe {
        libc::syscall(
            number(__NR_process_vm_readv),
            process,
            into.as_mut_ptr(),
            into.len(),
            from.as_ptr(),
            from.len(),
            0usize,
        )
    })?;
    Ok(read as usize)
}

/// Whether `process` has the same address space as this one. Without CONFIG_KCMP that is not known of processes that
/// were started by vfork(2) and have not yet run another program.
pub(crate) fn is_own_address_space(process: i32) -> Result<bool, Errno> {
    /// `KCMP_VM` of `include/uapi/linux/kcmp.h`.
    const ADDRESS_SPACE: i32 = 1;
    let own = rustix::process::getpid().as_raw_nonzero().get();
    // SAFETY: it takes numbers.
    match result(unsafe { libc::syscall(number(__NR_kcmp), own, process, ADDRESS_SPACE, 0usize, 0usize) }) {
        Ok(order) => Ok(order == 0),
        Err(Errno::NOSYS) => Ok(process == own || own_thread(process)),
        Err(errno) => Err(errno),
    }
}

fn own_thread(thread: i32) -> bool {
    std::path::Path::new(&format!("/proc/self/task/{thread}")).exists()
}

const _: () = {
    // What the kernel is given as `struct iovec`.
    assert!(
        size_of::<Remote>() == size_of::<libc::iovec>() && align_of::<Remote>() <= align_of::<libc::iovec>()
    );
};
