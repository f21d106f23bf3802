#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_filesystem::MountTree;
use linux_support_fuzz::check;

fuzz_target!(|text: &[u8]| {
    check(text, MountTree::parse(text).map(|tree| tree.walk().count()));
});
