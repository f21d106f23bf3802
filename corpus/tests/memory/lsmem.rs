//! Blocks of memory, as lsmem lists them: in stored listings, and run on the tree.

use std::{fs, path::Path, process::Command};

use corpus::{Score, unpack};
use libtest_mimic::Failed;
use linux_support::{
    base::{Bytes, Machine},
    memory::block::{BlockState, MemoryBlock, MemoryBlocks},
};
use serde_json::Value;

/// What lsmem can keep apart.
const COLUMNS: [&str; 4] = ["STATE", "REMOVABLE", "NODE", "ZONES"];

pub(crate) fn listings(path: &Path, name: &str) -> Result<(), Failed> {
    let (_unpacked, tree) = unpack(path)?;
    let blocks = MemoryBlocks::read(&Machine::captured(tree)?)?;
    let file = path.to_string_lossy().replace(".tar.bz2", ".expected");
    let text = fs::read_to_string(file)?;
    let mut score = Score::default();
    let mut listings = 0;
    for listing in text.split("\n$ lsmem ").skip(1) {
        let (options, listing) = listing.split_once('\n').unwrap_or((listing, ""));
        listings += 1;
        match options.contains("--json") {
            true => json(listing.trim_end().trim_end_matches('-'), &blocks, options, &mut score)?,
            false => table(listing, &blocks, options, &mut score),
        }
    }
    score.check("listings", listings, 9);
    score.finish(name)
}

/// lsmem run on the tree; nothing to compare where there is no such program, or no blocks in the tree.
pub(crate) fn second_opinion(path: &Path, name: &str) -> Result<(), Failed> {
    const OPTIONS: &str = "--json --bytes --output RANGE,SIZE,STATE,REMOVABLE,BLOCK,NODE,ZONES --split \
                           RANGE,SIZE,STATE,REMOVABLE,BLOCK,NODE,ZONES";
    let (_unpacked, tree) = unpack(path)?;
    let machine = Machine::captured(&tree)?;
    let mut score = Score::default();
    let output = Command::new("lsmem").arg("-s").arg(&tree).args(OPTIONS.split(' ')).output();
    let blocks = match MemoryBlocks::read(&machine) {
        Ok(blocks) => blocks,
        Err(error) => {
            score.check("blocks", error.is_absent(), true);
            return score.finish(name);
        }
    };
    match output.ok().filter(|output| output.status.success()) {
        Some(output) => json(&String::from_utf8(output.stdout)?, &blocks, OPTIONS, &mut score)?,
        None => score.check("blocks without lsmem", blocks.blocks.is_empty(), false),
    }
    score.finish(name)
}

/// The words after `name` in the options, apart by commas.
fn option<'a>(options: &'a str, name: &str) -> Vec<&'a str> {
    let (_, rest) = options.split_once(name).unwrap_or_default();
    let rest = rest.trim_start_matches(['=', ' ']);
    rest.split(' ').next().unwrap_or_default().split(',').filter(|word| !word.is_empty()).collect()
}

/// One line of a listing: a column's name and the text in it.
type Row = Vec<(&'static str, String)>;

/// What lsmem would list of our blocks.
fn ours(blocks: &MemoryBlocks, options: &str) -> Vec<Row> {
    let mut split = option(options, "--split");
    if split.is_empty() {
        // What is shown is kept apart, so far as it is shown.
        let shown = option(options, "--output ");
        split = match shown.is_empty() {
            true => vec!["STATE", "REMOVABLE"],
            false => shown.into_iter().filter(|column| COLUMNS.contains(column)).collect(),
        };
        if options.contains("ZONES") {
            split.push("ZONES");
        }
        if options.contains("--output-all") {
            split.extend(["NODE", "ZONES"]);
        }
    }
    // With `--all`, each block is listed by itself.
    let all = options.starts_with("--all");
    let same = |first: &MemoryBlock, second: &MemoryBlock| {
        !all && split.iter().all(|column| cell(first, column) == cell(second, column))
    };
    let block = blocks.block_size.get();
    let ranges = blocks.ranges(same).into_iter().map(|range| {
        let (first, last) = (range.first.number, range.last.number);
        let numbers = if first == last { first.to_string() } else { format!("{first}-{last}") };
        let size = range.count * block;
        let size = if options.contains("--bytes") { size.to_string() } else { short(Bytes::new(size)) };
        let mut row = vec![
            ("RANGE", format!("{:#018x}-{:#018x}", first * block, (last + 1) * block - 1)),
            ("SIZE", size),
            ("BLOCK", numbers),
        ];
        row.extend(["STATE", "REMOVABLE", "NODE", "ZONES"].map(|column| (column, cell(range.first, column))));
        row
    });
    ranges.collect()
}

fn cell(block: &MemoryBlock, column: &str) -> String {
    match column {
        "STATE" => match block.state.value() {
            Some(BlockState::Online) => "online".into(),
            Some(BlockState::Offline) => "offline".into(),
            Some(BlockState::GoingOffline) => "on->off".into(),
            _ => "?".into(),
        },
        "REMOVABLE" => match (block.state.value(), block.removable.value()) {
            // Of what is not in use, lsmem does not say it.
            (Some(BlockState::Online), Some(removable)) => {
                if *removable {
                    "yes".into()
                } else {
                    "no".into()
                }
            }
            _ => String::new(),
        },
        "NODE" => block.nodes.to_string(),
        "ZONES" => match block.valid_zones.value().map(Vec::as_slice) {
            Some([]) => "None".into(),
            Some(zones) => zones.iter().map(ToString::to_string).collect::<Vec<_>>().join("/"),
            None => String::new(),
        },
        _ => String::new(),
    }
}

/// A size as util-linux writes it: `1.8G`, `128M`.
fn short(size: Bytes) -> String {
    let (number, unit) = match size.get() {
        0 => return "0B".into(),
        bytes if bytes < 1 << 30 => (bytes * 10 / (1 << 20), "M"),
        bytes => ((bytes * 20 / (1 << 30)).div_ceil(2), "G"),
    };
    match number % 10 {
        0 => format!("{}{unit}", number / 10),
        tenth => format!("{}.{tenth}{unit}", number / 10),
    }
}

fn json(text: &str, blocks: &MemoryBlocks, options: &str, score: &mut Score) -> Result<(), Failed> {
    let expected: Value = serde_json::from_str(text)?;
    let rows = expected["memory"].as_array().ok_or("no list of memory")?;
    let ours = ours(blocks, options);
    score.check("ranges in JSON", ours.len(), rows.len());
    for (ours, expected) in ours.iter().zip(rows) {
        for (column, ours) in ours {
            let expected = match &expected[column.to_lowercase()] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
                other => other.to_string(),
            };
            if *column == "REMOVABLE" && ours.is_empty() && expected == "no" {
                score.explain(column, "of a block that is not in use, some versions of lsmem say no");
                continue;
            }
            score.check(format!("{column} in JSON"), ours.as_str(), expected.as_str());
        }
    }
    Ok(())
}

fn table(text: &str, blocks: &MemoryBlocks, options: &str, score: &mut Score) {
    let mut lines = text.lines();
    let heading: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
    let rows: Vec<Vec<&str>> = lines
        .by_ref()
        .take_while(|line| line.starts_with("0x"))
        .map(|line| {
            let separated = options.contains("--raw");
            if separated { line.split(' ').collect() } else { line.split_whitespace().collect() }
        })
        .collect();
    let ours = ours(blocks, options);
    score.check(format!("ranges of {options}"), ours.len(), rows.len());
    for (ours, expected) in ours.iter().zip(rows) {
        let shown = heading.iter().map(|column| {
            ours.iter().find(|(name, _)| name == column).map(|(_, text)| text.as_str()).unwrap_or_default()
        });
        // A column without text is not to be told from none.
        let shown: Vec<&str> = match options.contains("--raw") {
            true => shown.collect(),
            false => shown.filter(|text| !text.is_empty()).collect(),
        };
        score.check(format!("a range of {options}"), shown, expected);
    }
    for line in text.lines() {
        let Some((what, size)) = line.split_once(':') else { continue };
        let ours = match what {
            "Memory block size" => blocks.block_size,
            "Total online memory" => blocks.total(&BlockState::Online),
            "Total offline memory" => blocks.total(&BlockState::Offline),
            _ => continue,
        };
        score.check(what, short(ours).as_str(), size.trim());
    }
}
