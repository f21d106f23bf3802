//! The system calls of Landlock.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use linux_support_base::syscall::result;
use rustix::io::Errno;

/// `struct landlock_ruleset_attr`, as of version 10. Older kernels take it as long as what they don't know is 0.
#[repr(C)]
pub(crate) struct Handled {
    pub(crate) files: u64,
    pub(crate) ports: u64,
    pub(crate) scopes: u64,
    pub(crate) quiet_files: u64,
    pub(crate) quiet_ports: u64,
    pub(crate) quiet_scopes: u64,
}

/// What stands for no rules where only the log is set.
pub(crate) const NO_RULES: i32 = -1;

/// `LANDLOCK_RESTRICT_SELF_TSYNC`.
pub(crate) const ALL_THREADS: u32 = 1 << 3;

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
    asked(1)
}

/// Which errors of Landlock the kernel has mended.
pub(crate) fn errata() -> Result<u32, Errno> {
    asked(2)
}

fn asked(question: u32) -> Result<u32, Errno> {
    // SAFETY: with these flags the call takes no memory, and gives a number.
    let answer = result(unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<Handled>(), 0usize, question)
    })?;
    Ok(answer as u32)
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

/// Allows the rights for what is beneath the file or directory, and perhaps makes it quiet.
pub(crate) fn allow_beneath(
    rules: BorrowedFd<'_>,
    parent: BorrowedFd<'_>,
    allowed: u64,
    quiet: bool,
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
            u32::from(quiet),
        )
    })
    .map(drop)
}

/// Allows the rights for the port, and perhaps makes it quiet.
pub(crate) fn allow_port(rules: BorrowedFd<'_>, port: u16, allowed: u64, quiet: bool) -> Result<(), Errno> {
    const NET_PORT: u32 = 2;
    let rule = Port { allowed, port: u64::from(port) };
    // SAFETY: of this kind, one record of two numbers is read, which outlives the call.
    result(unsafe {
        libc::syscall(
            libc::SYS_landlock_add_rule,
            rules.as_raw_fd(),
            NET_PORT,
            std::ptr::from_ref(&rule),
            u32::from(quiet),
        )
    })
    .map(drop)
}

/// Enforces the rules in the calling thread. It is called in signal handlers.
pub(crate) fn restrict(rules: i32, flags: u32) -> Result<(), Errno> {
    // SAFETY: it takes two numbers.
    result(unsafe { libc::syscall(libc::SYS_landlock_restrict_self, rules, flags) }).map(drop)
}
