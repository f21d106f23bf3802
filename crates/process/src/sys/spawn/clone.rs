//! clone3(2) with a stack for the child.
//!
//! The C library's wrapper can't be used for it: what it would return to lies on the caller's stack, and a child on
//! another one must begin in a function of its own. That takes a few instructions of each architecture. Where they are
//! not written, the child gets a copy of the memory in place of sharing it.

use core::ffi::c_void;

use linux_raw_sys::general::clone_args;
use rustix::io::Errno;

/// Where a child begins, with its argument.
pub(super) type Begin = unsafe extern "C" fn(*mut c_void) -> !;

/// Whether the child shares the caller's memory.
pub(super) const SHARES_MEMORY: bool =
    cfg!(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"));

/// Starts a child that begins in `begin`, and gives its number when it runs another program or has ended.
///
/// # Safety
/// `arguments` has `CLONE_VFORK`, and what it points to is valid. `begin` takes `argument`, and while its parent waits
/// changes no memory that the parent has use for. `stack` is of `size` bytes, and nothing else uses it.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
pub(super) unsafe fn clone(
    arguments: &mut clone_args,
    stack: *mut c_void,
    size: usize,
    begin: Begin,
    argument: *mut c_void,
) -> Result<i32, Errno> {
    use linux_raw_sys::general::{__NR_clone3, CLONE_VM};

    arguments.flags |= u64::from(CLONE_VM);
    arguments.stack = stack as u64;
    arguments.stack_size = size as u64;
    let returned: i64;
    let (call, arguments, length) =
        (u64::from(__NR_clone3), core::ptr::from_mut(arguments), size_of::<clone_args>());
    // SAFETY: in the parent this is one system call, which changes the registers named as outputs. The child begins after
    // it with another stack and the same registers, and goes into a function that doesn't return: it leaves this
    // block nowhere, and touches no frame of the parent's. The rest is as the caller says.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        core::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") call => returned,
            in("rdi") arguments,
            in("rsi") length,
            in("r12") argument,
            in("r13") begin,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        core::arch::asm!(
            "svc #0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x30, xzr",
            "mov x0, x20",
            "blr x21",
            "brk #1",
            "2:",
            in("x8") call,
            inlateout("x0") arguments => returned,
            in("x1") length,
            in("x20") argument,
            in("x21") begin,
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "riscv64")]
    unsafe {
        core::arch::asm!(
            "ecall",
            "bnez a0, 2f",
            "mv s0, zero",
            "mv a0, s2",
            "jalr s3",
            "unimp",
            "2:",
            in("a7") call,
            inlateout("a0") arguments => returned,
            in("a1") length,
            in("s2") argument,
            in("s3") begin,
        );
    }
    match i32::try_from(returned) {
        Ok(number) if number >= 0 => Ok(number),
        Ok(errno) => Err(Errno::from_raw_os_error(-errno)),
        Err(_) => Err(Errno::INVAL),
    }
}

/// As above, in a copy of the caller's memory and on a copy of its stack.
///
/// # Safety
/// As above.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
pub(super) unsafe fn clone(
    arguments: &mut clone_args,
    _: *mut c_void,
    _: usize,
    begin: Begin,
    argument: *mut c_void,
) -> Result<i32, Errno> {
    use linux_raw_sys::general::__NR_clone3;
    use linux_support_base::syscall::{number, result};

    // SAFETY: as the caller says; without `CLONE_VM` the child has a copy of this stack to return to.
    let returned = result(unsafe {
        libc::syscall(number(__NR_clone3), core::ptr::from_mut(arguments), size_of::<clone_args>())
    })?;
    if returned == 0 {
        // SAFETY: as the caller says.
        unsafe { begin(argument) }
    }
    Ok(returned as i32)
}
