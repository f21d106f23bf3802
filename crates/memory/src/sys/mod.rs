//! Memory that is owned, and the system calls that rustix doesn't have. Nothing else in this crate is unsafe.

pub(crate) mod advice;
#[cfg(feature = "arena")]
pub(crate) mod arena;
pub(crate) mod guard;
pub(crate) mod kind;
pub(crate) mod lazily_freed;
pub(crate) mod mapping;
pub(crate) mod mapping_query;
pub(crate) mod page_map;
pub(crate) mod policy;
pub(crate) mod process;
pub(crate) mod program;
pub(crate) mod program_data;
pub(crate) mod protection_key;
pub(crate) mod segment;
pub(crate) mod swap;
pub(crate) mod transfer;
pub(crate) mod transparent;

use linux_support_base::syscall::{number, result};
