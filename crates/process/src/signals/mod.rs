//! Signals: sent, waited for, handled.
//!
//! | | |
//! |---|---|
//! | [`SignalTarget`] | to whom a signal goes: a process, a group, a thread; with a value |
//! | [`wait_for_signal`], [`SignalFd`](linux_support_fd::SignalFd) | signals that are taken when the program wants them |
//! | [`SignalHandler`], [`Reaction`] | signals that interrupt, and what may be done then |
//! | [`FatalReport`] | what a program leaves behind that a fault ends: registers, cause, mapping |
//! | [`AlternateStack`] | a stack for handlers, for a thread whose own has run over |
//! | [`Disposition`], [`reset_signals`] | what signals do: for this process, and for the programs that it runs |
//!
//! What came, and why, is a [`SignalInformation`] whichever way it is told.
//!
//! ```
//! use core::{sync::atomic::{AtomicU64, Ordering}, time::Duration};
//! use linux_support_base::Signal;
//! use linux_support_process::signals::{BlockedSignals, Reaction, SignalHandler, SignalTarget, wait_for_signal};
//!
//! // A daemon takes its signals when it wants them …
//! let blocked = BlockedSignals::block(Signal::USR1)?;
//! SignalTarget::calling_thread().queue(Signal::USR1, 7)?;
//! let information = wait_for_signal(Signal::USR1, Some(Duration::from_secs(1)))?.unwrap();
//! assert_eq!(information.cause.sender().unwrap().process.unwrap().number() as u32, std::process::id());
//! drop(blocked);
//!
//! // … or has them counted.
//! static HANG_UPS: AtomicU64 = AtomicU64::new(0);
//! let handler = SignalHandler::new(Reaction::count(&HANG_UPS)).install(Signal::HUP)?;
//! SignalTarget::calling_thread().send(Signal::HUP)?;
//! assert_eq!(HANG_UPS.load(Ordering::Relaxed), 1);
//! drop(handler);
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! # Source
//! signal(7), sigaction(2), signal-safety(7).

mod alternate_stack;
mod disposition;
mod handler;
mod line;
mod mapping_line;
mod queue;
mod reaction;
mod report;
mod target;
mod wait;

pub use linux_support_base::{
    Signal, SignalSet,
    signal::{DefaultAction, Sender, SignalCause, SignalInformation, SignalValue},
};
pub use linux_support_fd::BlockedSignals;

pub use crate::sys::signal::Registers;
pub use alternate_stack::AlternateStack;
pub use disposition::{
    Disposition, ResetSignals, TemporaryDisposition, disposition, ignore, reset_signals, set_default,
    set_signals_of_command,
};
pub use handler::{HandlerFlags, InstalledHandler, SignalHandler};
pub use queue::SignalQueue;
pub use reaction::Reaction;
pub use report::FatalReport;
pub use target::SignalTarget;
pub use wait::wait_for_signal;
