//! The Linux kernel itself: what it is, how it was built and started, how it is set, how it does.
//!
//! - [`identity`]: version, build, host name. [`distribution`]: `/etc/os-release`.
//! - [`CommandLine`]: the boot command line, by the kernel's own rules. [`Configuration`]: the build's options.
//! - [`module`]: loaded modules. [`Taint`]: why the kernel counts as tainted.
//! - [`Hardening`]: lockdown, security modules and latches. [`SystemLimits`]: limits, with their use.
//! - [`Uptime`], [`Load`], [`Statistics`]: how it does.
//! - [`environment`]: whether it runs in a virtual machine or a container.
//!
//! ```
//! use linux_support_base::Machine;
//! use linux_support_kernel::Load;
//!
//! let load = Load::read(&Machine::live()?)?;
//! assert!(load.tasks >= load.runnable);
//! # Ok::<(), linux_support_base::Error>(())
//! ```
#![forbid(unsafe_code)]

mod command_line;
mod configuration;
pub mod distribution;
pub mod environment;
mod hardening;
pub mod identity;
pub mod limits;
mod load;
pub mod module;
mod statistics;
mod taint;
mod uptime;

pub use command_line::{CommandLine, IsolatedCpus, Parameter, Parameters};
pub use configuration::{Configuration, Setting};
pub use environment::Environment;
pub use hardening::{Hardening, Lockdown};
pub use identity::Identity;
pub use limits::SystemLimits;
pub use load::Load;
pub use module::Module;
pub use statistics::{CpuTime, Statistics};
pub use taint::{Taint, TaintFlag};
pub use uptime::Uptime;
