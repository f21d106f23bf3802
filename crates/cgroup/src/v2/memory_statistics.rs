//! `memory.stat` and `memory.numa_stat` of version 2.

use std::collections::BTreeMap;

use linux_support_base::{Bytes, NumaNode, ParseError, text};

use crate::{Keyed, format::flat_keyed, keyed::of_node};

flat_keyed! {
    /// What the memory of a group is used for, and what was done to find more.
    ///
    /// Which keys there are depends on the kernel's version and configuration.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, `memory.stat`.
    #[doc(alias = "memory.stat")]
    pub struct MemoryStatistics {
        /// Mapped memory of no file.
        optional anon: Bytes = "anon" bytes;
        /// Cached files, with those of tmpfs and shared memory.
        optional file: Bytes = "file" bytes;
        /// All memory of the kernel.
        optional kernel: Bytes = "kernel" bytes;
        /// Stacks of threads in the kernel.
        optional kernel_stack: Bytes = "kernel_stack" bytes;
        /// Page tables.
        optional page_tables: Bytes = "pagetables" bytes;
        /// Page tables for virtual machines and devices.
        optional secondary_page_tables: Bytes = "sec_pagetables" bytes;
        /// Data of the kernel for each CPU.
        optional percpu: Bytes = "percpu" bytes;
        /// Buffers of the network.
        optional sock: Bytes = "sock" bytes;
        /// Memory that the kernel mapped page by page.
        optional vmalloc: Bytes = "vmalloc" bytes;
        /// Files of tmpfs and shared memory, as a part of `file`.
        optional shmem: Bytes = "shmem" bytes;
        /// Compressed pages.
        optional zswap: Bytes = "zswap" bytes;
        /// What is in the compressed pages.
        optional zswapped: Bytes = "zswapped" bytes;
        /// Cached files that are mapped.
        optional file_mapped: Bytes = "file_mapped" bytes;
        /// Cached files to be written.
        optional file_dirty: Bytes = "file_dirty" bytes;
        /// Cached files being written.
        optional file_writeback: Bytes = "file_writeback" bytes;
        /// Swapped pages that are in memory too.
        optional swap_cached: Bytes = "swapcached" bytes;
        /// Transparent huge pages of no file.
        optional anon_huge: Bytes = "anon_thp" bytes;
        /// Transparent huge pages of cached files.
        optional file_huge: Bytes = "file_thp" bytes;
        /// Transparent huge pages of tmpfs and shared memory.
        optional shmem_huge: Bytes = "shmem_thp" bytes;
        /// Huge pages of hugetlbfs, where the hierarchy is mounted to count them.
        optional hugetlb: Bytes = "hugetlb" bytes;
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
        /// Objects of the kernel that can be given up.
        optional slab_reclaimable: Bytes = "slab_reclaimable" bytes;
        /// Objects of the kernel that can't be given up.
        optional slab_unreclaimable: Bytes = "slab_unreclaimable" bytes;
        /// Objects of the kernel.
        optional slab: Bytes = "slab" bytes;
        /// Pages of no file that were read again after they were taken.
        optional workingset_refault_anon: u64 = "workingset_refault_anon" count;
        /// Pages of files that were read again after they were taken.
        optional workingset_refault_file: u64 = "workingset_refault_file" count;
        /// Those of no file that counted as active at once.
        optional workingset_activate_anon: u64 = "workingset_activate_anon" count;
        /// Those of files that counted as active at once.
        optional workingset_activate_file: u64 = "workingset_activate_file" count;
        /// Those of no file that had been active before they were taken.
        optional workingset_restore_anon: u64 = "workingset_restore_anon" count;
        /// Those of files that had been active before they were taken.
        optional workingset_restore_file: u64 = "workingset_restore_file" count;
        /// Records of taken pages that were themselves given up.
        optional workingset_node_reclaim: u64 = "workingset_nodereclaim" count;
        /// Pages swapped in.
        optional swap_in_pages: u64 = "pswpin" count;
        /// Pages swapped out.
        optional swap_out_pages: u64 = "pswpout" count;
        /// Pages looked at in order to take them.
        optional scanned: u64 = "pgscan" count;
        /// Pages taken.
        optional stolen: u64 = "pgsteal" count;
        /// Pages looked at by kswapd.
        optional scanned_by_kswapd: u64 = "pgscan_kswapd" count;
        /// Pages looked at by those who needed memory.
        optional scanned_directly: u64 = "pgscan_direct" count;
        /// Pages looked at by khugepaged.
        optional scanned_by_khugepaged: u64 = "pgscan_khugepaged" count;
        /// Pages taken by kswapd.
        optional stolen_by_kswapd: u64 = "pgsteal_kswapd" count;
        /// Pages taken by those who needed memory.
        optional stolen_directly: u64 = "pgsteal_direct" count;
        /// Pages taken by khugepaged.
        optional stolen_by_khugepaged: u64 = "pgsteal_khugepaged" count;
        /// Page faults.
        optional faults: u64 = "pgfault" count;
        /// Page faults that waited for a disk.
        optional major_faults: u64 = "pgmajfault" count;
        /// Active pages looked at.
        optional refilled: u64 = "pgrefill" count;
        /// Pages that became active.
        optional activated: u64 = "pgactivate" count;
        /// Pages that became inactive.
        optional deactivated: u64 = "pgdeactivate" count;
        /// Pages that may be taken without being saved.
        optional lazily_freed: u64 = "pglazyfree" count;
        /// Those of them that were taken.
        optional lazily_freed_taken: u64 = "pglazyfreed" count;
        /// Pages taken back from zswap.
        optional zswap_in_pages: u64 = "zswpin" count;
        /// Pages given to zswap.
        optional zswap_out_pages: u64 = "zswpout" count;
        /// Pages that zswap gave on to a swap area.
        optional zswap_written_back: u64 = "zswpwb" count;
        /// Transparent huge pages given at a page fault.
        optional huge_fault_allocations: u64 = "thp_fault_alloc" count;
        /// Transparent huge pages made of small ones.
        optional huge_collapse_allocations: u64 = "thp_collapse_alloc" count;
        /// Transparent huge pages swapped out in one piece.
        optional huge_swap_outs: u64 = "thp_swpout" count;
        /// Transparent huge pages split to be swapped out.
        optional huge_swap_out_fallbacks: u64 = "thp_swpout_fallback" count;
    }
}

/// What the memory of a group is used for on each node: the keys of `memory.stat` that are counted by node.
///
/// # Source
/// Documentation/admin-guide/cgroup-v2.rst, `memory.numa_stat`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "memory.numa_stat")]
pub struct NodeStatistics(pub Keyed<BTreeMap<NumaNode, u64>>);

impl NodeStatistics {
    /// Reads the file: `KEY N0=VALUE N1=VALUE` in each line.
    ///
    /// # Errors
    /// A pair that is not of that form.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut all = BTreeMap::new();
        for (key, pairs) in text::nested_keyed(text) {
            let nodes = pairs.map(|pair| of_node(pair?)).collect::<Result<_, _>>()?;
            all.insert(key.into(), nodes);
        }
        Ok(Self(Keyed(all)))
    }

    /// How many bytes `node` has of memory that `key` counts; only for keys that count bytes.
    #[must_use]
    pub fn bytes(&self, key: &[u8], node: NumaNode) -> Option<Bytes> {
        if key.starts_with(b"workingset") {
            return None;
        }
        self.0.get(key)?.get(&node).copied().map(Bytes::new)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_key_is_kept_known_or_not() {
        let text = b"anon 4096\nfile 8192\nworkingset_refault_anon 3\nnew_key 5\n";
        for text in [&text[..], &text[..text.len() - 1]] {
            let statistics = MemoryStatistics::parse(text).unwrap();
            assert_eq!(statistics.anon, Some(Bytes::new(4096)));
            assert_eq!(statistics.workingset_refault_anon, Some(3));
            assert_eq!(statistics.other.get(b"new_key"), Some(&"5".into()));
            assert_eq!(statistics.kernel, None);
        }
        assert_eq!(MemoryStatistics::parse(b"anon -1").unwrap_err().field(), Some("anon"));
        assert!(MemoryStatistics::parse(b"anon\n").is_err());
    }

    #[test]
    fn memory_is_told_by_node() {
        let statistics = NodeStatistics::parse(b"anon N0=1351680 N1=5\nnew N0=1\n").unwrap();
        let node = |number| NumaNode::new(number).unwrap();
        assert_eq!(statistics.bytes(b"anon", node(1)), Some(Bytes::new(5)));
        assert_eq!(statistics.bytes(b"anon", node(2)), None);
        assert!(NodeStatistics::parse(b"anon 0=1").is_err());
    }

    #[cfg(feature = "serde")]
    #[test]
    fn nodes_are_keys_in_json() {
        let statistics = NodeStatistics::parse(b"anon N0=7\n").unwrap();
        assert_eq!(serde_json::to_string(&statistics).unwrap(), r#"{"anon":{"0":7}}"#);
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (MemoryStatistics::parse(&text), NodeStatistics::parse(&text));
        }
    }
}
