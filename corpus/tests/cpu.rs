//! The saved machines against the crate `cpu`.

#[path = "cpu/hwloc.rs"]
mod hwloc;
#[path = "cpu/lscpu.rs"]
mod lscpu;
#[path = "cpu/phones.rs"]
mod phones;
#[path = "cpu/records.rs"]
mod records;
#[path = "cpu/trees.rs"]
mod trees;

use std::path::Path;

use libtest_mimic::{Failed, Trial};
use linux_support::base::CpuSet;

fn main() -> std::process::ExitCode {
    corpus::run(|folder| {
        let mut trials = Vec::new();
        for path in corpus::files(&folder.join("hwloc"), ".tar.bz2") {
            trials.push(trial("hwloc", &path, hwloc::compare));
        }
        for path in corpus::files(&folder.join("lscpu"), ".tar.gz") {
            trials.push(trial("lscpu", &path, lscpu::compare));
        }
        for path in corpus::files(&folder.join("cpuinfo-phones"), ".log") {
            trials.push(trial("cpuinfo-phones", &path, phones::compare));
        }
        for (file, compare) in records::FILES {
            let path = folder.join(file);
            if path.is_file() {
                trials.push(trial("records", &path, *compare));
            }
        }
        for part in ["cadvisor", "nri", "trees", "sysstat", "ghw", "cmonitor"] {
            for path in corpus::files(&folder.join(part), "") {
                let name = path.to_string_lossy();
                if name.contains(".tar") {
                    trials.push(trial(part, &path, trees::compare));
                }
            }
        }
        trials
    })
}

fn trial(group: &str, path: &Path, compare: fn(&Path, &str) -> Result<(), Failed>) -> Trial {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let name = format!("{group}/{file}");
    let path = path.to_owned();
    Trial::test(name.clone(), move || compare(&path, &name))
}

/// `archive.tar.bz2` with another ending.
fn beside(archive: &Path, ending: &str) -> std::path::PathBuf {
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.find(".tar").map_or(&*name, |end| &name[..end]);
    archive.with_file_name(format!("{stem}{ending}"))
}

fn cpus(list: &str) -> CpuSet {
    CpuSet::parse_list(list.as_bytes()).expect("a CPU list in an expected result")
}
