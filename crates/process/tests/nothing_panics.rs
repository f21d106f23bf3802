//! No parser panics, whatever it is given; and numbers in any order and amount are given to each.

use linux_support_process::*;
use proptest::prelude::*;

fn parse_all(text: &[u8]) {
    let _ = ArchitectureStatus::parse(text);
    let _ = Autogroup::parse(text);
    let _ = AuxiliaryVector::parse(text);
    let _ = CapabilitySet::parse(text);
    let _ = CommandLine::parse(text)
        .map(|line| (line.to_string(), line.arguments().count(), format!("{line:?}")));
    let _ = CoreDumpFilter::parse(text).map(|filter| filter.names().count());
    let _ = DescriptorInfo::parse(text);
    let _ = DescriptorTarget::of_link(text).to_string();
    let _ = Environment::parse(text).map(|environment| format!("{environment:?}"));
    let _ = GroupIdMap::parse(text).map(|map| (map.is_identity(), map.outside(u32::MAX.into())));
    let _ = Groups::parse(text);
    let _ = GroupSetting::parse(text);
    let _ = InKernel::parse(text);
    let _ = InputOutput::parse(text);
    let _ = KernelStack::parse(text);
    let _ = Latency::parse_all(text);
    let _ = Limits::parse(text);
    let _ = MemoryPages::parse(text);
    let _ = MountStatistics::parse(text).count();
    let _ = Namespace::parse(text).map(|namespace| namespace.to_string());
    let _ = OomScore::parse(text);
    let _ = OomScoreAdjustment::parse(text);
    let _ = PageMerging::parse(text);
    let _ = PatchState::parse(text);
    let _ = PathLink::of_link(text).to_string();
    let _ = Personality::parse(text).map(|personality| personality.names().count());
    let _ = PosixTimer::parse_all(text);
    let _ = ProcessName::parse(text).map(|name| name.to_string());
    let _ = ResourceGroups::parse(text);
    let _ = RunTimes::parse(text);
    let _ = SchedulerDebug::parse(text);
    let _ = SeccompCacheEntry::parse_all(text);
    let _ = SignalQueue::parse(text);
    let _ = SignalSet::parse(text).map(|set| set.names().count());
    let _ = Stat::parse(text);
    let _ = Status::parse(text);
    let _ = TimeOffsets::parse(text);
    network(text);
    let _ = UserIdMap::parse(text).map(|map| map.outside(0.into()));
    let _ = Users::parse(text);
}

fn network(text: &[u8]) {
    let _ = (ArpEntry::parse_all(text), InterfaceCounts::parse_all(text), Ipv4Memberships::parse_all(text));
    let _ =
        Ipv4Route::parse_all(text).map(|routes| routes.iter().filter_map(Ipv4Route::prefix_length).count());
    let _ =
        (Ipv6InterfaceAddress::parse_all(text), Ipv6Membership::parse_all(text), Ipv6Route::parse_all(text));
    let _ = (NetlinkSocketEntry::parse_all(text), NetworkProtocol::parse_all(text));
    let _ = (PacketHandler::parse_all(text), PacketSocketEntry::parse_all(text));
    for table in InternetTable::ALL {
        InternetSockets::parse(table, text).for_each(drop);
    }
    UnixSockets::parse(text).for_each(drop);
    for group in ProtocolCounters::parse_pairs(text).chain(ProtocolCounters::parse_lines(text)).flatten() {
        let _ = (group.counters().count(), group.value("inuse"));
    }
    ipv6_counters(text).for_each(drop);
}

proptest! {
    #[test]
    fn on_tables(text in "((head|[0-9A-F]{8}|[0-9a-f]{32}|0x[0-9]|[0-9]{1,12}|eth0|lo:|y|[0-9]+:|:|\\*)[ \t\n]){0,40}") {
        network(text.as_bytes());
    }

    #[test]
    fn on_any_bytes(text: Vec<u8>) {
        parse_all(&text);
    }

    #[test]
    fn on_numbers(text in "(-?[0-9]{1,20}[ \t\n:/]?){0,8}") {
        parse_all(text.as_bytes());
    }

    #[test]
    fn on_words(text in "(/autogroup-|nice|net:\\[|\\]|anon_inode:|Max open files  |unlimited|rchar:|[0-9]{1,3}|[ \t\n\0\\\\]){0,12}") {
        parse_all(text.as_bytes());
    }
}
