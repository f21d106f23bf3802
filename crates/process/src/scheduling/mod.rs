//! How the scheduler treats threads: policies, priorities, nice values, deadlines, and the priority of their input and
//! output.
//!
//! - [`SchedulingAttributes`]: all of it but the latter, read and set through a [`LiveTask`](crate::LiveTask).
//! - [`nice()`], [`set_nice`], [`io_priority()`], [`set_io_priority`]: also of process groups and users.
//! - [`Autogroup`]: the share of a session.
//! - [`SchedulerSettings`]: what holds for the whole machine.
//!
//! ```
//! use linux_support_process::{LiveTask, scheduling::{Scheduling, SchedulingAttributes}};
//!
//! let work = std::thread::spawn(|| {
//!     let thread = LiveTask::caller();
//!     thread.set_scheduling(&SchedulingAttributes::new(Scheduling::Idle))?;
//!     thread.scheduling()
//! });
//! assert_eq!(work.join().unwrap()?.scheduling, Scheduling::Idle);
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! # Source
//! sched(7), sched_setattr(2), ioprio_set(2), getpriority(2); Documentation/scheduler.

mod attributes;
mod autogroup;
mod change;
mod clamp;
mod deadline;
#[cfg(feature = "serde")]
mod form;
mod io_priority;
mod nice;
mod policy;
mod priority;
mod share;
mod system;
mod target;

pub use attributes::{Scheduling, SchedulingAttributes};
pub use autogroup::Autogroup;
pub use change::TemporaryScheduling;
pub use clamp::{Utilisation, UtilisationClamp};
pub use deadline::{Deadline, DeadlineFlags};
pub use io_priority::{IoClass, IoHint, IoLevel, IoPriority, io_priority, set_io_priority};
pub use nice::{Nice, nice, set_nice};
pub use policy::SchedulingPolicy;
#[cfg(feature = "serde")]
pub(crate) use priority::zero_for_none;
pub use priority::{Priority, RealTimePriority};
pub use share::FairShare;
pub use system::{RealTimeShare, SchedulerSettings};
pub use target::SchedulingTarget;
