//! What `inspect` says of a machine of the lab, beside what `lab/machines.toml` declares.
//!
//! The same comparisons are made inside of the machines (`lab.rs`) and on what was captured of them
//! (`fixtures.rs`).
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};

use lab::{Architecture, CpuList, Machine};
use serde_json::Value;

/// A comparison: its name, and the section of `inspect` that it needs.
pub(crate) type Comparison = (&'static str, &'static str, fn(&Value, &Machine));

pub(crate) const COMPARISONS: &[Comparison] = &[
    ("packages_dies_cores_and_threads", "topology", packages_dies_cores_and_threads),
    ("nodes_and_distances", "topology", nodes_and_distances),
    ("latency_and_bandwidth", "memory", latency_and_bandwidth),
    ("page_sizes", "summary", page_sizes),
    ("huge_pages", "memory", huge_pages),
    ("cpus_kept_free", "cpu", cpus_kept_free),
    ("pci_devices", "pci", pci_devices),
    ("pci_tree", "pci", pci_tree),
    ("iommu_groups", "pci", iommu_groups),
    ("modules", "modules", modules),
    ("boot_command_line", "kernel", boot_command_line),
    ("control_groups", "cgroups", control_groups),
    ("taint", "kernel", taint),
];

#[track_caller]
fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

#[track_caller]
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

#[track_caller]
fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn cpus(text: &str) -> CpuList {
    CpuList::try_from(text.to_owned()).expect("a list of CPUs")
}

pub(crate) fn packages_dies_cores_and_threads(report: &Value, machine: &Machine) {
    let packages = list(&report["topology"]["topology"]["packages"]);
    let mut counts = Vec::new();
    for package in packages {
        for die in list(&package["dies"]) {
            let mut cores = Vec::new();
            collect_cores(die, &mut cores);
            counts.push(cores);
        }
    }
    let declared = &machine.cpus;
    assert_eq!(packages.len(), declared.packages as usize, "packages");
    assert_eq!(counts.len(), (declared.packages * declared.dies) as usize, "dies");
    let cores = vec![declared.threads as usize; declared.cores as usize];
    assert_eq!(counts, vec![cores; counts.len()], "threads of the cores of each die");
    let all: BTreeSet<u32> =
        packages.iter().flat_map(|package| cpus(text(&package["cpus"])).iter().collect::<Vec<_>>()).collect();
    assert_eq!(all, (0..declared.count()).collect(), "CPUs");
}

/// The number of threads of each core below `part`, at whatever depth: some machines have clusters between.
fn collect_cores(part: &Value, cores: &mut Vec<usize>) {
    if let Some(found) = part["cores"].as_array() {
        cores.extend(found.iter().map(|core| cpus(text(&core["threads"])).iter().count()));
    }
    for cluster in part["clusters"].as_array().into_iter().flatten() {
        collect_cores(cluster, cores);
    }
}

pub(crate) fn nodes_and_distances(report: &Value, machine: &Machine) {
    let nodes = list(&report["topology"]["nodes"]);
    assert_eq!(nodes.len(), machine.nodes.len(), "nodes");
    for (number_of, (node, declared)) in nodes.iter().zip(&machine.nodes).enumerate() {
        assert_eq!(number(&node["node"]), number_of as u64);
        let shown = cpus(text(&node["cpus"]));
        let all = if machine.nodes.len() == 1 {
            cpus(&format!("0-{}", machine.cpus.count() - 1))
        } else {
            declared.cpus.clone()
        };
        match machine.architecture {
            // CPU 0 is the one that won the race to boot.
            Architecture::Riscv64 => {
                assert_eq!(shown.iter().count(), all.iter().count(), "CPUs of node {number_of}")
            }
            _ => assert_eq!(shown, all, "CPUs of node {number_of}"),
        }
        let distances: Vec<_> = list(&node["distances"]).iter().map(number).collect();
        let told: Vec<_> = declared.distances.iter().map(|distance| u64::from(*distance)).collect();
        assert_eq!(
            distances,
            if told.is_empty() { vec![10] } else { told },
            "distances from node {number_of}"
        );
        // The kernel keeps some memory for itself before it counts.
        let memory = number(&node["memory"]);
        let whole = declared.memory.bytes();
        assert!((whole / 5 * 4..=whole).contains(&memory), "node {number_of} has {memory} of {whole} bytes");
    }
}

pub(crate) fn latency_and_bandwidth(report: &Value, machine: &Machine) {
    let nodes = list(&report["memory"]["nodes"]);
    for (target, (node, declared)) in nodes.iter().zip(&machine.nodes).enumerate() {
        let classes = node["access"].as_array().cloned().unwrap_or_default();
        let from = declared.initiator.unwrap_or(target);
        let initiator = &machine.nodes[from];
        if initiator.latency.is_empty() {
            assert!(classes.is_empty(), "node {target} tells how fast it is: {classes:?}");
            continue;
        }
        let names: Vec<_> = classes.iter().map(|class| text(&class["class"])).collect();
        assert_eq!(names, ["any", "cpus"], "classes of node {target}");
        for class in &classes {
            assert_eq!(class["initiators"], from.to_string(), "initiators of node {target}");
            let performance = &class["performance"];
            for way in ["read", "write"] {
                let latency = number(&performance[format!("{way}_latency_nanoseconds")]);
                assert_eq!(latency, u64::from(initiator.latency[target]), "{way} latency of node {target}");
                let bandwidth = number(&performance[format!("{way}_bandwidth_mb_per_second")]);
                assert_eq!(
                    bandwidth,
                    u64::from(initiator.bandwidth[target]),
                    "{way} bandwidth of node {target}"
                );
            }
        }
    }
}

pub(crate) fn page_sizes(report: &Value, machine: &Machine) {
    assert_eq!(number(&report["summary"]["pages"]["base"]), machine.page_size.bytes());
}

pub(crate) fn huge_pages(report: &Value, machine: &Machine) {
    let pools = list(&report["memory"]["huge_page_pools"]);
    let sizes: BTreeSet<_> = pools.iter().map(|pool| number(&pool["size"])).collect();
    assert_eq!(sizes, machine.huge_page_sizes.iter().map(|size| size.bytes()).collect(), "sizes");
    for pool in pools {
        let size = number(&pool["size"]);
        let shown: Vec<_> = list(&pool["nodes"]).iter().map(|node| number(&node["total"])).collect();
        let declared: Vec<_> = machine
            .nodes
            .iter()
            .map(|node| {
                node.huge_pages
                    .iter()
                    .find(|(of, _)| of.bytes() == size)
                    .map_or(0, |(_, count)| u64::from(*count))
            })
            .collect();
        assert_eq!(shown, declared, "pages of {size} bytes in each node");
        assert_eq!(number(&pool["total"]), declared.iter().sum::<u64>(), "pages of {size} bytes");
    }
}

pub(crate) fn cpus_kept_free(report: &Value, machine: &Machine) {
    let sets = &report["cpu"]["sets"];
    assert_eq!(text(&sets["isolated"]), machine.isolated.to_string(), "isolated");
    // Without nohz_full on the command line, the kernel says that there is no such set.
    assert_eq!(sets["nohz_full"].as_str().unwrap_or_default(), machine.nohz_full.to_string(), "nohz_full");
}

pub(crate) fn pci_devices(report: &Value, machine: &Machine) {
    type Device = (String, Option<String>, Option<u64>);
    let shown: BTreeMap<&str, Device> = list(&report["pci"]["devices"])
        .iter()
        .map(|device| {
            let hexadecimal = |key: &str| text(&device[key]).trim_start_matches("0x").to_owned();
            let identity = format!("{}:{}", hexadecimal("vendor"), hexadecimal("device"));
            let driver = device["driver"]["name"].as_str().map(str::to_owned);
            (text(&device["address"]), (identity, driver, device["numa_node"].as_u64()))
        })
        .collect();
    let declared: BTreeMap<&str, Device> = machine
        .pci
        .iter()
        .map(|device| {
            let node = device.node.map(u64::from);
            (device.address.as_str(), (device.identity.clone(), device.driver.clone(), node))
        })
        .collect();
    assert_eq!(shown, declared);
}

pub(crate) fn pci_tree(report: &Value, machine: &Machine) {
    for device in &machine.pci {
        let shown = list(&report["pci"]["devices"])
            .iter()
            .find(|shown| shown["address"] == device.address.as_str())
            .unwrap_or_else(|| panic!("{} is not shown", device.address));
        let path = text(&shown["location"]["path"]);
        let parent = machine.pci.iter().find(|parent| device.on.is_some() && parent.name == device.on);
        // An expander is a root of its own.
        let parent = parent.filter(|parent| parent.device.as_deref() != Some("pxb-pcie"));
        let above = path.rsplit('/').nth(1).unwrap_or_default();
        match parent {
            Some(parent) => assert_eq!(above, parent.address, "{path}"),
            None => assert!(above.starts_with("pci"), "{path}"),
        }
    }
}

pub(crate) fn iommu_groups(report: &Value, machine: &Machine) {
    for device in list(&report["pci"]["devices"]) {
        let group = device["iommu_group"].as_u64();
        assert_eq!(group.is_some(), machine.iommu, "{}: {}", device["address"], device["iommu_group"]);
    }
}

pub(crate) fn modules(report: &Value, machine: &Machine) {
    let loaded: BTreeSet<_> =
        list(&report["modules"]["modules"]).iter().map(|module| text(&module["name"])).collect();
    for module in &machine.modules {
        let module = module.replace('-', "_");
        assert!(loaded.contains(module.as_str()), "{module} is not loaded: {loaded:?}");
    }
}

pub(crate) fn boot_command_line(report: &Value, machine: &Machine) {
    let line = text(&report["kernel"]["command_line"]["text"]);
    let words: Vec<_> = line.split(' ').collect();
    for word in &machine.boot {
        assert!(words.contains(&word.as_str()), "{word} is not in {line}");
    }
}

pub(crate) fn control_groups(report: &Value, _: &Machine) {
    assert_eq!(report["cgroups"]["mode"], "unified");
    let hierarchy = &list(&report["cgroups"]["hierarchies"])[0];
    let controllers: BTreeSet<_> = list(&hierarchy["controllers"]).iter().map(text).collect();
    for controller in ["cpu", "cpuset", "hugetlb", "io", "memory", "pids"] {
        assert!(controllers.contains(controller), "{controller} is not in {controllers:?}");
    }
}

pub(crate) fn taint(report: &Value, _: &Machine) {
    let taint = &report["kernel"]["taint"];
    // Kernels have warned of their own counters, after control groups of version 1 had been mounted by another test.
    assert_eq!(text(&taint["letters"]).replace('W', ""), "", "{taint}");
}
