//! Reading and parsing a file, beside bare reading of it.

use std::hint::black_box;

use linux_support_base::{Machine, ParseError};
use linux_support_cgroup::Membership;
use linux_support_cpu::CpuInfo;
use linux_support_filesystem::Mount;
use linux_support_memory::{
    MemoryInformation, VirtualMemoryStatistics,
    mapping::{maps, smaps},
};
use linux_support_process::{
    InternetSockets, InternetTable, Process, ProtocolCounters, UnixSockets, ipv6_counters,
};
use rustix::{
    buffer::spare_capacity,
    fd::AsFd,
    fs::{CWD, Mode, OFlags, openat},
    io::read,
};

use crate::{
    inputs,
    pair::{self, Side},
    table::{
        Row,
        Target::{self, Within},
    },
};

const TARGET: &[Target] = &[Within(1.15)];

/// How a reader learns that it has all of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The kernel gives as much as fits, so a reading that leaves room was the last.
    Less,
    /// It gives whole records, so only a reading that gives nothing tells.
    Nothing,
}

/// Opens the file `path` below `directory`, reads so many times into `buffer`, and closes it.
pub(crate) fn bare(
    directory: impl AsFd,
    path: &str,
    reads: usize,
    buffer: &mut Vec<u8>,
) -> rustix::io::Result<()> {
    let file = openat(directory, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    buffer.clear();
    for _ in 0..reads {
        read(&file, spare_capacity(buffer))?;
    }
    Ok(())
}

/// Uses each of the values.
fn each<T>(mut parsed: impl Iterator<Item = Result<T, ParseError>>) -> Result<(), ParseError> {
    parsed.try_for_each(|value| value.map(|value| drop(black_box(value))))
}

/// Uses each counter of each group.
fn groups<'t>(
    mut groups: impl Iterator<Item = Result<ProtocolCounters<'t>, ParseError>>,
) -> Result<(), ParseError> {
    groups.try_for_each(|group| each(group?.counters()))
}

/// How many readings into `buffer` a bare reader needs to know that it has all of the file `path`, which stays in
/// `buffer`.
fn readings(path: &str, end: End, buffer: &mut Vec<u8>) -> rustix::io::Result<usize> {
    let mut reads = 0;
    let mut length = None;
    while length != Some(buffer.len()) {
        length = Some(buffer.len());
        reads += 1;
        bare(CWD, path, reads, buffer)?;
    }
    // The last one gave nothing.
    Ok(match end {
        End::Less => reads - 1,
        End::Nothing => reads,
    })
}

/// The files whose names `wanted` picks, read and parsed by us from `machine`, beside bare reading.
pub(crate) fn rows(machine: &Machine, wanted: impl Fn(&str) -> bool, rounds: usize) -> Vec<Row> {
    let process = Process::of_caller(machine).expect("this process is there");
    let mut ours: Vec<(&str, End, Side<'_>)> = Vec::new();
    macro_rules! read {
        ($name:literal, $end:ident, $read:expr) => {
            ours.push((
                $name,
                End::$end,
                Box::new(|| assert!(black_box(&$read).is_ok(), "this machine's file is read")),
            ));
        };
    }
    read!("stat", Less, process.stat());
    read!("status", Less, process.status());
    read!("io", Less, process.input_output());
    read!("limits", Less, process.limits());
    read!("dev", Nothing, process.network().interfaces());
    read!("statm", Less, process.memory_pages());
    read!("comm", Less, process.name());
    read!("cmdline", Nothing, process.command_line());
    read!("environ", Nothing, process.environment());
    read!("auxv", Nothing, process.auxiliary_vector());
    read!("schedstat", Nothing, process.run_times());
    read!("sched", Nothing, process.scheduler_debug());
    read!("syscall", Nothing, process.in_kernel());
    read!("uid_map", Nothing, process.user_id_map());
    read!("cgroup", Nothing, process.directory().parse("cgroup", Membership::parse_all));
    read!("arp", Nothing, process.network().arp());
    read!("route", Nothing, process.network().ipv4_routes());
    read!("mountinfo", Nothing, Mount::read_all(machine));
    read!("cpuinfo", Nothing, CpuInfo::read(machine));
    read!("meminfo", Less, MemoryInformation::read(machine));
    read!("vmstat", Nothing, VirtualMemoryStatistics::read(machine));
    // What is borrowed is read into a buffer of the caller's, which can be used again.
    let directory = process.directory();
    let mut text = Vec::new();
    ours.push((
        "maps",
        End::Nothing,
        Box::new(move || {
            directory.read_into("maps", &mut text).expect("this machine's file is read");
            each(maps::entries(&text)).expect("this machine's file is parsed");
        }),
    ));
    macro_rules! table {
        ($name:literal, |$text:ident| $parsed:expr) => {{
            let mut buffer = Vec::new();
            ours.push((
                $name,
                End::Nothing,
                Box::new(move || {
                    directory
                        .read_into(concat!("net/", $name), &mut buffer)
                        .expect("this machine's file is read");
                    let $text = &buffer[..];
                    $parsed.expect("this machine's file is parsed");
                }),
            ));
        }};
    }
    table!("tcp", |text| each(InternetSockets::parse(InternetTable::Tcp, text)));
    table!("udp", |text| each(InternetSockets::parse(InternetTable::Udp, text)));
    table!("unix", |text| each(UnixSockets::parse(text)));
    table!("snmp", |text| groups(ProtocolCounters::parse_pairs(text)));
    table!("netstat", |text| groups(ProtocolCounters::parse_pairs(text)));
    table!("sockstat", |text| groups(ProtocolCounters::parse_lines(text)));
    table!("snmp6", |text| each(ipv6_counters(text)));
    let mut text = Vec::new();
    ours.push((
        "smaps",
        End::Nothing,
        Box::new(move || {
            directory.read_into("smaps", &mut text).expect("this machine's file is read");
            each(smaps::entries(&text)).expect("this machine's file is parsed");
        }),
    ));
    ours.into_iter()
        .filter(|(name, ..)| wanted(name))
        .map(|(name, end, ours)| {
            let path = inputs::FILES.iter().find(|file| file.0 == name).expect("a file of the table").1;
            let mut buffer = Vec::with_capacity(4 << 20);
            let reads = readings(path, end, &mut buffer).expect("the file is read");
            let bytes = buffer.len();
            let peer = Box::new(move || bare(CWD, path, reads, &mut buffer).expect("the file is read"));
            let measured = pair::measure(&mut [ours, peer], rounds);
            Row {
                name: name.to_owned(),
                bytes: Some(bytes),
                ours: measured.nanoseconds(0),
                peer: Some(measured.nanoseconds(1)),
                ratio: Some(measured.ratio(0, 1)),
                targets: TARGET,
            }
        })
        .collect()
}
