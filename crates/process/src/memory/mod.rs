//! The memory of another process, read and written.
//!
//! [`ProcessMemory`] reads in single calls, from as many places as one likes. [`MemoryFile`] is the other way,
//! `/proc/PID/mem`, held open: it also reads what the process itself may not, and [`WritableMemory`] writes.
//!
//! ```
//! use linux_support_base::Machine;
//! use linux_support_process::{Address, Process};
//!
//! let machine = Machine::live()?;
//! let process = Process::of_caller(&machine)?;
//! let text = c"a text";
//! match process.memory()?.read_string(Address::of(text.as_ptr()), 100) {
//!     Ok(copy) => assert_eq!(copy, "a text"),
//!     // A kernel without CONFIG_CROSS_MEMORY_ATTACH.
//!     Err(error) => assert!(error.is_absent()),
//! }
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! Nothing here uses process_vm_writev(2), which takes a number: if the process ended in the moment before, and a thread
//! of the caller's own was given its number, the caller's memory would be written. The file `mem` is of one address space
//! for as long as it is open.
//!
//! # Source
//! process_vm_readv(2), proc(5) "/proc/PID/mem", ptrace(2) "Ptrace access mode checking".

mod address;
mod file;
mod text;
mod transfer;

pub use file::{MemoryFile, WritableMemory};
pub use transfer::{ProcessMemory, ReadFrom, Transfer};
