#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fuzz::check;
use linux_support_process::{
    ArchitectureStatus, AuxiliaryVector, Environment, InKernel, KernelStack, Latency, MountStatistics,
    PageMerging, PosixTimer, ResourceGroups, SchedulerDebug, SeccompCacheEntry, TimeOffsets,
};

fuzz_target!(|text: &[u8]| {
    check(text, ArchitectureStatus::parse(text));
    check(text, AuxiliaryVector::parse(text));
    check(text, Environment::parse(text).map(|environment| format!("{environment:?}")));
    check(text, InKernel::parse(text));
    check(text, KernelStack::parse(text));
    check(text, Latency::parse_all(text));
    check(text, PageMerging::parse(text));
    check(text, PosixTimer::parse_all(text));
    check(text, ResourceGroups::parse(text));
    check(text, SchedulerDebug::parse(text));
    check(text, SeccompCacheEntry::parse_all(text));
    check(text, TimeOffsets::parse(text));
    for mount in MountStatistics::parse(text) {
        check(text, mount.map(|mount| (mount.device(), mount.mount_point(), mount.counts().count())));
    }
});
