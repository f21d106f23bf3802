//! Memory that can be plugged in and out, in blocks.
//!
//! [`MemoryBlocks`] are the blocks, [`MemoryBlock::set_online`] and [`MemoryBlock::set_offline`] take them into use and
//! out of it, [`HotplugSettings`] say what becomes of those that are plugged in.
//!
//! ```
//! use linux_support_base::Machine;
//! use linux_support_memory::block::{BlockState, MemoryBlocks};
//!
//! match MemoryBlocks::read(&Machine::live()?) {
//!     Ok(blocks) => println!("{} in use", blocks.total(&BlockState::Online)),
//!     Err(error) => assert!(error.is_absent()),
//! }
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod change;
mod page;
mod settings;

use linux_support_base::{
    ByteString, Bytes, Directory, Error, Machine, NumaNode, NumaNodeSet, ParseError, Reading, Requirement,
    named, text,
};

pub use change::{ChangedBlock, OnlineZone};
pub use page::{hard_offline_page, soft_offline_page};
pub use settings::{HotplugSettings, OnlinePolicy, PluggedState};

const ROOT: &str = "/sys/devices/system/memory";
const NEEDS: Requirement = Requirement::none().configuration("CONFIG_MEMORY_HOTPLUG");

/// The blocks into which the machine's memory is parted for plugging.
///
/// # Source
/// `/sys/devices/system/memory`, Documentation/admin-guide/mm/memory-hotplug.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MemoryBlocks {
    /// The size of each block.
    pub block_size: Bytes,
    /// The blocks that are there, by number; numbers may have gaps.
    pub blocks: Vec<MemoryBlock>,
}

/// A block of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MemoryBlock {
    /// Its number: its address divided by the size of a block.
    pub number: u64,
    /// Whether it is in use.
    pub state: Reading<BlockState>,
    /// Whether it might be taken out of use; of no worth since Linux 5.10, when it became always true.
    pub removable: Reading<bool>,
    /// The nodes of which it holds memory.
    pub nodes: NumaNodeSet,
    /// The zone to which it belongs, or, while it is offline, those to which it could, the one that it would get first.
    pub valid_zones: Reading<Vec<ByteString>>,
    /// The device that holds it, which is 0 but on s390.
    pub physical_device: Reading<u64>,
}

named! {
    /// Whether a block of memory is in use.
    BlockState {
        /// In use.
        Online = "online",
        /// There, but not used.
        Offline = "offline",
        /// On its way out of use.
        GoingOffline = "going-offline",
    }
}

/// Blocks that follow one another and are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockRange<'a> {
    /// The first block.
    pub first: &'a MemoryBlock,
    /// The last block.
    pub last: &'a MemoryBlock,
    /// How many there are.
    pub count: u64,
}

impl MemoryBlocks {
    /// Reads `/sys/devices/system/memory`.
    ///
    /// # Errors
    /// The kernel can't plug memory.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let block_size = machine.parse_needing(format!("{ROOT}/block_size_bytes"), NEEDS, |bytes| {
            let text = text::trim(bytes);
            match text::hexadecimal(text)? {
                0 => Err(ParseError::expected("a size above 0", text)),
                size => Ok(Bytes::new(size)),
            }
        })?;
        let directory = machine.directory(ROOT)?;
        let mut blocks: Vec<_> = directory
            .entries("")?
            .into_iter()
            .filter_map(|entry| {
                let number = text::decimal(entry.name.as_bytes().strip_prefix(b"memory")?).ok()?;
                // A block that has gone since it was listed is not there.
                let block = directory.directory(&entry.name).ok()?;
                Some(MemoryBlock::read(machine, &block, number))
            })
            .collect();
        blocks.sort_by_key(|block| block.number);
        Ok(Self { block_size, blocks })
    }

    /// How much memory is in blocks of this state.
    #[must_use]
    pub fn total(&self, state: &BlockState) -> Bytes {
        let count = self.blocks.iter().filter(|block| block.state.value() == Some(state)).count();
        Bytes::new(self.block_size.get().saturating_mul(count as u64))
    }

    /// The blocks, those that follow one another and are alike by `same` put together.
    pub fn ranges(&self, same: impl Fn(&MemoryBlock, &MemoryBlock) -> bool) -> Vec<BlockRange<'_>> {
        let mut ranges: Vec<BlockRange<'_>> = Vec::new();
        for block in &self.blocks {
            match ranges.last_mut() {
                Some(range) if range.last.number + 1 == block.number && same(range.last, block) => {
                    range.last = block;
                    range.count += 1;
                }
                _ => ranges.push(BlockRange { first: block, last: block, count: 1 }),
            }
        }
        ranges
    }
}

impl MemoryBlock {
    fn read(machine: &Machine, directory: &Directory, number: u64) -> Self {
        let nodes = directory.entries("").unwrap_or_default();
        let nodes = nodes
            .iter()
            .filter_map(|entry| NumaNode::parse(entry.name.as_bytes().strip_prefix(b"node")?).ok());
        let zones = directory.parse("valid_zones", |bytes| {
            let zones = text::fields(text::trim(bytes)).filter(|zone| *zone != b"none");
            Ok(zones.map(ByteString::from).collect())
        });
        Self {
            number,
            state: directory.parse("state", |bytes| Ok(BlockState::parse(text::trim(bytes)))).into(),
            removable: directory.parse("removable", |bytes| text::boolean(text::trim(bytes))).into(),
            nodes: nodes.collect(),
            valid_zones: zones
                .map_err(|error| machine.explain(error, Requirement::none().since(3, 18)))
                .into(),
            physical_device: directory.parse("phys_device", |bytes| text::decimal(text::trim(bytes))).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn blocks_with_gaps_are_put_together_where_they_are_alike() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("sys/devices/system/memory");
        for (number, state) in [(0, "online"), (1, "online"), (2, "offline"), (9, "online"), (10, "dreaming")]
        {
            let block = root.join(format!("memory{number}"));
            fs::create_dir_all(block.join("node3")).unwrap();
            fs::write(block.join("state"), format!("{state}\n")).unwrap();
        }
        fs::write(root.join("block_size_bytes"), "8000000\n").unwrap();
        let blocks = MemoryBlocks::read(&Machine::captured(folder.path()).unwrap()).unwrap();
        assert_eq!(blocks.block_size, Bytes::new(128 << 20));
        assert_eq!(blocks.blocks[0].nodes.to_string(), "3");
        assert_eq!(blocks.blocks[4].state.value(), Some(&BlockState::Unknown("dreaming".into())));
        assert_eq!(blocks.total(&BlockState::Online), Bytes::new(3 * (128 << 20)));
        let ranges = blocks.ranges(|a, b| a.state == b.state);
        let ranges: Vec<_> =
            ranges.iter().map(|range| (range.first.number, range.last.number, range.count)).collect();
        assert_eq!(ranges, [(0, 1, 2), (2, 2, 1), (9, 9, 1), (10, 10, 1)]);
    }
}
