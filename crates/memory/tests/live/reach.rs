//! Whether an address can be read, asked of the kernel.

/// Whether the byte at `address` of this process can be read.
pub(crate) fn is_readable(address: u64) -> bool {
    let mut byte = 0u8;
    let local = libc::iovec { iov_base: std::ptr::from_mut(&mut byte).cast(), iov_len: 1 };
    let remote = libc::iovec { iov_base: std::ptr::without_provenance_mut(address as usize), iov_len: 1 };
    // SAFETY: the kernel reads the two vectors, and writes one byte to `byte`; an address that can't be read is an error.
    let read = unsafe {
        libc::process_vm_readv(std::process::id() as i32, &raw const local, 1, &raw const remote, 1, 0)
    };
    read == 1
}

/// Whether this thread can read the byte at `address` with the rights that it has.
pub(crate) fn is_readable_by_this_thread(address: u64) -> bool {
    use std::os::fd::AsRawFd;
    let (_reader, writer) = std::io::pipe().unwrap();
    let byte = std::ptr::without_provenance(address as usize);
    // SAFETY: the kernel reads one byte, which is an error where it can't be read, and writes it to the pipe.
    (unsafe { libc::write(writer.as_raw_fd(), byte, 1) }) == 1
}
