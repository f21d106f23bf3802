//! Which frames of physical memory a process's pages are in, and what the kernel says of frames.
//!
//! - [`PageMap`]: the pages of a process: [entries](PageMapEntry), [physical addresses](Translation), contiguous
//!   [runs](PhysicalRun), and a [scan](PageMap::scan) for pages of some kind.
//! - [`FrameFlags`], [`frame_flags`], [`frame_counts`], [`frame_cgroups`]: what the kernel says of frames.
//!
//! Frames are withheld from those without CAP_SYS_ADMIN. That is an answer of its own, and never frame 0.
//!
//! A page can be moved at any moment, also where it is locked: its physical address stays only on huge pages of a pool,
//! and where a driver has pinned it.
//!
//! # Source
//! Documentation/admin-guide/mm/pagemap.rst.

mod entry;
mod frame;
mod process;
mod run;
mod scan;

pub use entry::{FrameNumber, PageLocation, PageMapEntry, PhysicalAddress, SwapSlot};
pub use frame::{FrameFlags, frame_cgroups, frame_counts, frame_flags};
pub use process::{PageMap, Translation};
pub use run::{PhysicalRun, runs};
pub use scan::{PageCategories, PageRegion, ScanQuery};
