use linux_support_base::text::Keys;

macro_rules! counters {
    ($($name:ident = $key:literal;)*) => {
        /// A counter of the virtual memory statistics, by the kernel's name.
        ///
        /// Those that begin with `nr_` say how many there are now, mostly pages; the others count events since
        /// the machine was started.
        ///
        /// # Source
        /// `/proc/vmstat`, `proc_vmstat(5)`; in the kernel's source, `mm/vmstat.c`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Counter {
            $(#[doc = concat!("`", $key, "`")] $name,)*
        }

        impl Counter {
            /// All counters, in the kernel's order.
            pub const ALL: [Self; [$($key),*].len()] = [$(Self::$name),*];

            /// The kernel's name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }
        }

        /// The names, each with its space, so that one comparison tells both.
        pub(super) const KEYS: Keys<{ Counter::ALL.len() }> = Keys::new([$(concat!($key, " ").as_bytes()),*]);
    };
}

counters! {
    NrFreePages = "nr_free_pages";
    NrFreePagesBlocks = "nr_free_pages_blocks";
    NrZoneInactiveAnon = "nr_zone_inactive_anon";
    NrZoneActiveAnon = "nr_zone_active_anon";
    NrZoneInactiveFile = "nr_zone_inactive_file";
    NrZoneActiveFile = "nr_zone_active_file";
    NrZoneUnevictable = "nr_zone_unevictable";
    NrZoneWritePending = "nr_zone_write_pending";
    NrMlock = "nr_mlock";
    NrZspages = "nr_zspages";
    NrFreeHighatomic = "nr_free_highatomic";
    NrFreeCma = "nr_free_cma";
    NumaHit = "numa_hit";
    NumaMiss = "numa_miss";
    NumaForeign = "numa_foreign";
    NumaInterleave = "numa_interleave";
    NumaLocal = "numa_local";
    NumaOther = "numa_other";
    NrInactiveAnon = "nr_inactive_anon";
    NrActiveAnon = "nr_active_anon";
    NrInactiveFile = "nr_inactive_file";
    NrActiveFile = "nr_active_file";
    NrUnevictable = "nr_unevictable";
    NrSlab = "nr_slab";
    NrSlabReclaimable = "nr_slab_reclaimable";
    NrSlabUnreclaimable = "nr_slab_unreclaimable";
    NrIsolatedAnon = "nr_isolated_anon";
    NrIsolatedFile = "nr_isolated_file";
    NrPagesScanned = "nr_pages_scanned";
    WorkingsetNodes = "workingset_nodes";
    WorkingsetRefaultAnon = "workingset_refault_anon";
    WorkingsetRefaultFile = "workingset_refault_file";
    WorkingsetActivateAnon = "workingset_activate_anon";
    WorkingsetActivateFile = "workingset_activate_file";
    WorkingsetRestoreAnon = "workingset_restore_anon";
    WorkingsetRestoreFile = "workingset_restore_file";
    WorkingsetNodereclaim = "workingset_nodereclaim";
    WorkingsetRefault = "workingset_refault";
    WorkingsetActivate = "workingset_activate";
    WorkingsetRestore = "workingset_restore";
    NrAnonPages = "nr_anon_pages";
    NrMapped = "nr_mapped";
    NrFilePages = "nr_file_pages";
    NrDirty = "nr_dirty";
    NrWriteback = "nr_writeback";
    NrWritebackTemp = "nr_writeback_temp";
    NrShmem = "nr_shmem";
    NrShmemHugepages = "nr_shmem_hugepages";
    NrShmemPmdmapped = "nr_shmem_pmdmapped";
    NrFileHugepages = "nr_file_hugepages";
    NrFilePmdmapped = "nr_file_pmdmapped";
    NrAnonTransparentHugepages = "nr_anon_transparent_hugepages";
    NrVmscanWrite = "nr_vmscan_write";
    NrVmscanImmediateReclaim = "nr_vmscan_immediate_reclaim";
    NrDirtied = "nr_dirtied";
    NrWritten = "nr_written";
    NrThrottledWritten = "nr_throttled_written";
    NrKernelMiscReclaimable = "nr_kernel_misc_reclaimable";
    NrFollPinAcquired = "nr_foll_pin_acquired";
    NrFollPinReleased = "nr_foll_pin_released";
    NrKernelStack = "nr_kernel_stack";
    NrShadowCallStack = "nr_shadow_call_stack";
    NrOverhead = "nr_overhead";
    NrBounce = "nr_bounce";
    NrPageTablePages = "nr_page_table_pages";
    NrSecPageTablePages = "nr_sec_page_table_pages";
    NrIommuPages = "nr_iommu_pages";
    NrSwapcached = "nr_swapcached";
    PgpromoteSuccess = "pgpromote_success";
    PgpromoteCandidate = "pgpromote_candidate";
    PgpromoteCandidateNrl = "pgpromote_candidate_nrl";
    PgdemoteKswapd = "pgdemote_kswapd";
    PgdemoteDirect = "pgdemote_direct";
    PgdemoteKhugepaged = "pgdemote_khugepaged";
    PgdemoteProactive = "pgdemote_proactive";
    NrHugetlb = "nr_hugetlb";
    NrBalloonPages = "nr_balloon_pages";
    NrKernelFilePages = "nr_kernel_file_pages";
    NrDirtyThreshold = "nr_dirty_threshold";
    NrDirtyBackgroundThreshold = "nr_dirty_background_threshold";
    NrMemmapPages = "nr_memmap_pages";
    NrMemmapBootPages = "nr_memmap_boot_pages";
    Pgpgin = "pgpgin";
    Pgpgout = "pgpgout";
    Pswpin = "pswpin";
    Pswpout = "pswpout";
    PgallocDma = "pgalloc_dma";
    PgallocDma32 = "pgalloc_dma32";
    PgallocNormal = "pgalloc_normal";
    PgallocHigh = "pgalloc_high";
    PgallocMovable = "pgalloc_movable";
    PgallocDevice = "pgalloc_device";
    AllocstallDma = "allocstall_dma";
    AllocstallDma32 = "allocstall_dma32";
    AllocstallHigh = "allocstall_high";
    AllocstallNormal = "allocstall_normal";
    AllocstallMovable = "allocstall_movable";
    AllocstallDevice = "allocstall_device";
    PgskipDma = "pgskip_dma";
    PgskipDma32 = "pgskip_dma32";
    PgskipNormal = "pgskip_normal";
    PgskipHigh = "pgskip_high";
    PgskipMovable = "pgskip_movable";
    PgskipDevice = "pgskip_device";
    Pgfree = "pgfree";
    Pgactivate = "pgactivate";
    Pgdeactivate = "pgdeactivate";
    Pglazyfree = "pglazyfree";
    Pgfault = "pgfault";
    Pgmajfault = "pgmajfault";
    Pglazyfreed = "pglazyfreed";
    Pgrefill = "pgrefill";
    Pgreuse = "pgreuse";
    PgstealKswapd = "pgsteal_kswapd";
    PgstealDirect = "pgsteal_direct";
    PgstealKhugepaged = "pgsteal_khugepaged";
    PgstealProactive = "pgsteal_proactive";
    PgscanKswapd = "pgscan_kswapd";
    PgscanDirect = "pgscan_direct";
    PgscanKhugepaged = "pgscan_khugepaged";
    PgscanProactive = "pgscan_proactive";
    PgscanDirectThrottle = "pgscan_direct_throttle";
    PgscanAnon = "pgscan_anon";
    PgscanFile = "pgscan_file";
    PgstealAnon = "pgsteal_anon";
    PgstealFile = "pgsteal_file";
    ZoneReclaimSuccess = "zone_reclaim_success";
    ZoneReclaimFailed = "zone_reclaim_failed";
    Pginodesteal = "pginodesteal";
    SlabsScanned = "slabs_scanned";
    KswapdInodesteal = "kswapd_inodesteal";
    KswapdLowWmarkHitQuickly = "kswapd_low_wmark_hit_quickly";
    KswapdHighWmarkHitQuickly = "kswapd_high_wmark_hit_quickly";
    Pageoutrun = "pageoutrun";
    Pgrotated = "pgrotated";
    DropPagecache = "drop_pagecache";
    DropSlab = "drop_slab";
    OomKill = "oom_kill";
    NumaPteUpdates = "numa_pte_updates";
    NumaHugePteUpdates = "numa_huge_pte_updates";
    NumaHintFaults = "numa_hint_faults";
    NumaHintFaultsLocal = "numa_hint_faults_local";
    NumaPagesMigrated = "numa_pages_migrated";
    NumaTaskMigrated = "numa_task_migrated";
    NumaTaskSwapped = "numa_task_swapped";
    PgmigrateSuccess = "pgmigrate_success";
    PgmigrateFail = "pgmigrate_fail";
    ThpMigrationSuccess = "thp_migration_success";
    ThpMigrationFail = "thp_migration_fail";
    ThpMigrationSplit = "thp_migration_split";
    CompactMigrateScanned = "compact_migrate_scanned";
    CompactFreeScanned = "compact_free_scanned";
    CompactIsolated = "compact_isolated";
    CompactStall = "compact_stall";
    CompactFail = "compact_fail";
    CompactSuccess = "compact_success";
    CompactDaemonWake = "compact_daemon_wake";
    CompactDaemonMigrateScanned = "compact_daemon_migrate_scanned";
    CompactDaemonFreeScanned = "compact_daemon_free_scanned";
    HtlbBuddyAllocSuccess = "htlb_buddy_alloc_success";
    HtlbBuddyAllocFail = "htlb_buddy_alloc_fail";
    CmaAllocSuccess = "cma_alloc_success";
    CmaAllocFail = "cma_alloc_fail";
    UnevictablePgsCulled = "unevictable_pgs_culled";
    UnevictablePgsScanned = "unevictable_pgs_scanned";
    UnevictablePgsRescued = "unevictable_pgs_rescued";
    UnevictablePgsMlocked = "unevictable_pgs_mlocked";
    UnevictablePgsMunlocked = "unevictable_pgs_munlocked";
    UnevictablePgsCleared = "unevictable_pgs_cleared";
    UnevictablePgsStranded = "unevictable_pgs_stranded";
    ThpFaultAlloc = "thp_fault_alloc";
    ThpFaultFallback = "thp_fault_fallback";
    ThpFaultFallbackCharge = "thp_fault_fallback_charge";
    ThpCollapseAlloc = "thp_collapse_alloc";
    ThpCollapseAllocFailed = "thp_collapse_alloc_failed";
    ThpFileAlloc = "thp_file_alloc";
    ThpFileFallback = "thp_file_fallback";
    ThpFileFallbackCharge = "thp_file_fallback_charge";
    ThpFileMapped = "thp_file_mapped";
    ThpSplitPage = "thp_split_page";
    ThpSplitPageFailed = "thp_split_page_failed";
    ThpDeferredSplitPage = "thp_deferred_split_page";
    ThpUnderusedSplitPage = "thp_underused_split_page";
    ThpSplitPmd = "thp_split_pmd";
    ThpScanExceedNonePte = "thp_scan_exceed_none_pte";
    ThpScanExceedSwapPte = "thp_scan_exceed_swap_pte";
    ThpScanExceedSharePte = "thp_scan_exceed_share_pte";
    ThpSplitPud = "thp_split_pud";
    ThpZeroPageAlloc = "thp_zero_page_alloc";
    ThpZeroPageAllocFailed = "thp_zero_page_alloc_failed";
    ThpSwpout = "thp_swpout";
    ThpSwpoutFallback = "thp_swpout_fallback";
    BalloonInflate = "balloon_inflate";
    BalloonDeflate = "balloon_deflate";
    BalloonMigrate = "balloon_migrate";
    NrTlbRemoteFlush = "nr_tlb_remote_flush";
    NrTlbRemoteFlushReceived = "nr_tlb_remote_flush_received";
    NrTlbLocalFlushAll = "nr_tlb_local_flush_all";
    NrTlbLocalFlushOne = "nr_tlb_local_flush_one";
    VmacacheFindCalls = "vmacache_find_calls";
    VmacacheFindHits = "vmacache_find_hits";
    VmacacheFullFlushes = "vmacache_full_flushes";
    SwapRa = "swap_ra";
    SwapRaHit = "swap_ra_hit";
    SwpinZero = "swpin_zero";
    SwpoutZero = "swpout_zero";
    KsmSwpinCopy = "ksm_swpin_copy";
    CowKsm = "cow_ksm";
    Zswpin = "zswpin";
    Zswpout = "zswpout";
    Zswpwb = "zswpwb";
    DirectMapLevel2Splits = "direct_map_level2_splits";
    DirectMapLevel3Splits = "direct_map_level3_splits";
    DirectMapLevel2Collapses = "direct_map_level2_collapses";
    DirectMapLevel3Collapses = "direct_map_level3_collapses";
    VmaLockSuccess = "vma_lock_success";
    VmaLockAbort = "vma_lock_abort";
    VmaLockRetry = "vma_lock_retry";
    VmaLockMiss = "vma_lock_miss";
    Kstack1k = "kstack_1k";
    Kstack2k = "kstack_2k";
    Kstack4k = "kstack_4k";
    Kstack8k = "kstack_8k";
    Kstack16k = "kstack_16k";
    Kstack32k = "kstack_32k";
    Kstack64k = "kstack_64k";
    KstackRest = "kstack_rest";
    NrUnstable = "nr_unstable";
}
