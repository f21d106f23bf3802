//! Every file about the kernel in every tree: nothing is malformed, and no line of it is lost.

use std::{
    fs,
    path::{Path, PathBuf},
};

use corpus::{Score, unpack_all};
use libtest_mimic::Failed;
use linux_support::{
    base::{ClockTicks, Error, Machine},
    device::Majors,
    kernel::{
        CommandLine, CpuTime, Environment, Hardening, Identity, Load, Module, Statistics, SystemLimits,
        Taint, Uptime,
    },
};

pub(crate) fn read_whole(path: &Path, name: &str) -> Result<(), Failed> {
    let (_unpacked, trees) = unpack_all(path)?;
    let mut score = Score::default();
    for tree in trees {
        let machine = Machine::captured(&tree)?;
        let text = |path: &str| fs::read_to_string(tree.join(path)).unwrap_or_default();
        let statistics = Statistics::read(&machine);
        if check(&mut score, &tree, "proc/stat", statistics.as_ref()) {
            lines_of_stat(&text("proc/stat"), &statistics?, &mut score);
        }
        let load = Load::read(&machine);
        if check(&mut score, &tree, "proc/loadavg", load.as_ref()) {
            let load = load?;
            let last = load.last_pid.map_or_else(|| "0".into(), |pid| pid.to_string());
            let ours = format!(
                "{} {} {} {}/{} {last}",
                load.one_minute, load.five_minutes, load.fifteen_minutes, load.runnable, load.tasks
            );
            score.check("loadavg", ours.as_str(), text("proc/loadavg").trim());
        }
        let uptime = Uptime::read(&machine);
        if check(&mut score, &tree, "proc/uptime", uptime.as_ref()) {
            let uptime = uptime?;
            let ours = format!("{:.2} {:.2}", uptime.up.as_secs_f64(), uptime.idle.as_secs_f64());
            score.check("uptime", ours.as_str(), text("proc/uptime").trim());
        }
        let modules = Module::read_all(&machine);
        if check(&mut score, &tree, "proc/modules", modules.as_ref()) {
            score.check("modules", modules?.len(), text("proc/modules").lines().count());
        }
        let line = CommandLine::read(&machine);
        if check(&mut score, &tree, "proc/cmdline", line.as_ref()) {
            parameters(&text("proc/cmdline"), &line?, &mut score);
        }
        others(&machine, &tree, &mut score);
    }
    score.finish(name)
}

/// What became of reading a file; whether it was read.
fn check<T>(score: &mut Score, tree: &Path, path: &str, result: Result<T, &Error>) -> bool {
    match result {
        Ok(_) => return true,
        Err(error) if error.is_absent() => {
            let there: PathBuf = tree.join(path);
            score.check(path, there.exists(), false);
        }
        Err(error) => score.check(path, error.to_string().as_str(), "read"),
    }
    false
}

/// The name, and how many values follow it.
fn lines_of_stat(text: &str, statistics: &Statistics, score: &mut Score) {
    let mut others = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        let values: Vec<u64> = words.map_while(|word| word.parse().ok()).collect();
        let first = values.first().copied();
        match name {
            "cpu" => score.check("cpu", columns(&statistics.total), values),
            "intr" => score.check(name, statistics.interrupts, first),
            "softirq" => score.check(name, statistics.soft_interrupts, first),
            "ctxt" => score.check(name, statistics.context_switches, first),
            "btime" => score.check(name, statistics.boot_time, first),
            "processes" => score.check(name, statistics.forks, first),
            "procs_running" => score.check(name, statistics.runnable, first),
            "procs_blocked" => score.check(name, statistics.blocked, first),
            name => match name.strip_prefix("cpu") {
                Some(number) => {
                    let found = statistics.cpus.iter().find(|(cpu, _)| cpu.to_string() == number);
                    score.check(name, found.map(|(_, time)| columns(time)), Some(values));
                }
                None => others.push(line.to_owned()),
            },
        }
    }
    let kept: Vec<String> = statistics.other.iter().map(ToString::to_string).collect();
    score.check("other lines", kept, others);
}

fn columns(time: &CpuTime) -> Vec<u64> {
    let columns = [
        Some(time.user_ticks),
        Some(time.nice_ticks),
        Some(time.system_ticks),
        Some(time.idle_ticks),
        time.io_wait_ticks,
        time.interrupt_ticks,
        time.soft_interrupt_ticks,
        time.steal_ticks,
        time.guest_ticks,
        time.guest_nice_ticks,
    ];
    columns.into_iter().flatten().map(ClockTicks::get).collect()
}

/// Command lines without quotes are words.
fn parameters(text: &str, line: &CommandLine, score: &mut Score) {
    score.check("command line", line.to_string().as_str(), text.trim());
    if text.contains('"') || text.contains(" -- ") {
        return;
    }
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ours: Vec<(String, Option<String>)> =
        line.parameters().map(|parameter| (lossy(parameter.name), parameter.value.map(lossy))).collect();
    let expected: Vec<(String, Option<String>)> = text
        .split_whitespace()
        .map(|word| match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word.to_owned(), None),
        })
        .collect();
    score.check("parameters", ours, expected);
}

fn others(machine: &Machine, tree: &Path, score: &mut Score) {
    let majors = Majors::read(machine);
    if check(score, tree, "proc/devices", majors.as_ref()) {
        score.check("proc/devices", "read", "read");
    }
    let taint = Taint::read(machine);
    if check(score, tree, "proc/sys/kernel/tainted", taint.as_ref()) {
        score.check("tainted", "read", "read");
    }
    // Each value of these is there, or says why not; none is malformed.
    let everything = serde_json::json!({
        "identity": Identity::read(machine),
        "hardening": Hardening::read(machine),
        "limits": SystemLimits::read(machine),
        "environment": Environment::read(machine),
    });
    let text = everything.to_string();
    score.check("malformed", text.contains("\"malformed\""), false);
}
