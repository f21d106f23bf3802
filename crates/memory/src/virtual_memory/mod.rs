//! How the kernel manages memory: the settings `vm.…` of sysctl, each a [`Setting`] that is read, and set until a guard goes.
//!
//! | what | settings |
//! |---|---|
//! | when changed pages of files are written | [`WriteBack`], [`DirtyLimit`] |
//! | what happens when memory runs out | [`OutOfMemory`] |
//! | how readily it swaps and drops caches | [`Swapping`] |
//! | how it moves pages together | [`Compaction`] |
//! | what a process may map, and where | [`AddressSpace`] |
//! | what it keeps back, and how it counts | [`PageAllocator`] |
//!
//! Elsewhere: [`Overcommit`](crate::Overcommit), [`ReclaimSettings`](crate::numa::ReclaimSettings),
//! [`NumaBalancing`](crate::numa::NumaBalancing), [pools](crate::huge_page) and what
//! [failing memory](crate::poison) does.
//!
//! ```
//! use linux_support_base::Machine;
//! use linux_support_memory::virtual_memory::{AddressSpace, Swapping};
//!
//! let machine = Machine::live()?;
//! assert!(Swapping::SWAPPINESS.read(&machine)? <= 200);
//! println!("{} mappings for each process", AddressSpace::MAPPINGS.read(&machine)?);
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! # Source
//! Documentation/admin-guide/sysctl/vm.rst.

mod dirty_limit;

use core::time::Duration;

pub use dirty_limit::{ChangedDirtyLimit, DirtyLimit, DirtyPages};
use linux_support_base::{ParseError, Requirement, text};

use crate::{Setting, setting::Form};

/// When pages that were changed are written to their files. How many there may be, [`DirtyLimit`] says.
#[derive(Debug)]
pub enum WriteBack {}

impl WriteBack {
    /// How old a changed page is when it is written, in 100ths of a second.
    #[doc(alias = "vm.dirty_expire_centisecs")]
    pub const AGE: Setting<Duration> = time("/proc/sys/vm/dirty_expire_centisecs", CENTISECONDS);
    /// How often the kernel looks for such pages, in 100ths of a second; 0 is never.
    #[doc(alias = "vm.dirty_writeback_centisecs")]
    pub const INTERVAL: Setting<Duration> = time("/proc/sys/vm/dirty_writeback_centisecs", CENTISECONDS);
    /// How old the time stamps of a file are when they are written though nothing else of it was changed, in seconds.
    #[doc(alias = "vm.dirtytime_expire_seconds")]
    pub const TIME_STAMPS: Setting<Duration> = time("/proc/sys/vm/dirtytime_expire_seconds", SECONDS);
    /// How long after a reading all is written too, so that a disk can rest, in seconds; 0 is off.
    #[doc(alias = "vm.laptop_mode")]
    pub const LAPTOP_MODE: Setting<Duration> = time("/proc/sys/vm/laptop_mode", SECONDS);
}

/// What happens when memory runs out. Which process is killed, its score says: it is of `linux-support-process`.
#[derive(Debug)]
pub enum OutOfMemory {}

/// Whether the machine stops when memory runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutOfMemoryPanic {
    /// No: a process is killed.
    Never,
    /// Where it runs out for all, and not in a cpuset, in nodes of a policy or in a control group.
    Unrestricted,
    /// Always.
    Always,
}

impl OutOfMemory {
    /// Whether the machine stops.
    #[doc(alias = "vm.panic_on_oom")]
    pub const PANIC: Setting<OutOfMemoryPanic> = Setting::new(
        "/proc/sys/vm/panic_on_oom",
        "0, 1 or 2",
        Form {
            parse: |bytes| match text::decimal::<u32>(bytes)? {
                0 => Ok(OutOfMemoryPanic::Never),
                1 => Ok(OutOfMemoryPanic::Unrestricted),
                2 => Ok(OutOfMemoryPanic::Always),
                _ => Err(ParseError::expected("0, 1 or 2", bytes)),
            },
            text: |panic| (*panic as u8).to_string(),
        },
    );
    /// Whether the process that asks for memory is killed, and none is looked for.
    #[doc(alias = "vm.oom_kill_allocating_task")]
    pub const KILL_CALLER: Setting<bool> = truth("/proc/sys/vm/oom_kill_allocating_task");
    /// Whether the kernel's log lists all processes then.
    #[doc(alias = "vm.oom_dump_tasks")]
    pub const LIST_PROCESSES: Setting<bool> = truth("/proc/sys/vm/oom_dump_tasks");
}

/// How readily the kernel swaps and drops caches.
#[derive(Debug)]
pub enum Swapping {}

impl Swapping {
    /// What swapping costs beside reading files again: from 0, not before memory is nearly out, over 100, the same, to 200.
    #[doc(alias = "vm.swappiness")]
    pub const SWAPPINESS: Setting<u32> =
        Setting::new("/proc/sys/vm/swappiness", "0 to 200", Form::<u32>::NUMBER);
    /// How many pages are read from swap at a time, as the power of 2: 3 is 8 pages.
    #[doc(alias = "vm.page-cluster")]
    pub const CLUSTER: Setting<u32> =
        Setting::new("/proc/sys/vm/page-cluster", "0 to 31", Form::<u32>::NUMBER)
            .needing(Requirement::none().configuration("CONFIG_SWAP"));
    /// How readily names and inodes are dropped, in percent of other caches: 100 is fairly, 0 never.
    #[doc(alias = "vm.vfs_cache_pressure")]
    pub const FILE_NAMES: Setting<u32> =
        Setting::new("/proc/sys/vm/vfs_cache_pressure", "a number of 31 bits", Form::<u32>::NUMBER);
}

/// How the kernel moves pages together, so that there are large free blocks.
#[derive(Debug)]
pub enum Compaction {}

/// What the settings of compaction need.
const COMPACTION: Requirement = Requirement::none().configuration("CONFIG_COMPACTION");

impl Compaction {
    /// How much it does so before anybody needs it, from 0, not at all, to 100.
    #[doc(alias = "vm.compaction_proactiveness")]
    pub const PROACTIVENESS: Setting<u32> =
        Setting::new("/proc/sys/vm/compaction_proactiveness", "0 to 100", Form::<u32>::NUMBER)
            .needing(COMPACTION);
    /// Whether pages that are locked are moved too, for which who uses them may have to wait.
    #[doc(alias = "vm.compact_unevictable_allowed")]
    pub const LOCKED_PAGES: Setting<bool> =
        truth("/proc/sys/vm/compact_unevictable_allowed").needing(COMPACTION);
    /// How fragmented a zone must be for it to be done in place of reclaiming memory, from 0 to 1000.
    #[doc(alias = "vm.extfrag_threshold")]
    pub const FRAGMENTATION: Setting<u32> =
        Setting::new("/proc/sys/vm/extfrag_threshold", "0 to 1000", Form::<u32>::NUMBER).needing(COMPACTION);
    /// Whether memory is kept unfragmented from the start, at the price of the time that it takes. Since Linux 6.15.
    #[doc(alias = "vm.defrag_mode")]
    pub const PREVENTION: Setting<bool> =
        truth("/proc/sys/vm/defrag_mode").needing(Requirement::none().since(6, 15));
}

/// What a process may map, and where.
#[derive(Debug)]
pub enum AddressSpace {}

impl AddressSpace {
    /// How many mappings a process may have.
    #[doc(alias = "vm.max_map_count")]
    pub const MAPPINGS: Setting<u32> =
        Setting::new("/proc/sys/vm/max_map_count", "a number of 31 bits", Form::<u32>::NUMBER);
    /// The least address that may be mapped without CAP_SYS_RAWIO. Setting it needs that too.
    #[doc(alias = "vm.mmap_min_addr")]
    pub const LEAST_ADDRESS: Setting<u64> = Setting::new(
        "/proc/sys/vm/mmap_min_addr",
        "an address",
        Form { parse: |bytes| text::decimal(bytes), text: u64::to_string },
    )
    .needing(Requirement::none().capability("CAP_SYS_RAWIO"));
    /// Whether mappings are laid out from below, as in old times.
    #[doc(alias = "vm.legacy_va_layout")]
    pub const FROM_BELOW: Setting<bool> = truth("/proc/sys/vm/legacy_va_layout");
    /// How many bits of the place of mappings are random.
    #[doc(alias = "vm.mmap_rnd_bits")]
    pub const RANDOM_BITS: Setting<u32> = Setting::new(
        "/proc/sys/vm/mmap_rnd_bits",
        "as many as CONFIG_ARCH_MMAP_RND_BITS_MIN to _MAX say: 28 to 32 on x86_64",
        Form::<u32>::NUMBER,
    )
    .needing(Requirement::none().configuration("an architecture that has such a choice"));
}

/// What the kernel keeps back, and how it counts.
#[derive(Debug)]
pub enum PageAllocator {}

impl PageAllocator {
    /// For each zone but the highest: the part of the zones above it that it keeps free against what could be had from
    /// there, as 1 divided by this; 0 keeps nothing.
    #[doc(alias = "vm.lowmem_reserve_ratio")]
    pub const RESERVES_OF_LOWER_ZONES: Setting<Vec<u32>> = Setting::new(
        "/proc/sys/vm/lowmem_reserve_ratio",
        "a number for each zone",
        Form {
            parse: |bytes| text::fields(bytes).map(text::decimal).collect(),
            text: |ratios| ratios.iter().map(u32::to_string).collect::<Vec<_>>().join(" "),
        },
    );
    /// The part of each zone that the lists of the CPUs may hold, as 1 divided by this; 0 lets the kernel choose.
    #[doc(alias = "vm.percpu_pagelist_high_fraction")]
    pub const LISTS_OF_CPUS: Setting<u32> =
        Setting::new("/proc/sys/vm/percpu_pagelist_high_fraction", "0, or 8 and more", Form::<u32>::NUMBER);
    /// How often counters are brought up to date, in seconds.
    #[doc(alias = "vm.stat_interval")]
    pub const COUNTING_INTERVAL: Setting<Duration> = time("/proc/sys/vm/stat_interval", SECONDS);
    /// Whether the kernel frees what it need not know of huge pages of pools: 7 of 8 pages of its own for one of 2 MiB.
    #[doc(alias = "vm.hugetlb_optimize_vmemmap")]
    pub const SAVING_FOR_POOLS: Setting<bool> = truth("/proc/sys/vm/hugetlb_optimize_vmemmap")
        .needing(Requirement::none().configuration("CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP"));
}

const fn truth(path: &'static str) -> Setting<bool> {
    Setting::new(path, "0 or 1", Form::TRUTH)
}

const fn time(path: &'static str, form: Form<Duration>) -> Setting<Duration> {
    Setting::new(path, "a time that 31 bits hold", form)
}

const SECONDS: Form<Duration> = Form {
    parse: |bytes| text::decimal(bytes).map(Duration::from_secs),
    text: |time| time.as_secs().to_string(),
};

const CENTISECONDS: Form<Duration> = Form {
    parse: |bytes| {
        let hundredths: u32 = text::decimal(bytes)?;
        Ok(Duration::from_millis(u64::from(hundredths) * 10))
    },
    text: |time| (time.as_millis() / 10).to_string(),
};

#[cfg(test)]
mod tests {
    use std::fs;

    use linux_support_base::Machine;

    use super::*;

    #[test]
    fn settings_have_their_units() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("proc/sys/vm");
        fs::create_dir_all(&root).unwrap();
        for (name, text) in [
            ("dirty_expire_centisecs", "3000\n"),
            ("dirtytime_expire_seconds", "43200"),
            ("panic_on_oom", "2\n"),
            ("oom_dump_tasks", "1\n"),
            ("lowmem_reserve_ratio", "256\t256\t32\t0\t0\n"),
            ("mmap_min_addr", "65536\n"),
        ] {
            fs::write(root.join(name), text).unwrap();
        }
        let machine = Machine::captured(folder.path()).unwrap();
        assert_eq!(WriteBack::AGE.read(&machine), Ok(Duration::from_secs(30)));
        assert_eq!(WriteBack::TIME_STAMPS.read(&machine), Ok(Duration::from_secs(43200)));
        assert_eq!(OutOfMemory::PANIC.read(&machine), Ok(OutOfMemoryPanic::Always));
        assert_eq!(OutOfMemory::LIST_PROCESSES.read(&machine), Ok(true));
        assert_eq!(PageAllocator::RESERVES_OF_LOWER_ZONES.read(&machine), Ok(vec![256, 256, 32, 0, 0]));
        assert_eq!(AddressSpace::LEAST_ADDRESS.read(&machine), Ok(65536));
        fs::create_dir_all(folder.path().join("proc/sys/kernel")).unwrap();
        fs::write(folder.path().join("proc/sys/kernel/osrelease"), "6.1.0-9-amd64\n").unwrap();
        let older = Machine::captured(folder.path()).unwrap();
        let error = Compaction::PREVENTION.read(&older).unwrap_err();
        assert!(error.is_absent() && error.to_string().contains("6.15"), "{error}");
        fs::write(root.join("panic_on_oom"), "3\n").unwrap();
        assert_eq!(OutOfMemory::PANIC.read(&machine).unwrap_err().reason().name(), "malformed");
    }
}
