use linux_support_base::Bytes;

optional_fields! {
    /// The memory of a process, by kinds: exact to a page, in units of 1,024 bytes. All `None` for kernel threads
    /// and processes that have ended.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct MemoryUse {
        ;
        /// VmPeak: the most address space that it ever had.
        pub virtual_peak: Option<Bytes>,
        /// VmSize: its address space.
        pub virtual_size: Option<Bytes>,
        /// VmLck: what `mlock(2)` keeps in memory.
        pub locked: Option<Bytes>,
        /// VmPin: what may not be moved, because devices access it. Since 3.2.
        pub pinned: Option<Bytes>,
        /// VmHWM: the most that it ever had in memory.
        pub resident_peak: Option<Bytes>,
        /// VmRSS: what it has in memory.
        pub resident: Option<Bytes>,
        /// RssAnon: of it, what is not of files. Since 4.5.
        pub resident_anonymous: Option<Bytes>,
        /// RssFile: of it, what is of files. Since 4.5.
        pub resident_file: Option<Bytes>,
        /// RssShmem: of it, what is shared memory: tmpfs, System V, anonymous shared mappings. Since 4.5.
        pub resident_shared: Option<Bytes>,
        /// VmData: private writable address space, but for the stack.
        pub data: Option<Bytes>,
        /// VmStk: its stack.
        pub stack: Option<Bytes>,
        /// VmExe: its program's code.
        pub code: Option<Bytes>,
        /// VmLib: code of shared libraries.
        pub libraries: Option<Bytes>,
        /// VmPTE: its page tables.
        pub page_tables: Option<Bytes>,
        /// VmPMD: page tables of the second level. 4.0 to 4.14.
        pub page_tables_second_level: Option<Bytes>,
        /// VmSwap: what of its anonymous memory is swapped out. Since 2.6.34.
        pub swapped: Option<Bytes>,
        /// HugetlbPages: memory in huge pages of pools. Since 4.4.
        pub huge_pages: Option<Bytes>,
        ;
    }
}
