#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_cpu::{Interrupts, Softirqs};
use linux_support_fuzz::check;

fuzz_target!(|text: &[u8]| {
    check(text, Interrupts::parse(text));
    check(text, Softirqs::parse(text));
});
