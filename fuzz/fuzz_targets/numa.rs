#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fuzz::check;
use linux_support_memory::numa::{CpuExpression, MemoryPolicy, NodeExpression};

fuzz_target!(|text: &[u8]| {
    check(text, CpuExpression::parse(text));
    check(text, NodeExpression::parse(text));
    check(text, MemoryPolicy::parse(text));
    check(text, MemoryPolicy::of_mount_options(text));
    if let Ok(policy) = MemoryPolicy::parse(text) {
        assert_eq!(MemoryPolicy::parse(policy.to_string().as_bytes()), Ok(policy));
    }
});
