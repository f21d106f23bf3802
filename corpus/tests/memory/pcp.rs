//! Performance Co-Pilot's readings of memory.

use std::{collections::BTreeMap, path::Path};

use corpus::{
    Score,
    pcp::{self, Value},
    unpack,
};
use libtest_mimic::Failed;
use linux_support::{
    base::{Error, Machine, Pressure, Reading},
    memory::{
        MemoryInformation, MergingState, SamePageMerging, SlabCache, SystemPressure, VirtualMemoryStatistics,
        huge_page::{self, HugePagePool},
        numa::{self, Node},
        zone::{self, FreeBlocks, ZoneInformation},
    },
};

/// PCP reckons in pages of 4 KiB, whatever machine the files are of.
const PAGE_KIB: u64 = 4;

/// Names that PCP has given to lines of meminfo, where they differ by more than capitals and signs.
const RENAMED: [(&str, &str); 8] = [
    ("total", "MemTotal"),
    ("free", "MemFree"),
    ("available", "MemAvailable"),
    ("shared", "MemShared"),
    ("bufmem", "Buffers"),
    ("slabReclaimable", "SReclaimable"),
    ("slabUnreclaimable", "SUnreclaim"),
    ("corrupthardware", "HardwareCorrupted"),
];

pub(crate) fn memory(path: &Path, name: &str) -> Result<(), Failed> {
    let (_unpacked, tree) = unpack(path)?;
    let machine = Machine::captured(tree)?;
    let memory = MemoryInformation::read(&machine)?;
    let vmstat = VirtualMemoryStatistics::read(&machine)?;
    let zones = zone::zones(&machine)?;
    let blocks = FreeBlocks::read_all(&machine);
    let merging = SamePageMerging::read(&machine);
    let caches = SlabCache::read_all(&machine);
    let nodes: BTreeMap<String, Node> =
        numa::nodes(&machine)?.into_iter().map(|node| (format!("node{}", node.node), node)).collect();
    let mut score = Score::default();
    for value in pcp::values(path)? {
        let Value { metric, instance, number } = &value;
        let what = format!("{metric} {instance}");
        let ours = match metric.strip_prefix("mem.").and_then(|rest| rest.rsplit_once('.')) {
            None => memory_value(&memory, if metric == "mem.physmem" { "total" } else { "free" }),
            Some(("util", field)) => memory_value(&memory, field),
            Some(("vmstat", "nr_slab")) => {
                let part = |name| vmstat.by_name(name);
                part("nr_slab_reclaimable").zip(part("nr_slab_unreclaimable")).map(|(one, other)| one + other)
            }
            Some(("zoneinfo", "workingset_active_anon" | "workingset_active_file")) => {
                score.explain(what, "the kernel writes workingset_activate_…, and PCP has 0");
                continue;
            }
            Some(("vmstat", field)) => match vmstat.by_name(field) {
                None if field.ends_with("_total") || *number == 0.0 => {
                    score.explain(what, "PCP's own sum, or its 0 for what the file has not");
                    continue;
                }
                ours => ours,
            },
            Some(("ksm" | "vmmemctl", _)) => {
                score.check(&what, merging.as_ref().is_err_and(Error::is_absent), true);
                score.explain(what, "PCP has 0 for what the tree has not");
                continue;
            }
            Some(("zoneinfo", field)) => zone_value(&zones, instance, field),
            Some(("buddyinfo", field)) => {
                block_value(blocks.as_ref().map_or(&[], Vec::as_slice), instance, field)
            }
            Some(("numa.util", field)) => {
                let node = nodes.get(instance).and_then(|node| node.memory.value());
                node.and_then(|node| node_value(node, &memory, field))
            }
            Some(("numa.alloc", field)) => nodes.get(instance).and_then(|node| allocation(node, field)),
            Some(("slabinfo.objects" | "slabinfo.slabs", _)) => {
                let caches = caches.as_ref().map_or(&[][..], Vec::as_slice);
                caches
                    .iter()
                    .find(|cache| cache.name == instance.as_str())
                    .and_then(|c| slab_value(c, metric))
            }
            Some(_) => None,
        };
        score.check(what, ours, Some(*number as u64));
    }
    score.finish(name)
}

fn kib(memory: &MemoryInformation, key: &str) -> Option<u64> {
    let plain = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
    };
    let wanted = RENAMED.iter().find(|(renamed, _)| *renamed == key).map_or(key, |(_, name)| *name);
    let (name, value) = memory.iter().find(|(name, _)| plain(name) == plain(wanted))?;
    Some(if name.starts_with("HugePages_") { value } else { value / 1024 })
}

fn memory_value(memory: &MemoryInformation, field: &str) -> Option<u64> {
    let kib = |key: &str| kib(memory, key);
    match field {
        "used" => Some(kib("total")? - kib("free")?),
        "other" => Some(kib("total")? - kib("free")? - kib("Cached")? - kib("Buffers")?),
        "cache_clean" => Some(kib("Cached")? - kib("Dirty")? - kib("Writeback")?),
        field => match field.strip_suffix("Bytes") {
            Some(pages) => Some(kib(pages)? * memory.huge_page_size?.get()),
            None => kib(field),
        },
    }
}

fn node_value(node: &MemoryInformation, machine: &MemoryInformation, field: &str) -> Option<u64> {
    match field.strip_suffix("Bytes") {
        Some(pages) => Some(kib(node, pages)? * machine.huge_page_size?.get()),
        None if field == "used" => kib(node, "MemUsed"),
        None => kib(node, field),
    }
}

/// The value of `ZONE::nodeN`, `ZONE::nodeN::lowmem_reservedM`, or `nodeN`.
fn zone_value(zones: &[ZoneInformation], instance: &str, field: &str) -> Option<u64> {
    if !instance.contains("::") {
        let mut zones = zones.iter().filter(|zone| format!("node{}", zone.node) == instance);
        return zones.find_map(|zone| zone.node_counters.get(field)).map(|pages| pages * PAGE_KIB);
    }
    let mut parts = instance.split("::");
    let (kind, node, part) = (parts.next()?, parts.next()?, parts.next());
    let zone = zones.iter().find(|zone| zone.zone == kind && format!("node{}", zone.node) == node)?;
    let typed = match field {
        "free" => zone.free,
        "min" => zone.watermarks.min,
        "low" => zone.watermarks.low,
        "high" => zone.watermarks.high,
        "spanned" => zone.spanned,
        "present" => zone.present,
        "managed" => zone.managed,
        "cma" => zone.cma,
        "protection" => {
            let index: usize = part?.strip_prefix("lowmem_reserved")?.parse().ok()?;
            zone.protection.get(index).copied()
        }
        _ => None,
    };
    let pages = match typed {
        Some(pages) => pages.get(),
        None => zone.counters.get(field)?,
    };
    Some(pages * PAGE_KIB)
}

/// The value of `ZONE::orderM::nodeN`.
fn block_value(blocks: &[FreeBlocks], instance: &str, field: &str) -> Option<u64> {
    let mut parts = instance.split("::");
    let (kind, order, node) = (parts.next()?, parts.next()?, parts.next()?);
    let order: usize = order.strip_prefix("order")?.parse().ok()?;
    let zone = blocks.iter().find(|zone| zone.zone == kind && format!("node{}", zone.node) == node)?;
    let count = *zone.counts.get(order)?;
    Some(if field == "total" { (count << order) * PAGE_KIB } else { count })
}

fn slab_value(cache: &SlabCache, metric: &str) -> Option<u64> {
    Some(match metric.strip_prefix("mem.slabinfo.")? {
        "objects.active" => cache.active_objects,
        "objects.total" => cache.objects,
        "objects.size" => cache.object_size.get(),
        "slabs.active" => cache.active_slabs,
        "slabs.total" => cache.slabs,
        "slabs.objects_per_slab" => cache.objects_per_slab,
        "slabs.pages_per_slab" => cache.pages_per_slab.get(),
        // PCP reckons the share of the objects in use.
        "slabs.total_size" => {
            cache.pages_per_slab.get() * PAGE_KIB * 1024 * cache.active_objects / cache.objects_per_slab
        }
        _ => return None,
    })
}

fn allocation(node: &Node, field: &str) -> Option<u64> {
    let statistics = node.statistics.value()?;
    match field {
        "hit" => statistics.numa_hit,
        "miss" => statistics.numa_miss,
        "foreign" => statistics.numa_foreign,
        "interleave_hit" => statistics.interleave_hit,
        "local_node" => statistics.local_node,
        "other_node" => statistics.other_node,
        _ => None,
    }
}

pub(crate) fn pressure(path: &Path, name: &str) -> Result<(), Failed> {
    let (_unpacked, tree) = unpack(path)?;
    let pressure = SystemPressure::read(&Machine::captured(tree)?);
    let mut score = Score::default();
    for Value { metric, instance, number } in pcp::values(path)? {
        let ours = pressure_value(&pressure, &metric, &instance);
        // PCP cuts averages short that 32-bit floats can't hold.
        let close = ours.is_some_and(|ours| (ours - number).abs() < 0.011);
        score.check(format!("{metric} {instance} {ours:?} {number}"), close, true);
    }
    score.check("irq is absent", pressure.irq.is_absent(), true);
    score.finish(name)
}

fn pressure_value(pressure: &SystemPressure, metric: &str, instance: &str) -> Option<f64> {
    let mut parts = metric.strip_prefix("kernel.all.pressure.")?.split('.');
    let resource: &Reading<Pressure> = match parts.next()? {
        "cpu" => &pressure.cpu,
        "memory" => &pressure.memory,
        "io" => &pressure.io,
        _ => return None,
    };
    let resource = resource.value()?;
    let stall = if parts.next()? == "some" { resource.some } else { resource.full }?;
    Some(match (parts.next()?, instance) {
        // PCP prints microseconds as thousands of them, a point, and the last two digits.
        ("total", _) => {
            let microseconds = stall.total.as_micros();
            (microseconds / 1000) as f64 + (microseconds % 100) as f64 / 100.0
        }
        ("avg", "10 second") => stall.last_ten_seconds.percent(),
        ("avg", "1 minute") => stall.last_minute.percent(),
        ("avg", "5 minute") => stall.last_five_minutes.percent(),
        _ => return None,
    })
}

pub(crate) fn huge_pages(path: &Path, name: &str) -> Result<(), Failed> {
    let (_unpacked, tree) = unpack(path)?;
    let pools = huge_page::pools(&Machine::captured(tree)?)?;
    let mut score = Score::default();
    for Value { metric, instance, number } in pcp::values(path)? {
        let pool = pools.iter().find(|pool| format!("{}kB", pool.size.bytes().kib()) == instance);
        let ours = pool.and_then(|pool| pool_value(pool, &metric));
        if metric == "mem.hugepages.overcommit" && number == 0.0 && ours.is_some_and(|ours| ours > 0) {
            score.explain(instance, "PCP has 0, though nr_overcommit_hugepages is not");
            continue;
        }
        score.check(format!("{metric} {instance}"), ours, Some(number as u64));
    }
    score.finish(name)
}

/// In KiB, as PCP has it.
fn pool_value(pool: &HugePagePool, metric: &str) -> Option<u64> {
    let pages = match metric.strip_prefix("mem.hugepages.")? {
        "pagesize" => return Some(pool.size.bytes().kib()),
        "totalsize" => &pool.total,
        "free" => &pool.free,
        "reserved" => &pool.reserved,
        "surplus" => &pool.surplus,
        "overcommit" => &pool.overcommit,
        _ => return None,
    };
    Some(pages.value()? * pool.size.bytes().kib())
}

pub(crate) fn same_page_merging(path: &Path, name: &str) -> Result<(), Failed> {
    let (_unpacked, tree) = unpack(path)?;
    let merging = SamePageMerging::read(&Machine::captured(tree)?)?;
    let mut score = Score::default();
    for Value { metric, number, .. } in pcp::values(path)? {
        let ours = match metric.strip_prefix("mem.ksm.").unwrap_or_default() {
            "full_scans" => merging.full_scans.value().copied(),
            "merge_across_nodes" => merging.merge_across_nodes.value().map(|merge| u64::from(*merge)),
            "pages_shared" => merging.pages_shared.value().copied(),
            "pages_sharing" => merging.pages_sharing.value().copied(),
            "pages_to_scan" => merging.pages_to_scan.value().copied(),
            "pages_unshared" => merging.pages_unshared.value().copied(),
            "pages_volatile" => merging.pages_volatile.value().copied(),
            "run_state" => merging.run.value().map(|run| match run {
                MergingState::Stopped => 0,
                MergingState::Running => 1,
                MergingState::Unmerged => 2,
                _ => 3,
            }),
            "sleep_time" => merging.sleep_milliseconds.value().copied(),
            _ => None,
        };
        score.check(metric, ours, Some(number as u64));
    }
    score.finish(name)
}

pub(crate) fn nodes(path: &Path, name: &str) -> Result<(), Failed> {
    let (_unpacked, tree) = unpack(path)?;
    let machine = Machine::captured(tree)?;
    let online = numa::online(&machine)?;
    let mut score = Score::default();
    for Value { metric, instance, number } in pcp::values(path)? {
        if metric == "hinv.node.online" {
            let ours = online.iter().any(|node| format!("node{node}") == instance);
            score.check(instance, ours, number == 1.0);
        }
    }
    score.finish(name)
}
