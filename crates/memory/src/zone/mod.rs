//! The zones into which the memory of each node is parted, and the free blocks in them.

mod blocks;
mod information;

pub use blocks::{FreeBlocks, ORDERS};
pub use information::{Counters, PerCpuPages, Watermarks, ZoneInformation, zones};
