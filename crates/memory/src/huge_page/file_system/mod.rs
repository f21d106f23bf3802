//! hugetlbfs: huge pages as files.
//!
//! ```no_run
//! use linux_support_base::{Bytes, Machine};
//! use linux_support_memory::huge_page::{HugePageMountOptions, unlinked_file};
//!
//! let machine = Machine::live()?;
//! // Seen by nobody: it is not in any directory.
//! let system = HugePageMountOptions::new().size(Bytes::new(64 << 20)).create(machine.as_live()?)?;
//! let file = unlinked_file(&system, Bytes::new(8 << 20))?;
//! let memory = file.map()?;
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod create;
mod file;
mod mount;

pub use create::{AttachedHugePages, HugePageFileSystem, HugePageMountOptions};
pub use file::{HugePageFile, page_size_at, unlinked_file};
pub use mount::HugePageMount;
