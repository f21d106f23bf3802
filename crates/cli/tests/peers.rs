//! This machine as `inspect` sees it, against the programs that people trust.
//!
//! A program that is not installed here makes its test ignored, never passed.

mod common;

use std::{fs, process::ExitCode};

use common::{Idle, inspect, peer};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trial = |name: &str, program: &str, test: fn() -> Result<(), Failed>| {
        let there = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .any(|folder| folder.join(program).exists());
        Trial::test(name, test).with_ignored_flag(!there)
    };
    let trials = vec![
        trial("the_cpus_are_those_of_lscpu", "lscpu", cpus_of_lscpu),
        trial("the_caches_are_those_of_lscpu", "lscpu", caches_of_lscpu),
        trial("the_vulnerabilities_are_those_of_lscpu", "lscpu", vulnerabilities_of_lscpu),
        trial("the_number_of_cpus_is_that_of_nproc", "nproc", cpus_of_nproc),
        trial("the_pci_devices_are_those_of_lspci", "lspci", devices_of_lspci),
        trial("the_mounts_are_those_of_findmnt", "findmnt", mounts_of_findmnt),
        trial("the_processes_are_those_of_ps", "ps", processes_of_ps),
        trial("the_memory_is_that_of_proc", "cat", memory_of_proc),
        trial("the_interrupts_are_those_of_proc", "cat", interrupts_of_proc),
        trial("the_memory_of_a_process_is_that_of_pmap", "pmap", mappings_of_pmap),
        trial("the_nodes_are_those_of_numactl", "numactl", nodes_of_numactl),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn agree<T: PartialEq + std::fmt::Debug>(what: &str, ours: T, theirs: T) -> Result<(), Failed> {
    if ours == theirs { Ok(()) } else { Err(format!("{what}: ours {ours:?}, theirs {theirs:?}").into()) }
}

fn json(program: &str, arguments: &[&str]) -> Result<Value, Failed> {
    let text = peer(program, arguments).ok_or("the peer failed")?;
    Ok(serde_json::from_str(&text)?)
}

/// A value as text: programs write numbers as numbers or as strings.
fn plain(value: &Value) -> String {
    value.to_string().trim_matches('"').to_owned()
}

/// The value of a field of `lscpu -J`, wherever it stands in the tree.
fn lscpu_field<'a>(entries: &'a Value, name: &str) -> Option<&'a str> {
    entries.as_array()?.iter().find_map(|entry| {
        let field = entry["field"].as_str()?.trim_end_matches(':');
        if field == name { entry["data"].as_str() } else { lscpu_field(&entry["children"], name) }
    })
}

/// The entry of `lscpu -J` for `name`, as text.
fn lscpu(name: &str) -> Result<Option<String>, Failed> {
    let json = json("lscpu", &["-J"])?;
    Ok(lscpu_field(&json["lscpu"], name).map(str::to_owned))
}

/// The numbers of a list such as `0-3,8`, which programs write in various ways.
fn numbers(list: &str) -> Vec<u32> {
    let mut numbers = Vec::new();
    for part in list.split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        numbers.extend(first.parse::<u32>().expect("a number")..=last.parse().expect("a number"));
    }
    numbers
}

fn cpus_of_lscpu() -> Result<(), Failed> {
    let ours = inspect(&["cpu"]);
    let model = &ours["info"]["models"][0];
    let online = ours["sets"]["online"].as_str().ok_or("online")?;
    agree("online", Some(numbers(online)), lscpu("On-line CPU(s) list")?.map(|list| numbers(&list)))?;
    agree("model name", model["name"].as_str().map(str::to_owned), lscpu("Model name")?)?;
    for (key, field) in [("cpu_family", "CPU family"), ("model", "Model"), ("stepping", "Stepping")] {
        if let Some(theirs) = lscpu(field)? {
            agree(field, model["identity"][key].to_string(), theirs)?;
        }
    }
    if let Some(flags) = lscpu("Flags")? {
        let ours: Vec<_> =
            model["features"].as_array().ok_or("features")?.iter().filter_map(Value::as_str).collect();
        agree("flags", ours, flags.split_whitespace().collect())?;
    }
    let topology = inspect(&["topology"]);
    let packages = topology["topology"]["packages"].as_array().ok_or("packages")?;
    if let Some(sockets) = lscpu("Socket(s)")? {
        agree("packages", packages.len().to_string(), sockets)?;
    }
    let cores: usize = packages
        .iter()
        .flat_map(|package| package["dies"].as_array().into_iter().flatten())
        .map(|die| die["cores"].as_array().map_or(0, Vec::len))
        .sum();
    if let Some(per_socket) = lscpu("Core(s) per socket")?.and_then(|cores| cores.parse::<usize>().ok()) {
        agree("cores", cores, per_socket * packages.len())?;
    }
    if let Some(nodes) = lscpu("NUMA node(s)")? {
        agree("nodes", topology["nodes"].as_array().map_or(0, Vec::len).to_string(), nodes)?;
        for node in topology["nodes"].as_array().into_iter().flatten() {
            let theirs = lscpu(&format!("NUMA node{} CPU(s)", node["node"]))?;
            agree("node", node["cpus"].as_str().map(numbers), theirs.map(|list| numbers(&list)))?;
        }
    }
    Ok(())
}

fn caches_of_lscpu() -> Result<(), Failed> {
    let theirs = json("lscpu", &["--bytes", "-J", "-C=NAME,ONE-SIZE,WAYS,TYPE,LEVEL,SETS,COHERENCY-SIZE"])?;
    let theirs = theirs["caches"].as_array().ok_or("caches")?;
    let topology = inspect(&["topology"]);
    let ours = topology["caches"]["list"].as_array().ok_or("our caches")?;
    for cache in theirs {
        let level = plain(&cache["level"]);
        let kind = cache["type"].as_str().ok_or("type")?;
        let found = ours
            .iter()
            .find(|ours| plain(&ours["level"]) == level && ours["kind"].as_str() == Some(kind))
            .ok_or_else(|| format!("no cache like {cache}"))?;
        agree("size", plain(&found["size"]), plain(&cache["one-size"]))?;
        agree("ways", plain(&found["ways"]), plain(&cache["ways"]))?;
        agree("sets", plain(&found["sets"]), plain(&cache["sets"]))?;
        agree("line", plain(&found["line_size"]), plain(&cache["coherency-size"]))?;
    }
    Ok(())
}

fn vulnerabilities_of_lscpu() -> Result<(), Failed> {
    let ours = inspect(&["cpu"]);
    let letters = |text: &str| -> String { text.chars().filter(|letter| letter.is_alphanumeric()).collect() };
    for vulnerability in ours["vulnerabilities"].as_array().ok_or("vulnerabilities")? {
        let name = vulnerability["name"].as_str().ok_or("name")?.replace('_', " ");
        let mut characters = name.chars();
        let first = characters.next().ok_or("a name")?.to_uppercase().to_string();
        let field = format!("Vulnerability {first}{}", characters.as_str());
        if let Some(theirs) = lscpu(&field)? {
            agree(
                &field,
                letters(vulnerability["status"]["text"].as_str().ok_or("text")?),
                letters(&theirs),
            )?;
        }
    }
    Ok(())
}

fn cpus_of_nproc() -> Result<(), Failed> {
    let ours = inspect(&["cpu"]);
    for (key, argument) in [("online", None), ("present", Some("--all"))] {
        let theirs = peer("nproc", argument.as_slice()).ok_or("nproc failed")?;
        let ours = numbers(ours["sets"][key].as_str().ok_or("a list")?).len();
        if key == "online" {
            // nproc counts those that it may run on: a part of those online.
            let theirs: usize = theirs.trim().parse()?;
            if theirs > ours {
                return Err(format!("nproc {theirs}, online {ours}").into());
            }
        } else {
            agree(key, ours.to_string(), theirs.trim().to_owned())?;
        }
    }
    Ok(())
}

fn devices_of_lspci() -> Result<(), Failed> {
    let theirs = peer("lspci", &["-Dmmnnk"]).unwrap_or_default();
    let section = inspect(&["pci"]);
    let ours = section["devices"].as_array().ok_or("devices")?;
    agree("how many", ours.len(), theirs.lines().filter(|line| !line.trim().is_empty()).count())?;
    for line in theirs.lines() {
        let address = line.split_whitespace().next().unwrap_or_default();
        let ours = ours
            .iter()
            .find(|device| device["address"] == address)
            .ok_or_else(|| format!("{address} is missing"))?;
        for key in ["vendor", "device"] {
            let id = ours[key].as_str().ok_or("an id")?.trim_start_matches("0x");
            if !line.contains(&format!("[{id}]")) {
                return Err(format!("{address}: {key} {id} is not in {line}").into());
            }
        }
    }
    Ok(())
}

fn mounts_of_findmnt() -> Result<(), Failed> {
    let theirs = json(
        "findmnt",
        &["-J", "--list", "-o", "ID,PARENT,TARGET,SOURCE,FSTYPE,MAJ:MIN,FSROOT,PROPAGATION"],
    )?;
    let theirs = theirs["filesystems"].as_array().ok_or("filesystems")?;
    let section = inspect(&["mounts"]);
    let ours = section["mounts"].as_array().ok_or("mounts")?;
    agree("how many", ours.len(), theirs.len())?;
    for mount in theirs {
        let id = plain(&mount["id"]);
        let ours = ours
            .iter()
            .find(|ours| plain(&ours["id"]) == id)
            .ok_or_else(|| format!("mount {id} is missing"))?;
        agree("target", &ours["mount_point"], &mount["target"])?;
        agree("type", &ours["type"], &mount["fstype"])?;
        agree("device", &ours["device"], &mount["maj:min"])?;
        agree("root", &ours["root"], &mount["fsroot"])?;
        agree(
            "parent",
            ours["parent"].to_string(),
            mount["parent"].to_string().trim_matches('"').to_owned(),
        )?;
        let source = mount["source"].as_str().ok_or("source")?;
        let ours_source = ours["source"].as_str().ok_or("source")?;
        if !source.starts_with(ours_source) {
            return Err(format!("source: ours {ours_source}, theirs {source}").into());
        }
        let shared = mount["propagation"].as_str().ok_or("propagation")?.contains("shared");
        agree("shared", ours["propagation"]["shared"].is_number(), shared)?;
    }
    Ok(())
}

fn processes_of_ps() -> Result<(), Failed> {
    // Only those that stand still between the two readings can be compared: our own children.
    let mut child = std::process::Command::new("sleep").arg("77.25").spawn()?;
    std::thread::sleep(std::time::Duration::from_millis(100));
    let pid = child.id().to_string();
    let section = inspect(&["processes"]);
    let columns = "pid=,ppid=,user:40=,nlwp=,ni=,rss=,vsz=,cls=,args=";
    let theirs = peer("ps", &["-o", columns, "-p", &pid]);
    child.kill()?;
    child.wait()?;
    let theirs = theirs.ok_or("ps failed")?;
    let theirs: Vec<_> = theirs.split_whitespace().collect();
    let ours = section["processes"]
        .as_array()
        .ok_or("processes")?
        .iter()
        .find(|process| plain(&process["pid"]) == pid)
        .ok_or("the child is missing")?;
    let kib = |value: &Value| value.as_u64().map_or_else(String::new, |bytes| (bytes / 1024).to_string());
    let expected = [
        plain(&ours["pid"]),
        plain(&ours["parent"]),
        plain(&ours["user"]["name"]),
        plain(&ours["threads"]),
        plain(&ours["nice"]),
        kib(&ours["resident"]),
        kib(&ours["virtual_memory"]),
        if ours["policy"] == "other" { "TS".to_owned() } else { plain(&ours["policy"]) },
    ];
    agree(
        "columns",
        expected.as_slice(),
        &theirs.iter().take(8).map(ToString::to_string).collect::<Vec<_>>(),
    )?;
    agree("arguments", &ours["command_line"], &serde_json::json!(["sleep", "77.25"]))?;
    let init = peer("ps", &["-o", "comm=", "-p", "1"]).ok_or("ps failed")?;
    let first = section["processes"].as_array().and_then(|all| all.iter().find(|one| one["pid"] == 1));
    agree("the first", first.and_then(|one| one["name"].as_str()), Some(init.trim()))
}

fn memory_of_proc() -> Result<(), Failed> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let section = inspect(&["memory"]);
    let field = |name: &str| -> Option<u64> {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    for (key, name) in
        [("mem_total", "MemTotal:"), ("swap_total", "SwapTotal:"), ("huge_page_size", "Hugepagesize:")]
    {
        agree(name, section["meminfo"][key].as_u64(), field(name).map(|kib| kib * 1024))?;
    }
    let known = section["meminfo"].as_object().ok_or("meminfo")?;
    let other = known.get("other").and_then(Value::as_array).map_or(0, Vec::len);
    let fields = known.len() - usize::from(other > 0) + other;
    agree("how many fields", fields, text.lines().count())?;
    let vmstat = fs::read_to_string("/proc/vmstat")?;
    agree(
        "how many counters",
        section["vmstat"].as_object().map(serde_json::Map::len),
        Some(vmstat.lines().count()),
    )
}

fn interrupts_of_proc() -> Result<(), Failed> {
    let text = fs::read_to_string("/proc/interrupts")?;
    let section = inspect(&["interrupts"]);
    let ours = section["hardware"]["list"].as_array().ok_or("list")?;
    let theirs: Vec<_> =
        text.lines().skip(1).filter_map(|line| line.split(':').next()).map(str::trim).collect();
    let labels: Vec<_> =
        ours.iter().map(|one| one["label"].to_string().trim_matches('"').to_owned()).collect();
    agree("labels", labels, theirs.iter().map(ToString::to_string).collect())?;
    for affinity in section["affinity"]["list"].as_array().ok_or("affinity")? {
        let path = format!("/proc/irq/{}/smp_affinity_list", affinity["number"]);
        if let Ok(list) = fs::read_to_string(&path) {
            agree(&path, numbers(affinity["allowed"].as_str().ok_or("allowed")?), numbers(list.trim()))?;
        }
    }
    Ok(())
}

fn mappings_of_pmap() -> Result<(), Failed> {
    let idle = Idle::start();
    let pid = idle.pid();
    let ours = &inspect(&["process", &pid, "--memory"])["memory"];
    let theirs = peer("pmap", &["-XX", &pid]).ok_or("pmap failed")?;
    let lines: Vec<Vec<&str>> = theirs.lines().map(|line| line.split_whitespace().collect()).collect();
    let heading = lines.iter().find(|words| words.contains(&"Rss")).ok_or("no heading")?;
    let total = lines.iter().rfind(|words| words.last() == Some(&"KB")).ok_or("no totals")?;
    let first = heading.iter().position(|word| *word == "Size").ok_or("no sizes")?;
    let mappings = ours["mappings"].as_array().ok_or("mappings")?;
    let rows = lines
        .iter()
        .filter(|words| words.get(1).is_some_and(|word| word.len() == 4 && word.ends_with(['p', 's'])));
    agree("mappings", mappings.len(), rows.count())?;
    let sum =
        |name: &str| mappings.iter().filter_map(|mapping| mapping["memory"][name].as_u64()).sum::<u64>();
    let theirs: Vec<(&str, u64)> = heading[first..]
        .iter()
        .zip(total)
        .filter_map(|(name, size)| Some((*name, size.parse().ok()?)))
        .collect();
    let mut compared = 0;
    for (name, theirs) in &theirs {
        // None that adds up, and those that change as other processes come and go that share the pages.
        let adds_up =
            !["Mapping", "THPeligible", "KernelPageSize", "MMUPageSize", "Referenced"].contains(name);
        let is_own =
            !["Pss", "Shared_", "Private_"].iter().any(|start| name.starts_with(start)) && *name != "SwapPss";
        if adds_up && is_own {
            agree(name, sum(name) / 1024, *theirs)?;
            compared += 1;
        }
    }
    agree("many sizes", compared >= 8, true)?;
    let of_parts = |parts: &[&str]| {
        theirs.iter().filter(|(name, _)| parts.contains(name)).map(|(_, size)| size).sum::<u64>()
    };
    for parts in [["Shared_Clean", "Private_Clean"], ["Shared_Dirty", "Private_Dirty"]] {
        agree(parts[0], parts.iter().map(|name| sum(name)).sum::<u64>() / 1024, of_parts(&parts))?;
    }
    // And what is added up here is that too.
    let sum =
        |name: &str| mappings.iter().filter_map(|mapping| mapping["memory"][name].as_u64()).sum::<u64>();
    for (total, name) in [("size", "Size"), ("resident", "Rss"), ("proportional", "Pss"), ("swapped", "Swap")]
    {
        agree(total, ours["total"][total].as_u64(), Some(sum(name)))?;
        let of_kinds: u64 =
            ours["kinds"].as_array().ok_or("kinds")?.iter().filter_map(|kind| kind[total].as_u64()).sum();
        agree("kinds", of_kinds, sum(name))?;
    }
    Ok(())
}

fn nodes_of_numactl() -> Result<(), Failed> {
    let text = peer("numactl", &["-H"]).ok_or("numactl failed")?;
    let section = inspect(&["topology"]);
    for node in section["nodes"].as_array().ok_or("nodes")? {
        let number = &node["node"];
        let line = |start: String| {
            text.lines().find_map(|line| line.strip_prefix(start.as_str()).map(str::to_owned))
        };
        let cpus = line(format!("node {number} cpus:")).ok_or("cpus")?;
        let cpus: Vec<u32> = cpus.split_whitespace().filter_map(|cpu| cpu.parse().ok()).collect();
        agree("cpus", numbers(node["cpus"].as_str().ok_or("cpus")?), cpus)?;
        let size = line(format!("node {number} size:")).ok_or("size")?;
        let size: u64 = size.split_whitespace().next().ok_or("size")?.parse()?;
        agree("MiB", node["memory"].as_u64().map(|bytes| bytes >> 20), Some(size))?;
    }
    Ok(())
}
