//! The picture of a machine's topology: packages, nodes, caches, cores and threads as nested boxes.

use linux_support::{
    base::{Bytes, Cpu, CpuSet},
    cpu::{Cache, Caches, Core, Die, Package, Topology},
};

use super::topology::{MachineTopology, NodeInTopology};
use crate::picture::{Kind, Shape, draw};

impl MachineTopology {
    /// The picture, with `devices` beside the node that each is near to.
    pub(crate) fn picture(
        &self,
        host: &str,
        devices: Vec<(Option<linux_support::base::NumaNode>, Shape)>,
    ) -> String {
        let mut machine = Shape::new(Kind::Machine, host);
        let none = Caches::default();
        let view = View {
            caches: self.caches.value().unwrap_or(&none),
            nodes: self.nodes.value().map(Vec::as_slice).unwrap_or_default(),
            devices,
        };
        match self.topology.as_result() {
            Ok(topology) => view.fill(&mut machine, topology),
            Err(error) => machine.line(format!("({error})")),
        }
        draw(&machine, &format!("Topology of {host}"))
    }
}

struct View<'a> {
    caches: &'a Caches,
    nodes: &'a [NodeInTopology],
    devices: Vec<(Option<linux_support::base::NumaNode>, Shape)>,
}

impl View<'_> {
    fn fill(&self, machine: &mut Shape, topology: &Topology) {
        let total: Bytes = self.nodes.iter().filter_map(|node| node.memory).sum();
        if total > Bytes::new(0) {
            machine.line(format!("{total} of memory"));
        }
        let (mut apart, mut around) = (Vec::new(), Vec::new());
        let mut packages: Vec<&Package> = topology.packages.iter().collect();
        for node in self.nodes {
            let cpus = node.cpus.value().filter(|cpus| !cpus.is_empty());
            let in_package =
                |cpus: &CpuSet| topology.packages.iter().any(|package| cpus.is_subset(&package.cpus));
            match cpus {
                Some(cpus) if in_package(cpus) => {}
                Some(cpus) => {
                    // A node of several packages stands around them.
                    let (inside, others) =
                        packages.into_iter().partition(|package| package.cpus.is_subset(cpus));
                    packages = others;
                    let mut group = Shape::new(Kind::Package, format!("CPUs {cpus}"));
                    group.group(vec![self.memory(node)]);
                    let inside: Vec<&Package> = inside;
                    group.group(inside.into_iter().map(|package| self.package(package, topology)).collect());
                    around.push(group);
                }
                None => apart.push(self.memory(node)),
            }
        }
        machine.group(apart);
        machine.group(around);
        machine.group(packages.into_iter().map(|package| self.package(package, topology)).collect());
        let offline: CpuSet = &topology.offline | &topology.unplaced;
        machine.group(offline.iter().map(|cpu| Shape::new(Kind::Offline, format!("CPU {cpu}"))).collect());
        let shown = |node: &linux_support::base::NumaNode| self.nodes.iter().any(|other| other.node == *node);
        let homeless = self.devices.iter().filter(|(node, _)| !node.as_ref().is_some_and(shown));
        machine.beside = homeless.map(|(_, shape)| shape.clone()).collect();
    }

    /// The box of a node's memory, with the devices near to it.
    fn memory(&self, node: &NodeInTopology) -> Shape {
        let mut shape = Shape::new(Kind::Memory, format!("Node {}", node.node));
        if let Some(memory) = node.memory {
            shape.text[0].push_str(&format!(": {memory}"));
        }
        let devices = self.devices.iter().filter(|(near, _)| *near == Some(node.node));
        shape.group(devices.map(|(_, shape)| shape.clone()).collect());
        shape
    }

    fn package(&self, package: &Package, topology: &Topology) -> Shape {
        let mut shape = Shape::new(Kind::Package, named("Package", package.id));
        let nodes: Vec<_> = self.nodes.iter().filter(|node| within(node, &package.cpus)).collect();
        if let [node] = nodes[..] {
            // A single node of the whole package needs no box around its CPUs.
            shape.group(vec![self.memory(node)]);
            self.dies(&mut shape, package, &package.cpus, topology);
            return shape;
        }
        let mut left = package.cpus.clone();
        let mut groups = Vec::new();
        for node in nodes {
            let Some(cpus) = node.cpus.value() else { continue };
            let mut group = Shape::new(Kind::Package, format!("CPUs {cpus}"));
            group.group(vec![self.memory(node)]);
            self.dies(&mut group, package, cpus, topology);
            left = &left - cpus;
            groups.push(group);
        }
        shape.group(groups);
        if !left.is_empty() {
            self.dies(&mut shape, package, &left, topology);
        }
        shape
    }

    /// The dies of a package, as far as they have CPUs of `cpus`.
    fn dies(&self, shape: &mut Shape, package: &Package, cpus: &CpuSet, topology: &Topology) {
        let dies: Vec<&Die> = package.dies.iter().filter(|die| !die.cpus.is_disjoint(cpus)).collect();
        if let [die] = dies[..] {
            shape.group(self.caches_and_cores(&die.cores, cpus, topology));
            return;
        }
        let boxes = dies.into_iter().map(|die| {
            let mut inner = Shape::new(Kind::Package, named("Die", die.id));
            inner.group(self.caches_and_cores(&die.cores, cpus, topology));
            inner
        });
        shape.group(boxes.collect());
    }

    /// The boxes of the caches that several cores share, and in them, or bare, the cores.
    fn caches_and_cores(&self, cores: &[Core], cpus: &CpuSet, topology: &Topology) -> Vec<Shape> {
        let cores: Vec<&Core> = cores.iter().filter(|core| !core.threads.is_disjoint(cpus)).collect();
        self.level(&cores, u32::MAX, topology)
    }

    /// The cores, in the boxes of the shared caches of the highest level below `below`.
    fn level(&self, cores: &[&Core], below: u32, topology: &Topology) -> Vec<Shape> {
        let shared = |cache: &&Cache| {
            cache.level < below
                && cores.iter().filter(|core| !core.threads.is_disjoint(&cache.cpus)).count() > 1
        };
        let Some(level) = self.caches.list.iter().filter(shared).map(|cache| cache.level).max() else {
            return cores.iter().map(|core| self.core(core, topology)).collect();
        };
        let (mut boxes, mut left) = (Vec::new(), cores.to_vec());
        while let Some(first) = left.first().copied() {
            let cache = self.caches.list.iter().find(|cache| {
                cache.level == level && shared(cache) && !first.threads.is_disjoint(&cache.cpus)
            });
            let Some(cache) = cache else {
                boxes.extend(self.level(&[first], level, topology));
                left.remove(0);
                continue;
            };
            let (inside, others): (Vec<&Core>, Vec<&Core>) =
                left.iter().partition(|core| !core.threads.is_disjoint(&cache.cpus));
            let mut shape = Shape::new(Kind::Cache, label(cache));
            let beside = self.caches.list.iter().filter(|other| {
                other.level == level && other.cpus == cache.cpus && !std::ptr::eq(*other, cache)
            });
            beside.for_each(|other| shape.line(label(other)));
            shape.group(self.level(&inside, level, topology));
            boxes.push(shape);
            left = others;
        }
        boxes
    }

    /// The box of a core, with the caches that are its own.
    fn core(&self, core: &Core, topology: &Topology) -> Shape {
        let mut shape = Shape::new(Kind::Core, named("Core", core.id));
        let own = self.caches.list.iter().filter(|cache| cache.cpus.is_subset(&core.threads));
        let mut own: Vec<&Cache> =
            own.filter(|cache| core.threads.first().is_some_and(|cpu| cache.cpus.contains(cpu))).collect();
        own.sort_by_key(|cache| std::cmp::Reverse(cache.level));
        own.into_iter().for_each(|cache| shape.line(label(cache)));
        if let Some(kind) = topology.kinds.iter().find(|kind| core.threads.is_subset(&kind.cpus)) {
            shape.line(kind.name.to_string());
        }
        shape.group(core.threads.iter().map(thread).collect());
        shape
    }
}

fn thread(cpu: Cpu) -> Shape {
    Shape::new(Kind::Cpu, format!("CPU {cpu}"))
}

fn within(node: &NodeInTopology, cpus: &CpuSet) -> bool {
    node.cpus.value().is_some_and(|own| !own.is_empty() && own.is_subset(cpus))
}

fn named(noun: &str, id: Option<u32>) -> String {
    id.map_or_else(|| noun.to_owned(), |id| format!("{noun} {id}"))
}

fn label(cache: &Cache) -> String {
    match cache.size {
        Some(size) => format!("{} {size}", cache.name()),
        None => cache.name(),
    }
}
