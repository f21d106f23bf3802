//! Values that no field can hold: each is an error, or stands in what was read as it stood in the file. None is cut, taken
//! for another or left out.

use std::{fmt::Debug, fs};

use linux_support_base::ParseError;
use linux_support_process::*;

/// More than any field can hold, in decimal and, being digits only, in hexadecimal.
const LARGE: &str = "340282366920938463463374607431768211456";

type Parser = fn(&[u8]) -> Result<String, ParseError>;

fn shown<T: Debug>(parsed: Result<T, ParseError>) -> Result<String, ParseError> {
    parsed.map(|value| format!("{value:?}"))
}

fn all<T: Debug>(parsed: impl Iterator<Item = Result<T, ParseError>>) -> Result<String, ParseError> {
    shown(parsed.collect::<Result<Vec<_>, _>>())
}

fn groups<'t>(
    groups: impl Iterator<Item = Result<ProtocolCounters<'t>, ParseError>>,
) -> Result<String, ParseError> {
    let mut text = String::new();
    for group in groups {
        text += &shown(group?.counters().collect::<Result<Vec<_>, _>>())?;
    }
    Ok(text)
}

/// Each file of a process, its parser, and a text where this machine may have none.
const FILES: &[(&str, Parser, &str)] = &[
    ("arch_status", |text| shown(ArchitectureStatus::parse(text)), "AVX512_elapsed_ms:\t8\n"),
    ("autogroup", |text| shown(Autogroup::parse(text)), "/autogroup-7 nice 5\n"),
    ("coredump_filter", |text| shown(CoreDumpFilter::parse(text)), "00000033\n"),
    ("fdinfo/0", |text| shown(DescriptorInfo::parse(text)), "pos:\t0\nflags:\t02\nmnt_id:\t9\nino:\t3\n"),
    ("gid_map", |text| shown(GroupIdMap::parse(text)), "0 0 4294967295\n"),
    ("io", |text| shown(InputOutput::parse(text)), ""),
    ("ksm_stat", |text| shown(PageMerging::parse(text)), "ksm_rmap_items 0\nksm_zero_pages 0\n"),
    ("latency", |text| shown(Latency::parse_all(text)), "Latency Top version : v0.1\n3 40 20 a b\n"),
    ("limits", |text| shown(Limits::parse(text)), ""),
    ("net/arp", |text| shown(ArpEntry::parse_all(text)), ARP),
    ("net/dev", |text| shown(InterfaceCounts::parse_all(text)), ""),
    ("net/if_inet6", |text| shown(Ipv6InterfaceAddress::parse_all(text)), IF_INET6),
    ("net/igmp", |text| shown(Ipv4Memberships::parse_all(text)), ""),
    ("net/igmp6", |text| shown(Ipv6Membership::parse_all(text)), ""),
    ("net/ipv6_route", |text| shown(Ipv6Route::parse_all(text)), ""),
    ("net/netlink", |text| shown(NetlinkSocketEntry::parse_all(text)), ""),
    ("net/netstat", |text| groups(ProtocolCounters::parse_pairs(text)), ""),
    ("net/packet", |text| shown(PacketSocketEntry::parse_all(text)), PACKET),
    ("net/protocols", |text| shown(NetworkProtocol::parse_all(text)), ""),
    ("net/route", |text| shown(Ipv4Route::parse_all(text)), ROUTE),
    ("net/snmp", |text| groups(ProtocolCounters::parse_pairs(text)), ""),
    ("net/snmp6", |text| all(ipv6_counters(text)), ""),
    ("net/sockstat", |text| groups(ProtocolCounters::parse_lines(text)), ""),
    ("net/tcp", |text| all(InternetSockets::parse(InternetTable::Tcp, text)), TCP),
    ("net/udp", |text| all(InternetSockets::parse(InternetTable::Udp, text)), UDP),
    ("net/unix", |text| all(UnixSockets::parse(text)), UNIX),
    ("oom_score", |text| shown(OomScore::parse(text)), ""),
    ("oom_score_adj", |text| shown(OomScoreAdjustment::parse(text)), ""),
    ("personality", |text| shown(Personality::parse(text)), ""),
    ("sched", |text| shown(SchedulerDebug::parse(text)), "a (1, #threads: 2)\nse.exec_start : 7.2\n"),
    ("schedstat", |text| shown(RunTimes::parse(text)), "1 2 3\n"),
    ("stat", |text| shown(Stat::parse(text)), ""),
    ("statm", |text| shown(MemoryPages::parse(text)), ""),
    ("status", |text| shown(Status::parse(text)), ""),
    ("syscall", |text| shown(InKernel::parse(text)), "0 0x0 0x1 0x2 0x3 0x4 0x5 0x7ffe 0x7fff\n"),
    ("timens_offsets", |text| shown(TimeOffsets::parse(text)), "monotonic 0 0\nboottime 1 2\n"),
    ("timers", |text| shown(PosixTimer::parse_all(text)), TIMERS),
    ("uid_map", |text| shown(UserIdMap::parse(text)), "0 0 4294967295\n"),
];

const ARP: &str = "IP address       HW type     Flags       HW address            Mask     Device\n\
    10.0.0.2         0x1         0x2         52:54:00:12:34:56     *        eth0\n";
const IF_INET6: &str = "00000000000000000000000000000001 01 80 10 80       lo\n";
const PACKET: &str = "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n\
    0000000000000000 3      3    0003   2     1 0      0      1234  \n";
const ROUTE: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
    eth0\t00000000\t0200000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
    0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 17 1 0000000000000000 100 0 0 10 0\n";
const UDP: &str = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n  \
    77: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 21 2 0000000000000000 0\n";
const UNIX: &str = "Num       RefCount Protocol Flags    Type St Inode Path\n\
    0000000000000000: 00000002 00000000 00010000 0001 01 20 /run/a\n";
const TIMERS: &str = "ID: 1\nsignal: 60/00007fff86e452a8\nnotify: signal/pid.2634\nClockID: 0\n";

/// The numbers of a text: words of digits only, or of hexadecimal digits that begin after `0x`, with where they are.
fn numbers(text: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let length = text[at..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let before = at.checked_sub(1).map(|before| text[before]);
        let begins = !before.is_some_and(|before| before.is_ascii_alphanumeric() || before == b'_')
            || (before == Some(b'x') && at >= 2 && text[at - 2] == b'0');
        let ends =
            !text.get(at + length).is_some_and(|after| after.is_ascii_alphanumeric() || *after == b'_');
        if length > 0 && begins && ends && text[at..at + length].iter().any(u8::is_ascii_digit) {
            found.push((at, length));
        }
        at += length.max(1);
    }
    found
}

#[test]
fn a_number_that_no_field_can_hold_is_an_error_or_kept_as_it_stands() {
    let mut wrong = Vec::new();
    for (name, parse, otherwise) in FILES {
        let text = fs::read(format!("/proc/thread-self/{name}"))
            .or_else(|_| fs::read(format!("/proc/self/{name}")))
            .ok()
            .filter(|text| numbers(text).len() > 1 || otherwise.is_empty())
            .unwrap_or_else(|| otherwise.as_bytes().to_vec());
        let numbers = numbers(&text);
        assert!(parse(&text).is_ok(), "{name}: {:?}", parse(&text));
        assert!(!numbers.is_empty() || otherwise.is_empty(), "{name}");
        // Addresses in the kernel's memory, which it only tells scrambled, and masks beside the same sets as lists are passed
        // over.
        let passed_over = |at: usize, length: usize| {
            let line = text[..at].rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
            let mask = line.starts_with(b"Cpus_allowed:") || line.starts_with(b"Mems_allowed:");
            mask || name.starts_with("net/") && length == 16
        };
        let numbers = numbers.into_iter().filter(|(at, length)| !passed_over(*at, *length));
        // Tables are long; what is true of a hundred of their numbers is so of all.
        for (at, length) in numbers.take(100) {
            let large = [&text[..at], LARGE.as_bytes(), &text[at + length..]].concat();
            if let Ok(value) = parse(&large)
                && !value.contains(LARGE)
            {
                let around = &text[at.saturating_sub(30)..(at + length + 10).min(text.len())];
                wrong.push(format!("{name}, number at {at} in {:?}", String::from_utf8_lossy(around)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
