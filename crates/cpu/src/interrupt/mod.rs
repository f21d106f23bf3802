//! Interrupts and softirqs: how often each CPU took them, and which CPUs may.
//!
//! [`Interrupts`] and [`Softirqs`] are the typed models; [`Table`] borrows from the text of `/proc/interrupts`
//! and `/proc/softirqs` and allocates nothing.

mod affinity;
mod change;
mod description;
mod hardware;
mod software;
mod table;

pub use affinity::{InterruptAffinities, InterruptAffinity};
pub use change::{set_default_interrupt_affinity, set_interrupt_affinity};
pub use description::InterruptTrigger;
pub use hardware::{Interrupt, InterruptLabel, Interrupts};
pub use software::{Softirq, Softirqs};
pub use table::{Row, Table};
