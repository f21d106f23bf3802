//! Trees without a stored result: held against what is known of them, and against `lscpu -s`.

use std::{collections::BTreeMap, collections::BTreeSet, fs, path::Path, process::Command};

use corpus::Score;
use libtest_mimic::Failed;
use linux_support::{
    base::{Cpu, CpuSet, Machine},
    cpu::{Caches, CpuInfo, CpuSets, Frequencies, Interrupts, Softirqs, Topology},
};

use crate::hwloc;

pub(crate) fn compare(path: &Path, name: &str) -> Result<(), Failed> {
    let (_folder, tree) = corpus::unpack(path)?;
    let machine = Machine::captured(&tree).map_err(|error| error.to_string())?;
    let mut score = Score::default();
    let readable = |error: Option<&linux_support::base::Error>| error.is_none_or(|error| error.is_absent());
    let info = CpuInfo::read(&machine);
    score.check("cpuinfo", readable(info.as_ref().err()), true);
    score.check("interrupts", readable(Interrupts::read(&machine).as_ref().err()), true);
    score.check("softirqs", readable(Softirqs::read(&machine).as_ref().err()), true);
    let sets = CpuSets::read(&machine);
    for (what, error) in [
        ("online", sets.online.error()),
        ("present", sets.present.error()),
        ("possible", sets.possible.error()),
    ] {
        score.check(what, readable(error), true);
    }
    let topology = match Topology::read(&machine) {
        Ok(topology) => topology,
        Err(error) => {
            score.check("topology", error.is_absent(), true);
            return score.finish(name);
        }
    };
    let caches = Caches::read(&machine).map_err(|error| error.to_string())?;
    Frequencies::read(&machine).map_err(|error| error.to_string())?;
    score.check("problems", (&topology.problems, &caches.problems), (&Vec::new(), &Vec::new()));
    let cores = topology.cores().count();
    let known = [("epyc7402", (1, 24)), ("rpi4", (1, 4)), ("xeon4214", (2, 24))];
    for (part, expected) in known {
        if name.contains(part) {
            score.check("packages and cores", (topology.packages.len(), cores), expected);
        }
    }
    if let Some(text) = lstopo(&tree) {
        hwloc::against(&topology, &caches, hwloc::console(&text), "", name, &mut score);
    }
    if let Some(rows) = lscpu(&tree, &topology) {
        let mut by_core: BTreeMap<&str, CpuSet> = BTreeMap::new();
        let mut by_socket: BTreeMap<&str, CpuSet> = BTreeMap::new();
        let mut online = CpuSet::new();
        for row in &rows {
            let [cpu, core, socket] = row.each_ref().map(String::as_str);
            let cpu = Cpu::parse(cpu.as_bytes()).map_err(|error| error.to_string())?;
            online.insert(cpu);
            by_core.entry(core).or_default().insert(cpu);
            by_socket.entry(socket).or_default().insert(cpu);
        }
        score.check("online", sets.online.value(), Some(&online));
        let texts =
            |sets: BTreeMap<&str, CpuSet>| sets.values().map(ToString::to_string).collect::<BTreeSet<_>>();
        if topology.unplaced.is_empty() {
            let ours: BTreeSet<_> = topology.cores().map(|core| core.threads.to_string()).collect();
            score.check("cores", ours, texts(by_core));
            let ours: BTreeSet<_> =
                topology.packages.iter().map(|package| package.cpus.to_string()).collect();
            score.check("packages", ours, texts(by_socket));
        } else {
            score.explain(format!("CPUs {}", topology.unplaced), "the tree does not tell where they are");
        }
    }
    score.finish(name)
}

/// CPU, core and socket of each CPU by lscpu; `None` where there is no such program, or it can't read the tree.
fn lscpu(tree: &Path, topology: &Topology) -> Option<Vec<[String; 3]>> {
    if topology.packages.is_empty() {
        return None;
    }
    let cpuinfo = tree.join("proc/cpuinfo");
    if !cpuinfo.exists() {
        fs::create_dir_all(tree.join("proc")).ok()?;
        fs::write(cpuinfo, "").ok()?;
    }
    let output = Command::new("lscpu").arg("-s").arg(tree).arg("--parse=CPU,CORE,SOCKET").output().ok()?;
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    let rows = text.lines().filter(|line| !line.starts_with('#') && line.contains(','));
    let rows = rows.map(|line| {
        let mut fields = line.split(',').map(str::to_owned);
        Some([fields.next()?, fields.next()?, fields.next()?])
    });
    let rows = rows.collect::<Option<Vec<_>>>()?;
    // Without processors in cpuinfo, lscpu prints rows without a number.
    rows.iter().all(|[cpu, ..]| !cpu.is_empty()).then_some(rows)
}

/// What lstopo sees in a tree that tells of packages.
fn lstopo(tree: &Path) -> Option<String> {
    if !tree.join("sys/devices/system/cpu/cpu0/topology").is_dir() {
        return None;
    }
    let output = Command::new("lstopo-no-graphics")
        .args(["-v", "--no-io", "--whole-system", "--of", "console"])
        .env("HWLOC_COMPONENTS", "linux,stop")
        .env("HWLOC_FSROOT", tree)
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success() && text.contains("PU L#")).then_some(text)
}
