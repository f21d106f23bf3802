//! The saved machines against the crate `fd`.

use std::{collections::BTreeMap, fs, path::Path};

use corpus::{Score, unpack};
use libtest_mimic::{Failed, Trial};
use linux_support::{
    base::Machine,
    fd::lock::{HeldLocks, LockKind, RecordedMode},
};

fn main() -> std::process::ExitCode {
    corpus::run(|folder| {
        let folder = folder.to_owned();
        vec![Trial::test("pcp_locks_001", move || locks(&folder.join("pcp/locks-root-001")))]
    })
}

/// Counts of locks as PCP has them, which takes those of open files for those of processes.
fn locks(stem: &Path) -> Result<(), Failed> {
    let (_unpacked, root) = unpack(&stem.with_extension("tgz"))?;
    let locks = HeldLocks::read(&Machine::captured(root)?)?;
    let mut counts = BTreeMap::new();
    for lock in locks.iter().filter(|lock| !lock.is_waiting()) {
        let kind = match lock.kind {
            LockKind::ProcessRecords | LockKind::Records => "posix",
            LockKind::WholeFile => "flock",
            LockKind::Lease => "lease",
            _ => continue,
        };
        let mode = if lock.mode == RecordedMode::Shared { "read" } else { "write" };
        for key in ["count", mode] {
            *counts.entry(format!("vfs.locks.{kind}.{key}")).or_insert(0u64) += 1;
        }
    }

    let text = fs::read_to_string(stem.with_extension("expected"))?;
    let mut score = Score::default();
    let mut name = "";
    for line in text.lines() {
        if line.starts_with("vfs.locks.") {
            name = line.split(' ').next().unwrap_or_default();
        } else if let Some(value) = line.trim().strip_prefix("value ") {
            score.check(name, counts.get(name).copied().unwrap_or(0), value.parse()?);
        }
    }
    score.finish("pcp locks-root-001")
}
