#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fuzz::check;
use linux_support_process::{
    Autogroup, DescriptorTarget, GroupIdMap, InputOutput, Limits, MemoryPages, Namespace, PathLink, RunTimes,
};

fuzz_target!(|text: &[u8]| {
    check(text, Autogroup::parse(text));
    check(text, GroupIdMap::parse(text));
    check(text, InputOutput::parse(text));
    check(text, Limits::parse(text));
    check(text, MemoryPages::parse(text));
    check(text, Namespace::parse(text));
    check(text, RunTimes::parse(text));
    let _ = (PathLink::of_link(text), DescriptorTarget::of_link(text));
});
