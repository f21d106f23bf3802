//! Transparent huge pages: those that the kernel uses of its own accord.
//!
//! - [`TransparentHugePages`]: the machine's settings and counts; [`TransparentSetting`]: changing them.
//! - [`process_transparent_pages`], [`ProcessTransparentPages`]: for this process alone.
//!
//! For memory of one's own, see [`Advice::HugePages`](crate::mapping::Advice::HugePages) and
//! [`Advice::Collapse`](crate::mapping::Advice::Collapse).

mod model;
mod process;
mod setting;
mod statistics;

pub use model::{Khugepaged, MultiSize, TransparentHugePages};
pub use process::{ProcessTransparentPages, TransparentUse, process_transparent_pages};
pub use setting::{Enabling, TransparentSetting};
pub use statistics::{MultiSizeStatistics, transparent_counters};
