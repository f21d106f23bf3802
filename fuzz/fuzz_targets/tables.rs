#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_base::DeviceNumber;
use linux_support_cgroup::{Hierarchies, Membership, RegisteredController};
use linux_support_device::Majors;
use linux_support_filesystem::{RegisteredFileSystem, mount::table::TableEntry};
use linux_support_fuzz::check;
use linux_support_kernel::{Configuration, Load, Module, Statistics, Uptime};
use linux_support_memory::{
    SlabCache, Swap, SystemVSegment,
    numa::NodeStatistics,
    zone::{FreeBlocks, PageTypes, ZoneInformation},
};

fuzz_target!(|text: &[u8]| {
    check(text, RegisteredFileSystem::parse_all(text));
    check(text, TableEntry::parse_all(text));
    check(text, Module::parse_all(text));
    check(text, Statistics::parse(text));
    check(text, Configuration::parse(text));
    check(text, Load::parse(text));
    check(text, Uptime::parse(text));
    check(text, Swap::parse_all(text));
    check(text, SlabCache::parse_all(text));
    check(text, NodeStatistics::parse(text));
    check(text, FreeBlocks::parse_all(text));
    check(text, ZoneInformation::parse_all(text));
    check(text, PageTypes::parse(text));
    check(text, SystemVSegment::parse_all(text));
    check(text, Majors::parse(text));
    check(text, Membership::parse_all(text));
    check(text, RegisteredController::parse_all(text));
    check(text, Hierarchies::parse(text));
    check(text, DeviceNumber::parse(text));
});
