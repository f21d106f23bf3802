//! Memory of a Linux machine.
//!
//! - [`MemoryInformation`] (meminfo, of the machine and of each node), [`VirtualMemoryStatistics`] (vmstat).
//! - [`numa`]: nodes, distances, what each node has; policies, where pages are, threads on nodes. [`huge_page`]: pools and transparent huge pages.
//! - [`zone`]: zones, free blocks by order. [`block`]: memory that can be plugged in and out.
//! - [`mapping`]: memory that this program maps, as types that own it; what processes map: maps and smaps.
//! - [`page_map`]: which physical memory a process's pages are in.
//! - [`SlabCache`]: the kernel's own objects. [`virtual_memory`]: the settings `vm.…` of sysctl.
//! - [`Swap`], [`SamePageMerging`], [`Overcommit`], [`PressureTrigger`], [`AccessMonitor`], [`SystemVSegment`], [`poison`]:
//!   memory that broke; and with [`linux_support_base::Machine`] the rest of `/proc` that speaks of memory.
//!
//! ```
//! use linux_support_base::Machine;
//! use linux_support_memory::MemoryInformation;
//!
//! let memory = MemoryInformation::read(&Machine::live()?)?;
//! assert!(memory.mem_free < memory.mem_total);
//! # Ok::<(), linux_support_base::Error>(())
//! ```

pub mod block;
mod damon;
mod drop_caches;
pub mod huge_page;
pub mod mapping;

mod meminfo;
pub mod numa;
mod overcommit;
pub mod page_map;
pub mod poison;
mod pressure;
mod release;
mod same_page_merging;
mod setting;
mod slab;
mod swap;
#[allow(unsafe_code)]
mod sys;
mod system_v;
pub mod virtual_memory;
mod vmstat;
pub mod zone;

pub use damon::{AccessMonitor, MonitorContext, MonitorState};
pub use drop_caches::{Caches, drop_caches};
pub use meminfo::MemoryInformation;
pub use overcommit::{Overcommit, OvercommitMode};
pub use pressure::{PressureResource, PressureTrigger, StallKind, SystemPressure};
pub use release::release_memory;
pub use same_page_merging::{
    MergingAdvisor, MergingOfThisProcess, MergingState, SamePageMerging, merge_pages_of_this_process,
    merges_pages_of_this_process,
};
pub use setting::{ChangedSetting, Setting};
pub use slab::SlabCache;
pub use swap::{ActiveSwap, Swap, SwapDiscard, SwapKind, SwapOptions, turn_off_swap};
pub use system_v::SystemVSegment;
pub use vmstat::{Counter, VirtualMemoryStatistics};
