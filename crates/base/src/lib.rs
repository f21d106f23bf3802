//! The vocabulary of [linux-support](https://docs.rs/linux-support): what the other crates of the family have
//! in common.
//!
//! - [`Cpu`], [`CpuSet`], [`NumaNode`], [`NumaNodeSet`]: identities that the whole model shares.
//! - [`Pid`], [`UserId`], [`GroupId`]: who runs, and for whom; [`Signal`], [`SignalSet`]: what they are told, and
//!   [`signal`]: why.
//! - [`Bytes`], [`Pages`], [`PageSize`], [`DeviceNumber`], [`KernelVersion`], [`Limit`], [`AddressRange`]:
//!   quantities and numbers with their units.
//! - [`mod@current`]: the CPU and the node that a thread is on, and the ways to find out.
//! - [`text`]: the kernel's text formats.
//! - [`Machine`] and [`Directory`]: where `/proc`, `/sys` and `/etc` are read; this machine's, or another's
//!   that was captured; [`LiveMachine`]: this one, where it is changed.
//! - [`syscall`]: what the crates' own wrappers of system calls share.
//! - [`Error`] and [`Reading`]: what went wrong, and a value that may not be there.

mod address;
mod bit_set;
mod byte_string;
mod choice;
mod cpu;
pub mod current;
mod device_number;
mod error;
mod form;
mod hypervisor;
mod identity;
mod kernel_version;
mod limit;
mod machine;
mod named;
mod namespace;
mod numa_node;
mod page_size;
mod pressure;
mod quantity;
mod readiness;
mod reading;
#[cfg(feature = "serde")]
mod serialize;
mod set;
pub mod signal;
#[allow(unsafe_code)]
mod sys;
pub mod syscall;
pub mod text;

pub use address::AddressRange;
pub use byte_string::{ByteString, SharedText};
pub use choice::Choice;
pub use cpu::{Cpu, CpuSet};
pub use device_number::DeviceNumber;
pub use error::{Error, Reason, Requirement};
pub use hypervisor::Hypervisor;
pub use identity::{GroupId, Pid, UserId};
pub use kernel_version::{KernelRelease, KernelVersion};
pub use limit::Limit;
pub use machine::{
    Directory, DirectoryEntry, Facts, FileKind, LiveDirectory, LiveMachine, Machine, OpenFile, Recording,
    TemporarySetting,
};
pub use namespace::{NamespaceKind, NamespaceKinds};
pub use numa_node::{NumaNode, NumaNodeSet};
pub use pressure::{Percentage, Pressure, Stall};
pub use quantity::{Bytes, ClockTicks, PageSize, Pages};
pub use readiness::Readiness;
pub use reading::Reading;
pub use rustix::io::Errno;
#[cfg(feature = "serde")]
pub use serialize::seconds;
pub use set::{Iter, Number, NumberSet};
pub use signal::{Signal, SignalSet};
pub use text::ParseError;
