//! memfd_secret(2).

use std::os::fd::OwnedFd;

use rustix::io::Errno;

/// Creates a descriptor of secret memory.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
pub(crate) fn secret() -> Result<OwnedFd, Errno> {
    use linux_raw_sys::general::__NR_memfd_secret;

    // SAFETY: the call takes one number, and gives -1 or a new descriptor.
    unsafe { super::opened(libc::syscall(super::number(__NR_memfd_secret), libc::O_CLOEXEC)) }
}

/// Other architectures have none.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
pub(crate) fn secret() -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}
