//! The fuzz targets.

use std::{
    fs, io,
    process::{Command, Stdio},
};

use crate::{Stop, cargo};

/// What a target begins with, beside what it found before: files of this machine.
const SEEDS: &[(&str, &str)] = &[
    ("command_line", "/proc/cmdline"),
    ("confinement", "/etc/group"),
    ("confinement", "/etc/passwd"),
    ("confinement", "/proc/self/status"),
    ("confinement", "/proc/self/timens_offsets"),
    ("confinement", "/proc/self/uid_map"),
    ("control_groups", "/sys/fs/cgroup/cpu.stat"),
    ("control_groups", "/sys/fs/cgroup/io.stat"),
    ("cpuinfo", "/proc/cpuinfo"),
    ("cpus", "/sys/devices/system/cpu/cpu0/power/pm_qos_resume_latency_us"),
    ("cpus", "/sys/devices/system/cpu/hotplug/states"),
    ("cpus", "/sys/devices/system/cpu/smt/control"),
    ("cpus", "/sys/devices/system/cpu/vulnerabilities/meltdown"),
    ("descriptor_info", "/proc/self/fdinfo/0"),
    ("file_records", "/proc/locks"),
    ("interrupts", "/proc/interrupts"),
    ("interrupts", "/proc/softirqs"),
    ("keys", "/proc/key-users"),
    ("keys", "/proc/keys"),
    ("maps", "/proc/self/maps"),
    ("maps", "/proc/self/numa_maps"),
    ("maps", "/proc/self/smaps"),
    ("meminfo", "/proc/meminfo"),
    ("meminfo", "/proc/vmstat"),
    ("meminfo", "/sys/devices/system/node/node0/meminfo"),
    ("mountinfo", "/proc/self/mountinfo"),
    ("network_tables", "/proc/self/net/arp"),
    ("network_tables", "/proc/self/net/dev"),
    ("network_tables", "/proc/self/net/igmp"),
    ("network_tables", "/proc/self/net/netlink"),
    ("network_tables", "/proc/self/net/netstat"),
    ("network_tables", "/proc/self/net/protocols"),
    ("network_tables", "/proc/self/net/route"),
    ("network_tables", "/proc/self/net/sockstat"),
    ("network_tables", "/proc/self/net/tcp"),
    ("network_tables", "/proc/self/net/unix"),
    ("process", "/proc/self/limits"),
    ("process", "/proc/self/io"),
    ("process", "/proc/self/statm"),
    ("process", "/proc/self/uid_map"),
    ("sets", "/sys/devices/system/cpu/online"),
    ("stat", "/proc/self/stat"),
    ("status", "/proc/self/status"),
    ("tables", "/proc/cgroups"),
    ("tables", "/proc/devices"),
    ("tables", "/proc/filesystems"),
    ("tables", "/proc/loadavg"),
    ("tables", "/proc/modules"),
    ("tables", "/proc/mounts"),
    ("tables", "/proc/pagetypeinfo"),
    ("tables", "/proc/self/cgroup"),
    ("tables", "/proc/stat"),
    ("tables", "/proc/swaps"),
    ("tables", "/proc/sysvipc/shm"),
    ("tables", "/proc/uptime"),
    ("task_files", "/proc/self/auxv"),
    ("task_files", "/proc/self/mountstats"),
    ("task_files", "/proc/self/sched"),
    ("task_files", "/proc/self/stack"),
    ("task_files", "/proc/self/syscall"),
    ("task_files", "/proc/self/timens_offsets"),
];

/// Runs `target`, or each target, for so many `seconds`.
pub(crate) fn run(seconds: u32, target: Option<&str>) -> Result<(), Stop> {
    need(&["+nightly", "--version"], "rustup toolchain install nightly --profile minimal")?;
    need(&["+nightly", "fuzz", "--version"], "cargo install cargo-fuzz --locked")?;
    let targets = match target {
        Some(target) => vec![target.to_owned()],
        None => targets()?,
    };
    let mut failed = Vec::new();
    for target in &targets {
        println!("== {target}");
        sow(target).map_err(|error| Stop::because(format!("fuzz/corpus: {error}")))?;
        let limit = format!("-max_total_time={seconds}");
        let mut command = fuzz();
        command.args([
            "run",
            target,
            "--",
            &limit,
            "-verbosity=0",
            "-print_final_stats=1",
            "-rss_limit_mb=1024",
        ]);
        if !cargo::status(&mut command)?.success() {
            failed.push(target.as_str());
        }
    }
    if targets.is_empty() {
        return Err(Stop::because("fuzz/Cargo.toml lists no targets"));
    }
    if failed.is_empty() {
        println!("{} targets ran for {seconds} s each and found nothing", targets.len());
        return Ok(());
    }
    Err(Stop::because(format!("failed: {}; the inputs are in fuzz/artifacts", failed.join(", "))))
}

/// Gives `target` its seeds.
fn sow(target: &str) -> io::Result<()> {
    let folder = cargo::root().join("fuzz/corpus").join(target);
    fs::create_dir_all(&folder)?;
    for (number, (_, path)) in SEEDS.iter().filter(|(name, _)| *name == target).enumerate() {
        // Not every machine has every file.
        if let Ok(text) = fs::read(path) {
            fs::write(folder.join(format!("seed-{number}")), text)?;
        }
    }
    Ok(())
}

fn targets() -> Result<Vec<String>, Stop> {
    let output = fuzz().arg("list").output().map_err(|error| Stop::because(error.to_string()))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// Cargo's proxy, as `+nightly` is rustup's: the cargo that runs this does not know it.
fn proxy() -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(cargo::root());
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTDOC"] {
        command.env_remove(name);
    }
    command
}

fn fuzz() -> Command {
    let mut command = proxy();
    command.args(["+nightly", "fuzz"]);
    command
}

fn need(arguments: &[&str], install: &str) -> Result<(), Stop> {
    let found = proxy().args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(Stop::because(format!("fuzzing needs a nightly Rust and cargo-fuzz; do this first:\n  {install}")))
}
