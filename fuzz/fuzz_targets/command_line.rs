#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fuzz::check;
use linux_support_kernel::CommandLine;

fuzz_target!(|text: &[u8]| {
    let line = CommandLine::parse(text);
    let _ = (line.parameters().count(), line.init_arguments());
    check(text, line.isolated_cpus());
    check(text, line.tickless_cpus());
    check(text, line.default_huge_page_size());
    check(text, line.huge_pages());
});
