//! The saved machines against the crate `memory`.

#[path = "memory/hwloc.rs"]
mod hwloc;
#[path = "memory/lsmem.rs"]
mod lsmem;
#[path = "memory/pcp.rs"]
mod pcp;
#[path = "memory/swaps.rs"]
mod swaps;
#[path = "memory/trees.rs"]
mod trees;

use corpus::Comparison;

/// What is compared, the files with which, and how.
const COMPARISONS: [Comparison; 20] = [
    ("nodes", "hwloc/*.tar.bz2", hwloc::compare),
    ("nodes", "lscpu/*.tar.gz", hwloc::lscpu),
    ("listings", "lsmem/*.tar.bz2", lsmem::listings),
    ("lsmem", "lsmem/*.tar.bz2", lsmem::second_opinion),
    ("lsmem", "trees/*.tar.bz2", lsmem::second_opinion),
    ("swaps", "mounts/*.swaps", swaps::compare),
    ("memory", "pcp/meminfo-root-*.tgz", pcp::memory),
    ("pressure", "pcp/pressure-root-*.tgz", pcp::pressure),
    ("huge pages", "pcp/sysfs-hugepages-*.tgz", pcp::huge_pages),
    ("same-page merging", "pcp/sysfs-ksm-*.tgz", pcp::same_page_merging),
    ("nodes", "pcp/sysdev-root-*.tgz", pcp::nodes),
    ("whole", "hwloc/*.tar.bz2", trees::read_whole),
    ("whole", "lscpu/*.tar.gz", trees::read_whole),
    ("whole", "lsmem/*.tar.bz2", trees::read_whole),
    ("whole", "trees/*.tar.bz2", trees::read_whole),
    ("whole", "pcp/*.tgz", trees::read_whole),
    ("whole", "ghw/*.tar.gz", trees::read_whole),
    ("whole", "nri/*.tar*", trees::read_whole),
    ("whole", "sysstat/*.tar.xz", trees::read_whole),
    ("whole", "lsblk/*.tar.xz", trees::read_whole),
];

fn main() -> std::process::ExitCode {
    corpus::run(|folder| corpus::trials(folder, &COMPARISONS))
}
