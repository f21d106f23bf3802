#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fuzz::check;
use linux_support_memory::{MemoryInformation, VirtualMemoryStatistics};

fuzz_target!(|text: &[u8]| {
    check(text, MemoryInformation::parse(text));
    check(text, MemoryInformation::parse_node(text));
    check(text, VirtualMemoryStatistics::parse(text));
});
