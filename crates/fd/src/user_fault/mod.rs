//! Page faults handled by a program: userfaultfd(2).
//!
//! A [`UserFault`] watches [`Region`]s of memory. A thread that touches a page that is missing, protected or not mapped
//! waits there, until whoever holds the descriptor, in this process or another, has read of it and given the page. So
//! a machine's memory is moved while it runs, a heap is saved while it is used, and storage is paged in by a program.

mod event;
mod features;
mod handle;
mod region;

pub use event::{FaultFlags, PageFault, UserFaultEvent};
pub use features::{FaultOperations, FillFlags, UserFaultFeatures, WatchedFaults};
pub use handle::{FaultAccess, UserFault};
pub use region::{Pages, Region};
