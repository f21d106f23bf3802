//! Every file about memory in every tree: nothing is malformed, and no line of it is lost.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use corpus::{Score, unpack_all};
use libtest_mimic::Failed;
use linux_support::{
    base::{Error, Machine, Reading},
    memory::{
        MemoryInformation, SamePageMerging, SlabCache, Swap, SystemPressure, VirtualMemoryStatistics,
        block::MemoryBlocks,
        huge_page::{self, TransparentHugePages},
        numa::{self, NodeSets},
        zone::{self, FreeBlocks},
    },
};

pub(crate) fn read_whole(path: &Path, name: &str) -> Result<(), Failed> {
    let (_unpacked, trees) = unpack_all(path)?;
    let mut score = Score::default();
    for tree in trees {
        let machine = Machine::captured(&tree)?;
        machine_itself(&machine, &tree, &mut score);
        nodes(&machine, &tree, &mut score);
    }
    score.finish(name)
}

/// What became of reading a part of the machine.
fn check<T>(score: &mut Score, tree: &Path, path: &str, result: Result<T, &Error>) {
    match result {
        Ok(_) => score.check(path, "read", "read"),
        Err(error) if error.is_absent() => score.check(path, tree.join(path).exists(), false),
        Err(error) => unsound(score, error),
    }
}

/// What became of a value in a part that is there.
fn value<T>(score: &mut Score, reading: &Reading<T>) {
    match reading.as_result() {
        Err(error) if !error.is_absent() => unsound(score, error),
        _ => {}
    }
}

fn unsound(score: &mut Score, error: &Error) {
    match error.to_string() {
        empty if empty.contains("\"\": expected") => score.explain(empty, "saved as an empty file"),
        other => score.check(other, "malformed", "read"),
    }
}

fn machine_itself(machine: &Machine, tree: &Path, score: &mut Score) {
    let meminfo = MemoryInformation::read(machine);
    check(score, tree, "proc/meminfo", meminfo.as_ref());
    if let Ok(meminfo) = &meminfo {
        lines_of_meminfo(&tree.join("proc/meminfo"), meminfo, score);
    }
    let vmstat = VirtualMemoryStatistics::read(machine);
    check(score, tree, "proc/vmstat", vmstat.as_ref());
    if let Ok(vmstat) = &vmstat {
        lines_of_vmstat(&tree.join("proc/vmstat"), vmstat, score);
    }
    check(score, tree, "proc/zoneinfo", zone::zones(machine).as_ref());
    check(score, tree, "proc/buddyinfo", FreeBlocks::read_all(machine).as_ref());
    check(score, tree, "proc/slabinfo", SlabCache::read_all(machine).as_ref());
    check(score, tree, "proc/swaps", Swap::read_all(machine).as_ref());
    let blocks = MemoryBlocks::read(machine);
    check(score, tree, "sys/devices/system/memory/block_size_bytes", blocks.as_ref());
    for block in blocks.iter().flat_map(|blocks| &blocks.blocks) {
        value(score, &block.state);
        value(score, &block.removable);
        value(score, &block.valid_zones);
    }
    let pools = huge_page::pools(machine);
    check(score, tree, "sys/kernel/mm/hugepages", pools.as_ref());
    for pool in pools.iter().flatten() {
        for count in [&pool.total, &pool.free, &pool.reserved, &pool.surplus, &pool.overcommit] {
            value(score, count);
        }
        for node in &pool.nodes {
            for count in [&node.total, &node.free, &node.surplus] {
                value(score, count);
            }
        }
    }
    let transparent = TransparentHugePages::read(machine);
    check(score, tree, "sys/kernel/mm/transparent_hugepage", transparent.as_ref());
    if let Ok(transparent) = &transparent {
        value(score, &transparent.enabled);
        value(score, &transparent.defrag);
        value(score, &transparent.shmem_enabled);
        value(score, &transparent.use_zero_page);
        value(score, &transparent.page_size);
        value(score, &transparent.khugepaged);
    }
    check(score, tree, "sys/kernel/mm/ksm", SamePageMerging::read(machine).as_ref());
    let pressure = SystemPressure::read(machine);
    for (name, resource) in
        [("cpu", &pressure.cpu), ("memory", &pressure.memory), ("io", &pressure.io), ("irq", &pressure.irq)]
    {
        check(score, tree, &format!("proc/pressure/{name}"), resource.as_result());
    }
}

fn nodes(machine: &Machine, tree: &Path, score: &mut Score) {
    let sets = NodeSets::read(machine);
    for set in [
        &sets.possible,
        &sets.online,
        &sets.has_cpu,
        &sets.has_memory,
        &sets.has_normal_memory,
        &sets.has_generic_initiator,
    ] {
        value(score, set);
    }
    for node in numa::nodes(machine).iter().flatten() {
        let folder = tree.join(format!("sys/devices/system/node/node{}", node.node));
        value(score, &node.cpus);
        value(score, &node.memory);
        value(score, &node.distances);
        value(score, &node.statistics);
        value(score, &node.vmstat);
        if let Some(memory) = node.memory.value() {
            lines_of_meminfo(&folder.join("meminfo"), memory, score);
        }
        if let Some(vmstat) = node.vmstat.value() {
            lines_of_vmstat(&folder.join("vmstat"), vmstat, score);
        }
        if let Some(statistics) = node.statistics.value() {
            let ours: BTreeMap<String, u64> =
                statistics.iter().map(|(name, value)| (name.to_string(), value)).collect();
            score.check("numastat", &ours, &lines(&folder.join("numastat")));
        }
    }
}

/// The lines `NAME NUMBER` of a file.
fn lines(path: &PathBuf) -> BTreeMap<String, u64> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = |line: &str| {
        let (name, value) = line.split_once(' ')?;
        Some((name.to_owned(), value.trim().parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

fn lines_of_vmstat(path: &PathBuf, vmstat: &VirtualMemoryStatistics, score: &mut Score) {
    let ours: BTreeMap<String, u64> =
        vmstat.iter().map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value)).collect();
    let expected = lines(path);
    score.check("number of counters", ours.len(), expected.len());
    for (name, value) in expected {
        score.check(&name, ours.get(&name), Some(&value));
    }
}

/// Every line of a meminfo, as KiB or a plain number, however the library keeps it.
fn lines_of_meminfo(path: &PathBuf, memory: &MemoryInformation, score: &mut Score) {
    let mut ours: BTreeMap<String, String> = memory
        .iter()
        .map(|(name, value)| {
            let count = name.starts_with("HugePages_");
            let value = if count { value.to_string() } else { format!("{} kB", value / 1024) };
            (name.to_owned(), value)
        })
        .collect();
    ours.extend(memory.other.iter().map(|other| (other.name.to_string(), other.value.to_string())));
    let text = fs::read_to_string(path).unwrap_or_default();
    let expected = text.lines().filter_map(|line| line.split_once(':'));
    // Lines of a node begin with `Node N`.
    let expected: BTreeMap<&str, &str> =
        expected.map(|(name, value)| (name.rsplit(' ').next().unwrap_or(name), value.trim())).collect();
    score.check("number of lines", ours.len(), expected.len());
    for (name, value) in expected {
        let ours = ours.get(name).map(String::as_str);
        if name.starts_with("HugePages_") && value.ends_with("kB") {
            score.explain(name, "a number of pages in kB, which no kernel writes");
        } else {
            score.check(name, ours, Some(value));
        }
    }
}
