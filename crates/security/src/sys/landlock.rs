//! The system calls of Landlock.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use linux_support_base::syscall::result;
use rustix::io::Errno;

/// `struct landlock_ruleset_attr`, as of version 6.
#[repr(C)]
pub(crate) struct Handled {
    pub(crate) files: u64,
    pub(crate) ports: u64,
    pub(crate) scopes: u64,
}

/// `struct landlock_path_beneath_attr`.
#[repr(C, packed)]
struct Beneath {
    allowed: u64,
    parent: i32,
}

/// `struct landlock_net_port_attr`.
#[repr(C)]
struct Port {
    allowed: u64,
    port: u64,
}

/// The version that the kernel has.
pub(crate) fn version() -> Result<u32, Errno> {
    const VERSION: u32 = 1;
    // SAFETY: with this flag the call takes no memory, and gives a number.
    let version = result(unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<Handled>(), 0usize, VERSION)
    })?;
    Ok(version as u32)
}

/// Makes a set of rules.
pub(crate) fn create(handled: &Handled) -> Result<OwnedFd, Errno> {
    // SAFETY: so many bytes are read, of a record that outlives the call.
    let descriptor = result(unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::from_ref(handled),
            size_of::<Handled>(),
            0u32,
        )
    })?;
    // SAFETY: the call gives a new descriptor, close-on-exec, which nobody else knows.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor as i32) })
}

/// Allows the rights for what is beneath the file or directory.
pub(crate) fn allow_beneath(
    rules: BorrowedFd<'_>,
    parent: BorrowedFd<'_>,
    allowed: u64,
) -> Result<(), Errno> {
    const PATH_BENEATH: u32 = 1;
    let rule = Beneath { allowed, parent: parent.as_raw_fd() };
    // SAFETY: of this kind, one packed record of 12 bytes is read, which outlives the call.
    result(unsafe {
        libc::syscall(
            libc::SYS_landlock_add_rule,
            rules.as_raw_fd(),
            PATH_BENEATH,
            std::ptr::from_ref(&rule),
            0u32,
        )
    })
    .map(drop)
}

/// Allows the rights for the port.
pub(crate) fn allow_port(rules: BorrowedFd<'_>, port: u16, allowed: u64) -> Result<(), Errno> {
    const NET_PORT: u32 = 2;
    let rule = Port { allowed, port: u64::from(port) };
    // SAFETY: of this kind, one record of two numbers is read, which outlives the call.
    result(unsafe {
        libc::syscall(
            libc::SYS_landlock_add_rule,
            rules.as_raw_fd(),
            NET_PORT,
            std::ptr::from_ref(&rule),
            0u32,
        )
    })
    .map(drop)
}

/// Enforces the rules in the calling thread. It is called in signal handlers.
pub(crate) fn restrict(rules: i32, flags: u32) -> Result<(), Errno> {
    // SAFETY: it takes two numbers.
    result(unsafe { libc::syscall(libc::SYS_landlock_restrict_self, rules, flags) }).map(drop)
}
