#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_cgroup::{
    BlkioCounts, Controller, CpuBandwidth, CpuStatistics, FreezerState, GroupEvents, GroupType,
    HugePageNodeStatistics, IoWeights, LegacyMemoryStatistics, LegacyNodeStatistics, MemoryEvents,
    MemoryStatistics, NodeStatistics, Partition, live::GroupMembers, parse_cost_models, parse_cost_qualities,
    parse_latencies, parse_limits, parse_statistics,
};
use linux_support_fuzz::check;

fuzz_target!(|text: &[u8]| {
    check(text, parse_cost_models(text));
    check(text, parse_cost_qualities(text));
    check(text, parse_latencies(text));
    check(text, parse_limits(text));
    check(text, parse_statistics(text));
    check(text, BlkioCounts::parse(text));
    check(text, Controller::parse_list(text));
    check(text, CpuBandwidth::parse(text));
    check(text, CpuStatistics::parse(text));
    check(text, FreezerState::parse(text));
    check(text, GroupEvents::parse(text));
    check(text, GroupMembers::parse(text));
    check(text, GroupType::parse(text));
    check(text, HugePageNodeStatistics::parse(text));
    check(text, IoWeights::parse(text));
    check(text, LegacyMemoryStatistics::parse(text));
    check(text, LegacyNodeStatistics::parse(text));
    check(text, MemoryEvents::parse(text));
    check(text, MemoryStatistics::parse(text));
    check(text, NodeStatistics::parse(text));
    check(text, Partition::parse(text));
});
