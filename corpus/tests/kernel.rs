//! The saved machines against the crate `kernel`.

#[path = "kernel/hwloc.rs"]
mod hwloc;
#[path = "kernel/kmod.rs"]
mod kmod;
#[path = "kernel/pcp.rs"]
mod pcp;
#[path = "kernel/trees.rs"]
mod trees;

use corpus::Comparison;

/// What is compared, the files with which, and how.
const COMPARISONS: [Comparison; 11] = [
    ("modules and their parameters", "kmod/*.tar.xz", kmod::compare),
    ("CPU times", "pcp/sysdev-root-*.tgz", pcp::compare),
    ("identity", "hwloc/*.tar.bz2", hwloc::compare),
    ("whole", "hwloc/*.tar.bz2", trees::read_whole),
    ("whole", "pcp/*.tgz", trees::read_whole),
    ("whole", "cmonitor/centos7-Linux-3.10.0-x86_64-docker/*.tar.gz", trees::read_whole),
    ("whole", "cmonitor/fedora35-Linux-5.14.17-x86_64-docker/*.tar.gz", trees::read_whole),
    ("whole", "sysstat/*.tar.xz", trees::read_whole),
    ("whole", "lsblk/*.tar.xz", trees::read_whole),
    ("whole", "ghw/*.tar.gz", trees::read_whole),
    ("whole", "kmod/*.tar.xz", trees::read_whole),
];

fn main() -> std::process::ExitCode {
    corpus::run(|folder| corpus::trials(folder, &COMPARISONS))
}
