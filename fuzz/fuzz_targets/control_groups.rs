#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_cgroup::{
    BlkioCounts, CpuBandwidth, HugePageNodeStatistics, IoWeights, parse_latencies, parse_limits,
    parse_statistics,
};
use linux_support_fuzz::check;

fuzz_target!(|text: &[u8]| {
    check(text, parse_latencies(text));
    check(text, parse_limits(text));
    check(text, parse_statistics(text));
    check(text, CpuBandwidth::parse(text));
    check(text, HugePageNodeStatistics::parse(text));
    check(text, IoWeights::parse(text));
    check(text, BlkioCounts::parse(text));
});
