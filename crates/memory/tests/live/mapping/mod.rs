//! Mappings: what they hold, who sees it, and what is refused.

mod advice;
mod bad_input;
mod change;
mod file;
mod huge;
mod memory;
mod protection_key;
mod shared;

use linux_support_base::{AddressRange, Bytes, Machine};
use linux_support_memory::mapping::smaps;

/// The bytes of a base page.
pub(crate) fn page() -> usize {
    rustix::param::page_size()
}

/// So many base pages.
pub(crate) fn pages(count: usize) -> Bytes {
    Bytes::new((count * page()) as u64)
}

/// What smaps says of the mapping that has the first page of `range`.
pub(crate) fn smaps_of<T>(range: AddressRange, question: impl FnOnce(&smaps::Entry<'_>) -> T) -> Option<T> {
    let text = Machine::live().unwrap().read("/proc/self/smaps").unwrap();
    let mut entries = smaps::entries(&text).map(Result::unwrap);
    entries.find(|entry| entry.mapping.range.contains(range.start())).map(|entry| question(&entry))
}
