//! Huge pages.

mod accounting;
mod file_system;
mod pool;
mod segment;
mod transparent;

use linux_support_base::{Bytes, PageSize};

pub(crate) const MIB: u64 = 1 << 20;

pub(crate) fn size(bytes: u64) -> PageSize {
    PageSize::new(Bytes::new(bytes)).unwrap()
}
