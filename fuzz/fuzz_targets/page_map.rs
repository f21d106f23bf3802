#![no_main]

use std::hint::black_box;

use libfuzzer_sys::fuzz_target;
use linux_support_base::{Bytes, PageSize};
use linux_support_memory::page_map::{PageMapEntry, runs};

fuzz_target!(|input: (u64, u8, &[u8])| {
    let (start, shift, bytes) = input;
    let page = PageSize::new(Bytes::new(1 << (shift % 64))).expect("a power of two");
    for entry in PageMapEntry::parse_all(bytes) {
        black_box((entry.location(), format!("{entry:?}")));
    }
    let mut end = start;
    for run in runs(start, page, PageMapEntry::parse_all(bytes)) {
        assert!(run.range.start() >= end && run.length() > Bytes::new(0));
        end = run.range.end();
    }
});
