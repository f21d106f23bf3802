//! Our parsers and those of the crate procfs, on the same bytes.

use std::hint::black_box;

use linux_support_cgroup::Membership;
use linux_support_cpu::CpuInfo;
use linux_support_filesystem::{Mount, mount::mountinfo};
use linux_support_memory::{
    MemoryInformation, VirtualMemoryStatistics,
    mapping::{maps, smaps},
};
use linux_support_process::{
    ArpEntry, InKernel, InputOutput, InterfaceCounts, InternetSockets, InternetTable, Ipv4Route, Limits,
    MemoryPages, MountStatistics, ProtocolCounters, RunTimes, Stat, Status, UnixSockets, ipv6_counters,
};
use procfs::{
    FromBufRead, FromBufReadSI, FromRead, Meminfo, ProcessCGroups, VmStat, current_system_info, net,
    process::{self, MemoryMaps, MountInfos},
};

use crate::{
    inputs::Inputs,
    pair::{self, Side},
    table::{
        Row,
        Target::{self, Faster, Rate},
    },
};

/// A parser of ours, its peer, and what it should reach.
pub(crate) struct Case<'a> {
    pub(crate) name: &'static str,
    pub(crate) text: &'a [u8],
    pub(crate) ours: Side<'a>,
    pub(crate) peer: Side<'a>,
    targets: &'static [Target],
}

const FASTER: &[Target] = &[Faster(5.0)];
const FAST: &[Target] = &[Faster(5.0), Rate(1.0)];

/// The parsers, each on its text of `inputs`.
pub(crate) fn cases(inputs: &Inputs) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    macro_rules! case {
        ($name:literal, $file:literal, $targets:expr, $ours:expr, $peer:expr) => {{
            let text = inputs.get($file);
            let (ours, peer) = ($ours, $peer);
            cases.push(Case {
                name: $name,
                text,
                ours: Box::new(move || ours(black_box(text))),
                peer: Box::new(move || whole(&peer(black_box(text)))),
                targets: $targets,
            });
        }};
    }
    case!("stat", "stat", FASTER, |text| whole(&Stat::parse(text)), process::Stat::from_read);
    case!("status", "status", FASTER, |text| whole(&Status::parse(text)), process::Status::from_buf_read);
    case!("mountinfo", "mountinfo", FASTER, |text| whole(&Mount::parse_all(text)), MountInfos::from_buf_read);
    case!(
        "mountinfo, borrowed",
        "mountinfo",
        FASTER,
        |text| each(mountinfo::entries(text)),
        MountInfos::from_buf_read
    );
    case!("cpuinfo", "cpuinfo", FASTER, |text| whole(&CpuInfo::parse(text)), procfs::CpuInfo::from_buf_read);
    case!("meminfo", "meminfo", FAST, |text| whole(&MemoryInformation::parse(text)), Meminfo::from_buf_read);
    case!(
        "vmstat",
        "vmstat",
        FAST,
        |text| whole(&VirtualMemoryStatistics::parse(text)),
        VmStat::from_buf_read
    );
    case!("maps", "maps", FAST, |text| each(maps::entries(text)), MemoryMaps::from_buf_read);
    case!("smaps", "smaps", FAST, |text| each(smaps::entries(text)), MemoryMaps::from_buf_read);
    case!("io", "io", FASTER, |text| whole(&InputOutput::parse(text)), process::Io::from_buf_read);
    case!("limits", "limits", FASTER, |text| whole(&Limits::parse(text)), process::Limits::from_buf_read);
    case!(
        "mountstats",
        "mountstats",
        FASTER,
        |text| each(MountStatistics::parse(text)),
        process::MountStats::from_buf_read
    );
    case!(
        "dev",
        "dev",
        FASTER,
        |text| whole(&InterfaceCounts::parse_all(text)),
        net::InterfaceDeviceStatus::from_buf_read
    );
    case!(
        "snmp",
        "snmp",
        FASTER,
        |text| ProtocolCounters::parse_pairs(text).for_each(|group| match group {
            Ok(group) => each(group.counters()),
            Err(error) => panic!("{error}"),
        }),
        net::Snmp::from_buf_read
    );
    case!("snmp6", "snmp6", FASTER, |text| each(ipv6_counters(text)), net::Snmp6::from_buf_read);
    case!("tcp", "tcp", FASTER, |text| each(InternetSockets::parse(InternetTable::Tcp, text)), |text| {
        net::TcpNetEntries::from_buf_read(text, current_system_info())
    });
    case!("udp", "udp", FASTER, |text| each(InternetSockets::parse(InternetTable::Udp, text)), |text| {
        net::UdpNetEntries::from_buf_read(text, current_system_info())
    });
    case!("arp", "arp", FASTER, |text| whole(&ArpEntry::parse_all(text)), net::ArpEntries::from_buf_read);
    case!(
        "route",
        "route",
        FASTER,
        |text| whole(&Ipv4Route::parse_all(text)),
        net::RouteEntries::from_buf_read
    );
    case!("statm", "statm", FASTER, |text| whole(&MemoryPages::parse(text)), process::StatM::from_read);
    case!(
        "schedstat",
        "schedstat",
        FASTER,
        |text| whole(&RunTimes::parse(text)),
        process::Schedstat::from_read
    );
    case!("syscall", "syscall", FASTER, |text| whole(&InKernel::parse(text)), process::Syscall::from_read);
    case!(
        "cgroup",
        "cgroup",
        FASTER,
        |text| whole(&Membership::parse_all(text)),
        ProcessCGroups::from_buf_read
    );
    case!(
        "cgroup, borrowed",
        "cgroup",
        FASTER,
        |text| Membership::entries(text).for_each(|entry| match entry {
            Ok(entry) => assert!(black_box(entry.controllers().all(|controller| !controller.is_empty()))),
            Err(error) => panic!("{error}"),
        }),
        ProcessCGroups::from_buf_read
    );
    case!(
        "smaps_rollup",
        "smaps_rollup",
        FASTER,
        |text| each(smaps::entries(text)),
        process::SmapsRollup::from_buf_read
    );
    case!("unix", "unix", FASTER, |text| each(UnixSockets::parse(text)), net::UnixNetEntries::from_buf_read);
    cases
}

/// A text that is parsed into one value.
fn whole<T, E>(parsed: &Result<T, E>) {
    assert!(black_box(parsed).is_ok(), "this machine's file is parsed");
}

/// A text that is parsed into many values, one after another.
fn each<T, E>(parsed: impl Iterator<Item = Result<T, E>>) {
    for value in parsed {
        whole(&value);
    }
}

/// Measures `cases`.
pub(crate) fn rows(cases: Vec<Case<'_>>, rounds: usize) -> Vec<Row> {
    cases
        .into_iter()
        .map(|Case { name, text, ours, peer, targets }| {
            let measured = pair::measure(&mut [ours, peer], rounds);
            Row {
                name: name.to_owned(),
                bytes: Some(text.len()),
                ours: measured.nanoseconds(0),
                peer: Some(measured.nanoseconds(1)),
                ratio: Some(measured.ratio(1, 0)),
                targets,
            }
        })
        .collect()
}
