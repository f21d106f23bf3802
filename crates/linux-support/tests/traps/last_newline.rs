//! A file's last newline makes no empty last item.

use std::fmt::Debug;

use linux_support::{
    base::{CpuSet, KernelRelease, Machine, Pressure},
    cgroup::{self, Controller, GroupType, Hierarchies, Membership, RegisteredController},
    cpu::{CpuInfo, Interrupts, Softirqs},
    device::{
        Majors,
        pci::{ErrorCounts, Resources},
    },
    filesystem::{Mount, RegisteredFileSystem, mount::table::TableEntry},
    kernel::{CommandLine, Configuration, Load, Module, Statistics, Taint, Uptime, distribution, identity},
    memory::{
        MemoryInformation, SlabCache, Swap, VirtualMemoryStatistics, mapping,
        numa::NodeStatistics,
        zone::{FreeBlocks, ZoneInformation},
    },
    process::{
        Groups, InputOutput, Limits, MemoryPages, ProcessName, RunTimes, Stat, Status, UserIdMap, Users,
    },
};

use crate::file;

/// `parse` gives the same with and without the newline, and no error.
fn same<T: Debug, E: Debug>(what: &str, text: &[u8], parse: impl Fn(&[u8]) -> Result<T, E>) {
    let bare = text.strip_suffix(b"\n").unwrap_or_else(|| panic!("{what} ends in a newline"));
    let with = format!("{:?}", parse(text).unwrap_or_else(|error| panic!("{what}: {error:?}")));
    let without = format!("{:?}", parse(bare).unwrap_or_else(|error| panic!("{what}: {error:?}")));
    assert_eq!(with, without, "{what}");
}

fn live(path: &str) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn in_files_of_memory() {
    same("meminfo", &live("/proc/meminfo"), MemoryInformation::parse);
    same(
        "meminfo of a node",
        b"Node 0 MemTotal: 5 kB\nNode 0 MemFree: 1 kB\n",
        MemoryInformation::parse_node,
    );
    same("vmstat", &live("/proc/vmstat"), VirtualMemoryStatistics::parse);
    same("zoneinfo", &live("/proc/zoneinfo"), ZoneInformation::parse_all);
    same("buddyinfo", b"Node 0, zone DMA 1 0 2\n", FreeBlocks::parse_all);
    same("numastat", b"numa_hit 1\nnuma_miss 2\n", NodeStatistics::parse);
    same("swaps", b"Filename Type Size Used Priority\n/dev/sda2 partition 4 0 -2\n", Swap::parse_all);
    same("slabinfo", b"dentry 1 2 3 4 5 : slabdata 6 7 0\n", SlabCache::parse_all);
    same("pressure", b"some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", Pressure::parse);
    same("maps", &live("/proc/self/maps"), |text| {
        mapping::maps::entries(text).collect::<Result<Vec<_>, _>>().map(|all| format!("{all:?}"))
    });
    same("smaps", &live("/proc/self/smaps"), |text| {
        mapping::smaps::entries(text)
            .map(|entry| entry.map(|entry| format!("{:?}", (entry.memory, entry.flags))))
            .collect::<Result<Vec<_>, _>>()
    });
}

#[test]
fn in_files_of_cpus() {
    same("a list of CPUs", b"0-3,8\n", CpuSet::parse_list);
    same("a mask of CPUs", b"00000000,ffffffff\n", CpuSet::parse_mask);
    same("an empty list of CPUs", b"\n", CpuSet::parse_list);
    same("cpuinfo", &live("/proc/cpuinfo"), CpuInfo::parse);
    same("interrupts", b"           CPU0\n  0:   12  IO-APIC   2-edge   timer\nERR:  0\n", Interrupts::parse);
    same("softirqs", b"         CPU0\n   HI:   1\nTIMER: 2\n", Softirqs::parse);
}

#[test]
fn in_files_of_the_kernel() {
    same("modules", b"a 16384 0 - Live 0x0\n", Module::parse_all);
    same("stat", &live("/proc/stat"), Statistics::parse);
    same("uptime", &live("/proc/uptime"), Uptime::parse);
    same("loadavg", &live("/proc/loadavg"), Load::parse);
    same("tainted", b"4096\n", Taint::parse);
    same("osrelease", b"6.1.0-40-amd64\n", KernelRelease::parse);
    same("version", &live("/proc/version"), identity::Banner::parse);
    same("cmdline", b"quiet ro\n", |text| Ok::<_, ()>(CommandLine::parse(text)));
    let configuration = |text: &[u8]| Configuration::parse(text).map(|found| found.len());
    same("config", b"CONFIG_PSI=y\n# CONFIG_KSM is not set\n", configuration);
    same("os-release", b"ID=debian\nNAME=\"Debian GNU/Linux\"\n", distribution::Distribution::parse);
    same("devices", b"Character devices:\n  1 mem\n\nBlock devices:\n  8 sd\n", Majors::parse);
}

#[test]
fn in_files_of_devices_and_file_systems() {
    let line = b"0x00000000f0000000 0x00000000f0003fff 0x0000000000040200\n";
    same("resource", &line.repeat(13), Resources::parse);
    same("aer_dev_fatal", b"Undefined 0\nTOTAL_ERR_FATAL 0\n", ErrorCounts::parse);
    same("mountinfo", &live("/proc/self/mountinfo"), Mount::parse_all);
    same("mounts", &live("/proc/self/mounts"), TableEntry::parse_all);
    same("filesystems", &live("/proc/filesystems"), RegisteredFileSystem::parse_all);
}

#[test]
fn in_files_of_processes() {
    same("stat", &live("/proc/self/stat"), Stat::parse);
    same("status", &live("/proc/self/status"), Status::parse);
    same("statm", &live("/proc/self/statm"), MemoryPages::parse);
    same("comm", b"sh\n", |text| Ok::<_, ()>(ProcessName::parse(text)));
    same("limits", &live("/proc/self/limits"), Limits::parse);
    same("io", &live("/proc/self/io"), InputOutput::parse);
    same("schedstat", b"1 2 3\n", RunTimes::parse);
    same("uid_map", b"0 0 4294967295\n", UserIdMap::parse);
    same("passwd", b"root:x:0:0:root:/root:/bin/sh\n", Users::parse);
    same("group", b"root:x:0:\n", Groups::parse);
    same("cgroup", b"0::/\n", Membership::parse_all);
}

#[test]
fn in_files_of_control_groups() {
    same(
        "/proc/cgroups",
        b"#subsys_name hierarchy num_cgroups enabled\ncpu 0 1 1\n",
        RegisteredController::parse_all,
    );
    same("cgroup.controllers", b"cpu memory\n", Controller::parse_list);
    same("cgroup.type", b"domain\n", GroupType::parse);
    same("io.stat", b"8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n", cgroup::parse_statistics);
    same("io.max", b"8:0 rbps=max wbps=1 riops=max wiops=max\n", cgroup::parse_limits);
    same("memory.stat", b"anon 1\nfile 2\n", cgroup::MemoryStatistics::parse);
    same("memory.numa_stat", b"anon N0=1\n", cgroup::NodeStatistics::parse);
    same("cpu.max", b"max 100000\n", cgroup::CpuBandwidth::parse);
    let mountinfo = b"1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
    same("mountinfo", mountinfo, Hierarchies::parse);
    let processes = |text: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        file(folder.path(), "sys/fs/cgroup/a/cgroup.procs", std::str::from_utf8(text).unwrap());
        let machine = Machine::captured(folder.path()).unwrap();
        let hierarchies = Hierarchies::parse(mountinfo).unwrap();
        let group = cgroup::Group::read(&machine, hierarchies.unified().unwrap(), b"/a").unwrap();
        group.processes.into_result()
    };
    same("cgroup.procs", b"1\n22\n", processes);
    assert_eq!(processes(b"1\n22\n").unwrap(), 2);
    assert_eq!(processes(b"").unwrap(), 0);
}
