use linux_support_base::{Bytes, NumaNode, PageSize};

use super::MappedRange;
use crate::mapping::{Field, MappingKind, MemoryUse, VmFlags};

/// How much mappings take, added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MappingTotal {
    /// How many they are.
    pub mappings: u64,
    /// How many addresses they have.
    pub size: Bytes,
    /// How much of them is in memory, with pages of pools; `None` where a mapping's sizes are not known.
    pub resident: Option<Bytes>,
    /// The same, with what is shared divided by the number of those who share it; without pages of pools.
    pub proportional: Option<Bytes>,
    /// How much is in swap.
    pub swapped: Option<Bytes>,
    /// How much is locked in memory.
    pub locked: Option<Bytes>,
    /// How much of what is in memory is on transparent huge pages of the largest size, mapped as such.
    pub transparent_huge: Option<Bytes>,
    /// How much of what is in memory is of pools of huge pages, by their sizes.
    pub pools: Vec<OnPageSize>,
    /// How much of what is in memory is on each node that has some; `None` where that is not known.
    pub nodes: Option<Vec<OnNode>>,
}

/// How much is on pages of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct OnPageSize {
    /// The size of the pages.
    pub page_size: PageSize,
    /// How much.
    pub resident: Bytes,
}

/// How much is on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct OnNode {
    /// The node.
    pub node: NumaNode,
    /// How much.
    pub resident: Bytes,
}

impl MappingTotal {
    /// The total of these mappings.
    #[must_use]
    pub fn of<'m>(mappings: impl IntoIterator<Item = &'m MappedRange>) -> Self {
        let zero = Some(Bytes::new(0));
        let mut total = Self {
            resident: zero,
            proportional: zero,
            swapped: zero,
            locked: zero,
            transparent_huge: zero,
            nodes: Some(Vec::new()),
            ..Self::default()
        };
        mappings.into_iter().for_each(|mapping| total.add(mapping));
        total
    }

    fn add(&mut self, mapping: &MappedRange) {
        self.mappings += 1;
        add(&mut self.size, Bytes::new(mapping.range.length()));
        let memory = mapping.memory.as_ref();
        let sum = |total: &mut Option<Bytes>, more: Option<Bytes>| {
            *total = total.zip(more).and_then(|(total, more)| total.checked_add(more));
        };
        sum(&mut self.resident, mapping.resident());
        sum(&mut self.proportional, memory.and_then(|memory| memory.get(Field::Pss)));
        sum(&mut self.swapped, memory.and_then(|memory| memory.get(Field::Swap)));
        sum(&mut self.locked, memory.and_then(|memory| memory.get(Field::Locked)));
        sum(&mut self.transparent_huge, mapping.transparent_huge());
        if let Some((page_size, resident)) = mapping.pool_pages() {
            match self.pools.binary_search_by_key(&page_size, |pool| pool.page_size) {
                Ok(index) => add(&mut self.pools[index].resident, resident),
                Err(index) => self.pools.insert(index, OnPageSize { page_size, resident }),
            }
        }
        match (&mut self.nodes, &mapping.nodes) {
            (Some(nodes), Some(more)) => {
                for OnNode { node, resident } in more {
                    match nodes.binary_search_by_key(node, |known| known.node) {
                        Ok(index) => add(&mut nodes[index].resident, *resident),
                        Err(index) => nodes.insert(index, OnNode { node: *node, resident: *resident }),
                    }
                }
            }
            (nodes, _) => *nodes = None,
        }
    }
}

fn add(total: &mut Bytes, more: Bytes) {
    *total = total.checked_add(more).unwrap_or(Bytes::new(u64::MAX));
}

/// A total of the mappings of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct KindTotal {
    /// The kind.
    pub kind: MappingKind,
    /// How much they take.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub total: MappingTotal,
}

impl MappedRange {
    /// How much of it is in memory, with pages of pools, which smaps keeps apart.
    #[must_use]
    pub fn resident(&self) -> Option<Bytes> {
        let memory = self.memory.as_ref()?;
        let pool = self.pool_pages().map_or(Bytes::new(0), |(_, resident)| resident);
        memory.get(Field::Rss)?.checked_add(pool)
    }

    /// How much of it is on transparent huge pages of the largest size, mapped as such.
    #[must_use]
    pub fn transparent_huge(&self) -> Option<Bytes> {
        let fields = [Field::AnonHugePages, Field::ShmemPmdMapped, Field::FilePmdMapped];
        sum_of(self.memory.as_ref()?, &fields)
    }

    /// Its pages of a pool of huge pages: their size, and how much of it they are.
    #[must_use]
    pub fn pool_pages(&self) -> Option<(PageSize, Bytes)> {
        let memory = self.memory.as_ref()?;
        if !self.flags.is_some_and(|flags| flags.contains(VmFlags::HUGETLB)) {
            return None;
        }
        let size = PageSize::new(memory.get(Field::KernelPageSize)?)?;
        Some((size, sum_of(memory, &[Field::SharedHugetlb, Field::PrivateHugetlb])?))
    }
}

/// The sum of those that this kernel gives; `None` where it gives none.
fn sum_of(memory: &MemoryUse, fields: &[Field]) -> Option<Bytes> {
    fields
        .iter()
        .filter_map(|&field| memory.get(field))
        .reduce(|sum, more| sum.checked_add(more).unwrap_or(sum))
}
