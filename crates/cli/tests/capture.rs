//! What `capture` saves is what `inspect` saw; and what is broken in it hides nothing else.

mod common;

use std::{
    fs,
    os::unix::{fs::symlink, process::CommandExt},
    path::{Path, PathBuf},
};

use common::{capture, inspect_tree, is_root, program};
use serde_json::Value;

fn files(tree: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![tree.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    files
}

#[test]
fn what_does_not_change_is_the_same_live_and_captured() {
    let folder = tempfile::tempdir().unwrap();
    let tree = capture(folder.path(), &[]);
    let captured = inspect_tree(&tree);
    for (section, keys) in [
        ("topology", None),
        ("mounts", None),
        ("modules", None),
        ("summary", Some(["host_name", "kernel", "boot_command_line", "virtualisation", "nodes"].as_slice())),
    ] {
        let live = common::inspect(&[section]);
        match keys {
            None => assert_eq!(without_memory(&captured[section]), without_memory(&live), "{section}"),
            Some(keys) => {
                for key in keys {
                    assert!(!live[key].is_null(), "{section} {key}");
                    assert_eq!(captured[section][key], live[key], "{section} {key}");
                }
            }
        }
    }
    assert_eq!(inspect_tree(&tree), captured, "a captured machine stands still");
}

/// A section without the sizes of nodes, which change where a hypervisor plugs and unplugs memory.
fn without_memory(section: &Value) -> Value {
    let mut section = section.clone();
    for node in section.get_mut("nodes").and_then(Value::as_array_mut).into_iter().flatten() {
        node["memory"].take();
    }
    section
}

#[test]
fn one_process_is_shown_from_the_tree_too() {
    let folder = tempfile::tempdir().unwrap();
    let tree = capture(folder.path(), &[]);
    let output = program()
        .args(["inspect", "process", "1", "--format", "json", "--machine"])
        .arg(&tree)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["process"]["pid"], 1);
}

#[test]
fn no_environment_and_no_secret_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let status = program()
        .args(["capture", "--quiet", "--with-processes"])
        .arg(&tree)
        .env("A_SECRET_VARIABLE", "a-secret-that-must-not-leave")
        .status()
        .unwrap();
    assert!(status.success());
    for file in files(&tree) {
        let name = file.to_string_lossy().into_owned();
        for secret in ["/environ", "shadow", "kcore", "/auxv", ".key"] {
            assert!(!name.contains(secret), "{name}");
        }
        let bytes = fs::read(&file).unwrap();
        let found = bytes.windows(28).any(|window| window == b"a-secret-that-must-not-leave");
        assert!(!found, "{name}");
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the other process lives for a minute, and saving can take longer there")]
fn command_lines_of_others_are_saved_only_when_asked_for() {
    let mut other = std::process::Command::new("sleep");
    other.arg("61.5");
    let is_root = is_root();
    if is_root {
        other.uid(65534);
    }
    let mut other = other.spawn().unwrap();
    let path = format!("proc/{}/cmdline", other.id());
    let folder = tempfile::tempdir().unwrap();
    let without = capture(folder.path(), &[]).join(&path);
    let folder_with = tempfile::tempdir().unwrap();
    let with = capture(folder_with.path(), &["--with-processes"]).join(&path);
    let (without, with) = (without.exists(), fs::read(with));
    other.kill().unwrap();
    other.wait().unwrap();
    // Without root, there is no other user whose process could be started here.
    assert_eq!(without, !is_root);
    assert_eq!(with.unwrap(), b"sleep\x0061.5\0");
}

#[test]
fn a_file_that_is_broken_hides_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let tree = capture(folder.path(), &[]);
    let whole = inspect_tree(&tree);
    let meminfo = tree.join("proc/meminfo");
    let text = fs::read_to_string(&meminfo).unwrap();
    fs::write(&meminfo, text.replacen("kB", "XB", 1)).unwrap();
    let broken = inspect_tree(&tree);
    let unavailable = &broken["memory"]["meminfo"]["unavailable"];
    assert_eq!(unavailable["reason"], "malformed");
    let message = unavailable["message"].as_str().unwrap();
    assert!(message.contains("/proc/meminfo: line 1: MemTotal"), "{message}");
    assert_eq!(broken["memory"]["vmstat"], whole["memory"]["vmstat"]);
    assert_eq!(broken["cpu"], whole["cpu"]);
}

#[test]
#[cfg_attr(
    user_emulation,
    ignore = "starts the program 21 times over thousands of files, which takes many minutes there"
)]
fn trees_damaged_in_every_way_are_shown_as_far_as_they_go() {
    let damages: [(&str, Damage); 7] = [
        ("truncated", |path, bytes| fs::write(path, &bytes[..bytes.len() / 2]).unwrap()),
        ("empty", |path, _| fs::write(path, "").unwrap()),
        ("binary", |path, bytes| {
            let noise: Vec<u8> =
                bytes.iter().enumerate().map(|(index, byte)| byte ^ (index * 37) as u8).collect();
            fs::write(path, noise).unwrap();
        }),
        ("long", |path, _| {
            let tree = path.ancestors().find(|folder| folder.ends_with("tree")).unwrap();
            fs::hard_link(tree.with_file_name("long"), path).unwrap();
        }),
        ("missing", |_, _| ()),
        ("directory", |path, _| fs::create_dir(path).unwrap()),
        ("link", |path, _| symlink("/etc/passwd", path).unwrap()),
    ];
    for (name, damage) in damages {
        let folder = tempfile::tempdir().unwrap();
        let tree = capture(folder.path(), &[]);
        fs::write(folder.path().join("long"), vec![b'7'; 70_000]).unwrap();
        let errors = tree.join("linux-support/errors");
        for file in files(&tree).into_iter().filter(|file| *file != errors) {
            let bytes = fs::read(&file).unwrap();
            // To write over a file waits for the disk; a new one doesn't.
            fs::remove_file(&file).unwrap();
            damage(&file, &bytes);
        }
        let report = inspect_tree(&tree);
        assert!(report["summary"].is_object(), "{name}");
        let text = program().args(["inspect", "all", "--machine"]).arg(&tree).output().unwrap();
        assert!(text.status.success(), "{name}: {}", String::from_utf8_lossy(&text.stderr));
    }
}

/// What is done to the file of this path, which had these bytes.
type Damage = fn(&Path, &[u8]);

#[test]
fn each_kind_of_damage_is_told_and_hides_nothing_else() {
    let damages: [(&str, Damage); 7] = [
        ("malformed", |path, bytes| fs::write(path, &bytes[..bytes.len() / 2 - 7]).unwrap()),
        ("malformed", |path, _| fs::write(path, "").unwrap()),
        ("malformed", |path, bytes| {
            fs::write(path, bytes.iter().map(|byte| !byte).collect::<Vec<_>>()).unwrap()
        }),
        ("malformed", |path, _| fs::write(path, vec![b'7'; 5_000_000]).unwrap()),
        ("absent", |path, _| fs::remove_file(path).unwrap()),
        ("wrong-kind", |path, _| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
        ("outside-of-tree", |path, _| {
            fs::remove_file(path).unwrap();
            symlink("/proc/meminfo", path).unwrap();
        }),
    ];
    let folder = tempfile::tempdir().unwrap();
    let tree = capture(folder.path(), &[]);
    let whole = inspect_tree(&tree);
    let meminfo = tree.join("proc/meminfo");
    let bytes = fs::read(&meminfo).unwrap();
    // Truncated in the middle of a line.
    assert_ne!(bytes[bytes.len() / 2 - 8], b'\n');
    for (index, (reason, damage)) in damages.into_iter().enumerate() {
        damage(&meminfo, &bytes);
        let broken = inspect_tree(&tree);
        let unavailable = &broken["memory"]["meminfo"]["unavailable"];
        assert_eq!(unavailable["reason"], reason, "damage {index}");
        assert!(unavailable["message"].as_str().unwrap().contains("/proc/meminfo"), "{unavailable}");
        assert!(unavailable["message"].as_str().unwrap().len() < 400, "{unavailable}");
        assert_eq!(broken["memory"]["vmstat"], whole["memory"]["vmstat"], "damage {index}");
        assert_eq!((&broken["cpu"], &broken["mounts"]), (&whole["cpu"], &whole["mounts"]), "damage {index}");
        if meminfo.is_dir() {
            fs::remove_dir(&meminfo).unwrap();
        } else {
            let _ = fs::remove_file(&meminfo);
        }
        fs::write(&meminfo, &bytes).unwrap();
    }
}
