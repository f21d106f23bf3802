//! Transparent huge pages: those that the kernel uses of its own accord.
//!
//! - [`TransparentHugePages`]: the machine's settings and counts; [`TransparentSetting`]: changing them.
//! - [`process_transparent_pages`], [`ProcessTransparentPages`]: for this process alone.
//! - [`collapse_program`]: the program's own text and data.
//!
//! For memory of one's own, see [`Advice::HugePages`](crate::mapping::Advice::HugePages) and
//! [`Advice::Collapse`](crate::mapping::Advice::Collapse).

mod model;
mod process;
mod program;
mod setting;
mod statistics;

pub use model::{Khugepaged, MultiSize, TransparentHugePages};
pub use process::{ProcessTransparentPages, TransparentUse, process_transparent_pages};
pub use program::{Collapsed, Outcome, ProgramPart, collapse_program};
pub use setting::{Enabling, TransparentSetting};
pub use statistics::{MultiSizeStatistics, transparent_counters};
