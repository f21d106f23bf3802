//! hwloc's trees: packages, dies, clusters, cores, PUs and caches, by the CPUs in each.

use std::{collections::BTreeSet, fs, path::Path};

use corpus::Score;
use libtest_mimic::Failed;
use linux_support::{
    base::{Cpu, CpuSet, Machine},
    cpu::{CacheKind, Caches, Topology},
};

use crate::beside;

/// Kind, number where there is one, size of a cache, and CPUs.
pub(crate) type Object = (String, Option<u32>, String, String);

pub(crate) fn compare(path: &Path, name: &str) -> Result<(), Failed> {
    let (_folder, tree) = corpus::unpack(path)?;
    let machine = Machine::captured(&tree).map_err(|error| error.to_string())?;
    let options = fs::read_to_string(beside(path, ".test"))?;
    let expected = match fs::read_to_string(beside(path, ".console")) {
        Ok(text) => console(&text),
        Err(_) => xml(&fs::read_to_string(beside(path, ".xml"))?),
    };
    let topology = Topology::read(&machine).map_err(|error| error.to_string())?;
    let caches = Caches::read(&machine).map_err(|error| error.to_string())?;
    let mut score = Score::default();
    score.check("problems", (&topology.problems, &caches.problems), (&Vec::new(), &Vec::new()));

    against(&topology, &caches, expected, &options, name, &mut score);
    score.finish(name)
}

/// Compares what hwloc `expected` under these `options` with ours.
pub(crate) fn against(
    topology: &Topology,
    caches: &Caches,
    expected: BTreeSet<Object>,
    options: &str,
    name: &str,
    score: &mut Score,
) {
    // A cgroup of the saved machine may have allowed only some CPUs: hwloc leaves the others out.
    let shown: CpuSet =
        expected.iter().filter(|object| object.0 == "PU").filter_map(|object| Cpu::new(object.1?)).collect();
    let ours = ours(topology, caches, &shown);
    // hwloc numbers only what the kernel gave a number; a cache's is not shown by older versions.
    let without_number = |objects: &BTreeSet<Object>, wanted: &dyn Fn(&str) -> bool| -> BTreeSet<Object> {
        let object = |(kind, number, size, cpus): &Object| {
            let number = number.filter(|_| !kind.ends_with("Cache"));
            (kind.clone(), number, size.clone(), cpus.clone())
        };
        objects.iter().map(object).filter(|object| wanted(&object.0)).collect()
    };
    let structure_only = options.contains("--filter all:structure") || options.contains("--merge");
    let kinds: BTreeSet<String> = expected.iter().map(|object| object.0.clone()).collect();
    let expected = without_number(&expected, &|_| true);
    let ours = without_number(&ours, &|kind| !(kind == "L1iCache" && options.contains("--no-icaches")));
    for object in &expected {
        score.check(format!("{object:?}"), ours.contains(object), true);
    }
    for object in ours.difference(&expected) {
        let (kind, ..) = object;
        if structure_only {
            score.explain(format!("{object:?}"), "hwloc was told to leave out what adds no structure");
        } else if kind == "Core" && !kinds.contains("Core") {
            score
                .explain(format!("{object:?}"), "the tree tells nothing of cores: each CPU is taken for one");
        } else if kind == "Package" && !kinds.contains("Package") {
            score.explain(
                format!("{object:?}"),
                "the tree tells nothing of packages: all CPUs are in one without a number",
            );
        } else if kind == "Cluster"
            && expected.iter().any(|other| other.0 == "L2Cache" && other.3 == object.3)
        {
            score.explain(format!("{object:?}"), "hwloc leaves out a cluster that is all of a cache");
        } else if name.contains("conflicts") {
            score.explain(
                format!("{object:?}"),
                "the tree's sets contradict one another, and hwloc drops what does",
            );
        } else {
            score.check(format!("{object:?} of ours"), false, true);
        }
    }
}

fn ours(topology: &Topology, caches: &Caches, shown: &CpuSet) -> BTreeSet<Object> {
    let mut objects = BTreeSet::new();
    let mut put = |kind: String, number: Option<u32>, size: String, cpus: &CpuSet| {
        let cpus = cpus & shown;
        if !cpus.is_empty() {
            objects.insert((kind, number, size, cpus.to_string()));
        }
    };
    for package in &topology.packages {
        put("Package".into(), package.id, String::new(), &package.cpus);
        for die in &package.dies {
            if package.dies.len() > 1 {
                put("Die".into(), die.id, String::new(), &die.cpus);
            }
        }
    }
    for (kind, groups) in [("Book", &topology.books), ("Drawer", &topology.drawers)] {
        for group in groups {
            put(kind.into(), group.id, String::new(), &group.cpus);
        }
    }
    for cluster in topology.clusters() {
        put("Cluster".into(), cluster.id, String::new(), &cluster.cpus);
    }
    for core in topology.cores() {
        put("Core".into(), core.id, String::new(), &core.threads);
        for cpu in &core.threads {
            put("PU".into(), Some(cpu.number()), String::new(), &cpu.into());
        }
    }
    for cache in &caches.list {
        let kind = match cache.kind {
            CacheKind::Data => "d",
            CacheKind::Instruction => "i",
            _ => "",
        };
        let size = cache.size.map_or(0, |size| size.get());
        put(format!("L{}{kind}Cache", cache.level), cache.id, size_text(size), &cache.cpus);
    }
    objects
}

/// `32KiB`, also where hwloc 2 writes `32KB` for it, and `18432KB` for `18MiB`.
fn binary(size: &str) -> String {
    match size.strip_suffix("KB").and_then(|number| number.parse::<u64>().ok()) {
        Some(number) => size_text(number << 10),
        None => size.to_owned(),
    }
}

/// A size as hwloc rounds it.
fn size_text(bytes: u64) -> String {
    match bytes {
        0 => String::new(),
        bytes if bytes < 10 << 20 => format!("{}KiB", ((bytes >> 9) + 1) >> 1),
        bytes if bytes < 10 << 30 => format!("{}MiB", ((bytes >> 19) + 1) >> 1),
        bytes => format!("{}GiB", ((bytes >> 29) + 1) >> 1),
    }
}

fn kind_of(name: &str) -> Option<String> {
    let name = match name {
        "Group(Cluster)" => "Cluster",
        name => match name.split_once('(') {
            Some((group, kind)) if group.starts_with("Group") => kind.trim_end_matches(')'),
            _ => name,
        },
    };
    let known = ["Package", "Die", "Cluster", "Book", "Drawer", "Core", "PU"].contains(&name)
        || (name.starts_with('L') && name.ends_with("Cache"));
    known.then(|| name.to_owned())
}

/// An object whose end has not been seen: its indentation, kind, number and size, and its PUs so far.
type Open = (usize, Option<(String, Option<u32>, String)>, CpuSet);

/// Reads lstopo's text: objects by indentation, each of the PUs below it.
pub(crate) fn console(text: &str) -> BTreeSet<Object> {
    let mut open: Vec<Open> = Vec::new();
    let mut objects = BTreeSet::new();
    let mut close = |open: &mut Vec<Open>, indent: usize| {
        while open.last().is_some_and(|(depth, ..)| *depth >= indent) {
            let (_, object, cpus) = open.pop().expect("just seen");
            if let Some((_, _, above)) = open.last_mut() {
                above.extend(&cpus);
            }
            if let Some((kind, number, size)) = object.filter(|_| !cpus.is_empty()) {
                objects.insert((kind, number, size, cpus.to_string()));
            }
        }
    };
    for line in text.lines().take_while(|line| !line.starts_with("depth ")) {
        let indent = line.len() - line.trim_start().len();
        close(&mut open, indent);
        let name = line.split_whitespace().next().unwrap_or_default();
        let word = |key: &str| {
            let start = line.find(key)? + key.len();
            let rest = &line[start..];
            Some(&rest[..rest.find([' ', ')']).unwrap_or(rest.len())])
        };
        let number = word("(P#").and_then(|number| number.parse().ok());
        let kind = kind_of(name);
        let cpus = match (&kind, number.and_then(Cpu::new)) {
            (Some(kind), Some(cpu)) if kind == "PU" => cpu.into(),
            _ => CpuSet::new(),
        };
        let cache = kind.as_ref().is_some_and(|kind| kind.ends_with("Cache"));
        let size = if cache { word(" size=").or(word("(size=")).unwrap_or_default() } else { "" };
        open.push((indent, kind.map(|kind| (kind, number, binary(size))), cpus));
    }
    close(&mut open, 0);
    objects
}

/// Reads the objects of an XML export: each has its CPUs.
fn xml(text: &str) -> BTreeSet<Object> {
    let mut objects = BTreeSet::new();
    for tag in text.split("<object ").skip(1) {
        let tag = &tag[..tag.find('>').unwrap_or(tag.len())];
        let attribute = |key: &str| {
            let start = tag
                .find(&format!(" {key}=\""))
                .map(|at| at + key.len() + 3)
                .or_else(|| tag.starts_with(&format!("{key}=\"")).then(|| key.len() + 2))?;
            tag[start..].split('"').next()
        };
        let Some(mut kind) = attribute("type").map(str::to_owned) else { continue };
        if kind == "L1Cache" && attribute("cache_type") == Some("1") {
            kind = "L1dCache".into();
        }
        let Some(kind) = kind_of(&kind) else { continue };
        let mask = attribute("cpuset").unwrap_or_default().replace("0x", "");
        let cpus = CpuSet::parse_mask(mask.as_bytes()).expect("a mask");
        let number = attribute("os_index").and_then(|number| number.parse().ok());
        let size =
            attribute("cache_size").and_then(|size| size.parse().ok()).map_or(String::new(), size_text);
        // Empty: a cgroup of the saved machine allowed none of its CPUs.
        if !cpus.is_empty() {
            objects.insert((kind, number, size, cpus.to_string()));
        }
    }
    objects
}
