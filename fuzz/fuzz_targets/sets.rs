#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_base::CpuSet;
use linux_support_fuzz::check;

fuzz_target!(|text: &[u8]| {
    check(text, CpuSet::parse_list(text));
    check(text, CpuSet::parse_mask(text));
    if let Ok(set) = CpuSet::parse_list(text) {
        assert_eq!(CpuSet::parse_list(set.to_string().as_bytes()), Ok(set));
    }
});
