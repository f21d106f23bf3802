#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_base::{Bytes, PageSize};
use linux_support_fuzz::check;
use linux_support_kernel::CommandLine;
use linux_support_memory::huge_page::BootHugePages;

fuzz_target!(|text: &[u8]| {
    let line = CommandLine::parse(text);
    let _ = (line.parameters().count(), line.init_arguments());
    check(text, line.isolated_cpus());
    check(text, line.tickless_cpus());
    let sizes = [1 << 21, 1 << 30].map(|bytes| PageSize::new(Bytes::new(bytes)).expect("a power of two"));
    let boot = BootHugePages::of(&line, &sizes, sizes[0]);
    let composed = CommandLine::parse(boot.to_string().as_bytes());
    assert!(BootHugePages::of(&composed, &sizes, sizes[0]).ignored.is_empty());
});
