//! The controller `memory` of version 1.

use std::collections::BTreeMap;

use linux_support_base::{Bytes, Limit, NumaNode, Pages, ParseError};

use crate::{
    Keyed,
    format::{boolean, bytes, count, flat_keyed, interface_files, legacy_limit},
};

interface_files! {
    /// The memory of a group of version 1.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v1/memory.rst.
    pub struct LegacyMemory of "memory" {
        /// How much it and the groups below it use.
        usage: Bytes = "memory.usage_in_bytes" Everywhere by bytes;
        /// The most that they used.
        max_usage: Bytes = "memory.max_usage_in_bytes" Everywhere by bytes;
        /// How much they may use.
        limit: Limit<Bytes> = "memory.limit_in_bytes" Everywhere by legacy_limit;
        /// Down to how much memory is taken from them where it is short.
        soft_limit: Limit<Bytes> = "memory.soft_limit_in_bytes" Everywhere by legacy_limit;
        /// How often the limit was met.
        fail_count: u64 = "memory.failcnt" Everywhere by count;
        /// How much memory and swap together they use.
        memory_and_swap_usage: Bytes = "memory.memsw.usage_in_bytes" Everywhere needs "CONFIG_MEMCG_SWAP and swapaccount=1" by bytes;
        /// The most memory and swap together that they used.
        memory_and_swap_max_usage: Bytes = "memory.memsw.max_usage_in_bytes" Everywhere needs "CONFIG_MEMCG_SWAP and swapaccount=1" by bytes;
        /// How much memory and swap together they may use.
        memory_and_swap_limit: Limit<Bytes> = "memory.memsw.limit_in_bytes" Everywhere needs "CONFIG_MEMCG_SWAP and swapaccount=1" by legacy_limit;
        /// How often that limit was met.
        memory_and_swap_fail_count: u64 = "memory.memsw.failcnt" Everywhere needs "CONFIG_MEMCG_SWAP and swapaccount=1" by count;
        /// How much memory of the kernel they use.
        kernel_usage: Bytes = "memory.kmem.usage_in_bytes" Everywhere needs "CONFIG_MEMCG_KMEM" by bytes;
        /// How much memory of the kernel they may use.
        kernel_limit: Limit<Bytes> = "memory.kmem.limit_in_bytes" Everywhere needs "CONFIG_MEMCG_KMEM" by legacy_limit;
        /// How much memory their TCP buffers use.
        tcp_usage: Bytes = "memory.kmem.tcp.usage_in_bytes" Everywhere needs "CONFIG_MEMCG_KMEM" by bytes;
        /// How much memory their TCP buffers may use.
        tcp_limit: Limit<Bytes> = "memory.kmem.tcp.limit_in_bytes" Everywhere needs "CONFIG_MEMCG_KMEM" by legacy_limit;
        /// What the memory is used for.
        stat: LegacyMemoryStatistics = "memory.stat" Everywhere by LegacyMemoryStatistics::parse;
        /// What the memory is used for on each node.
        numa_stat: LegacyNodeStatistics = "memory.numa_stat" Everywhere needs "CONFIG_NUMA" by LegacyNodeStatistics::parse;
        /// How readily memory of no file is swapped out: 0 to 100 (200 since Linux 5.8).
        swappiness: u64 = "memory.swappiness" Everywhere by count;
        /// What happens where memory is short.
        oom_control: OomControl = "memory.oom_control" Everywhere by OomControl::parse;
        /// Whether the groups below it count to it.
        use_hierarchy: bool = "memory.use_hierarchy" Everywhere by boolean;
    }
}

flat_keyed! {
    /// What the memory of a group of version 1 is used for.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v1/memory.rst, "stat file".
    pub struct LegacyMemoryStatistics {
        /// Cached files, with those of tmpfs and shared memory.
        optional cache: Bytes = "cache" bytes;
        /// Memory of no file, with swap that is cached.
        optional rss: Bytes = "rss" bytes;
        /// Transparent huge pages of no file.
        optional rss_huge: Bytes = "rss_huge" bytes;
        /// Files of tmpfs and shared memory.
        optional shmem: Bytes = "shmem" bytes;
        /// Cached files that are mapped.
        optional mapped_file: Bytes = "mapped_file" bytes;
        /// Cached files to be written.
        optional dirty: Bytes = "dirty" bytes;
        /// Cached files being written.
        optional writeback: Bytes = "writeback" bytes;
        /// Memory that is swapped out.
        optional swap: Bytes = "swap" bytes;
        /// Pages charged to it.
        optional page_ins: u64 = "pgpgin" count;
        /// Pages no more charged to it.
        optional page_outs: u64 = "pgpgout" count;
        /// Page faults.
        optional faults: u64 = "pgfault" count;
        /// Page faults that waited for a disk.
        optional major_faults: u64 = "pgmajfault" count;
        /// Memory of no file that was not used lately.
        optional inactive_anon: Bytes = "inactive_anon" bytes;
        /// Memory of no file that was used lately.
        optional active_anon: Bytes = "active_anon" bytes;
        /// Cached files that were not used lately.
        optional inactive_file: Bytes = "inactive_file" bytes;
        /// Cached files that were used lately.
        optional active_file: Bytes = "active_file" bytes;
        /// Memory that can't be taken.
        optional unevictable: Bytes = "unevictable" bytes;
        /// The lowest limit of memory from it up to the root.
        optional hierarchical_memory_limit: Limit<Bytes> = "hierarchical_memory_limit" legacy_limit;
        /// The lowest limit of memory and swap together from it up to the root.
        optional hierarchical_memory_and_swap_limit: Limit<Bytes> = "hierarchical_memsw_limit" legacy_limit;
        /// As `cache`, with the groups below it.
        optional total_cache: Bytes = "total_cache" bytes;
        /// As `rss`, with the groups below it.
        optional total_rss: Bytes = "total_rss" bytes;
        /// As `rss_huge`, with the groups below it.
        optional total_rss_huge: Bytes = "total_rss_huge" bytes;
        /// As `shmem`, with the groups below it.
        optional total_shmem: Bytes = "total_shmem" bytes;
        /// As `mapped_file`, with the groups below it.
        optional total_mapped_file: Bytes = "total_mapped_file" bytes;
        /// As `dirty`, with the groups below it.
        optional total_dirty: Bytes = "total_dirty" bytes;
        /// As `writeback`, with the groups below it.
        optional total_writeback: Bytes = "total_writeback" bytes;
        /// As `swap`, with the groups below it.
        optional total_swap: Bytes = "total_swap" bytes;
        /// As `page_ins`, with the groups below it.
        optional total_page_ins: u64 = "total_pgpgin" count;
        /// As `page_outs`, with the groups below it.
        optional total_page_outs: u64 = "total_pgpgout" count;
        /// As `faults`, with the groups below it.
        optional total_faults: u64 = "total_pgfault" count;
        /// As `major_faults`, with the groups below it.
        optional total_major_faults: u64 = "total_pgmajfault" count;
        /// As `inactive_anon`, with the groups below it.
        optional total_inactive_anon: Bytes = "total_inactive_anon" bytes;
        /// As `active_anon`, with the groups below it.
        optional total_active_anon: Bytes = "total_active_anon" bytes;
        /// As `inactive_file`, with the groups below it.
        optional total_inactive_file: Bytes = "total_inactive_file" bytes;
        /// As `active_file`, with the groups below it.
        optional total_active_file: Bytes = "total_active_file" bytes;
        /// As `unevictable`, with the groups below it.
        optional total_unevictable: Bytes = "total_unevictable" bytes;
    }
}

flat_keyed! {
    /// What happens to a group of version 1 where memory is short.
    #[doc(alias = "memory.oom_control")]
    pub struct OomControl {
        /// Whether its processes wait instead of being killed.
        required kill_disabled: bool = "oom_kill_disable" boolean;
        /// Whether they are waiting now.
        required under_oom: bool = "under_oom" boolean;
        /// How many processes were killed.
        optional kills: u64 = "oom_kill" count;
    }
}

/// What the memory of a group of version 1 is used for on each node, in pages: by the kernel's key (`total`,
/// `file`, `anon`, `unevictable`, and the same after `hierarchical_` with the groups below it).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LegacyNodeStatistics(pub Keyed<LegacyNodePages>);

/// The pages of one kind in a group of version 1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LegacyNodePages {
    /// On all nodes.
    pub total: Pages,
    /// On each node.
    pub nodes: BTreeMap<NumaNode, Pages>,
}

impl LegacyNodeStatistics {
    /// Reads the file: `KEY=PAGES N0=PAGES N1=PAGES` in each line.
    ///
    /// # Errors
    /// A field that is not of that form.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        Keyed::parse_totals(text, |total, nodes| LegacyNodePages {
            total: Pages::new(total),
            nodes: nodes.into_iter().map(|(node, pages)| (node, Pages::new(pages))).collect(),
        })
        .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn limits_that_are_none_are_told_from_large_ones() {
        let text =
            b"cache 9408512\ntotal_cache 913002496\nhierarchical_memory_limit 9223372036854771712\nnew 1\n";
        let statistics = LegacyMemoryStatistics::parse(text).unwrap();
        assert_eq!(statistics.cache, Some(Bytes::new(9408512)));
        assert_eq!(statistics.total_cache, Some(Bytes::new(913002496)));
        assert_eq!(statistics.hierarchical_memory_limit, Some(Limit::Max));
        assert_eq!(statistics.other.get(b"new"), Some(&"1".into()));
    }

    #[test]
    fn pages_are_told_by_node() {
        let text = b"total=569 N0=569 N1=0\nhierarchical_file=3 N0=3 N1=0\n";
        let statistics = LegacyNodeStatistics::parse(text).unwrap();
        let total = statistics.0.get(b"total").unwrap();
        assert_eq!(
            (total.total, total.nodes[&NumaNode::new(0).unwrap()]),
            (Pages::new(569), Pages::new(569))
        );
        assert!(LegacyNodeStatistics::parse(b"total 569\n").is_err());
    }

    #[test]
    fn killing_may_be_off() {
        let control = OomControl::parse(b"oom_kill_disable 1\nunder_oom 0\n").unwrap();
        assert_eq!((control.kill_disabled, control.under_oom, control.kills), (true, false, None));
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (LegacyMemoryStatistics::parse(&text), LegacyNodeStatistics::parse(&text), OomControl::parse(&text));
        }
    }
}
