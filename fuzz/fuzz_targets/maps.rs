#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fuzz::check;
use linux_support_memory::mapping::{MappingName, MemoryMap, Permissions, VmFlags, maps, numa_maps, smaps};

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
    check(text, maps::Entry::parse(text));
    check(text, numa_maps::Entry::parse(text));
    check(text, Permissions::parse(text));
    check(text, MemoryMap::parse_maps(text));
    check(text, Ok(format!("{:?}", MappingName::parse(text))));
    let flags = VmFlags::parse(text);
    let words: Vec<_> = flags.words().collect();
    assert_eq!(VmFlags::parse(words.join(" ").as_bytes()), flags);
    if let Ok(map) = MemoryMap::parse_smaps(text) {
        let map = map.with_placement(Ok(text));
        assert!(map.totals().len() <= map.mappings.len());
    }
});
