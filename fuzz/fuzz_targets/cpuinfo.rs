#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_cpu::CpuInfo;
use linux_support_fuzz::check;

fuzz_target!(|text: &[u8]| {
    check(text, CpuInfo::parse(text));
});
