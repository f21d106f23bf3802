#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fuzz::check;
use linux_support_process::{
    ArpEntry, InterfaceCounts, InternetSockets, InternetTable, Ipv4Memberships, Ipv4Route,
    Ipv6InterfaceAddress, Ipv6Membership, Ipv6Route, NetlinkSocketEntry, NetworkProtocol, PacketHandler,
    PacketSocketEntry, ProtocolCounters, UnixSockets, ipv6_counters,
};

fuzz_target!(|text: &[u8]| {
    check(text, ArpEntry::parse_all(text));
    check(text, InterfaceCounts::parse_all(text));
    check(text, Ipv4Memberships::parse_all(text));
    check(text, Ipv4Route::parse_all(text));
    check(text, Ipv6InterfaceAddress::parse_all(text));
    check(text, Ipv6Membership::parse_all(text));
    check(text, Ipv6Route::parse_all(text));
    check(text, NetlinkSocketEntry::parse_all(text));
    check(text, NetworkProtocol::parse_all(text));
    check(text, PacketHandler::parse_all(text));
    check(text, PacketSocketEntry::parse_all(text));
    for table in InternetTable::ALL {
        InternetSockets::parse(table, text).for_each(|socket| check(text, socket));
    }
    UnixSockets::parse(text).for_each(|socket| check(text, socket));
    for group in ProtocolCounters::parse_pairs(text).chain(ProtocolCounters::parse_lines(text)) {
        check(text, group.and_then(|group| group.counters().collect::<Result<Vec<_>, _>>()));
    }
    ipv6_counters(text).for_each(|counter| check(text, counter));
});
