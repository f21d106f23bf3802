//! NUMA nodes, as hwloc and lscpu find them: memory, CPUs, distances, memory-side caches, sizes of pages.

use std::{collections::BTreeMap, fs, path::Path};

use corpus::{Score, unpack};
use libtest_mimic::Failed;
use linux_support::{
    base::{Bytes, Cpu, CpuSet, Machine, NumaNodeSet},
    memory::{
        MemoryInformation, huge_page,
        numa::{self, AccessClass, Node},
    },
};

/// What hwloc says of a machine.
#[derive(Debug, Default)]
struct Expected {
    /// All CPUs that it shows.
    cpus: CpuSet,
    /// The nodes, by the kernel's number, in hwloc's order.
    nodes: Vec<(u32, ExpectedNode)>,
    /// The distances between its nodes: by the numbers of from and to.
    distances: BTreeMap<(u32, u32), u32>,
    /// Sizes of pages, in bytes.
    page_sizes: Vec<u64>,
    /// Whether it ran in a cgroup, and shows what that may use.
    in_cgroup: bool,
}

/// What hwloc says of a node.
#[derive(Clone, Debug, Default)]
struct ExpectedNode {
    /// As a rounded text, or in bytes.
    memory: String,
    cpus: CpuSet,
    /// The size and the line size of the cache before it.
    cache: Option<(String, String)>,
}

pub(crate) fn compare(path: &Path, name: &str) -> Result<(), Failed> {
    let (_unpacked, tree) = unpack(path)?;
    let machine = Machine::captured(&tree)?;
    let beside = |ending| path.to_string_lossy().replace(".tar.bz2", ending);
    let expected = match fs::read_to_string(beside(".console")) {
        Ok(text) => console(&text),
        Err(_) => xml(&fs::read_to_string(beside(".xml"))?),
    };
    let mut score = Score::default();
    match numa::nodes(&machine) {
        Ok(nodes) => compare_nodes(&expected, &nodes, numa::online(&machine).ok(), name, &mut score),
        Err(error) => {
            score.check("no nodes", error.is_absent(), true);
            score.check("hwloc makes one of the machine", expected.nodes.len(), 1);
            let total = MemoryInformation::read(&machine)?.mem_total.unwrap_or_default();
            let memory = &expected.nodes[0].1.memory;
            score.check(
                "memory of the machine",
                [size_text(total), total.get().to_string()].contains(memory),
                true,
            );
        }
    }
    // The first is that of base pages.
    for size in expected.page_sizes.iter().skip(1) {
        let pools = huge_page::pools(&machine)?;
        let found = pools.iter().any(|pool| pool.size.bytes().get() == *size);
        score.check(format!("huge pages of {size} bytes"), found, true);
    }
    score.finish(name)
}

fn compare_nodes(
    expected: &Expected,
    nodes: &[Node],
    online: Option<NumaNodeSet>,
    name: &str,
    score: &mut Score,
) {
    let numbers: Vec<u32> = match online {
        Some(online) => online.iter().map(|node| node.number()).collect(),
        None => nodes.iter().map(|node| node.node.number()).collect(),
    };
    for (number, expected_node) in &expected.nodes {
        let Some(node) = nodes.iter().find(|node| node.node.number() == *number) else {
            score.check(format!("node {number}"), "absent", "there");
            continue;
        };
        let size = node.size().unwrap_or_default();
        let texts = [size_text(size), size.get().to_string()];
        let agrees = texts.contains(&expected_node.memory);
        score.check(format!("memory of node {number}: {texts:?} {}", expected_node.memory), agrees, true);
        let ours = &cpus(node, nodes) & &expected.cpus;
        score.check(format!("CPUs of node {number}"), &ours, &expected_node.cpus);
        let cache = node.memory_side_caches.first().map(|cache| {
            let size = |reading: Option<&Bytes>| reading.copied().unwrap_or_default();
            (size_text(size(cache.size.value())), size(cache.line_size.value()).get().to_string())
        });
        score.check(format!("cache of node {number}"), &cache, &expected_node.cache);
    }
    for node in nodes {
        let number = node.node.number();
        if expected.nodes.iter().any(|(other, _)| *other == number) {
            continue;
        }
        let what = format!("node {number}");
        if node.size().is_none_or(|size| size.get() == 0) {
            score.explain(what, "hwloc shows no nodes without memory");
        } else if name.contains("nvidiagpu") {
            score.explain(what, "hwloc leaves out the memory of NVIDIA's processors");
        } else if expected.in_cgroup {
            score.explain(what, "the cgroup that hwloc ran in may not use it");
        } else {
            score.check(format!("node {number} of ours"), name, "");
        }
    }
    for ((from, to), expected) in &expected.distances {
        let ours = nodes.iter().find(|node| node.node.number() == *from).and_then(|node| {
            let index = numbers.iter().position(|number| number == to)?;
            node.distances.value()?.get(index).copied()
        });
        score.check(format!("from node {from} to {to}"), ours, Some(*expected));
    }
}

/// The CPUs of a node; of one without CPUs, those of the nodes with CPUs that reach it fastest.
fn cpus(node: &Node, nodes: &[Node]) -> CpuSet {
    let own = node.cpus.value().cloned().unwrap_or_default();
    if !own.is_empty() {
        return own;
    }
    let of_class = |class| node.access.iter().find(|access| access.class == class);
    let near: Vec<bool> = match of_class(AccessClass::Cpus).or_else(|| of_class(AccessClass::Any)) {
        Some(access) => nodes.iter().map(|other| access.initiators.contains(other.node)).collect(),
        None => {
            let distances = node.distances.value().map(Vec::as_slice).unwrap_or_default();
            let others = || nodes.iter().zip(distances).filter(|(other, _)| other.node != node.node);
            let nearest = others().map(|(_, distance)| *distance).min();
            nodes.iter().zip(distances).map(|(_, distance)| Some(*distance) == nearest).collect()
        }
    };
    let near = nodes.iter().zip(near).filter(|(_, near)| *near);
    near.fold(own, |sum, (other, _)| &sum | other.cpus.value().unwrap_or(&CpuSet::new()))
}

/// A size as hwloc rounds it.
fn size_text(bytes: Bytes) -> String {
    match bytes.get() {
        bytes if bytes < 10 << 20 => format!("{}KiB", ((bytes >> 9) + 1) >> 1),
        bytes if bytes < 10 << 30 => format!("{}MiB", ((bytes >> 19) + 1) >> 1),
        bytes => format!("{}GiB", ((bytes >> 29) + 1) >> 1),
    }
}

/// An object of lstopo's text: its parent, and the CPUs below it.
struct Object {
    parent: Option<usize>,
    indent: usize,
    is_memory: bool,
    cache: Option<(String, String)>,
    cpus: CpuSet,
}

fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!("{name}="))?;
    rest.split([' ', ')']).next()
}

fn console(text: &str) -> Expected {
    let mut expected = Expected::default();
    let mut objects: Vec<Object> = Vec::new();
    let mut nodes = BTreeMap::new();
    for line in text.lines().take_while(|line| !line.starts_with("depth")) {
        let indent = line.len() - line.trim_start().len();
        let kind = line.trim_start().split([' ', '(']).next().unwrap_or_default();
        let parent = objects.iter().rposition(|object| object.indent < indent);
        let physical = || line.split_once("P#").map_or("", |(_, rest)| rest);
        let number: Option<u32> = physical().split([' ', ')']).next().and_then(|text| text.parse().ok());
        let own = (kind == "MemCache").then(|| {
            let text = |name| attribute(line, name).unwrap_or_default().to_owned();
            (text("size"), text("linesize"))
        });
        let above = parent.and_then(|parent| objects[parent].cache.clone());
        objects.push(Object {
            parent,
            indent,
            is_memory: ["MemCache", "NUMANode"].contains(&kind),
            cache: own.or(above),
            cpus: CpuSet::new(),
        });
        match kind {
            "PU" => {
                let cpu = number.and_then(Cpu::new).expect("a CPU's number");
                expected.cpus.insert(cpu);
                let mut above = Some(objects.len() - 1);
                while let Some(index) = above {
                    objects[index].cpus.insert(cpu);
                    above = objects[index].parent;
                }
            }
            "NUMANode" => {
                let memory = attribute(line, "local").unwrap_or("0KiB").to_owned();
                let logical: Option<u32> =
                    line.split_once("L#").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
                nodes.insert(logical, (number.expect("a node's number"), memory, objects.len() - 1));
            }
            _ => {}
        }
    }
    for (number, memory, index) in nodes.into_values() {
        let cache = objects[index].cache.clone();
        let mut place = index;
        while let Some(parent) = objects[place].parent.filter(|_| objects[place].is_memory) {
            place = parent;
        }
        let cpus = objects[place].cpus.clone();
        expected.nodes.push((number, ExpectedNode { memory, cpus, cache }));
    }
    expected.distances = matrix(text, &expected.nodes);
    expected.page_sizes = page_sizes(attribute(text, "PageSizes").unwrap_or_default());
    expected.in_cgroup = attribute(text, "LinuxCgroup").is_some_and(|cgroup| cgroup != "/");
    expected
}

/// The matrix of distances, whose rows and columns are nodes in hwloc's order.
fn matrix(text: &str, nodes: &[(u32, ExpectedNode)]) -> BTreeMap<(u32, u32), u32> {
    let mut distances = BTreeMap::new();
    let Some((_, table)) = text.split_once("(name NUMALatency") else { return distances };
    let number =
        |index: &str| index.parse::<usize>().ok().and_then(|index| nodes.get(index)).map(|node| node.0);
    let mut columns = Vec::new();
    for line in table.lines().skip(1) {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if first == "index" {
            columns = words.filter_map(number).collect();
        } else if let Some(from) = number(first) {
            for (to, distance) in columns.iter().zip(words) {
                distances.insert((from, *to), distance.parse().unwrap_or_default());
            }
        } else {
            break;
        }
    }
    distances
}

fn page_sizes(list: &str) -> Vec<u64> {
    list.split(',').filter_map(|size| size.parse().ok()).collect()
}

fn xml(text: &str) -> Expected {
    fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
        line.split_once(&format!(" {name}=\""))?.1.split('"').next()
    }
    // `0x00000f0f`, or words apart by commas of which those that are 0 are empty.
    let mask = |line: &str| {
        let words: Vec<String> = value(line, "cpuset")
            .unwrap_or_default()
            .split(',')
            .map(|word| format!("{:0>8}", word.trim_start_matches("0x")))
            .collect();
        CpuSet::parse_mask(words.join(",").as_bytes()).expect("a mask")
    };
    let mut expected = Expected::default();
    let (mut indexes, mut values) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let numbers = || -> Vec<u32> {
            let inside = line.split_once('>').map_or("", |(_, rest)| rest);
            inside.split(['<', ' ']).filter_map(|word| word.parse().ok()).collect()
        };
        match value(line, "type") {
            Some("Machine") => expected.cpus = mask(line),
            Some("NUMANode") if line.contains("os_index") => {
                let number = value(line, "os_index").and_then(|number| number.parse().ok());
                let memory = value(line, "local_memory").unwrap_or("0").to_owned();
                let node = ExpectedNode { memory, cpus: mask(line), cache: None };
                expected.nodes.push((number.expect("a node's number"), node));
            }
            _ if value(line, "name") == Some("LinuxCgroup") => expected.in_cgroup = true,
            _ if line.contains("<indexes") => indexes.extend(numbers()),
            _ if line.contains("<u64values") => values.extend(numbers()),
            _ if value(line, "name") == Some("PageSizes") => {
                expected.page_sizes = page_sizes(value(line, "value").unwrap_or_default());
            }
            _ => {}
        }
    }
    let pairs = indexes.iter().flat_map(|from| indexes.iter().map(move |to| (*from, *to)));
    expected.distances = pairs.zip(values).collect();
    expected
}

/// lscpu's number of nodes, and the CPUs of each.
pub(crate) fn lscpu(path: &Path, name: &str) -> Result<(), Failed> {
    let (_unpacked, tree) = unpack(path)?;
    let machine = Machine::captured(tree)?;
    let nodes = numa::nodes(&machine);
    let nodes = nodes.as_ref().map_or(&[][..], Vec::as_slice);
    let expected = fs::read_to_string(path.to_string_lossy().replace(".tar.gz", ".expected"))?;
    let mut score = Score::default();
    let mut listed = 0;
    for (key, value) in expected.lines().filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if key.trim() == "NUMA node(s)" {
            score.check("number of nodes", nodes.len().to_string().as_str(), value);
        } else if let Some(number) =
            key.trim().strip_prefix("NUMA node").and_then(|rest| rest.strip_suffix(" CPU(s)"))
        {
            listed += 1;
            let node = nodes.iter().find(|node| node.node.to_string() == number);
            let cpus = node.and_then(|node| node.cpus.value());
            score.check(format!("CPUs of node {number}"), cpus, Some(&with_steps(value)));
        }
    }
    score.check("nodes listed", nodes.len(), listed);
    score.finish(name)
}

/// A list of CPUs as util-linux writes it: `0-62:2` is every second one.
fn with_steps(list: &str) -> CpuSet {
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let ranges = list.split(',').filter(|range| !range.is_empty()).flat_map(|range| {
        let (range, step) = range.split_once(':').unwrap_or((range, "1"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        (number(first)..=number(last)).step_by(number(step) as usize)
    });
    ranges.filter_map(Cpu::new).collect()
}
