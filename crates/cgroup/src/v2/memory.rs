//! The controller `memory` of version 2.

use linux_support_base::{Bytes, Limit};

use super::{MemoryStatistics, NodeStatistics};
use crate::format::{boolean, bytes, flat_keyed, interface_files, limit_bytes};

interface_files! {
    /// The memory of a group, its limits and protections.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, "Memory".
    pub struct MemoryControl of "memory" {
        /// How much it and the groups below it use.
        current: Bytes = "memory.current" BelowRoot by bytes;
        /// The most that it used since it was made or the file was written to.
        peak: Bytes = "memory.peak" BelowRoot since 5 19 by bytes;
        /// So much is never taken from it.
        min: Limit<Bytes> = "memory.min" BelowRoot since 4 18 by limit_bytes;
        /// So much is taken from it only when nothing else can be taken.
        low: Limit<Bytes> = "memory.low" BelowRoot by limit_bytes;
        /// Above this it is slowed down, and memory is taken from it.
        high: Limit<Bytes> = "memory.high" BelowRoot by limit_bytes;
        /// It never has more than this.
        max: Limit<Bytes> = "memory.max" BelowRoot by limit_bytes;
        /// Whether all of it is killed where one of its processes would be, for want of memory.
        oom_group: bool = "memory.oom.group" BelowRoot since 4 19 by boolean;
        /// What happened to it and the groups below it.
        events: MemoryEvents = "memory.events" BelowRoot by MemoryEvents::parse;
        /// What happened to it, without the groups below it.
        events_local: MemoryEvents = "memory.events.local" BelowRoot since 5 2 by MemoryEvents::parse;
        /// What its memory is used for.
        stat: MemoryStatistics = "memory.stat" Everywhere by MemoryStatistics::parse;
        /// What its memory is used for on each node.
        numa_stat: NodeStatistics = "memory.numa_stat" Everywhere since 5 10 needs "CONFIG_NUMA" by NodeStatistics::parse;
        /// How much of it is swapped out.
        swap_current: Bytes = "memory.swap.current" BelowRoot needs "CONFIG_SWAP" by bytes;
        /// The most that was swapped out.
        swap_peak: Bytes = "memory.swap.peak" BelowRoot since 6 5 needs "CONFIG_SWAP" by bytes;
        /// Above this it is slowed down.
        swap_high: Limit<Bytes> = "memory.swap.high" BelowRoot since 5 8 needs "CONFIG_SWAP" by limit_bytes;
        /// No more than this is swapped out.
        swap_max: Limit<Bytes> = "memory.swap.max" BelowRoot needs "CONFIG_SWAP" by limit_bytes;
        /// What happened when it was swapped out.
        swap_events: SwapEvents = "memory.swap.events" BelowRoot since 4 18 needs "CONFIG_SWAP" by SwapEvents::parse;
        /// How much memory its compressed pages take.
        zswap_current: Bytes = "memory.zswap.current" BelowRoot since 5 19 needs "CONFIG_ZSWAP" by bytes;
        /// How much memory its compressed pages may take.
        zswap_max: Limit<Bytes> = "memory.zswap.max" BelowRoot since 5 19 needs "CONFIG_ZSWAP" by limit_bytes;
        /// Whether compressed pages may be written to swap areas.
        zswap_writeback: bool = "memory.zswap.writeback" Everywhere since 6 8 needs "CONFIG_ZSWAP" by boolean;
    }
}

flat_keyed! {
    /// How often memory was short.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, `memory.events`.
    #[doc(alias = "memory.events")]
    pub struct MemoryEvents {
        /// Memory was taken although no more than `memory.low` was used.
        required low: u64 = "low" count;
        /// Processes were slowed down because more than `memory.high` was used.
        required high: u64 = "high" count;
        /// More than `memory.max` was about to be used.
        required max: u64 = "max" count;
        /// `memory.max` was reached and an allocation about to fail.
        required oom: u64 = "oom" count;
        /// Processes that were killed for want of memory.
        optional oom_kill: u64 = "oom_kill" count;
        /// The whole group was killed for want of memory.
        optional oom_group_kill: u64 = "oom_group_kill" count;
        /// Allocations for sockets were slowed down.
        optional sock_throttled: u64 = "sock_throttled" count;
    }
}

flat_keyed! {
    /// How often swapping met a limit.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, `memory.swap.events`.
    #[doc(alias = "memory.swap.events")]
    pub struct SwapEvents {
        /// More than `memory.swap.high` was used.
        optional high: u64 = "high" count;
        /// `memory.swap.max` was about to be exceeded.
        required max: u64 = "max" count;
        /// A page could not be swapped out.
        required fail: u64 = "fail" count;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn events_of_older_and_newer_kernels_are_read() {
        let old = MemoryEvents::parse(b"low 0\nhigh 1\nmax 2\noom 3").unwrap();
        assert_eq!((old.high, old.max, old.oom, old.oom_kill), (1, 2, 3, None));
        let new = MemoryEvents::parse(b"low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\noom_group_kill 5\nnew 6\n")
            .unwrap();
        assert_eq!((new.oom_kill, new.oom_group_kill), (Some(4), Some(5)));
        assert_eq!(new.other.get(b"new"), Some(&"6".into()));
        assert_eq!(SwapEvents::parse(b"high 0\nmax 1\nfail 2\n").unwrap().fail, 2);
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (MemoryEvents::parse(&text), SwapEvents::parse(&text));
        }
    }
}
