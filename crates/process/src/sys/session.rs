//! Sessions and groups as the kernel answers: 0 for one whose leader is of another namespace, which is no process
//! number, and which rustix takes for one.

use linux_raw_sys::general::{__NR_getpgid, __NR_getsid};
use linux_support_base::{
    Pid,
    syscall::{number, result},
};
use rustix::io::Errno;

fn ask(call: u32, process: Option<Pid>) -> Result<Option<Pid>, Errno> {
    // SAFETY: it takes a number and gives a number.
    let leader = result(unsafe { libc::syscall(number(call), process.map_or(0, Pid::number)) })?;
    Ok(i32::try_from(leader).ok().and_then(Pid::new))
}

/// The leader of the session of a process (`None` is the caller).
pub(crate) fn getsid(process: Option<Pid>) -> Result<Option<Pid>, Errno> {
    ask(__NR_getsid, process)
}

/// The leader of the process group of a process (`None` is the caller).
pub(crate) fn getpgid(process: Option<Pid>) -> Result<Option<Pid>, Errno> {
    ask(__NR_getpgid, process)
}
