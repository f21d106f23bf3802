//! What `capture` saves is what `inspect` saw; and what is broken in it hides nothing else.

mod common;

use std::{
    fs,
    os::unix::{fs::symlink, process::CommandExt},
    path::{Path, PathBuf},
};

use common::{inspect_tree, program};
use serde_json::Value;

fn capture(folder: &Path, arguments: &[&str]) -> PathBuf {
    let tree = folder.join("tree");
    let output = program().args(["capture", "--quiet"]).arg(&tree).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    tree
}

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
            None => assert_eq!(captured[section], live, "{section}"),
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

/// The program as a user who is not root, on `machine`.
fn without_root(folder: &Path, arguments: &[&str], machine: Option<&Path>) -> Value {
    let copy = folder.join("linux-support");
    fs::copy(env!("CARGO_BIN_EXE_linux-support"), &copy).unwrap();
    let mut command = std::process::Command::new(&copy);
    command.args(arguments).args(["--format", "json"]).current_dir("/");
    if let Some(tree) = machine {
        command.arg("--machine").arg(tree);
    }
    if is_root() {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder, open).unwrap();
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0)
}

#[test]
fn without_root_this_machine_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let report = without_root(folder.path(), &["inspect", "all"], None);
    assert!(report["memory"]["meminfo"]["mem_total"].is_u64());
    assert!(report["processes"]["processes"].as_array().unwrap().len() > 1);
}

#[test]
fn without_root_what_is_unreadable_is_told_and_hides_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let tree = capture(folder.path(), &[]);
    let whole = inspect_tree(&tree);
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    fs::set_permissions(tree.join("proc/meminfo"), closed).unwrap();
    let report = without_root(folder.path(), &["inspect", "all"], Some(&tree));
    let unavailable = &report["memory"]["meminfo"]["unavailable"];
    assert_eq!(unavailable["reason"], "permission-denied");
    assert!(unavailable["message"].as_str().unwrap().contains("/proc/meminfo"));
    assert_eq!(report["memory"]["vmstat"], whole["memory"]["vmstat"]);
    assert_eq!(report["cpu"], whole["cpu"]);
}

#[test]
fn without_root_the_processes_of_others_are_shown_as_far_as_they_may_be() {
    if !is_root() {
        // There is no process of root that would be there for sure, and seen.
        return;
    }
    let mut other = std::process::Command::new("sleep").arg("62.5").spawn().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let pid = other.id().to_string();
    let report = without_root(folder.path(), &["inspect", "process", &pid], None);
    other.kill().unwrap();
    other.wait().unwrap();
    let process = &report["process"];
    assert_eq!(process["status"]["name"], "sleep");
    let unavailable = &process["input_output"]["unavailable"];
    assert_eq!(unavailable["reason"], "permission-denied");
    let message = unavailable["message"].as_str().unwrap();
    assert!(message.contains(&format!("/proc/{pid}/io")) && message.contains("CAP_SYS_PTRACE"), "{message}");
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
