#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_cgroup::Membership;
use linux_support_fuzz::check;
use linux_support_process::{
    Autogroup, CoreDumpFilter, DescriptorTarget, GroupIdMap, GroupSetting, InputOutput, Limits, MemoryPages,
    Namespace, OomScore, OomScoreAdjustment, PatchState, PathLink, Personality, ProcessName, ProgramName,
    ProjectIdMap, RunTimes, SignalQueue, UserIdMap,
};

fuzz_target!(|text: &[u8]| {
    check(text, Autogroup::parse(text));
    check(text, CoreDumpFilter::parse(text));
    check(text, GroupIdMap::parse(text));
    check(text, GroupSetting::parse(text));
    check(text, InputOutput::parse(text));
    check(text, Limits::parse(text));
    check(text, MemoryPages::parse(text));
    check(text, Namespace::parse(text));
    check(text, OomScore::parse(text));
    check(text, OomScoreAdjustment::parse(text));
    check(text, PatchState::parse(text));
    check(text, Personality::parse(text));
    check(text, ProjectIdMap::parse(text));
    check(text, RunTimes::parse(text));
    check(text, SignalQueue::parse(text));
    check(text, UserIdMap::parse(text));
    for line in Membership::entries(text) {
        check(text, line.map(|line| (line.name(), line.controllers().count())));
    }
    let name = ProcessName::parse(text).ok();
    let arguments = linux_support_process::CommandLine::parse(text).ok();
    let _ = ProgramName::of(false, arguments.as_ref(), name.as_ref(), None).map(|name| name.to_string());
    let _ = (PathLink::of_link(text), DescriptorTarget::of_link(text));
});
