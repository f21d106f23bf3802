//! lscpu's summary, and its table of which CPU is in which core, socket and cache.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use corpus::Score;
use libtest_mimic::Failed;
use linux_support::{
    base::{Bytes, Cpu, CpuSet, Machine, Reading},
    cpu::{
        Caches, CpuInfo, CpuSets, Frequencies, Topology, Virtualisation, Vulnerabilities, VulnerabilityState,
        info::Identity,
    },
};

use crate::{beside, cpus};

pub(crate) fn compare(path: &Path, name: &str) -> Result<(), Failed> {
    let (_folder, tree) = corpus::unpack(path)?;
    let machine = Machine::captured(&tree).map_err(|error| error.to_string())?;
    let expected = fs::read_to_string(beside(path, ".expected"))?;
    let mut score = Score::default();
    let mut parts = expected.split("\n\n");
    summary(&machine, parts.next().unwrap_or_default(), &mut score).map_err(|error| error.to_string())?;
    let tables: Vec<_> = parts.filter(|part| part.contains("# CPU,")).collect();
    let topology = Topology::read(&machine).map_err(|error| error.to_string())?;
    let caches = Caches::read(&machine).map_err(|error| error.to_string())?;
    score.check("problems", (&topology.problems, &caches.problems), (&Vec::new(), &Vec::new()));
    if let [logical, physical] = tables[..] {
        partitions(&topology, &caches, logical, &mut score);
        numbers(&topology, physical, name.contains("vmware_fpe"), &mut score);
    }
    score.finish(name)
}

fn summary(machine: &Machine, text: &str, score: &mut Score) -> Result<(), linux_support::base::Error> {
    let info = CpuInfo::read(machine)?;
    let sets = CpuSets::read(machine);
    let topology = Topology::read(machine)?;
    let caches = Caches::read(machine)?;
    let frequencies = Frequencies::read(machine)?;
    let model = &info.models[0];
    let of_s390 = matches!(model.identity, Identity::S390(_));
    let untold = topology.packages.is_empty();
    let shown = |value: Option<String>| value.unwrap_or_default();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        let mut is = |ours: String| score.check(key, ours, value.to_owned());
        match key {
            "CPU(s)" => {
                let all = sets.present.value().or(sets.online.value()).map_or(0, CpuSet::len);
                is(all.to_string());
            }
            "On-line CPU(s) list" => score.check(key, sets.online.value(), Some(&cpus(value))),
            "Model name" => match &model.identity {
                Identity::Arm(arm) => is(shown(arm.part_name.map(str::to_owned))),
                Identity::S390(_) => is("-".into()),
                _ => is(shown(model.name.as_ref().map(ToString::to_string))),
            },
            "Vendor ID" => is(match &model.identity {
                Identity::X86(x86) => shown(x86.vendor.as_ref().map(ToString::to_string)),
                Identity::Arm(arm) => shown(arm.implementer_name.map(str::to_owned)),
                Identity::Riscv(riscv) => shown(riscv.mvendorid.map(|id| format!("{id:#x}"))),
                Identity::S390(s390) => shown(s390.vendor.as_ref().map(ToString::to_string)),
                _ => String::new(),
            }),
            "CPU family" => is(match &model.identity {
                Identity::X86(x86) => shown(x86.cpu_family.map(|family| family.to_string())),
                Identity::Riscv(riscv) => shown(riscv.marchid.map(|id| format!("{id:#x}"))),
                Identity::Loongarch(found) => shown(found.cpu_family.as_ref().map(ToString::to_string)),
                _ => String::new(),
            }),
            "Model" => is(match &model.identity {
                Identity::X86(x86) => shown(x86.model.map(|model| model.to_string())),
                Identity::Arm(arm) => shown(arm.revision.map(|revision| revision.to_string())),
                Identity::Riscv(riscv) => shown(riscv.mimpid.map(|id| format!("{id:#x}"))),
                Identity::Power(power) => shown(power.revision.as_ref().map(ToString::to_string)),
                Identity::Loongarch(found) => shown(found.revision.map(|revision| format!("{revision:#x}"))),
                _ => String::new(),
            }),
            "Machine type" => {
                let Identity::S390(s390) = &model.identity else { continue };
                is(shown(s390.machine.as_ref().map(ToString::to_string)));
            }
            "Stepping" => is(match &model.identity {
                Identity::X86(x86) => shown(x86.stepping.map(|stepping| stepping.to_string())),
                Identity::Arm(arm) => shown(
                    arm.variant.zip(arm.revision).map(|(variant, revision)| format!("r{variant}p{revision}")),
                ),
                _ => String::new(),
            }),
            "Microcode version" => {
                let Identity::X86(x86) = &model.identity else { continue };
                is(shown(x86.microcode.map(|microcode| format!("{microcode:#x}"))));
            }
            "Address sizes" => {
                let (physical, virtual_) = match &model.identity {
                    Identity::X86(x86) => (x86.physical_address_bits, x86.virtual_address_bits),
                    Identity::Loongarch(found) => (found.physical_address_bits, found.virtual_address_bits),
                    _ => (None, None),
                };
                let bits = |bits: Option<u8>| shown(bits.map(|bits| bits.to_string()));
                is(format!("{} bits physical, {} bits virtual", bits(physical), bits(virtual_)));
            }
            "Thread(s) per core" | "Core(s) per socket" | "Socket(s)" if untold => {
                score.explain(
                    key,
                    "the tree tells nothing of sockets and cores: lscpu takes each CPU for a socket",
                );
            }
            "Thread(s) per core" => is(topology.threads_per_core().to_string()),
            "Core(s) per socket" | "Socket(s) per book" | "Book(s) per drawer" | "Drawer(s)" if of_s390 => {
                score.explain(key, "on s390 lscpu takes it from /proc/sysinfo, as what the machine has for all its partitions");
            }
            "Core(s) per socket" => {
                let cores = topology.packages.iter().map(|package| package.cores().count()).max();
                is(cores.unwrap_or(0).to_string());
            }
            "Socket(s)" => is(topology.packages.len().to_string()),
            "CPU max MHz" | "CPU min MHz" => {
                let policy = &frequencies.policies[0];
                let frequency =
                    if key.contains("max") { &policy.hardware_maximum } else { &policy.hardware_minimum };
                is(frequency.value().map_or(String::new(), |found| {
                    format!("{}.{:03}0", found.megahertz(), found.kilohertz() % 1000)
                }));
            }
            "CPU dynamic MHz" => {
                is(shown(info.processors[0].frequency.map(|found| found.megahertz().to_string())))
            }
            "CPU static MHz" => {
                let field = info.processors[0].other.get("cpu MHz static").unwrap_or_default();
                is(String::from_utf8_lossy(field).into_owned());
            }
            "Frequency boost" => {
                score.check(key, frequencies.boost.allowed.value(), Some(&(value == "enabled")))
            }
            "BogoMIPS" if of_s390 => {
                is(String::from_utf8_lossy(info.machine.get("bogomips per cpu").unwrap_or_default())
                    .into_owned());
            }
            "BogoMIPS" => is(shown(info.processors[0].bogomips.map(|found| found.to_string()))),
            "Flags" if info.machine.get("cpucaps").is_some() => {
                score.explain(
                    key,
                    "on sparc lscpu calls the line `type` flags; the features are in `cpucaps`",
                );
            }
            "Flags" => is(model.features.to_string()),
            "ISA" => {
                let Identity::Riscv(riscv) = &model.identity else { continue };
                is(shown(riscv.isa.as_ref().map(|isa| isa.to_string().replace('_', " "))));
            }
            "MMU" => {
                let Identity::Riscv(riscv) = &model.identity else { continue };
                is(shown(riscv.mmu.as_ref().map(ToString::to_string)));
            }
            "Virtualization" => {
                let found = Virtualisation::read(machine);
                let wanted = match found.extension {
                    Reading::Value(Some(extension)) => format!("{extension:?}"),
                    _ => String::new(),
                };
                score.check(key, wanted, if value == "VT-x" { "Vmx" } else { "Svm" }.to_owned());
            }
            "Hypervisor vendor" => {
                let found = Virtualisation::read(machine).hypervisor.map(|found| found.to_string());
                let ours = match found.as_deref() {
                    Some("powervm") => "pHyp",
                    Some("kvm") => "KVM",
                    Some("pr/sm") => "IBM",
                    _ => "",
                };
                is(ours.into());
            }
            key if key.ends_with(" cache") => {
                let name = key.trim_end_matches(" cache");
                let (level, kind) = name.split_at(2.min(name.len()));
                let same: Vec<_> =
                    caches.list.iter().filter(|cache| cache.name() == format!("{level}{kind}")).collect();
                let total: Bytes = same.iter().filter_map(|cache| cache.size).sum();
                let instances = match same.len() {
                    _ if !value.contains('(') => String::new(),
                    1 => " (1 instance)".into(),
                    many => format!(" ({many} instances)"),
                };
                is(format!("{total}{instances}"));
            }
            key if key.starts_with("Vulnerability ") => {
                let file = key.trim_start_matches("Vulnerability ").to_lowercase().replace(' ', "_");
                let all = Vulnerabilities::read(machine)?;
                let status = all.get(&file).and_then(|found| found.status.value());
                let state = match value.split(';').next() {
                    Some("Not affected") => VulnerabilityState::NotAffected,
                    Some("Vulnerable") => VulnerabilityState::Vulnerable,
                    _ => VulnerabilityState::Mitigation,
                };
                score.check(key, status.map(|status| status.state), Some(state));
                let text =
                    status.map(|status| status.text.to_string().replacen(": ", "; ", 1).replace(": ", " "));
                score.check(key, text, Some(value.to_owned()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The rows of a table, by column name.
fn rows(table: &str) -> (Vec<&str>, Vec<Vec<&str>>) {
    let header = table.lines().find_map(|line| line.strip_prefix("# CPU,")).unwrap_or_default();
    let rows = table.lines().filter(|line| !line.starts_with('#') && line.contains(','));
    (header.split(',').collect(), rows.map(|line| line.split(',').collect()).collect())
}

/// Which CPUs are together, by each column of the table of logical numbers.
fn partitions(topology: &Topology, caches: &Caches, table: &str, score: &mut Score) {
    let (columns, rows) = rows(table);
    for (column, name) in columns.iter().enumerate().filter(|(_, name)| !name.is_empty() && **name != "Node")
    {
        let mut groups: BTreeMap<&str, CpuSet> = BTreeMap::new();
        for row in &rows {
            groups.entry(row[column + 1]).or_default().extend(Cpu::parse(row[0].as_bytes()));
        }
        let expected: BTreeSet<String> = groups.values().map(ToString::to_string).collect();
        let ours: BTreeSet<String> = match *name {
            "Core" | "Socket" if topology.packages.is_empty() => {
                score.explain(name, "the tree tells nothing of sockets and cores");
                continue;
            }
            "Core" => topology.cores().map(|core| core.threads.to_string()).collect(),
            "Socket" => topology.packages.iter().map(|package| package.cpus.to_string()).collect(),
            cache => {
                let same = caches.list.iter().filter(|found| found.name() == cache);
                same.map(|found| found.cpus.to_string()).collect()
            }
        };
        for group in &expected {
            score.check(format!("{name} of the CPUs {group}"), ours.contains(group), true);
        }
        score.check(format!("number of {name}"), ours.len(), expected.len());
    }
}

/// The kernel's numbers of cores and sockets.
fn numbers(topology: &Topology, table: &str, machine_has_unlike_numbers: bool, score: &mut Score) {
    let (columns, rows) = rows(table);
    for row in &rows {
        let cpu = Cpu::parse(row[0].as_bytes()).expect("a CPU");
        let Some(place) = topology.place(cpu) else {
            score.explain(format!("CPU {cpu}"), "the tree does not tell where it is");
            continue;
        };
        for (column, name) in columns.iter().enumerate() {
            let ours = match *name {
                "Core" => place.core.id,
                "Socket" => place.package.id,
                _ => continue,
            };
            let expected = row[column + 1];
            if *name == "Core" && place.core.threads.first() != Some(cpu) && machine_has_unlike_numbers {
                score.explain(
                    format!("{name} of CPU {cpu}"),
                    "the threads of one core have core numbers of their own; ours is the first's",
                );
                continue;
            }
            score.check(
                format!("{name} of CPU {cpu}"),
                ours.map_or("-".into(), |id| id.to_string()),
                expected.to_owned(),
            );
        }
    }
}
