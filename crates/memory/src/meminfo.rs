use linux_support_base::{
    ByteString, Bytes, Error, Machine, NumaNode, ParseError,
    text::{self, Keys, KibibyteFields},
};

macro_rules! fields {
    ($($field:ident: $kind:ident = $key:literal, $doc:literal;)*) => {
        /// How the memory of the machine, or of a node, is used.
        ///
        /// Fields that this kernel does not write are absent; lines that this library does not know are kept in
        /// `other`. The kernel's `kB` are 1,024 bytes.
        ///
        /// # Source
        /// `/proc/meminfo`, `proc_meminfo(5)`, Documentation/filesystems/proc.rst.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub struct MemoryInformation {
            $(#[doc = concat!("`", $key, "`: ", $doc)]
            #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
            pub $field: Option<$kind>,)*
            /// Lines that this library does not know.
            #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
            pub other: Vec<OtherField>,
        }

        /// The keys, each with its colon, so that one comparison tells both.
        const KEYS: Keys<{ [$($key),*].len() }> = Keys::new([$(concat!($key, ":").as_bytes()),*]);
        const ALIGNED: KibibyteFields<{ [$($key),*].len() }> =
            KibibyteFields::new([$(concat!($key, ":").as_bytes()),*]);
        const NAMES: [&str; [$($key),*].len()] = [$($key),*];

        impl MemoryInformation {
            fn from_values(values: [Option<u64>; NAMES.len()], other: Vec<OtherField>) -> Self {
                let mut values = values.into_iter();
                Self { $($field: values.next().flatten().map(<$kind>::from_count),)* other }
            }

            /// The fields that are there, by the kernel's names, in its order.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$(($key, self.$field.map(Count::count))),*]
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value?)))
            }
        }
    };
}

/// A line of meminfo that this library does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct OtherField {
    /// What stands before the colon.
    pub name: ByteString,
    /// What follows it, with its unit.
    pub value: ByteString,
}

/// The two kinds of values: bytes, which the kernel writes in kB, and plain numbers.
trait Count: Copy {
    fn from_count(count: u64) -> Self;
    fn count(self) -> u64;
}

impl Count for Bytes {
    fn from_count(count: u64) -> Self {
        Self::new(count)
    }
    fn count(self) -> u64 {
        self.get()
    }
}

impl Count for u64 {
    fn from_count(count: u64) -> Self {
        count
    }
    fn count(self) -> u64 {
        self
    }
}

fields! {
    mem_total: Bytes = "MemTotal", "All memory that the kernel manages.";
    mem_free: Bytes = "MemFree", "Memory that is not used for anything.";
    mem_available: Bytes = "MemAvailable", "An estimate of how much new programs can have without swapping.";
    mem_used: Bytes = "MemUsed", "Of a node: memory that is used.";
    buffers: Bytes = "Buffers", "The page cache of block devices.";
    cached: Bytes = "Cached", "The page cache of files, without swap.";
    swap_cached: Bytes = "SwapCached", "Memory that is still in swap too.";
    active: Bytes = "Active", "Memory used lately.";
    inactive: Bytes = "Inactive", "Memory not used lately, to be reclaimed first.";
    active_anonymous: Bytes = "Active(anon)", "Anonymous memory used lately.";
    inactive_anonymous: Bytes = "Inactive(anon)", "Anonymous memory not used lately.";
    active_file: Bytes = "Active(file)", "Page cache used lately.";
    inactive_file: Bytes = "Inactive(file)", "Page cache not used lately.";
    unevictable: Bytes = "Unevictable", "Memory that can't be reclaimed.";
    locked: Bytes = "Mlocked", "Memory locked by `mlock(2)`.";
    high_total: Bytes = "HighTotal", "High memory (32-bit kernels).";
    high_free: Bytes = "HighFree", "Free high memory.";
    low_total: Bytes = "LowTotal", "Low memory (32-bit kernels).";
    low_free: Bytes = "LowFree", "Free low memory.";
    mmap_copy: Bytes = "MmapCopy", "Memory of mappings on machines without an MMU.";
    swap_total: Bytes = "SwapTotal", "All swap.";
    swap_free: Bytes = "SwapFree", "Swap that is not used.";
    zswap: Bytes = "Zswap", "Memory that the compressed swap pool takes.";
    zswapped: Bytes = "Zswapped", "How much memory the compressed pool holds.";
    dirty: Bytes = "Dirty", "Memory waiting to be written back.";
    writeback: Bytes = "Writeback", "Memory being written back.";
    file_pages: Bytes = "FilePages", "Of a node: the page cache.";
    anonymous_pages: Bytes = "AnonPages", "Anonymous memory mapped into programs.";
    mapped: Bytes = "Mapped", "Files mapped into programs.";
    shared: Bytes = "Shmem", "Shared memory and tmpfs.";
    reclaimable: Bytes = "KReclaimable", "Kernel memory that the kernel tries to reclaim.";
    slab: Bytes = "Slab", "Kernel data structures.";
    slab_reclaimable: Bytes = "SReclaimable", "The part of slab that can be reclaimed.";
    slab_unreclaimable: Bytes = "SUnreclaim", "The part of slab that can't be reclaimed.";
    kernel_stack: Bytes = "KernelStack", "Kernel stacks of all tasks.";
    shadow_call_stack: Bytes = "ShadowCallStack", "Shadow call stacks.";
    page_tables: Bytes = "PageTables", "Page tables.";
    secondary_page_tables: Bytes = "SecPageTables", "Page tables of virtual machines and IOMMUs.";
    nfs_unstable: Bytes = "NFS_Unstable", "Always 0 since Linux 5.18.";
    bounce: Bytes = "Bounce", "Bounce buffers of block devices.";
    writeback_temporary: Bytes = "WritebackTmp", "Temporary writeback buffers of FUSE.";
    commit_limit: Bytes = "CommitLimit", "How much memory may be promised, where overcommitting is off.";
    committed: Bytes = "Committed_AS", "How much memory has been promised.";
    vmalloc_total: Bytes = "VmallocTotal", "Address space for `vmalloc`.";
    vmalloc_used: Bytes = "VmallocUsed", "Address space used by `vmalloc`.";
    vmalloc_chunk: Bytes = "VmallocChunk", "The largest free part of it; 0 since Linux 4.4.";
    per_cpu: Bytes = "Percpu", "Per-CPU memory.";
    early_corrupted: Bytes = "EarlyMemtestBad", "Memory that the early test found bad.";
    hardware_corrupted: Bytes = "HardwareCorrupted", "Memory that the kernel has poisoned.";
    anonymous_huge_pages: Bytes = "AnonHugePages", "Anonymous memory on transparent huge pages.";
    shared_huge_pages: Bytes = "ShmemHugePages", "Shared memory on huge pages.";
    shared_pmd_mapped: Bytes = "ShmemPmdMapped", "Shared memory mapped with huge pages.";
    file_huge_pages: Bytes = "FileHugePages", "Page cache on huge pages.";
    file_pmd_mapped: Bytes = "FilePmdMapped", "Page cache mapped with huge pages.";
    cma_total: Bytes = "CmaTotal", "The contiguous memory allocator's memory.";
    cma_free: Bytes = "CmaFree", "The free part of it.";
    unaccepted: Bytes = "Unaccepted", "Memory that a confidential guest has not accepted yet.";
    balloon: Bytes = "Balloon", "Memory given back to the hypervisor.";
    huge_pages_total: u64 = "HugePages_Total", "Huge pages of the default size in the pool.";
    huge_pages_free: u64 = "HugePages_Free", "Those not yet handed out.";
    huge_pages_reserved: u64 = "HugePages_Rsvd", "Those promised and not yet handed out.";
    huge_pages_surplus: u64 = "HugePages_Surp", "Those above the size set for the pool.";
    huge_page_size: Bytes = "Hugepagesize", "The default size of huge pages.";
    hugetlb: Bytes = "Hugetlb", "Memory in the pools of huge pages of all sizes.";
    direct_map_4k: Bytes = "DirectMap4k", "Kernel memory mapped with pages of 4 KiB (x86).";
    direct_map_64k: Bytes = "DirectMap64k", "Kernel memory mapped with pages of 64 KiB.";
    direct_map_1m: Bytes = "DirectMap1M", "Kernel memory mapped with pages of 1 MiB.";
    direct_map_2m: Bytes = "DirectMap2M", "Kernel memory mapped with pages of 2 MiB.";
    direct_map_4m: Bytes = "DirectMap4M", "Kernel memory mapped with pages of 4 MiB.";
    direct_map_1g: Bytes = "DirectMap1G", "Kernel memory mapped with pages of 1 GiB.";
    direct_map_2g: Bytes = "DirectMap2G", "Kernel memory mapped with pages of 2 GiB.";
}

impl MemoryInformation {
    /// Reads the text of `/proc/meminfo`.
    ///
    /// # Errors
    /// An empty text, or a malformed value of a known field.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        Self::parse_after(bytes, 0)
    }

    /// Reads the text of a node's `meminfo`, where each line begins with `Node N`.
    ///
    /// # Errors
    /// An empty text, a malformed value of a known field, or a line that does not begin so.
    pub fn parse_node(bytes: &[u8]) -> Result<Self, ParseError> {
        // Kernels before 2.6.33 begin with an empty line.
        let bytes = bytes.trim_ascii_start();
        let start = bytes
            .strip_prefix(b"Node ")
            .and_then(|rest| rest.iter().position(|byte| !byte.is_ascii_digit()))
            .map_or(0, |digits| b"Node ".len() + digits + b" ".len());
        Self::parse_after(bytes, start)
    }

    /// Reads lines of which the first `start` bytes are the same.
    fn parse_after(bytes: &[u8], start: usize) -> Result<Self, ParseError> {
        let mut values = [None; NAMES.len()];
        let mut other = Vec::new();
        let mut likely = 0;
        let mut lines = text::lines(bytes);
        loop {
            if start == 0 {
                while let Some((index, kib, rest)) = ALIGNED.take_near(lines.rest(), likely) {
                    // Eight digits of KiB can't overflow.
                    values[index] = Some(kib * 1024);
                    likely = index + 1;
                    lines = text::lines(rest);
                }
            }
            let Some(line) = lines.next() else { break };
            // Old kernels part the lines of a node by empty ones.
            if line.is_empty() {
                continue;
            }
            let line = line
                .get(start..)
                .ok_or_else(|| ParseError::expected("a line of the same form as the first", line))?;
            match KEYS.strip(line, likely) {
                Some((index, value)) => {
                    values[index] = Some(value_of(value).map_err(|error| error.in_field(NAMES[index]))?);
                    likely = index + 1;
                }
                None => {
                    if let Some((name, value)) = text::split_once(line, b':') {
                        other.push(OtherField { name: name.into(), value: value.trim_ascii().into() });
                    } else if !line.trim_ascii().is_empty() {
                        return Err(ParseError::expected("a name, a colon and a value", line));
                    }
                }
            }
        }
        if values.iter().all(Option::is_none) && other.is_empty() {
            return Err(ParseError::expected("a name, a colon and a value", bytes));
        }
        Ok(Self::from_values(values, other))
    }

    /// Reads `/proc/meminfo`.
    ///
    /// # Errors
    /// The file is absent or malformed.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        machine.parse_full("/proc/meminfo", Self::parse)
    }

    /// Reads the `meminfo` of a node.
    ///
    /// # Errors
    /// There is no such node, or the file is malformed.
    pub fn read_node(machine: &Machine, node: NumaNode) -> Result<Self, Error> {
        machine.parse(format!("/sys/devices/system/node/node{node}/meminfo"), Self::parse_node)
    }
}

/// The value after a colon: a number of kB, in bytes, or a plain number.
#[inline]
fn value_of(text: &[u8]) -> Result<u64, ParseError> {
    let text = text.trim_ascii_start();
    let mut rest = text;
    let number: u64 = text::take_decimal(&mut rest)?;
    match rest {
        b"kB" => {
            number.checked_mul(1024).ok_or_else(|| ParseError::expected("a number of kB below 2⁵⁴", text))
        }
        b"" => Ok(number),
        rest => Err(ParseError::expected("kB, or nothing more", rest)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] =
        b"MemTotal:       24683656 kB\nMemFree:        22262904 kB\nNewField:            7 kB\n\
        Active(anon):       5252 kB\nHugePages_Total:       3\nHugepagesize:       2048 kB\n";

    #[test]
    fn known_fields_are_typed_and_new_ones_kept() {
        let memory = MemoryInformation::parse(TEXT).unwrap();
        assert_eq!(memory.mem_total, Bytes::from_kib(24_683_656));
        assert_eq!(memory.active_anonymous, Bytes::from_kib(5252));
        assert_eq!(memory.huge_pages_total, Some(3));
        assert_eq!(memory.swap_total, None);
        assert_eq!(memory.other, [OtherField { name: "NewField".into(), value: "7 kB".into() }]);
        assert_eq!(MemoryInformation::parse(TEXT.trim_ascii_end()), Ok(memory));
    }

    #[test]
    fn the_order_of_lines_does_not_matter() {
        let memory = MemoryInformation::parse(b"Hugetlb: 4 kB\nMemFree: 1 kB\nMemTotal: 2 kB\n").unwrap();
        assert_eq!(
            memory.iter().collect::<Vec<_>>(),
            [("MemTotal", 2048), ("MemFree", 1024), ("Hugetlb", 4096)]
        );
    }

    #[test]
    fn the_lines_of_a_node_begin_with_its_number() {
        let memory = MemoryInformation::parse_node(
            b"Node 12 MemTotal:       1000 kB\nNode 12 MemUsed:        1 kB\nNode 12 HugePages_Total:     0\n",
        )
        .unwrap();
        assert_eq!((memory.mem_total, memory.mem_used), (Bytes::from_kib(1000), Bytes::from_kib(1)));
        let old =
            MemoryInformation::parse_node(b"\nNode 0 MemTotal: 5 kB\n\nNode 0 MemFree: 1 kB\n").unwrap();
        assert_eq!((old.mem_total, old.mem_free), (Bytes::from_kib(5), Bytes::from_kib(1)));
        assert!(memory.other.is_empty());
    }

    #[test]
    fn a_malformed_value_names_its_line_and_field() {
        let error = MemoryInformation::parse(b"MemTotal: 1 kB\nMemFree: x kB\n").unwrap_err();
        assert_eq!(error.field(), Some("MemFree"));
        for text in
            ["MemTotal: 1 MB", "MemTotal:", "MemTotal: 18014398509481984 kB", "MemTotal 5 kB", "", "\n"]
        {
            assert!(MemoryInformation::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn all_that_this_machine_writes_is_known() {
        let memory = MemoryInformation::read(&Machine::live().unwrap()).unwrap();
        assert!(memory.mem_total.is_some() && memory.mem_available.is_some());
        assert_eq!(memory.other, []);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, text in "((Node [0-9]{1,3} )?(MemTotal|MemFree|X):? *[0-9k ]{0,20}B?\n){0,4}") {
            for text in [&bytes[..], text.as_bytes()] {
                let _ = MemoryInformation::parse(text);
                let _ = MemoryInformation::parse_node(text);
            }
        }
    }
}
