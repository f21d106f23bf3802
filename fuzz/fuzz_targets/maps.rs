#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fuzz::check;
use linux_support_memory::mapping::{MemoryMap, maps, numa_maps, smaps};

fuzz_target!(|text: &[u8]| {
    for entry in maps::entries(text) {
        check(text, entry.map(|entry| format!("{:?}", entry.name())));
    }
    for entry in smaps::entries(text) {
        check(text, entry.map(|entry| entry.other().count()));
    }
    for entry in numa_maps::entries(text) {
        check(text, entry.map(|entry| entry.words().count()));
    }
    if let Ok(map) = MemoryMap::parse_smaps(text) {
        let map = map.with_placement(Ok(text));
        assert!(map.totals().len() <= map.mappings.len());
    }
});
