//! libmount's reading of a swaps file.

use std::{fs, path::Path};

use corpus::Score;
use libtest_mimic::Failed;
use linux_support::memory::{Swap, SwapKind};

pub(crate) fn compare(path: &Path, name: &str) -> Result<(), Failed> {
    let swaps = Swap::parse_all(&fs::read(path)?)?;
    let expected = fs::read_to_string(path.with_extension("swaps.expected"))?;
    let blocks: Vec<&str> = expected.split("------ fs:\n").skip(1).collect();
    let mut score = Score::default();
    score.check("number of areas", swaps.len(), blocks.len());
    for (swap, block) in swaps.iter().zip(blocks) {
        // libmount leaves out a priority of 0, and the kernel's mark of files that are gone.
        let mut priority = "0";
        for (field, value) in block.lines().filter_map(|line| line.split_once(": ")) {
            let path = swap.path.to_string();
            let ours = match field {
                "source" => path.trim_end_matches(" (deleted)").to_owned(),
                "fstype" => "swap".to_owned(),
                "swaptype" => match &swap.kind {
                    SwapKind::Partition => "partition".to_owned(),
                    SwapKind::File => "file".to_owned(),
                    other => format!("{other:?}"),
                },
                "size" => swap.size.kib().to_string(),
                "usedsize" => swap.used.kib().to_string(),
                "priority" => {
                    priority = value;
                    continue;
                }
                other => return Err(format!("a field that this test does not know: {other}").into()),
            };
            score.check(format!("{field} of {path}"), ours, value.to_owned());
        }
        score.check(format!("priority of {}", swap.path), swap.priority.to_string(), priority.to_owned());
    }
    let deleted: Vec<_> = swaps.iter().map(|swap| swap.path.as_bytes().ends_with(b" (deleted)")).collect();
    score.check("which are deleted", deleted, vec![false, false, true]);
    score.finish(name)
}
