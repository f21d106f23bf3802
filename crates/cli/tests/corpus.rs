//! The program on machines that others saved: every section of each, as text, JSON and picture.

mod common;

use std::{path::Path, process::ExitCode};

use common::{inspect_tree, program};
use libtest_mimic::{Failed, Trial};

fn main() -> ExitCode {
    corpus::run(|folder| {
        let archives = [
            "hwloc", "lscpu", "lsmem", "lsblk", "trees", "pcp", "ghw", "elastic", "nri", "cadvisor",
            "sysstat", "kmod",
        ]
        .into_iter()
        .flat_map(|part| corpus::files(&folder.join(part), ""))
        .chain(corpus::files(&folder.join("cmonitor/centos7-Linux-3.10.0-x86_64-docker"), ""))
        .chain(corpus::files(&folder.join("cmonitor/fedora35-Linux-5.14.17-x86_64-docker"), ""))
        .filter(|path| {
            [".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip"]
                .iter()
                .any(|end| path.to_string_lossy().ends_with(end))
        });
        archives
            .map(|path| {
                let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
                Trial::test(name, move || shown(&path))
            })
            .collect()
    })
}

fn shown(path: &Path) -> Result<(), Failed> {
    let (_folder, trees) = corpus::unpack_all(path)?;
    trees.iter().try_for_each(|tree| shown_tree(path, tree))
}

fn shown_tree(path: &Path, tree: &Path) -> Result<(), Failed> {
    let report = inspect_tree(tree);
    let malformed = malformed(&report);
    for arguments in [&["inspect", "all"][..], &["inspect", "topology", "--format", "svg"]] {
        let output = program().args(arguments).arg("--machine").arg(tree).output()?;
        if !output.status.success() || output.stdout.is_empty() {
            return Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
    }
    // What a parser calls malformed in a real machine's file is the parser's fault until it is explained.
    for message in &malformed {
        println!("{}: {message}", path.display());
    }
    let unexplained: Vec<_> = malformed.iter().filter(|message| !is_explained(message)).collect();
    if unexplained.is_empty() { Ok(()) } else { Err(format!("{unexplained:#?}").into()) }
}

/// Files that are not what a kernel writes.
fn is_explained(message: &str) -> bool {
    // Saved as empty files, by tools that could not read them.
    message.contains("\"\": expected")
}

fn malformed(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::Object(object) => {
            let own = object
                .get("reason")
                .filter(|reason| *reason == "malformed")
                .map(|_| object["message"].as_str().unwrap_or_default().to_owned());
            own.into_iter().chain(object.values().flat_map(malformed)).collect()
        }
        serde_json::Value::Array(array) => array.iter().flat_map(malformed).collect(),
        _ => Vec::new(),
    }
}
