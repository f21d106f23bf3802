//! The programs that the tests compare with and unpack with, and bringing what other tasks need.

use std::{
    collections::BTreeSet,
    env,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Stop, cargo};

/// Each program, and the Debian package that has it.
const TOOLS: &[(&str, &str)] = &[
    #[cfg(target_arch = "x86_64")]
    ("/usr/lib/x86_64-linux-gnu/libcap.so.2", "libcap2"),
    #[cfg(target_arch = "x86_64")]
    ("/usr/lib/x86_64-linux-gnu/libhugetlbfs.so.0", "libhugetlbfs0"),
    #[cfg(target_arch = "x86_64")]
    ("/usr/lib/x86_64-linux-gnu/libseccomp.so.2", "libseccomp2"),
    ("bzip2", "bzip2"),
    ("capsh", "libcap2-bin"),
    ("chrt", "util-linux"),
    ("findmnt", "util-linux"),
    ("free", "procps"),
    ("getcap", "libcap2-bin"),
    ("getpcaps", "libcap2-bin"),
    ("gzip", "gzip"),
    ("hugeadm", "libhugetlbfs-bin"),
    ("ionice", "util-linux"),
    ("ipcmk", "util-linux"),
    ("ipcs", "util-linux"),
    ("keyctl", "keyutils"),
    ("lsblk", "util-linux"),
    ("lscpu", "util-linux"),
    ("lsipc", "util-linux"),
    ("lsmem", "util-linux"),
    ("lsmod", "kmod"),
    ("lsns", "util-linux"),
    ("lsof", "lsof"),
    ("lspci", "pciutils"),
    ("lstopo-no-graphics", "hwloc-nox"),
    ("newuidmap", "uidmap"),
    ("nproc", "coreutils"),
    ("nsenter", "util-linux"),
    ("numactl", "numactl"),
    ("numastat", "numactl"),
    ("perl", "perl-base"),
    ("pmap", "procps"),
    ("prlimit", "util-linux"),
    ("ps", "procps"),
    ("pstree", "psmisc"),
    ("script", "bsdutils"),
    ("setcap", "libcap2-bin"),
    ("slabtop", "procps"),
    ("ss", "iproute2"),
    ("swapon", "mount"),
    ("tar", "tar"),
    ("taskset", "util-linux"),
    ("uname", "coreutils"),
    ("unzip", "unzip"),
    ("vmstat", "procps"),
    ("xz", "xz-utils"),
];

/// How long apt waits for another apt to end, in seconds.
const LOCK_TIMEOUT: &str = "DPkg::Lock::Timeout=120";

/// Sees to it that every program of the table is there.
///
/// As root, what is missing is installed through apt; else the error says what to install.
pub(crate) fn install() -> Result<(), Stop> {
    bring("the tests need", TOOLS)
}

/// Sees to it that all of `needs` is there: programs by name, files by absolute path, each with the Debian
/// package that has it. `who` begins what is said of those that are missing.
pub(crate) fn bring(who: &str, needs: &[(&str, &str)]) -> Result<(), Stop> {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let packages: BTreeSet<_> = missing.iter().map(|(_, package)| *package).collect();
    let packages: Vec<_> = packages.into_iter().collect();
    let names: Vec<_> = missing.iter().map(|(tool, _)| *tool).collect();
    eprintln!("xtask: {who} {}, which are not here", names.join(", "));
    let advice =
        format!("apt-get update && apt-get install -y --no-install-recommends {}", packages.join(" "));
    if find("apt-get").is_none() {
        return Err(Stop::because(format!(
            "install them (in Debian, the packages {}), or give --no-install",
            packages.join(" ")
        )));
    }
    if !rustix::process::geteuid().is_root() {
        return Err(Stop::because(format!("run this as root, or give --no-install:\n  {advice}")));
    }
    if !cargo::status(apt().arg("update"))?.success() {
        eprintln!("xtask: apt-get update failed; trying with the package lists that are here");
    }
    // What is installed is never worth what else would have to go.
    let install = ["install", "-y", "--no-install-recommends", "--no-remove"];
    let installed = cargo::status(apt().args(install).args(&packages))?.success();
    let missing = self::missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|(tool, _)| *tool).collect();
    let why = if installed { "apt-get did not bring" } else { "apt-get failed, and so there are no" };
    Err(Stop::because(format!("{why} {}; install them, or give --no-install:\n  {advice}", names.join(", "))))
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.args(["-q", "-o", LOCK_TIMEOUT]).env("DEBIAN_FRONTEND", "noninteractive");
    command.stdin(std::process::Stdio::null());
    command
}

/// Those of `needs` that are not here.
pub(crate) fn missing<'a>(needs: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    needs.iter().copied().filter(|(what, _)| !is_here(what)).collect()
}

fn is_here(what: &str) -> bool {
    if what.starts_with('/') { Path::new(what).exists() } else { find(what).is_some() }
}

/// Where the program `name` is.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        // A user's PATH often lacks these, and the programs there are of use to users too.
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_and_what_is_none_is_not() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program"), None);
    }

    #[test]
    fn files_are_needed_by_their_paths() {
        let needs = [("/proc/version", "a"), ("/no/such/file", "b"), ("sh", "c"), ("no-such-program", "d")];
        assert_eq!(missing(&needs), [("/no/such/file", "b"), ("no-such-program", "d")]);
    }

    #[test]
    fn each_program_is_listed_once() {
        assert!(TOOLS.is_sorted_by(|before, after| before.0 < after.0));
    }
}
