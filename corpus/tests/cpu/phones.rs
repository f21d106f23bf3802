//! Phones' `/proc/cpuinfo`: processors and their identities, counted line by line instead.

use std::{collections::BTreeSet, fs, path::Path};

use corpus::Score;
use libtest_mimic::Failed;
use linux_support::cpu::{CpuInfo, info::Identity};

pub(crate) fn compare(path: &Path, name: &str) -> Result<(), Failed> {
    let bytes = fs::read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let info = CpuInfo::parse(&bytes).map_err(|error| error.to_string())?;
    let mut score = Score::default();
    let values = |key: &str| -> Vec<String> {
        let pairs = text.lines().filter_map(|line| line.split_once(':'));
        pairs.filter(|(found, _)| found.trim() == key).map(|(_, value)| value.trim().to_owned()).collect()
    };
    let processors = values("processor").into_iter().filter(|value| value.parse::<u32>().is_ok()).count();
    // A kernel for one processor names none.
    score.check("processors", info.processors.len(), processors.max(1));
    let number = |value: &str| u32::from_str_radix(value.trim_start_matches("0x"), 16).ok();
    let set = |key: &str| -> BTreeSet<u32> { values(key).iter().filter_map(|value| number(value)).collect() };
    let ours = |field: &dyn Fn(&Identity) -> Option<u32>| -> BTreeSet<u32> {
        info.models.iter().filter_map(|model| field(&model.identity)).collect()
    };
    let arm = |field: fn(&linux_support::cpu::info::ArmIdentity) -> Option<u32>| {
        ours(&|identity| match identity {
            Identity::Arm(arm) => field(arm),
            _ => None,
        })
    };
    score.check("implementers", arm(|arm| arm.implementer.map(u32::from)), set("CPU implementer"));
    score.check("variants", arm(|arm| arm.variant.map(u32::from)), set("CPU variant"));
    score.check("parts", arm(|arm| arm.part.map(u32::from)), set("CPU part"));
    let revisions: BTreeSet<u32> =
        values("CPU revision").iter().filter_map(|value| value.parse().ok()).collect();
    score.check("revisions", arm(|arm| arm.revision.map(u32::from)), revisions);
    let covered = info.models.iter().map(|model| model.cpus.len()).sum::<usize>();
    score.check("CPUs of all models", covered, info.processors.len());
    let features: BTreeSet<String> = values("Features").into_iter().chain(values("flags")).collect();
    let ours: BTreeSet<String> = info.models.iter().map(|model| model.features.to_string()).collect();
    score.check("features", ours, features);
    for key in ["Hardware", "Revision", "Serial"] {
        let expected = values(key);
        let found: Vec<String> = info
            .machine
            .iter()
            .chain(info.models.iter().flat_map(|model| model.other.iter()))
            .filter(|(found, _)| *found == key.as_bytes())
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect();
        score.check(key, found, expected);
    }
    score.finish(name)
}
