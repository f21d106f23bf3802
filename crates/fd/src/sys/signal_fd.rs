//! signalfd4(2).

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use linux_raw_sys::general::__NR_signalfd4;
use linux_support_base::SignalSet;
use rustix::io::Errno;

use super::{number, opened, result, signal_mask::KernelSignalSet};

/// Creates a descriptor for `signals`, or changes those of `descriptor`.
pub(crate) fn signalfd(
    descriptor: Option<BorrowedFd<'_>>,
    signals: SignalSet,
) -> Result<Option<OwnedFd>, Errno> {
    let set = KernelSignalSet::from(signals);
    // SAFETY: the set is of the length that is given and outlives the call.
    let returned = unsafe {
        libc::syscall(
            number(__NR_signalfd4),
            descriptor.map_or(-1, |descriptor| descriptor.as_raw_fd()),
            set.as_ptr(),
            KernelSignalSet::SIZE,
            libc::SFD_CLOEXEC | libc::SFD_NONBLOCK,
        )
    };
    if descriptor.is_some() {
        return result(returned).map(|_| None);
    }
    // SAFETY: for -1 the call creates a descriptor, which is nobody else's.
    unsafe { opened(returned) }.map(Some)
}
