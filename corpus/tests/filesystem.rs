//! The saved machines against the crate `filesystem`: mountinfo and fstab files of util-linux.

use std::{collections::BTreeMap, fs, path::Path};

use corpus::Score;
use libtest_mimic::{Failed, Trial};
use linux_support::{
    base::text,
    filesystem::{
        FileSystemClass, Mount, MountTree,
        mount::{super_options, table::TableEntry},
    },
};
use serde_json::Value;

fn main() -> std::process::ExitCode {
    corpus::run(|folder| {
        let folder = folder.join("mounts");
        let trial = |name: &str, test: fn(&Path) -> Result<(), Failed>| {
            let folder = folder.clone();
            Trial::test(name.to_owned(), move || test(&folder))
        };
        vec![
            trial("findmnt_pairs", pairs),
            trial("findmnt_tree", tree),
            trial("findmnt_submounts", submounts),
            trial("findmnt_classes", classes),
            trial("libmount_mountinfo", mountinfo),
            trial("libmount_fstab", fstab),
        ]
    })
}

fn findmnt(folder: &Path) -> Result<Vec<Mount>, Failed> {
    Mount::parse_all(&fs::read(folder.join("findmnt.mountinfo"))?).map_err(|error| error.to_string().into())
}

/// The options of mount and file system together, as findmnt prints them: each word once.
fn merged(mount: &Mount) -> String {
    let mut options = mount.options.to_string();
    for option in mount.super_options() {
        if option.key != b"rw" && option.key != b"ro" {
            options += ",";
            options += &String::from_utf8_lossy(option.key);
            if let Some(value) = option.value() {
                options += "=";
                options += &String::from_utf8_lossy(&value);
            }
        }
    }
    options
}

fn pairs(folder: &Path) -> Result<(), Failed> {
    let mounts = findmnt(folder)?;
    let expected = fs::read(folder.join("findmnt.mountinfo.pairs.expected"))?;
    let mut score = Score::default();
    score.check("number of mounts", mounts.len(), text::lines(&expected).count());
    for (mount, line) in mounts.iter().zip(text::lines(&expected)) {
        let line = String::from_utf8_lossy(line).into_owned();
        let values: BTreeMap<&str, String> = line
            .split("\" ")
            .filter_map(|pair| pair.split_once("=\""))
            .map(|(name, value)| {
                let value = text::unescape_hexadecimal(value.trim_end_matches('"').as_bytes()).into_owned();
                (name, String::from_utf8_lossy(&value).into_owned())
            })
            .collect();
        let point = &mount.mount_point;
        score.check(point, mount.mount_point.to_string(), values["TARGET"].clone());
        score.check(format!("{point} source"), mount.source.to_string(), values["SOURCE"].clone());
        score.check(format!("{point} type"), mount.kind.to_string(), values["FSTYPE"].clone());
        score.check(format!("{point} options"), merged(mount), values["OPTIONS"].clone());
    }
    score.finish("findmnt pairs")
}

fn tree(folder: &Path) -> Result<(), Failed> {
    fn flatten(values: &Value, depth: usize, found: &mut Vec<(usize, [String; 4])>) {
        for value in values.as_array().into_iter().flatten() {
            let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            found.push((depth, [field("target"), field("source"), field("fstype"), field("options")]));
            flatten(&value["children"], depth + 1, found);
        }
    }
    let expected: Value = serde_json::from_slice(&fs::read(folder.join("findmnt.mountinfo.json.expected"))?)?;
    let mut theirs = Vec::new();
    flatten(&expected["filesystems"], 0, &mut theirs);
    let tree = MountTree::new(findmnt(folder)?);
    let ours: Vec<_> = tree
        .walk()
        .map(|node| {
            let mount = node.mount;
            let fields = [
                mount.mount_point.to_string(),
                mount.source.to_string(),
                mount.kind.to_string(),
                merged(mount),
            ];
            (node.depth, fields)
        })
        .collect();
    let mut score = Score::default();
    score.check("number of mounts", ours.len(), theirs.len());
    for (ours, theirs) in ours.into_iter().zip(theirs) {
        score.check(theirs.1[0].clone(), ours, theirs);
    }
    score.finish("findmnt tree")
}

/// The targets in a listing of findmnt, whose lines begin with branches drawn in ASCII.
fn targets(file: &Path) -> Result<Vec<String>, Failed> {
    let listing = fs::read_to_string(file)?;
    Ok(listing
        .lines()
        .skip(1)
        .filter_map(|line| line.trim_start_matches([' ', '|', '`', '-']).split(' ').next())
        .filter(|target| target.starts_with('/'))
        .map(str::to_owned)
        .collect())
}

fn submounts(folder: &Path) -> Result<(), Failed> {
    let expected = targets(&folder.join("findmnt.mountinfo.submounts.expected"))?;
    let tree = MountTree::new(findmnt(folder)?);
    let mut within = None;
    let mut ours = Vec::new();
    for node in tree.walk() {
        if node.mount.mount_point == expected[0].as_str() {
            within = Some(node.depth);
        } else if within.is_some_and(|depth| node.depth <= depth) {
            within = None;
        }
        if within.is_some() {
            ours.push(node.mount.mount_point.to_string());
        }
    }
    let mut score = Score::default();
    score.check("number", ours.len(), expected.len());
    for (ours, expected) in ours.into_iter().zip(expected) {
        score.check(expected.clone(), ours, expected);
    }
    score.finish("findmnt submounts")
}

fn classes(folder: &Path) -> Result<(), Failed> {
    let mut score = Score::default();
    let count = |file: &str| -> Result<BTreeMap<String, usize>, Failed> {
        let mut counts = BTreeMap::new();
        targets(&folder.join(file))?.into_iter().for_each(|target| *counts.entry(target).or_default() += 1);
        Ok(counts)
    };
    let mut pseudo = count("findmnt.mountinfo.pseudo.expected")?;
    for mount in findmnt(folder)? {
        let point = mount.mount_point.to_string();
        let class = mount.kind.class();
        let ours = matches!(class, FileSystemClass::Pseudo | FileSystemClass::Memory);
        let left = pseudo.entry(point.clone()).or_default();
        let theirs = *left > 0;
        *left = left.saturating_sub(1);
        if mount.kind.name() == b"usbfs" {
            score.explain(&point, "libmount does not know usbfs, which has no device");
        } else {
            score.check(format!("{point} ({class})"), ours, theirs);
        }
    }
    score.finish("findmnt classes")
}

/// The blocks of `NAME: VALUE` lines in a listing of libmount.
fn blocks(file: &Path) -> Result<Vec<BTreeMap<String, String>>, Failed> {
    let listing = fs::read_to_string(file)?;
    Ok(listing
        .split("------ fs:\n")
        .skip(1)
        .map(|block| {
            block
                .lines()
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect()
        })
        .collect())
}

fn mountinfo(folder: &Path) -> Result<(), Failed> {
    let mounts = Mount::parse_all(&fs::read(folder.join("libmount.mountinfo"))?)?;
    let expected = blocks(&folder.join("libmount.mountinfo.expected"))?;
    let mut score = Score::default();
    score.check("number of mounts", mounts.len(), expected.len());
    for (mount, block) in mounts.iter().zip(&expected) {
        for (name, value) in block {
            let ours = match name.as_str() {
                "source" => mount.source.to_string(),
                "target" => String::from_utf8_lossy(mount.mount_point.as_bytes()).into_owned(),
                "fstype" => mount.kind.to_string(),
                "optstr" => merged(mount),
                "VFS-optstr" => mount.options.to_string(),
                "FS-opstr" => mount.super_options.to_string(),
                "root" => mount.root.to_string(),
                "id" => mount.id.to_string(),
                "parent" => mount.parent.to_string(),
                "devno" => mount.device.to_string(),
                "optional-fields" => format!("'{}'", mount.propagation),
                "propagation" => match (mount.propagation.shared, mount.propagation.is_private()) {
                    (Some(_), _) => "shared".into(),
                    (None, true) => "private".into(),
                    (None, false) => "private,slave".into(),
                },
                other => return Err(format!("a field that this test does not know: {other}").into()),
            };
            score.check(format!("{} {name}", mount.mount_point), ours, value.clone());
        }
    }
    score.finish("libmount mountinfo")
}

fn fstab(folder: &Path) -> Result<(), Failed> {
    let table = TableEntry::parse_all(&fs::read(folder.join("libmount.fstab"))?)?;
    let expected = blocks(&folder.join("libmount.fstab.expected"))?;
    let mut score = Score::default();
    score.check("number of entries", table.len(), expected.len());
    for (entry, block) in table.iter().zip(&expected) {
        let mut check = |name: &str, ours: String, default: &str| {
            let theirs = block.get(name).cloned().unwrap_or_else(|| default.to_owned());
            score.check(format!("{} {name}", entry.target), ours, theirs);
        };
        check("source", entry.source.to_string(), "");
        check("target", entry.target.to_string(), "");
        check("fstype", entry.kind.to_string(), "");
        check("optstr", entry.options.to_string(), "");
        check("freq", entry.dump.to_string(), "0");
        check("pass", entry.pass.to_string(), "0");
        let options = super_options(entry.options.as_bytes());
        score.check(
            format!("{} number of options", entry.target),
            options.count(),
            entry.options.to_string().split(',').count(),
        );
    }
    score.finish("libmount fstab")
}
