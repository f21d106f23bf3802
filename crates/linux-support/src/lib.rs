//! Linux, typed: one coherent model of what Linux has beyond POSIX.
//!
//! This crate re-exports the crates of the family, each behind a feature of its name (all are on by default):
//!
//! | module | what is there |
//! |---|---|
//! | [`base`] | CPUs, nodes and sets of them, sizes, the kernel's text formats, [`Machine`](base::Machine), errors |
//! | [`cpu`] | logical CPUs, topology, caches, frequency, features, vulnerabilities, interrupts |
//! | [`memory`] | meminfo and vmstat, NUMA nodes and policies, huge pages, swap, zones, mappings owned and seen, page maps, pressure |
//! | [`device`] | PCI and PCI Express functions, device numbers |
//! | [`fd`] | every kind of file descriptor: events, timers, signals, processes, watches, memory, pipes, queues, sockets, terminals, files, directories, locks, devices |
//! | [`filesystem`] | mounts, file systems and their use |
//! | [`cgroup`] | control groups of version 2, version 1 and hybrids |
//! | [`kernel`] | version, boot command line, configuration, modules, taint, hardening, limits |
//! | [`process`] | `/proc/PID`: state, status, limits, descriptors, namespaces |
//! | [`security`] | users and groups, capabilities, namespaces |
//!
//! The feature `serde` gives every model a stable form, `schema` its JSON Schema.
//!
//! # Reading a machine
//!
//! Everything is read through a [`Machine`](base::Machine): this one, or one that was captured into a directory.
//!
//! ```
//! use linux_support::{base::Machine, memory::MemoryInformation};
//!
//! let machine = Machine::live()?;
//! let memory = MemoryInformation::read(&machine)?;
//! println!("{:?} of {:?} are available", memory.mem_available, memory.mem_total);
//! # Ok::<(), linux_support::base::Error>(())
//! ```
//!
//! # The CPUs next to a network card
//!
//! ```
//! use linux_support::{base::Machine, cpu::CpuSets, device::pci};
//!
//! let machine = Machine::live()?;
//! let online = CpuSets::read(&machine).online.into_result()?;
//! for device in pci::devices(&machine)? {
//!     for name in device.network_interfaces() {
//!         let near = device.local_cpus.value().map(|cpus| cpus & &online);
//!         println!("{name} at {}: CPUs {near:?}", device.address);
//!     }
//! }
//! # Ok::<(), linux_support::base::Error>(())
//! ```
//!
//! # What can't be had
//!
//! A value of which the file is missing, unreadable or broken is a [`Reading`](base::Reading) without a value; its
//! error says why: the kernel is too old, was not configured so, or the capability is missing. Nothing turns into
//! zero.
//!
//! ```
//! use linux_support::{base::Machine, memory::SystemPressure};
//!
//! let pressure = SystemPressure::read(&Machine::live()?);
//! match pressure.memory.as_result() {
//!     Ok(pressure) => println!("{:?}", pressure.full),
//!     Err(why) => println!("{why}"),
//! }
//! # Ok::<(), linux_support::base::Error>(())
//! ```
#![cfg_attr(doctest, doc = include_str!("../../../README.md"))]
#![forbid(unsafe_code)]

pub use linux_support_base as base;
#[cfg(feature = "cgroup")]
pub use linux_support_cgroup as cgroup;
#[cfg(feature = "cpu")]
pub use linux_support_cpu as cpu;
#[cfg(feature = "device")]
pub use linux_support_device as device;
#[cfg(feature = "fd")]
pub use linux_support_fd as fd;
#[cfg(feature = "filesystem")]
pub use linux_support_filesystem as filesystem;
#[cfg(feature = "kernel")]
pub use linux_support_kernel as kernel;
#[cfg(feature = "memory")]
pub use linux_support_memory as memory;
#[cfg(feature = "process")]
pub use linux_support_process as process;
#[cfg(feature = "security")]
pub use linux_support_security as security;
