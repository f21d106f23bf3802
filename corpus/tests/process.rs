//! The saved machines against the crate `process`.

use std::{collections::BTreeSet, fs, path::Path};

use corpus::{Score, files, unpack};
use libtest_mimic::{Failed, Trial};
use linux_support::base::{Bytes, ClockTicks, Machine, PageSize, Pid, Reason};
use linux_support::process::{Process, ProcessDetail, Stat, State, Status, Task, processes};
use serde_json::Value;

fn main() -> std::process::ExitCode {
    corpus::run(|folder| {
        let mut trials = Vec::new();
        for archive in files(&folder.join("pcp"), ".tgz") {
            let expected = archive.with_extension("expected");
            if archive.file_name().is_some_and(|name| name.to_string_lossy().starts_with("procpid-")) {
                let name = name(&archive);
                trials.push(Trial::test(format!("pcp/{name}"), move || pcp(&name, &archive, &expected)));
            }
        }
        for host in files(&folder.join("cmonitor"), "") {
            for sample in files(&host, ".tar.gz") {
                let name = format!("{}/{}", name(&host), name(&sample));
                let host = host.clone();
                trials.push(Trial::test(format!("cmonitor/{name}"), move || cmonitor(&name, &host, &sample)));
            }
        }
        for archive in files(&folder.join("sysstat"), ".tar.xz") {
            let name = format!("sysstat/{}", name(&archive));
            trials.push(Trial::test(name.clone(), move || {
                let (_unpacked, tree) = unpack(&archive)?;
                let mut score = Score::default();
                nothing_is_malformed(&mut score, &Machine::captured(tree)?)?;
                score.finish(&name)
            }));
        }
        trials
    })
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Every file of every process that a parser exists for is read, or is not there.
fn nothing_is_malformed(score: &mut Score, machine: &Machine) -> Result<(), Failed> {
    for record in processes(machine)? {
        let process = Process::open(machine, record.pid)?;
        let detail = serde_json::to_value(ProcessDetail::read(&process)?)?;
        for (part, value) in detail.as_object().expect("a detail is an object") {
            let bad = value["unavailable"]["reason"]
                .as_str()
                .filter(|reason| !["absent", "not-configured", "kernel-too-old"].contains(reason));
            score.check(format!("{} {part}: {value}", record.pid), bad, None);
        }
    }
    Ok(())
}

fn pcp(name: &str, archive: &Path, expected: &Path) -> Result<(), Failed> {
    let (_unpacked, tree) = unpack(archive)?;
    let machine = Machine::captured(tree)?;
    let expected = fs::read_to_string(expected)?;
    let mut score = Score::default();
    nothing_is_malformed(&mut score, &machine)?;

    let records: Vec<_> = processes(&machine)?.collect();
    let page = PageSize::new(Bytes::new(4096)).expect("a power of two");
    let mut metric = "";
    let mut listed: BTreeSet<Pid> = BTreeSet::new();
    for line in expected.lines() {
        if !line.starts_with(' ') {
            metric = line.trim();
            continue;
        }
        let line = line.trim();
        let Some(instance) = line.strip_prefix("inst [") else {
            if let (Some(value), "proc.runq.blocked") = (line.strip_prefix("value "), metric) {
                // The recorder counts the kernel's own threads apart.
                let blocked = records
                    .iter()
                    .filter_map(|record| record.stat.value())
                    .filter(|stat| stat.state == State::DiskSleep && !stat.flags.is_kernel_thread());
                score.check(metric, blocked.count().to_string(), value.to_owned());
            }
            continue;
        };
        let (instance, value) = instance.split_once("\"] value ").ok_or("an instance without a value")?;
        let (_, instance) = instance.split_once('"').ok_or("an instance without a name")?;
        let (pid, command) = instance.split_once(' ').ok_or("an instance without a process")?;
        let pid: Pid = pid.parse()?;
        let record = records.iter().find(|record| record.pid == pid).ok_or("a process is not listed")?;
        if listed.insert(pid) {
            let shown = match record.command_line.value() {
                Some(line) if !line.is_empty() => {
                    line.joined().to_string().split(' ').next().unwrap_or_default().to_owned()
                }
                _ => format!("({})", record.stat.as_result().map_err(Clone::clone)?.name),
            };
            score.check(format!("command of {pid}"), shown, command.to_owned());
        }
        let stat = record.stat.as_result().map_err(Clone::clone)?;
        let status = record.status.as_result().map_err(Clone::clone)?;
        let process = Process::open(&machine, pid)?;
        let ours = match metric {
            "proc.id.egid" => status.groups.effective.to_string(),
            "proc.memory.datrss" => process.memory_pages()?.data.bytes(page).kib().to_string(),
            "proc.psinfo.blocked" => (stat.signals_blocked.bits() as u32).to_string(),
            "proc.io.cancelled_write_bytes" => {
                process.input_output()?.cancelled_written_bytes.get().to_string()
            }
            "proc.schedstat.cpu_time" => process.run_times()?.running.as_nanos().to_string(),
            _ => continue,
        };
        score.check(format!("{metric} of {pid}"), ours, value.to_owned());
    }
    for record in &records {
        let there = record.stat.value().is_some();
        if there || listed.contains(&record.pid) {
            score.check(format!("{} is listed", record.pid), there, listed.contains(&record.pid));
        } else {
            score.explain(
                record.pid,
                "an empty directory: it ended while it was saved, and is unreadable to us",
            );
        }
    }
    for record in &records {
        agreement_of_stat_and_status(&mut score, record.pid, record.stat.value(), record.status.value());
    }
    score.finish(name)
}

/// What two files of a process both say.
fn agreement_of_stat_and_status(score: &mut Score, pid: Pid, stat: Option<&Stat>, status: Option<&Status>) {
    let (Some(stat), Some(status)) = (stat, status) else { return };
    score.check(format!("pid of {pid}"), (stat.pid, status.pid), (pid, pid));
    score.check(format!("name of {pid}"), &stat.name, &status.name);
    score.check(format!("parent of {pid}"), stat.parent, status.parent);
    let size = status.memory.virtual_size.unwrap_or_default();
    let (first, second) = ((stat.threads, stat.virtual_memory), (status.threads, size));
    if first == second {
        score.check(format!("threads and address space of {pid}"), first, second);
    } else {
        score.explain(pid, "threads or address space changed between the savings of its stat and its status");
    }
    let low =
        |signals: Option<linux_support::process::SignalSet>| signals.map(|set| set.bits() & 0x7fff_ffff);
    score.check(
        format!("blocked signals of {pid}"),
        Some(stat.signals_blocked.bits() & 0x7fff_ffff),
        low(status.signals_blocked),
    );
}

fn cmonitor(name: &str, host: &Path, sample: &Path) -> Result<(), Failed> {
    let (_unpacked, tree) = unpack(sample)?;
    let machine = Machine::captured(tree)?;
    let mut score = Score::default();
    nothing_is_malformed(&mut score, &machine)?;
    let digits: String =
        name.rsplit('/').next().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    let index = digits.parse::<usize>()? - 1;
    for (file, threads) in [("expected-nothreads.json", false), ("expected-withthreads.json", true)] {
        let expected: Value = serde_json::from_slice(&fs::read(host.join(file))?)?;
        // The first sample has no tasks: the recorder knows rates only from the second on.
        let Some(tasks) = expected["samples"][index]["cgroup_tasks"].as_object() else { continue };
        for task in tasks.values() {
            let number = |part: &str, field: &str| task[part][field].as_f64().unwrap_or(f64::NAN);
            let pid =
                |field: &str| Pid::new(number("proc_info", field) as i32).ok_or("a process without a number");
            let process = Process::open(&machine, pid("tgid")?)?;
            if threads {
                compare(&mut score, &*process.thread(pid("pid")?)?, task)?;
            } else {
                compare(&mut score, &process, task)?;
            }
        }
    }
    score.finish(name)
}

fn compare(score: &mut Score, task: &Task<'_>, expected: &Value) -> Result<(), Failed> {
    let (stat, status, io) = (task.stat()?, task.status()?, task.input_output()?);
    let (info, cpu, memory) = (&expected["proc_info"], &expected["cpu"], &expected["memory"]);
    let pid = task.pid();
    let mut check = |what: &str, ours: Value, expected: &Value| {
        score.check(format!("{what} of {pid}"), ours, expected.clone());
    };
    let seconds = |ticks: ClockTicks| ticks.duration(100).as_secs_f64().into();
    let page = PageSize::new(Bytes::new(4096)).expect("a power of two");
    check("cmd", stat.name.to_string().into(), &info["cmd"]);
    check("pid", stat.pid.number().into(), &info["pid"]);
    check("ppid", stat.parent.map_or(0, Pid::number).into(), &info["ppid"]);
    check("tgid", status.process.number().into(), &info["tgid"]);
    check("priority", stat.priority.get().into(), &info["priority"]);
    check("nice", stat.nice.get().into(), &info["nice"]);
    let state = match stat.state {
        State::Sleeping => "Sleeping-interruptible",
        State::Running => "Running",
        State::DiskSleep => "Sleeping-uninterruptible",
        other => other.name(),
    };
    check("state", state.into(), &info["state"]);
    check("cpu", stat.cpu.map(|cpu| cpu.number()).into(), &cpu["last"]);
    check("user time", seconds(stat.user_time), &cpu["usr_total_secs"]);
    check("system time", seconds(stat.system_time), &cpu["sys_total_secs"]);
    check("virtual memory", stat.virtual_memory.get().into(), &memory["virtual_bytes"]);
    check("resident", stat.resident.bytes(page).get().into(), &memory["rss_bytes"]);
    check("read", io.read_characters.get().into(), &expected["io"]["total_read"]);
    check("written", io.written_characters.get().into(), &expected["io"]["total_write"]);
    let user = status.users.effective.number();
    if info["uid"] == user {
        score.check(format!("uid of {pid}"), user, user);
    } else {
        score.explain(
            format!("uid of {pid}"),
            "expected is the owner of the unpacked directory, ours the status file's",
        );
    }
    let absent = task.limits().err().map(|error| error.reason().clone());
    score.check(format!("limits of {pid}"), absent, Some(Reason::Absent));
    agreement_of_stat_and_status(score, pid, Some(&stat), Some(&status));
    Ok(())
}
