use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    process::{Child, Command, Stdio},
};

use linux_support_base::{NumaNode, PageSize};

use super::*;
use crate::mapping::{Field, MapOptions};

const SMAPS_TEXT: &[u8] = b"55d0c5a00000-55d0c5a02000 r-xp 00001000 fe:00 1234                       /usr/bin/cat\n\
Size:                  8 kB\nKernelPageSize:        4 kB\nRss:                   8 kB\nPss:                   4 kB\n\
AnonHugePages:         0 kB\nSwap:                  0 kB\nLocked:                0 kB\nVmFlags: rd ex mr mw me\n\
7f0000000000-7f0000400000 rw-p 00000000 00:0e 5                          /anon_hugepage (deleted)\n\
Size:               4096 kB\nKernelPageSize:     2048 kB\nRss:                   0 kB\nPss:                   0 kB\n\
AnonHugePages:         0 kB\nShared_Hugetlb:        0 kB\nPrivate_Hugetlb:    2048 kB\nSwap:                  0 kB\n\
Locked:                0 kB\nVmFlags: rd wr mr mw me ht\n\
7f0000400000-7f0000a00000 rw-p 00000000 00:00 0 \n\
Size:               6144 kB\nKernelPageSize:        4 kB\nRss:                4100 kB\nPss:                4100 kB\n\
AnonHugePages:      4096 kB\nSwap:                 12 kB\nLocked:                4 kB\nVmFlags: rd wr mr mw me\n";

const NUMA_TEXT: &[u8] = b"55d0c5a00000 default file=/usr/bin/cat mapped=2 N1=2 kernelpagesize_kB=4\n\
7f0000000000 bind:3 file=/anon_hugepage\\040(deleted) huge anon=1 dirty=1 N3=1 kernelpagesize_kB=2048\n\
7f0000400000 default anon=1025 dirty=1025 N0=1 N1=1024 kernelpagesize_kB=4\n";

/// A process that has begun and now waits, so that what it has mapped stays.
pub(in crate::mapping) fn waiting() -> Child {
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    child
}

fn node(number: u32) -> NumaNode {
    NumaNode::new(number).unwrap()
}

fn kib(kib: u64) -> Bytes {
    Bytes::from_kib(kib).unwrap()
}

fn map() -> MemoryMap {
    MemoryMap::parse_smaps(SMAPS_TEXT).unwrap().with_placement(Ok(NUMA_TEXT))
}

#[test]
fn totals_are_by_kind_page_size_and_node() {
    let map = map();
    let total = map.total();
    assert_eq!((total.mappings, total.size), (3, kib(8 + 4096 + 6144)));
    assert_eq!(total.resident, Some(kib(8 + 2048 + 4100)));
    assert_eq!(
        (total.proportional, total.swapped, total.locked),
        (Some(kib(4104)), Some(kib(12)), Some(kib(4)))
    );
    assert_eq!(total.transparent_huge, Some(kib(4096)));
    assert_eq!(
        total.pools,
        [OnPageSize { page_size: PageSize::new(kib(2048)).unwrap(), resident: kib(2048) }]
    );
    let on = |number, resident| OnNode { node: node(number), resident: kib(resident) };
    assert_eq!(total.nodes, Some(vec![on(0, 4), on(1, 8 + 4096), on(3, 2048)]));
    let kinds: Vec<_> = map.totals().into_iter().map(|total| (total.kind, total.total.mappings)).collect();
    assert_eq!(kinds, [(MappingKind::FileText, 1), (MappingKind::Anonymous, 1), (MappingKind::HugePages, 1)]);
    assert_eq!(map.mappings[1].policy.as_ref().unwrap(), &ByteString::from("bind:3"));
}

#[test]
fn what_was_not_read_is_no_zero() {
    let ranges = MemoryMap::parse_maps(b"1000-2000 rw-p 0 0:0 0 \n").unwrap();
    assert!(ranges.nodes_unavailable.is_some());
    let total = ranges.total();
    assert_eq!((total.size, total.resident, total.nodes), (Bytes::new(4096), None, None));
    let unread = Error::new("read", "numa_maps", linux_support_base::Reason::Absent);
    let sizes = MemoryMap::parse_smaps(SMAPS_TEXT).unwrap().with_placement(Err(unread.clone()));
    assert_eq!((sizes.total().nodes, &sizes.nodes_unavailable), (None, &Some(unread)));
    // A mapping that came between the two readings.
    let fewer = MemoryMap::parse_smaps(SMAPS_TEXT).unwrap().with_placement(Ok(b"55d0c5a00000 default\n"));
    assert_eq!((&fewer.mappings[1].nodes, fewer.total().nodes), (&None, None));
    let broken = MemoryMap::parse_smaps(SMAPS_TEXT).unwrap().with_placement(Ok(b"55d0c5a00000 default\nx\n"));
    let error = broken.nodes_unavailable.clone().unwrap();
    assert!(error.to_string().contains("line 2") && broken.mappings[0].nodes.is_none(), "{error}");
}

#[test]
fn mappings_are_found_by_address_range_file_and_inode() {
    let map = map();
    let start = |mapping: Option<&MappedRange>| mapping.map(|mapping| mapping.range.start());
    assert_eq!(start(map.at(0x55d0_c5a0_1fff)), Some(0x55d0_c5a0_0000));
    assert_eq!(start(map.at(0x7f00_0040_0000)), Some(0x7f00_0040_0000));
    for nowhere in [0, 0x55d0_c5a0_2000, 0x7f00_00a0_0000, u64::MAX] {
        assert_eq!(map.at(nowhere), None, "{nowhere:x}");
    }
    let within = |start, end| map.within(AddressRange::new(start, end).unwrap()).count();
    assert_eq!(
        (within(0, u64::MAX), within(0x7f00_003f_ffff, 0x7f00_0040_0001), within(0, 0x1000)),
        (3, 2, 0)
    );
    assert_eq!(map.of_file(b"/usr/bin/cat").count(), 1);
    assert_eq!(map.of_file(b"/anon_hugepage").count(), 1);
    assert_eq!(map.of_inode(DeviceNumber::new(0xfe, 0), 1234).count(), 1);
    assert_eq!(map.of_inode(DeviceNumber::new(0, 0), 0).count(), 0);
    let unsorted = MemoryMap::parse_maps(b"3000-4000 rw-p 0 0:0 0 \n1000-2000 rw-p 0 0:0 0 \n").unwrap();
    assert_eq!(start(unsorted.at(0x1000)), Some(0x1000));
    assert!(MemoryMap::parse_maps(b"1000-2000 rw-p 0 0:0 0 \nx\n").is_err());
}

#[test]
#[cfg_attr(user_emulation, ignore = "the mappings are also those of the emulator")]
fn this_process_has_what_it_maps_and_its_kinds_add_up() {
    let machine = Machine::live().unwrap();
    let mut memory = MapOptions::new().private(Bytes::new(1 << 20)).unwrap();
    memory.as_bytes_mut().fill(1);
    let map = MemoryMap::of_this_process(&machine).unwrap();
    let found = map.at(memory.range().start()).unwrap();
    assert_eq!((found.kind, found.permissions.to_string().as_str()), (MappingKind::Anonymous, "rw-p"));
    assert!(found.resident().unwrap() >= kib(1024));
    let executable = fs::read_link("/proc/self/exe").unwrap();
    let parts = map.of_file(executable.as_os_str().as_encoded_bytes());
    assert!(parts.map(|part| part.kind).any(|kind| kind == MappingKind::FileText));
    if let Some(nodes) = &found.nodes {
        let on_nodes: u64 = nodes.iter().map(|node| node.resident.get()).sum();
        assert!(on_nodes >= 1 << 20, "{nodes:?}");
    }
    assert_eq!(map.totals().iter().map(|total| total.total.mappings).sum::<u64>(), map.mappings.len() as u64);
}

#[test]
fn a_child_adds_up_to_its_rollup() {
    let mut child = waiting();
    let machine = Machine::live().unwrap();
    let process = machine.directory(format!("/proc/{}", child.id())).unwrap();
    let map = MemoryMap::read(&machine, &process).unwrap();
    let rollup = machine.read(format!("/proc/{}/smaps_rollup", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let rollup = smaps::entries(&rollup).next().unwrap().unwrap().memory;
    let total = map.total();
    assert_eq!((total.resident, total.swapped), (rollup.get(Field::Rss), rollup.get(Field::Swap)));
    let mut kinds = BTreeMap::new();
    map.mappings.iter().for_each(|mapping| *kinds.entry(mapping.kind).or_insert(0) += 1);
    assert!(
        [MappingKind::FileText, MappingKind::Stack, MappingKind::Kernel].iter().all(|kind| kinds[kind] > 0)
    );
    let gone = MemoryMap::read(&machine, &process).unwrap_err();
    assert!(gone.is_absent(), "{gone}");
}

proptest::proptest! {
    #[test]
    fn nothing_panics(smaps: Vec<u8>, cut in 0..SMAPS_TEXT.len(), numa: Vec<u8>) {
        for text in [&smaps[..], &SMAPS_TEXT[..cut]] {
            if let Ok(map) = MemoryMap::parse_smaps(text) {
                let map = map.with_placement(Ok(&numa));
                let _ = (map.total(), map.totals(), map.at(cut as u64));
            }
        }
    }
}
