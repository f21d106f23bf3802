//! Where the queues of tests are.

use std::thread;

use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Does `work` in a thread with an IPC namespace of its own, where root runs the tests; elsewhere in that of the
/// machine, whose other queues the names don't touch.
pub(super) fn apart(work: impl FnOnce() + Send) {
    within(UnshareFlags::NEWIPC, work);
}

/// Does `work` in a thread with these namespaces of its own.
#[expect(unsafe_code, reason = "rustix has it unsafe for the sake of shared descriptors")]
pub(super) fn within(namespaces: UnshareFlags, work: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // SAFETY: the table of descriptors stays shared.
            let unshared = unsafe { unshare_unsafe(namespaces) };
            assert!(unshared.is_ok() || namespaces == UnshareFlags::NEWIPC, "{unshared:?}");
            work();
        });
        thread.join().unwrap();
    });
}
