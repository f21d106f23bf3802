//! Logical CPUs, topology and caches, CPU sets, frequency, features, vulnerabilities and interrupts of a Linux machine.
//!
//! - [`CpuSets`], [`Smt`]: which CPUs are online, possible, isolated …
//! - [`CpuInfo`]: what `/proc/cpuinfo` says, on every architecture.
//! - [`Topology`]: packages, dies, clusters, cores and threads; [`Caches`]: who shares which cache.
//! - [`Frequencies`]: frequency policies and governors, set with [`FrequencyWish`]; [`idle`]: how CPUs sleep and wake.
//! - [`Vulnerabilities`]: what the kernel does about those of the processor.
//! - [`interrupt`]: interrupts and softirqs, how often each CPU took them, and where they may go.
//! - [`Virtualisation`]: the hypervisor, as far as the processor tells.
//! - [`mod@affinity`]: on which CPUs threads and processes run; [`PerCpu`]: a value for each CPU.
//! - [`hotplug`]: CPUs that go offline and come back. [`Workqueues`]: where the kernel does its own work.
//! - [`isolation`]: which CPUs are really left alone, and what to change.
//! - [`shield`]: CPUs kept free for one program.
//! - [`CpuCount`]: how many CPUs and cores there are; [`UsableCpus`]: how many of them a process may use.
//!
//! ```
//! use linux_support_base::Machine;
//! use linux_support_cpu::Topology;
//!
//! let machine = Machine::live()?;
//! let topology = Topology::read(&machine)?;
//! for package in &topology.packages {
//!     for core in package.cores() {
//!         println!("core {:?} has the threads {}", core.id, core.threads);
//!     }
//! }
//! # Ok::<(), linux_support_base::Error>(())
//! ```
#![forbid(unsafe_code)]

pub mod affinity;
mod cache;
mod change;
mod count;
mod each;
mod frequency;
pub mod hotplug;
pub mod idle;
pub mod info;
pub mod interrupt;
pub mod isolation;
mod per_cpu;
mod sets;
pub mod shield;
mod smt;
mod topology;
mod virtualisation;
mod vulnerability;
mod workqueue;

pub use cache::{Cache, CacheKind, Caches};
pub use change::Changed;
pub use count::{CpuCount, CpuQuota, UsableCpus, logical_cpus, physical_cores, usable_cpus};
pub use frequency::{Boost, CpuFrequency, Frequencies, Frequency, FrequencyPolicy, FrequencyWish, set_boost};
pub use idle::{Idle, IdleState, LatencyLimit, ResumeLatency};
pub use info::CpuInfo;
pub use interrupt::{InterruptAffinities, InterruptAffinity, Interrupts, Softirqs};
pub use per_cpu::PerCpu;
pub use sets::CpuSets;
pub use smt::{Smt, SmtControl};
pub use topology::{Capacity, Core, CpuKind, Die, Group, Package, Place, Topology};
pub use virtualisation::{Virtualisation, VirtualisationExtension};
pub use vulnerability::{Vulnerabilities, Vulnerability, VulnerabilityState, VulnerabilityStatus};
pub use workqueue::{Workqueue, WorkqueueKind, Workqueues};

/// Where sysfs has the CPUs.
const CPU_DIRECTORY: &str = "/sys/devices/system/cpu";
