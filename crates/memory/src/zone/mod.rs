//! The zones into which the memory of each node is parted, and the free blocks in them.

mod blocks;
mod counters;
mod information;
mod migration;

pub use blocks::{FreeBlocks, ORDERS};
pub use counters::Counters;
pub use information::{PerCpuPages, Watermarks, ZoneInformation, zones};
pub use migration::{BlocksByType, FreeBlocksOfType, OrderCount, PageTypes};
