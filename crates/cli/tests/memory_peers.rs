//! `inspect memory` and `inspect process --memory` beside procps, util-linux and swapon, on this machine.
//!
//! What does not move is compared as it is; what does, with a reading of ours before and one after as bounds.
//! A program that is not installed here makes its test ignored, never passed.

mod common;

use std::{
    collections::BTreeMap,
    process::{Command, ExitCode},
};

use common::{Idle, inspect, peer};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trial = |name: &str, program: &str, test: fn() -> Result<(), Failed>| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
        let there = folders.into_iter().any(|folder| folder.join(program).exists());
        Trial::test(name, test).with_ignored_flag(!there)
    };
    let slabs_are_told = std::fs::read("/proc/slabinfo").is_ok();
    let has_segments = std::fs::metadata("/proc/sysvipc/shm").is_ok();
    let trials = vec![
        trial("the_sizes_are_those_of_free", "free", || in_the_end(sizes_of_free)),
        trial("the_sizes_are_those_of_vmstat", "vmstat", || in_the_end(sizes_of_vmstat)),
        trial("the_slabs_are_those_of_slabtop", "slabtop", || in_the_end(slabs_of_slabtop))
            .with_ignored_flag(!slabs_are_told),
        trial("the_segments_are_those_of_lsipc", "lsipc", segments_of_lsipc).with_ignored_flag(!has_segments),
        trial("the_segments_are_those_of_ipcs", "ipcs", segments_of_ipcs).with_ignored_flag(!has_segments),
        trial("the_swap_areas_are_those_of_swapon", "swapon", areas_of_swapon),
        trial("the_mappings_of_a_process_are_those_of_pmap", "pmap", mappings_of_pmap),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn agree<T: PartialEq + std::fmt::Debug>(what: &str, ours: T, theirs: T) -> Result<(), Failed> {
    if ours == theirs { Ok(()) } else { Err(format!("{what}: ours {ours:?}, theirs {theirs:?}").into()) }
}

/// How far a quantity may go beyond two readings around it, where it moves both ways: 64 MiB.
const SLACK: u64 = 64 << 20;

/// Whether `theirs` lies between our two readings, give or take [`SLACK`].
fn between(what: &str, ours: [u64; 2], theirs: u64) -> Result<(), Failed> {
    let (least, most) = (ours[0].min(ours[1]), ours[0].max(ours[1]));
    let fits = theirs >= least.saturating_sub(SLACK) && theirs <= most.saturating_add(SLACK);
    if fits { Ok(()) } else { Err(format!("{what}: ours {ours:?}, theirs {theirs}").into()) }
}

fn number(value: &Value) -> Result<u64, Failed> {
    value.as_u64().ok_or_else(|| format!("{value} is no number").into())
}

/// What `tool` prints, between two readings of the memory of this machine.
fn around(tool: &str, arguments: &[&str]) -> Result<([Value; 2], String), Failed> {
    let before = inspect(&["memory"]);
    let theirs = peer(tool, arguments).ok_or_else(|| format!("{tool} failed"))?;
    Ok(([before, inspect(&["memory"])], theirs))
}

/// Whether `compare` holds in one of a few attempts: of what others take and give back, much may move in between.
fn in_the_end(compare: fn() -> Result<(), Failed>) -> Result<(), Failed> {
    (0..4).find_map(|_| compare().ok()).map_or_else(compare, Ok)
}

fn sizes_of_free() -> Result<(), Failed> {
    let (ours, text) = around("free", &["--bytes", "--wide"])?;
    let numbers = |name: &str| -> Result<Vec<u64>, Failed> {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or("a line")?;
        Ok(line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
    };
    let [memory, swap] = [numbers("Mem:")?, numbers("Swap:")?];
    let both = |name: &str| -> Result<[u64; 2], Failed> {
        Ok([number(&ours[0]["meminfo"][name])?, number(&ours[1]["meminfo"][name])?])
    };
    // A hypervisor may plug memory in and out meanwhile.
    let totals = both("mem_total")?;
    agree("total", totals.contains(&memory[0]), true)?;
    for (column, name) in [(2, "mem_free"), (3, "shared"), (4, "buffers"), (6, "mem_available")] {
        between(name, both(name)?, memory[column])?;
    }
    agree("swap", both("swap_total")?.contains(&swap[0]), true)?;
    between("swap_free", both("swap_free")?, swap[2])
}

fn sizes_of_vmstat() -> Result<(), Failed> {
    let (ours, text) = around("vmstat", &["--stats"])?;
    let theirs: BTreeMap<&str, u64> = text
        .lines()
        .filter_map(|line| {
            let (count, name) = line.trim().split_once(' ')?;
            Some((name.trim_start_matches("K ").trim(), count.parse().ok()?))
        })
        .collect();
    let shown = |name: &str| theirs.get(name).copied().ok_or_else(|| format!("no {name} in {text}"));
    for (name, field) in [
        ("active memory", "active"),
        ("inactive memory", "inactive"),
        ("free memory", "mem_free"),
        ("buffer memory", "buffers"),
        ("free swap", "swap_free"),
    ] {
        let ours = [number(&ours[0]["meminfo"][field])?, number(&ours[1]["meminfo"][field])?];
        between(name, ours, shown(name)? << 10)?;
    }
    // These only grow.
    for (name, field) in [("pages swapped in", "pswpin"), ("pages swapped out", "pswpout")] {
        let [before, after] = [number(&ours[0]["vmstat"][field])?, number(&ours[1]["vmstat"][field])?];
        agree(name, (before..=after).contains(&shown(name)?), true)?;
    }
    Ok(())
}

fn slabs_of_slabtop() -> Result<(), Failed> {
    let (ours, text) = around("slabtop", &["--once", "--sort=c"])?;
    let caches: Vec<_> = ours
        .iter()
        .map(|memory| memory["slabs"]["caches"].as_array().ok_or("caches"))
        .collect::<Result<_, _>>()?;
    let mut compared = 0;
    // OBJS ACTIVE USE SIZE SLABS OBJ/SLAB CACHE-SIZE NAME
    for line in text.lines().skip_while(|line| !line.contains("OBJ/SLAB")).skip(1) {
        let words: Vec<_> = line.split_whitespace().collect();
        let [.., per_slab, _, name] = words[..] else { continue };
        let found: Vec<_> =
            caches.iter().filter_map(|caches| caches.iter().find(|cache| cache["name"] == name)).collect();
        let [before, after] = found[..] else { return Err(format!("{name} is missing").into()) };
        agree(name, &before["objects_per_slab"].to_string(), &per_slab.to_owned())?;
        let objects = words[0].parse::<u64>()?;
        let ours = [number(&before["objects"])?, number(&after["objects"])?];
        // Caches grow and shrink while others work.
        let slack = ours[0] / 4 + 4096;
        let fits = objects + slack >= ours[0].min(ours[1]) && objects <= ours[0].max(ours[1]) + slack;
        agree(&format!("{name}: {objects}, ours {ours:?}"), fits, true)?;
        compared += 1;
    }
    agree("many caches", compared >= 20, true)?;
    for caches in caches {
        let sizes: Vec<_> = caches.iter().filter_map(|cache| cache["size"].as_u64()).collect();
        agree("the largest first", sizes.is_sorted_by(|one, next| one >= next), true)?;
        agree("each has a size", sizes.len(), caches.len())?;
    }
    Ok(())
}

/// A segment of System V shared memory, removed with its guard.
struct Segment(String);

impl Segment {
    fn make(bytes: u64) -> Result<Self, Failed> {
        let text = peer("ipcmk", &["--shmem", &bytes.to_string(), "--mode", "0640"]).ok_or("ipcmk failed")?;
        Ok(Self(text.rsplit(' ').next().ok_or("an identifier")?.trim().to_owned()))
    }

    fn find<'a>(&self, segments: &'a Value) -> Result<&'a Value, Failed> {
        let found = segments.as_array().and_then(|all| {
            all.iter().find(|one| one["id"].as_i64().is_some_and(|id| id.to_string() == self.0))
        });
        found.ok_or_else(|| format!("segment {} is missing", self.0).into())
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        let _ = Command::new("ipcrm").args(["--shmem-id", &self.0]).status();
    }
}

fn segments_of_lsipc() -> Result<(), Failed> {
    let segment = Segment::make(12_345)?;
    let columns = "ID,KEY,SIZE,NATTCH,PERMS,CPID,LPID";
    let theirs = peer("lsipc", &["--shmems", "--bytes", "--json", "--numeric-perms", "--output", columns]);
    let theirs: Value = serde_json::from_str(&theirs.ok_or("lsipc failed")?)?;
    let theirs = theirs["sharedmemory"].as_array().ok_or("segments")?;
    let section = inspect(&["memory"]);
    let ours = segment.find(&section["shared_segments"])?;
    let plain = |value: &Value| value.to_string().trim_matches('"').to_owned();
    let theirs = theirs.iter().find(|one| plain(&one["id"]) == segment.0).ok_or("theirs")?;
    agree("size", plain(&ours["size"]), plain(&theirs["size"]))?;
    agree("attached", plain(&ours["attached"]), plain(&theirs["nattch"]))?;
    agree("creator", plain(&ours["creator"]), plain(&theirs["cpid"]))?;
    let mode = format!("{:04o}", number(&ours["mode"])?);
    agree("mode", mode, format!("{:0>4}", plain(&theirs["perms"])))?;
    let key = format!("0x{:08x}", ours["key"].as_i64().ok_or("a key")? as i32);
    agree("key", &key, &plain(&theirs["key"]))?;
    let page = String::from_utf8(common::run(&["inspect", "memory"]).stdout)?;
    agree("the key is shown", page.contains(&key), true)
}

fn segments_of_ipcs() -> Result<(), Failed> {
    let segment = Segment::make(54_321)?;
    let text = peer("ipcs", &["--shmems"]).ok_or("ipcs failed")?;
    // key shmid owner perms bytes nattch status
    let line = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let line = line.into_iter().find(|words| words.get(1) == Some(&&*segment.0)).ok_or("theirs")?;
    let section = inspect(&["memory"]);
    let ours = segment.find(&section["shared_segments"])?;
    agree("bytes", ours["size"].to_string(), line[4].to_owned())?;
    agree("mode", format!("{:o}", number(&ours["mode"])?), line[3].to_owned())?;
    agree("attached", ours["attached"].to_string(), line[5].to_owned())
}

fn areas_of_swapon() -> Result<(), Failed> {
    let (ours, text) = around("swapon", &["--show=NAME,TYPE,SIZE,PRIO", "--bytes", "--noheadings", "--raw"])?;
    let theirs: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    let areas = ours[0]["swaps"].as_array().ok_or("swaps")?;
    agree("areas", areas.len(), theirs.len())?;
    for (area, theirs) in areas.iter().zip(theirs) {
        agree("path", area["path"].as_str(), Some(theirs[0]))?;
        agree("type", area["type"].as_str(), Some(theirs[1]))?;
        agree("size", area["size"].to_string(), theirs[2].to_owned())?;
        agree("priority", area["priority"].to_string(), theirs[3].to_owned())?;
    }
    Ok(())
}

fn mappings_of_pmap() -> Result<(), Failed> {
    let idle = Idle::start();
    let pid = idle.pid();
    let theirs = peer("pmap", &["-x", &pid]).ok_or("pmap failed")?;
    let section = inspect(&["process", &pid, "--memory"]);
    let mappings = section["memory"]["mappings"].as_array().ok_or("mappings")?;
    let mut compared = 0;
    // Address Kbytes RSS Dirty Mode Mapping
    for words in theirs.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()) {
        let Some(address) = words.first().and_then(|word| u64::from_str_radix(word, 16).ok()) else {
            continue;
        };
        let [_, size, resident, dirty, mode, ..] = words[..] else { continue };
        let start = format!("{address:x}-");
        let found = mappings.iter().find(|mapping| {
            mapping["range"].as_str().is_some_and(|range| range.trim_start_matches('0').starts_with(&start))
        });
        let ours = found.ok_or_else(|| format!("{address:x} is missing"))?;
        let kib = |name: &str| Ok::<_, Failed>(number(&ours["memory"][name])? >> 10);
        agree("size", kib("Size")?, size.parse()?)?;
        // Pages that the process shares may come and go with others; those of its own stay.
        agree("dirty", kib("Private_Dirty")? + kib("Shared_Dirty")?, dirty.parse()?)?;
        if !mode.contains('x') {
            agree("resident", kib("Rss")?, resident.parse()?)?;
        }
        let permissions = ours["permissions"].as_str().ok_or("permissions")?;
        agree("mode", &mode[..3], &permissions[..3])?;
        compared += 1;
    }
    agree("mappings", compared, mappings.len())?;
    let total = theirs.lines().find(|line| line.starts_with("total kB")).ok_or("a total")?;
    let total: u64 = total.split_whitespace().nth(2).ok_or("a size")?.parse()?;
    agree("total", number(&section["memory"]["total"]["size"])? >> 10, total)
}
