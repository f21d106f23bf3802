#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fuzz::check;
use linux_support_process::DescriptorInfo;

fuzz_target!(|text: &[u8]| {
    check(text, DescriptorInfo::parse(text));
});
