//! Threads that are what they are to be before they do anything, and that wait until the process is locked down.
//!
//! ```
//! use linux_support_base::{Bytes, Signal};
//! use linux_support_process::thread::{Lockdown, ThreadConfiguration};
//!
//! let (lockdown, barrier) = Lockdown::new();
//! let worker = ThreadConfiguration::new()
//!     .name("worker-1")
//!     .blocked_signals(Signal::TERM)
//!     .stack_size(Bytes::new(256 << 10))
//!     .spawn(move || {
//!         barrier.wait()?;
//!         // From here on as locked down as the process is.
//!         Ok::<_, linux_support_base::Error>(std::thread::current().name().map(str::to_owned))
//!     })?;
//! lockdown.completed();
//! assert_eq!(worker.join().unwrap()?.as_deref(), Some("worker-1"));
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod configuration;
mod lockdown;
mod stack;

pub use configuration::{RunningThread, ThreadConfiguration};
pub use lockdown::{Lockdown, LockdownBarrier};
