//! Huge pages: pools that are set aside (hugetlb), and transparent ones.
//!
//! - [`pools`], [`HugePageSizes`]: what there is. [`PoolWish`], [`set_overcommit`], [`demote`]: changing it.
//! - [`HugePageMount`], [`HugePageMountOptions`], [`unlinked_file`]: hugetlbfs.
//! - [`LargestPages`]: memory on the largest pages that are to be had. [`SegmentOptions`]: System V's shared memory.
//!   With the feature `arena`, `Arena` allocates from them.
//! - [`TransparentHugePages`], [`TransparentSetting`], [`ProcessTransparentPages`].
//! - [`collapse_program`], [`remap_program`]: the program's own text and data.
//! - [`BootHugePages`]: the boot command line.
//!
//! What a control group uses and may use is in `linux-support-cgroup`.

mod boot;
mod compaction;
mod demotion;
mod file_system;
mod largest;
mod pool;
mod prefault;
mod program;
mod resize;
mod segment;
mod size;
mod transparent;

#[cfg(feature = "arena")]
pub use crate::sys::arena::Arena;
pub use boot::{BootCount, BootHugePages, BootPool, IgnoredAtBoot};
pub use compaction::{compact, compact_node};
pub use demotion::{Demoted, demote, set_demote_size};
pub use file_system::{
    AttachedHugePages, HugePageFile, HugePageFileSystem, HugePageMount, HugePageMountOptions, page_size_at,
    unlinked_file,
};
pub use largest::{LargestPages, OnLargest, PageKind, Refusal};
pub use pool::{HugePagePool, NodePool, pool, pools};
pub use prefault::Prefaulted;
pub(crate) use program::remap;
pub use program::{
    HugeBacking, Outcome, ProgramMapping, ProgramPart, collapse_program, remap_program, remap_program_data,
};
pub use resize::{PoolPart, PoolWish, Resized, TemporaryPool, set_overcommit};
pub use segment::{
    Segment, SegmentKey, SegmentNumber, SegmentOptions, SegmentStatus, huge_segment_group,
    set_huge_segment_group,
};
pub use size::{HugePageSizes, default_size, sizes};
pub use transparent::{
    Enabling, Khugepaged, MultiSize, MultiSizeStatistics, ProcessTransparentPages, TransparentHugePages,
    TransparentSetting, TransparentUse, process_transparent_pages, transparent_counters,
};
