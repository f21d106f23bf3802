//! What hwloc says of the kernel of a tree.

use std::{fs, path::Path};

use corpus::{Score, unpack};
use libtest_mimic::Failed;
use linux_support::{base::Machine, kernel::Identity};

pub(crate) fn compare(path: &Path, name: &str) -> Result<(), Failed> {
    let (_unpacked, tree) = unpack(path)?;
    let identity = Identity::read(&Machine::captured(&tree)?);
    let expected = path.to_string_lossy().replace(".tar.bz2", ".console");
    let expected = fs::read_to_string(expected).unwrap_or_default();
    let field = |name: &str| {
        let (_, rest) = expected.split_once(&format!(" {name}="))?;
        match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => rest.split([' ', '\n']).next(),
        }
    };
    let mut score = Score::default();
    let banner = fs::read_to_string(tree.join("proc/version"));
    score.check("proc/version", identity.banner.value().is_some(), banner.is_ok());
    let release = identity.release.value().map(ToString::to_string);
    let build = identity.build.value().map(ToString::to_string);
    for (what, ours, theirs) in [("OSRelease", release, "OSRelease"), ("OSVersion", build, "OSVersion")] {
        match (ours, field(theirs)) {
            (Some(ours), Some(theirs)) => score.check(what, ours.as_str(), theirs),
            (None, Some(_)) => {
                score.explain(what, "hwloc has it from a file of its own, which is not the kernel's")
            }
            (ours, None) => score.check(what, ours, None),
        }
    }
    score.finish(name)
}
