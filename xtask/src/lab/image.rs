//! The first and only file system of a machine, which the kernel unpacks into memory.
//!
//! It holds all that a run needs, and nothing of the machine that the lab runs on but the programs under test, what
//! they are compared with, and their libraries: so a result does not depend on where the lab ran, and nothing in a
//! guest can reach the host's files.

use std::{
    fs::{self, File},
    io::BufWriter,
    path::{Path, PathBuf},
    process::Command,
};

use lab::{Architecture, Machine};

use super::{
    archive::Archive,
    attempt,
    cache::{self, Cache},
    kernel::Kernel,
    libraries::{self, Libraries},
    modules::Modules,
    packages::{Package, Packages},
    suite,
};
use crate::{Stop, tools};

const INIT: &str = include_str!("../../../lab/init");
const CAPTURE: &str = include_str!("../../../lab/capture");

/// Modules that every machine needs: those that carry the results.
const CARRIERS: &[&str] = &["virtio_pci", "virtio_console"];

/// Programs that tests compare with or make file systems with, where the guest can run those of this machine.
const PEERS: &[&str] = &[
    "chrt",
    "findmnt",
    "hugeadm",
    "lscpu",
    "lsmem",
    "lspci",
    "mkfs.btrfs",
    "mkfs.xfs",
    "numactl",
    "numastat",
    "prlimit",
    "ps",
    "setpriv",
    "taskset",
];

/// Libraries that tests compare with, and load by name.
const PEER_LIBRARIES: &[&str] = &["libhugetlbfs.so.0"];

/// What is put into a machine.
#[derive(Debug)]
pub(crate) struct Content<'a> {
    pub(crate) name: &'a str,
    pub(crate) machine: &'a Machine,
    pub(crate) kernel: &'a Kernel,
    /// Which kernel was asked for.
    pub(crate) choice: String,
    /// The word that begins the lab's lines in the results.
    pub(crate) word: &'a str,
    /// What is run: a limit in seconds and a shell command each.
    pub(crate) jobs: &'a [(u64, String)],
    /// Programs: where they are in the guest, and here.
    pub(crate) programs: &'a [(String, PathBuf)],
    /// Links: where they are, and to what they lead.
    pub(crate) links: &'a [(String, String)],
    /// Where the architecture's libraries are.
    pub(crate) root: &'a Path,
    /// Whether a person gets a shell in place of the jobs.
    pub(crate) shell: bool,
}

/// Writes the file system into `file`.
pub(crate) fn write(cache: &Cache, content: &Content<'_>, file: &Path) -> Result<(), Stop> {
    let machine = content.machine;
    let output = attempt(format_args!("{}", file.display()), File::create(file))?;
    let mut archive = Archive::new(BufWriter::new(output));
    let failed = |error| Stop::because(format!("{}: {error}", file.display()));
    let mut put = |path: &str, bytes: &[u8]| archive.file(path, bytes).map_err(failed);

    put("/bin/busybox", &read(&busybox(cache, machine.architecture)?)?)?;
    put("/init", INIT.as_bytes())?;
    put("/lab/capture", CAPTURE.as_bytes())?;
    put("/lab/environment", environment(content).as_bytes())?;
    put("/lab/jobs", jobs(content.jobs).as_bytes())?;
    let declaration = serde_json::to_vec_pretty(machine).map_err(|error| Stop::because(error.to_string()))?;
    put("/lab/machine.json", &declaration)?;
    put("/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")?;
    put("/etc/group", b"root:x:0:\ntty:x:5:\nnogroup:x:65534:\n")?;
    put(
        "/etc/os-release",
        b"ID=linux-support-lab\nNAME=\"linux-support lab\"\nPRETTY_NAME=\"linux-support lab\"\n",
    )?;

    let wanted: Vec<&str> = CARRIERS
        .iter()
        .copied()
        .chain(machine.modules.iter().chain(&machine.modules_at_hand).map(String::as_str))
        .collect();
    let modules = Modules::collect(content.kernel, &wanted)?;
    let folder = format!("/lib/modules/{}", content.kernel.release);
    for (path, bytes) in &modules.files {
        put(&format!("{folder}/{path}"), bytes)?;
    }
    for (name, text) in &modules.indices {
        put(&format!("{folder}/{name}"), text.as_bytes())?;
    }

    let mut libraries = Libraries::new();
    for (path, program) in content.programs {
        libraries::collect(program, content.root, &mut libraries)?;
        put(path, &without_debugging(program)?)?;
    }
    for (name, program) in peers(machine.architecture) {
        libraries::collect(&program, content.root, &mut libraries)?;
        put(&format!("/usr/bin/{name}"), &read(&program)?)?;
    }
    if suite::is_own(machine.architecture) {
        for name in PEER_LIBRARIES {
            libraries::collect_if_here(name, content.root, &mut libraries)?;
        }
    }
    for (path, library) in &libraries {
        put(path, &read(library)?)?;
    }
    for (path, target) in content.links {
        archive.link(path, target).map_err(failed)?;
    }
    // The kernel opens it for the first process before anything is mounted.
    archive.character_device("/dev/console", 5, 1).map_err(failed)?;
    archive.finish().map_err(failed)?;
    Ok(())
}

fn environment(content: &Content<'_>) -> String {
    let modules =
        [CARRIERS, &content.machine.modules.iter().map(String::as_str).collect::<Vec<_>>()].concat();
    format!(
        "WORD='{}'\nLAB_MODULES='{}'\nLAB_SHELL={}\nLINUX_SUPPORT_LAB_MACHINE='{}'\n\
         LINUX_SUPPORT_LAB_KERNEL='{}'\nLINUX_SUPPORT_LAB_DECLARATION=/lab/machine.json\n",
        content.word,
        modules.join(" "),
        if content.shell { "yes" } else { "no" },
        content.name,
        content.choice,
    )
}

fn jobs(jobs: &[(u64, String)]) -> String {
    jobs.iter()
        .enumerate()
        .map(|(number, (limit, command))| format!("{number} {limit} {command}\n"))
        .collect()
}

fn peers(architecture: Architecture) -> Vec<(&'static str, PathBuf)> {
    if !suite::is_own(architecture) {
        return Vec::new();
    }
    PEERS.iter().filter_map(|name| Some((*name, tools::find(name)?))).collect()
}

/// A busybox for `architecture`, without need of any library.
fn busybox(cache: &Cache, architecture: Architecture) -> Result<PathBuf, Stop> {
    let _lock = cache.lock()?;
    let folder = cache.folder().join("busybox").join(architecture.debian_name());
    cache::whole(&folder, |folder| {
        let packages = Packages::open(cache, architecture)?;
        let name = "busybox-static".to_owned();
        // The oldest is good enough, and changes least.
        let version = packages
            .versions(&name)?
            .into_iter()
            .next()
            .ok_or_else(|| Stop::because(format!("Debian's lists have no {name} for {architecture}")))?;
        packages.unpack(&Package { name, version }, folder)
    })?;
    ["usr/bin/busybox", "bin/busybox"]
        .iter()
        .map(|path| folder.join(path))
        .find(|path| path.is_file())
        .ok_or_else(|| Stop::because(format!("no busybox in {}", folder.display())))
}

/// The bytes of `program` less what only a debugger reads, where that can be had.
fn without_debugging(program: &Path) -> Result<Vec<u8>, Stop> {
    let stripped = tools::find("objcopy").and_then(|objcopy| {
        // Two machines may be made at the same time.
        let copy =
            super::scratch(&format!(".stripped-{}-{:?}", std::process::id(), std::thread::current().id()))
                .ok()?;
        // One that does not know the architecture says so; the program is taken whole then.
        let done = Command::new(objcopy).arg("--strip-debug").arg(program).arg(&copy).output().ok()?;
        let bytes = done.status.success().then(|| fs::read(&copy).ok()).flatten();
        let _ = fs::remove_file(&copy);
        bytes
    });
    stripped.map_or_else(|| read(program), Ok)
}

fn read(file: &Path) -> Result<Vec<u8>, Stop> {
    attempt(format_args!("{}", file.display()), fs::read(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_numbered_lines_with_their_limits() {
        let list = [(60, "/lab/a --exact b".to_owned()), (5, "true".to_owned())];
        assert_eq!(jobs(&list), "0 60 /lab/a --exact b\n1 5 true\n");
    }
}
