use core::sync::atomic::Ordering;

use linux_support_base::Pid;

use crate::sys::fork::wiped_by_fork;

/// The number of the calling process, in its own namespace of process numbers.
///
/// The kernel is asked once, and again in each child that is forked, whose copy of what was kept is wiped: no child takes
/// itself for its parent, whoever forked it and however. In a child that shares its parent's memory (vfork(2), and
/// [`spawn`](crate::spawn) before the program runs) it is the parent's.
///
/// ```
/// use linux_support_process::own;
///
/// assert_eq!(own::pid().number().cast_unsigned(), std::process::id());
/// ```
#[must_use]
#[doc(alias = "getpid")]
#[doc(alias = "MADV_WIPEONFORK")]
pub fn pid() -> Pid {
    let Some(kept) = wiped_by_fork() else { return ask() };
    match i32::try_from(kept.load(Ordering::Relaxed)).ok().and_then(Pid::new) {
        Some(pid) => pid,
        None => {
            let pid = ask();
            kept.store(pid.number().cast_unsigned(), Ordering::Relaxed);
            pid
        }
    }
}

fn ask() -> Pid {
    // Every process has a number in its own namespace.
    Pid::new(rustix::process::getpid().as_raw_nonzero().get()).unwrap_or(Pid::INIT)
}
