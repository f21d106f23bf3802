//! Another process.

use std::panic::{AssertUnwindSafe, catch_unwind};

use linux_support_base::Pid;
use rustix::process::{Signal, WaitOptions, WaitStatus, kill_process, waitpid};

/// A child of this process that does one thing and ends.
pub(crate) struct Child(rustix::process::Pid);

impl Child {
    /// Forks, and does `work` in the child alone: of the threads, only the calling one goes on there.
    #[expect(unsafe_code, reason = "nothing safe forks")]
    pub(crate) fn doing(work: impl FnOnce()) -> Self {
        // SAFETY: the child runs `work` alone and ends without going back into the test harness; the C library keeps
        // its allocator usable over a fork, and `work` takes no lock that another thread may have held.
        match unsafe { libc::fork() } {
            0 => {
                let done = catch_unwind(AssertUnwindSafe(work)).is_ok();
                // SAFETY: it ends the process at once, and runs nothing of it.
                unsafe { libc::_exit(i32::from(!done)) }
            }
            number => Self(rustix::process::Pid::from_raw(number).expect("fork")),
        }
    }

    /// Forks, past the C library, a child that ends at once.
    #[expect(unsafe_code, reason = "nothing safe forks")]
    pub(crate) fn doing_nothing() -> Self {
        // SAFETY: without flags it is a fork; the child calls nothing but what ends it.
        match unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) } {
            // SAFETY: it ends the process at once, and runs nothing of it.
            0 => unsafe { libc::_exit(0) },
            number => Self(rustix::process::Pid::from_raw(number as i32).expect("fork")),
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::new(self.0.as_raw_nonzero().get()).unwrap()
    }

    /// Waits for it to end, and says how it did.
    pub(crate) fn end(self) -> WaitStatus {
        let (_, status) = waitpid(Some(self.0), WaitOptions::empty()).unwrap().unwrap();
        std::mem::forget(self);
        status
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::KILL);
        let _ = waitpid(Some(self.0), WaitOptions::empty());
    }
}
