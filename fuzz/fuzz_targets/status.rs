#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fuzz::check;
use linux_support_process::Status;

fuzz_target!(|text: &[u8]| {
    check(text, Status::parse(text));
});
