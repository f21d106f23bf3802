//! The saved machines against the crate `cgroup`.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use corpus::{Score, unpack};
use libtest_mimic::{Failed, Trial};
use linux_support::{
    base::{Bytes, CpuSet, Limit, Machine, NumaNodeSet, Pid, Reading},
    cgroup::{
        Controller, Group, Hierarchies, Hierarchy, LegacyGroup, LegacyMemoryStatistics, Membership,
        MemoryStatistics, Mode, RegisteredController, Version, tree,
    },
    filesystem::FileSystemKind,
};
use serde_json::Value;

fn main() -> std::process::ExitCode {
    corpus::run(|folder| {
        let trial = |name: &str, test: fn(&Path) -> Result<(), Failed>| {
            let folder = folder.to_owned();
            Trial::test(name.to_owned(), move || test(&folder))
        };
        vec![
            trial("cmonitor_centos7", |folder| cmonitor(folder, "centos7-Linux-3.10.0-x86_64-docker")),
            trial("cmonitor_fedora35", |folder| cmonitor(folder, "fedora35-Linux-5.14.17-x86_64-docker")),
            trial("elastic_docker", |folder| whole_tree(&folder.join("elastic/docker.zip"))),
            trial("elastic_ubuntu1804", |folder| whole_tree(&folder.join("elastic/ubuntu1804.zip"))),
            trial("elastic_ubuntu1804_membership", membership),
            trial("pcp_cgroups_001", |folder| whole_tree(&folder.join("pcp/cgroups-root-001.tgz"))),
            trial("pcp_cgroups_003", |folder| whole_tree(&folder.join("pcp/cgroups-root-003.tgz"))),
            trial("hwloc_cpuset_v1", hwloc_v1),
            trial("hwloc_cpuset_v2", hwloc_v2),
        ]
    })
}

/// A hierarchy that the tree itself does not list.
fn hierarchy(kind: &str, options: &str, mount_point: &str) -> Hierarchy {
    let kind = FileSystemKind::parse(kind.as_bytes());
    Hierarchy::of_mount(&kind, options.as_bytes(), mount_point.into(), "/".into()).expect("a hierarchy")
}

fn value<T: Clone>(reading: &Reading<T>) -> Result<T, Failed> {
    reading.clone().into_result().map_err(|error| error.to_string().into())
}

fn v2_memory(stat: &MemoryStatistics, key: &str) -> Option<u64> {
    match key {
        "anon" => stat.anon.map(Bytes::get),
        "file" => stat.file.map(Bytes::get),
        "kernel" => stat.kernel.map(Bytes::get),
        "kernel_stack" => stat.kernel_stack.map(Bytes::get),
        "pagetables" => stat.page_tables.map(Bytes::get),
        "sec_pagetables" => stat.secondary_page_tables.map(Bytes::get),
        "percpu" => stat.percpu.map(Bytes::get),
        "sock" => stat.sock.map(Bytes::get),
        "vmalloc" => stat.vmalloc.map(Bytes::get),
        "shmem" => stat.shmem.map(Bytes::get),
        "zswap" => stat.zswap.map(Bytes::get),
        "zswapped" => stat.zswapped.map(Bytes::get),
        "file_mapped" => stat.file_mapped.map(Bytes::get),
        "file_dirty" => stat.file_dirty.map(Bytes::get),
        "file_writeback" => stat.file_writeback.map(Bytes::get),
        "swapcached" => stat.swap_cached.map(Bytes::get),
        "anon_thp" => stat.anon_huge.map(Bytes::get),
        "file_thp" => stat.file_huge.map(Bytes::get),
        "shmem_thp" => stat.shmem_huge.map(Bytes::get),
        "hugetlb" => stat.hugetlb.map(Bytes::get),
        "inactive_anon" => stat.inactive_anon.map(Bytes::get),
        "active_anon" => stat.active_anon.map(Bytes::get),
        "inactive_file" => stat.inactive_file.map(Bytes::get),
        "active_file" => stat.active_file.map(Bytes::get),
        "unevictable" => stat.unevictable.map(Bytes::get),
        "slab_reclaimable" => stat.slab_reclaimable.map(Bytes::get),
        "slab_unreclaimable" => stat.slab_unreclaimable.map(Bytes::get),
        "slab" => stat.slab.map(Bytes::get),
        "workingset_refault_anon" => stat.workingset_refault_anon,
        "workingset_refault_file" => stat.workingset_refault_file,
        "workingset_activate_anon" => stat.workingset_activate_anon,
        "workingset_activate_file" => stat.workingset_activate_file,
        "workingset_restore_anon" => stat.workingset_restore_anon,
        "workingset_restore_file" => stat.workingset_restore_file,
        "workingset_nodereclaim" => stat.workingset_node_reclaim,
        "pswpin" => stat.swap_in_pages,
        "pswpout" => stat.swap_out_pages,
        "pgscan" => stat.scanned,
        "pgsteal" => stat.stolen,
        "pgscan_kswapd" => stat.scanned_by_kswapd,
        "pgscan_direct" => stat.scanned_directly,
        "pgscan_khugepaged" => stat.scanned_by_khugepaged,
        "pgsteal_kswapd" => stat.stolen_by_kswapd,
        "pgsteal_direct" => stat.stolen_directly,
        "pgsteal_khugepaged" => stat.stolen_by_khugepaged,
        "pgfault" => stat.faults,
        "pgmajfault" => stat.major_faults,
        "pgrefill" => stat.refilled,
        "pgactivate" => stat.activated,
        "pgdeactivate" => stat.deactivated,
        "pglazyfree" => stat.lazily_freed,
        "pglazyfreed" => stat.lazily_freed_taken,
        "zswpin" => stat.zswap_in_pages,
        "zswpout" => stat.zswap_out_pages,
        "zswpwb" => stat.zswap_written_back,
        "thp_fault_alloc" => stat.huge_fault_allocations,
        "thp_collapse_alloc" => stat.huge_collapse_allocations,
        "thp_swpout" => stat.huge_swap_outs,
        "thp_swpout_fallback" => stat.huge_swap_out_fallbacks,
        _ => stat.other.get(key.as_bytes())?.to_string().parse().ok(),
    }
}

fn v1_memory(stat: &LegacyMemoryStatistics, key: &str) -> Option<u64> {
    match key {
        "cache" => stat.cache.map(Bytes::get),
        "rss" => stat.rss.map(Bytes::get),
        "rss_huge" => stat.rss_huge.map(Bytes::get),
        "shmem" => stat.shmem.map(Bytes::get),
        "mapped_file" => stat.mapped_file.map(Bytes::get),
        "dirty" => stat.dirty.map(Bytes::get),
        "writeback" => stat.writeback.map(Bytes::get),
        "swap" => stat.swap.map(Bytes::get),
        "pgpgin" => stat.page_ins,
        "pgpgout" => stat.page_outs,
        "pgfault" => stat.faults,
        "pgmajfault" => stat.major_faults,
        "inactive_anon" => stat.inactive_anon.map(Bytes::get),
        "active_anon" => stat.active_anon.map(Bytes::get),
        "inactive_file" => stat.inactive_file.map(Bytes::get),
        "active_file" => stat.active_file.map(Bytes::get),
        "unevictable" => stat.unevictable.map(Bytes::get),
        "total_cache" => stat.total_cache.map(Bytes::get),
        "total_rss" => stat.total_rss.map(Bytes::get),
        "total_rss_huge" => stat.total_rss_huge.map(Bytes::get),
        "total_shmem" => stat.total_shmem.map(Bytes::get),
        "total_mapped_file" => stat.total_mapped_file.map(Bytes::get),
        "total_dirty" => stat.total_dirty.map(Bytes::get),
        "total_writeback" => stat.total_writeback.map(Bytes::get),
        "total_swap" => stat.total_swap.map(Bytes::get),
        "total_pgpgin" => stat.total_page_ins,
        "total_pgpgout" => stat.total_page_outs,
        "total_pgfault" => stat.total_faults,
        "total_pgmajfault" => stat.total_major_faults,
        "total_inactive_anon" => stat.total_inactive_anon.map(Bytes::get),
        "total_active_anon" => stat.total_active_anon.map(Bytes::get),
        "total_inactive_file" => stat.total_inactive_file.map(Bytes::get),
        "total_active_file" => stat.total_active_file.map(Bytes::get),
        "total_unevictable" => stat.total_unevictable.map(Bytes::get),
        _ => stat.other.get(key.as_bytes())?.to_string().parse().ok(),
    }
}

/// The number of a key of `memory.stat`.
type MemoryValue = Box<dyn Fn(&str) -> Option<u64>>;

/// What one sample says, whatever its version.
struct Sample {
    timestamp: Duration,
    memory: MemoryValue,
    events: BTreeMap<&'static str, u64>,
    user: Duration,
    system: Option<Duration>,
    by_cpu: Vec<Duration>,
    periods: u64,
    throttled_periods: u64,
    throttled: u64,
}

struct Header {
    cpus: CpuSet,
    quota: Option<f64>,
    memory_limit: Limit<Bytes>,
}

fn sample_v2(machine: &Machine, path: &str, timestamp: Duration) -> Result<(Header, Sample), Failed> {
    let hierarchy = hierarchy("cgroup2", "rw", "/sys/fs/cgroup");
    let group = Group::read(machine, &hierarchy, path.as_bytes())?;
    let memory = value(&group.memory)?;
    let cpu = value(&group.cpu_stat)?;
    let events = value(&memory.events)?;
    let stat = value(&memory.stat)?;
    let current = value(&memory.current)?.get();
    let header = Header {
        cpus: value(&value(&group.cpuset)?.cpus)?,
        quota: value(&value(&group.cpu)?.max)?.cpus(),
        memory_limit: value(&memory.max)?,
    };
    let sample = Sample {
        timestamp,
        memory: Box::new(move |key| if key == "current" { Some(current) } else { v2_memory(&stat, key) }),
        events: [
            ("low", events.low),
            ("high", events.high),
            ("max", events.max),
            ("oom", events.oom),
            ("oom_kill", events.oom_kill.ok_or("oom_kill")?),
        ]
        .into(),
        user: cpu.user,
        system: Some(cpu.system),
        by_cpu: Vec::new(),
        periods: cpu.periods.ok_or("nr_periods")?,
        throttled_periods: cpu.throttled_periods.ok_or("nr_throttled")?,
        throttled: cpu.throttled.ok_or("throttled_usec")?.as_micros() as u64,
    };
    Ok((header, sample))
}

fn sample_v1(machine: &Machine, path: &str, timestamp: Duration) -> Result<(Header, Sample), Failed> {
    let read = |controllers: &str| {
        let hierarchy = hierarchy("cgroup", controllers, &format!("/sys/fs/cgroup/{controllers}"));
        LegacyGroup::read(machine, &hierarchy, path.as_bytes())
    };
    let memory = read("memory")?.memory.ok_or("memory")?;
    let cpus = read("cpu,cpuacct")?;
    let cpu = cpus.cpu.ok_or("cpu")?;
    let account = cpus.cpuacct.ok_or("cpuacct")?;
    let stat = value(&memory.stat)?;
    let throttling = value(&cpu.stat)?;
    let header = Header {
        cpus: value(&read("cpuset")?.cpuset.ok_or("cpuset")?.cpus)?,
        quota: cpu.bandwidth().and_then(|bandwidth| bandwidth.cpus()),
        memory_limit: value(&memory.limit)?,
    };
    let sample = Sample {
        timestamp,
        // The recorder prints the keys that begin with `total_`, without that.
        memory: Box::new(move |key| v1_memory(&stat, &format!("total_{key}"))),
        events: [("failcnt", value(&memory.fail_count)?)].into(),
        user: value(&account.usage)?,
        system: None,
        by_cpu: value(&account.usage_by_cpu)?,
        periods: throttling.periods,
        throttled_periods: throttling.throttled_periods,
        throttled: throttling.throttled.as_nanos() as u64,
    };
    Ok((header, sample))
}

fn cmonitor(folder: &Path, host: &str) -> Result<(), Failed> {
    let folder = folder.join("cmonitor").join(host);
    let expected: Value = serde_json::from_slice(&fs::read(folder.join("expected-nothreads.json"))?)?;
    let config = &expected["header"]["cgroup_config"];
    let path = format!("/{}", config["name"].as_str().ok_or("no name")?.trim_matches('/'));
    let unified = config["version"] == "2";
    let mut score = Score::default();
    let mut before: Option<Sample> = None;
    for (index, theirs) in expected["samples"].as_array().ok_or("no samples")?.iter().enumerate() {
        let (_kept, root) = unpack(&folder.join(format!("sample{}.tar.gz", index + 1)))?;
        let machine = Machine::captured(&root)?;
        let timestamp =
            fs::read_to_string(root.join("sample-timestamp"))?.trim().parse().map(Duration::from_nanos)?;
        let (header, sample) = if unified {
            sample_v2(&machine, &path, timestamp)?
        } else {
            sample_v1(&machine, &path, timestamp)?
        };
        let of = |what: &str| format!("sample {} {what}", index + 1);
        let cpus = CpuSet::parse_list(config["cpus"].as_str().ok_or("cpus")?.as_bytes())?;
        score.check(of("cpus"), header.cpus, cpus);
        score.check(of("quota"), header.quota, config["cpu_quota_perc"].as_f64());
        let limit = config["memory_limit_bytes"].as_u64().ok_or("limit")?;
        score.check(of("memory limit"), header.memory_limit, Limit::At(Bytes::new(limit)));

        for (key, number) in theirs["cgroup_memory_stats"].as_object().ok_or("no memory")? {
            let theirs = number.as_u64();
            let ours = match key.split_once('.') {
                Some(("stat", key)) => (sample.memory)(key),
                Some(("events", key)) => sample
                    .events
                    .get(key)
                    .map(|now| now - before.as_ref().and_then(|before| before.events.get(key)).unwrap_or(&0)),
                _ => None,
            };
            score.check(of(key), ours, theirs);
        }
        if let Some(before) = &before {
            let cpu = &theirs["cgroup_cpuacct_stats"];
            let elapsed = (sample.timestamp - before.timestamp).as_secs_f64();
            let percentage = |now: Duration, then: Duration| {
                let per_cent = (now - then).as_secs_f64() / elapsed * 100.0;
                Some((per_cent * 1000.0).round() / 1000.0)
            };
            score.check(of("user"), percentage(sample.user, before.user), cpu["cpu_tot"]["user"].as_f64());
            if let (Some(now), Some(then)) = (sample.system, before.system) {
                score.check(of("sys"), percentage(now, then), cpu["cpu_tot"]["sys"].as_f64());
            }
            for (index, (now, then)) in sample.by_cpu.iter().zip(&before.by_cpu).enumerate() {
                if let Some(theirs) = cpu[format!("cpu{index}")]["user"].as_f64() {
                    score.check(of(&format!("cpu{index}")), percentage(*now, *then), Some(theirs));
                }
            }
            let throttling = &cpu["throttling"];
            score.check(
                of("periods"),
                Some(sample.periods - before.periods),
                throttling["nr_periods"].as_u64(),
            );
            let throttled = sample.throttled_periods - before.throttled_periods;
            score.check(of("throttled"), Some(throttled), throttling["nr_throttled"].as_u64());
            let throttled = sample.throttled - before.throttled;
            score.check(of("throttled time"), Some(throttled), throttling["throttled_time"].as_u64());
        }
        before = Some(sample);
    }
    score.finish(host)
}

/// How many directories there are in `folder`, itself included.
fn directories(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    1 + entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| directories(&entry.path()))
        .sum::<usize>()
}

/// Every value in `json` that could not be read because it is malformed.
fn malformed(json: &Value, found: &mut Vec<String>) {
    match json {
        Value::Object(fields) => {
            if let Some(error) = fields.get("unavailable").filter(|error| error["reason"] == "malformed") {
                found.push(error["message"].to_string());
            }
            fields.values().for_each(|value| malformed(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| malformed(value, found)),
        _ => {}
    }
}

/// Reads all groups of all hierarchies in a tree that came without results: each directory must be a group,
/// nothing may be malformed, and what is a single number must be the number in the file.
fn whole_tree(archive: &Path) -> Result<(), Failed> {
    let (_kept, root) = unpack(archive)?;
    let machine = Machine::captured(&root)?;
    let mut score = Score::default();
    let listed = Hierarchies::read(&machine)?;
    let table = fs::read_to_string(root.join("proc/cgroups"))?;
    let controllers = RegisteredController::read_all(&machine)?;
    for (controller, line) in controllers.iter().zip(table.lines().skip(1)) {
        let RegisteredController { controller, hierarchy, groups, enabled } = controller;
        let ours = format!("{controller} {hierarchy} {groups} {}", u8::from(*enabled));
        score.check(controller, ours, line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    // Some lists give the mount points of the machine on which the tree was tested, not its own.
    let mut hierarchies: Vec<Hierarchy> =
        listed.iter().filter(|one| machine.exists(one.mount_point.as_bytes())).cloned().collect();
    for entry in machine.entries("/sys/fs/cgroup").unwrap_or_default() {
        let point = format!("/sys/fs/cgroup/{}", entry.name);
        if !hierarchies.iter().any(|one| one.mount_point == point.as_str())
            && machine.exists(format!("{point}/cgroup.procs"))
        {
            hierarchies.push(match entry.name.as_str() {
                Some("unified") => hierarchy("cgroup2", "rw", &point),
                name => hierarchy("cgroup", name.unwrap_or_default(), &point),
            });
        }
    }
    for one in &hierarchies {
        let folder = root.join(one.mount_point.to_string().trim_start_matches('/'));
        let top = one.root.as_bytes();
        let json = match one.version {
            Version::V1 => serde_json::to_value(tree::legacy_groups(&machine, one, top, usize::MAX)?)?,
            Version::V2 => serde_json::to_value(tree::groups(&machine, one, top, usize::MAX)?)?,
        };
        let groups = json.as_array().ok_or("no groups")?;
        score.check(format!("{} groups", one.mount_point), groups.len(), directories(&folder));
        let mut wrong = Vec::new();
        malformed(&json, &mut wrong);
        score.check(format!("{} malformed", one.mount_point), wrong, Vec::new());
        for group in groups {
            let path = group[1]["path"].as_str().ok_or("a path that is not UTF-8")?;
            for (file, place) in SINGLE_NUMBERS {
                let plain = fs::read_to_string(folder.join(path.trim_start_matches('/')).join(file));
                let (Ok(plain), true) = (plain, group[1].pointer(place).is_some()) else { continue };
                let ours = group[1].pointer(place).and_then(Value::as_f64);
                let scale = if place.ends_with("_seconds") {
                    if file.ends_with("_us") { 1e-6 } else { 1e-9 }
                } else {
                    1.0
                };
                let theirs: Option<f64> = plain.trim().parse().ok().map(|number: f64| number * scale);
                match theirs {
                    // No limit.
                    Some(number) if !(0.0..9e18).contains(&number) => {
                        let word = group[1].pointer(place).and_then(Value::as_str);
                        score.check(format!("{path} {file}"), word, Some("max"));
                    }
                    theirs => {
                        let near =
                            matches!((ours, theirs), (Some(a), Some(b)) if (a - b).abs() <= b.abs() * 1e-12);
                        score.check(format!("{path} {file} {ours:?} {theirs:?}"), near, true);
                    }
                }
            }
        }
    }
    score.finish(&archive.file_name().unwrap_or_default().to_string_lossy())
}

const SINGLE_NUMBERS: [(&str, &str); 19] = [
    ("memory.usage_in_bytes", "/memory/usage"),
    ("memory.max_usage_in_bytes", "/memory/max_usage"),
    ("memory.limit_in_bytes", "/memory/limit"),
    ("memory.soft_limit_in_bytes", "/memory/soft_limit"),
    ("memory.failcnt", "/memory/fail_count"),
    ("memory.swappiness", "/memory/swappiness"),
    ("memory.kmem.usage_in_bytes", "/memory/kernel_usage"),
    ("memory.kmem.limit_in_bytes", "/memory/kernel_limit"),
    ("memory.memsw.usage_in_bytes", "/memory/memory_and_swap_usage"),
    ("memory.memsw.limit_in_bytes", "/memory/memory_and_swap_limit"),
    ("cpu.shares", "/cpu/shares"),
    ("cpu.cfs_period_us", "/cpu/period_seconds"),
    ("cpu.cfs_quota_us", "/cpu/quota_seconds"),
    ("cpu.rt_period_us", "/cpu/realtime_period_seconds"),
    ("cpuacct.usage", "/cpuacct/usage_seconds"),
    ("cpuset.memory_pressure", "/cpuset/memory_pressure"),
    ("blkio.weight", "/blkio/weight"),
    ("pids.current", "/pids/current"),
    ("pids.max", "/pids/max"),
];

fn membership(folder: &Path) -> Result<(), Failed> {
    let (_kept, root) = unpack(&folder.join("elastic/ubuntu1804.zip"))?;
    let machine = Machine::captured(&root)?;
    let hierarchies = Hierarchies::read(&machine)?;
    let mut score = Score::default();
    score.check("mode", hierarchies.mode(), Mode::Hybrid);
    score.check("hierarchies", hierarchies.iter().count(), 13);
    for own in Membership::read_all(&machine, Pid::new(3757).ok_or("a process")?)? {
        let hierarchy = hierarchies.of(&own);
        let name = match (&own.name, own.controllers.is_empty()) {
            (Some(name), _) => name.to_string(),
            (None, true) => "unified".into(),
            (None, false) => own.controllers.iter().map(Controller::to_string).collect::<Vec<_>>().join(","),
        };
        let found = hierarchy.and_then(|hierarchy| hierarchy.directory_of(own.path.as_bytes()));
        let expected = format!("/sys/fs/cgroup/{name}{}", own.path.to_string().trim_end_matches('/'));
        score.check(&name, found.map(|path| path.to_string()), Some(expected));
    }
    score.finish("ubuntu1804 membership")
}

/// The group of the process that saved the machine, by the older file `/proc/self/cpuset`.
fn own_cpuset(machine: &Machine) -> Result<Vec<u8>, Failed> {
    Ok(machine.line("/proc/self/cpuset")?.into_bytes())
}

fn hwloc_v1(folder: &Path) -> Result<(), Failed> {
    let (_kept, root) = unpack(&folder.join("hwloc/16amd64-4n4c-cgroup-distance-merge.tar.bz2"))?;
    let console = fs::read_to_string(folder.join("hwloc/16amd64-4n4c-cgroup-distance-merge.console"))?;
    let machine = Machine::captured(&root)?;
    let hierarchies = Hierarchies::read(&machine)?;
    let mut score = Score::default();
    score.check("mode", hierarchies.mode(), Mode::Hybrid);
    let hierarchy = hierarchies.with(&Controller::Cpuset).ok_or("no hierarchy has cpuset")?;
    score.check("mount point", hierarchy.mount_point.to_string(), "/dev/cpuset".into());
    let group = LegacyGroup::read(&machine, hierarchy, &own_cpuset(&machine)?)?;
    let cpuset = group.cpuset.ok_or("no cpuset")?;
    let shown = |object: &str| {
        let numbers = console.lines().filter_map(|line| {
            let (_, rest) = line.trim_start().strip_prefix(object)?.split_once("(P#")?;
            rest.split([' ', ')']).next()
        });
        numbers.collect::<Vec<_>>().join(",")
    };
    score.check("CPUs", value(&cpuset.cpus)?, CpuSet::parse_list(shown("PU ").as_bytes())?);
    score.check("nodes", value(&cpuset.mems)?, NumaNodeSet::parse_list(shown("NUMANode ").as_bytes())?);
    score.finish("16amd64-4n4c-cgroup-distance-merge")
}

fn hwloc_v2(folder: &Path) -> Result<(), Failed> {
    let (_kept, root) = unpack(&folder.join("hwloc/32amd64-4s2n4c-cgroup2.tar.bz2"))?;
    let xml = fs::read_to_string(folder.join("hwloc/32amd64-4s2n4c-cgroup2.xml"))?;
    let machine = Machine::captured(&root)?;
    let hierarchies = Hierarchies::read(&machine)?;
    let mut score = Score::default();
    score.check("mode", hierarchies.mode(), Mode::Hybrid);
    let unified = hierarchies.unified().ok_or("no hierarchy of version 2")?;
    let path = own_cpuset(&machine)?;
    let group = Group::read(&machine, unified, &path)?;
    let cpuset = value(&group.cpuset)?;
    let mask = |name: &str| -> Result<&str, Failed> {
        let (_, rest) = xml.split_once(&format!(" {name}=\"0x")).ok_or("no such attribute")?;
        Ok(rest.split('"').next().unwrap_or_default())
    };
    let cpus = CpuSet::parse_mask(mask("allowed_cpuset")?.as_bytes())?;
    let nodes = NumaNodeSet::parse_mask(mask("allowed_nodeset")?.as_bytes())?;
    score.check("CPUs", value(&cpuset.cpus_effective)?, cpus);
    score.check("nodes", value(&cpuset.mems_effective)?, nodes);
    score.check(
        "depth",
        tree::walk(&machine, unified, b"/", usize::MAX)?.map(|group| group.depth).max(),
        Some(3),
    );
    score.finish("32amd64-4s2n4c-cgroup2")
}
