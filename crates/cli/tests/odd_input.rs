//! The sections about memory, given what they do not expect: each error is a line that says what was expected.

mod common;

use std::{fs, path::Path};

use common::{capture, program, run};
use serde_json::Value;

/// The exit code, and the line that the program ends with.
fn refusal(arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{arguments:?}: {text}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    (output.status.code(), text.trim_end().to_owned())
}

#[test]
fn what_is_accepted_is_said_where_something_else_was_given() {
    for (arguments, said) in [
        (
            &["inspect", "memori"][..],
            "unrecognized subcommand 'memori'; a similar subcommand exists: 'memory'",
        ),
        (&["inspect", "memory", "--format", "xml"], "[possible values: text, json, svg]"),
        (&["inspect", "memory", "--format", "svg"], "`inspect process PID --memory` have a picture"),
        (&["inspect", "numa", "0"], "unexpected argument '0'"),
        (&["inspect", "process", "x", "--memory"], "expected a number from 1 to 2147483647"),
        (&["inspect", "process", "0", "--memory"], "expected a number from 1 to 2147483647"),
        (&["inspect", "process", "-7", "--memory"], "expected a number from 1 to 2147483647"),
        (&["inspect", "process", "2147483648", "--memory"], "expected a number from 1 to 2147483647"),
        (&["inspect", "isolation", "--seconds", "3601"], "3601 is not in 0..=3600"),
        (&["inspect", "isolation", "--seconds", "-1"], "-1 is not in 0..=3600"),
        (&["capture", "/nowhere", "--process-memory", "1X"], "expected one of K, M, G, T, P, E"),
        (&["capture", "/nowhere", "--process-memory", "-5"], "\"-5\": expected"),
        (&["capture", "/nowhere", "--process-memory", "99999999999E"], "expected"),
    ] {
        let (code, text) = refusal(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {text}");
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
}

#[test]
fn what_is_no_captured_machine_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().to_str().unwrap();
    for (tree, said) in [
        (empty, "holds no machine"),
        ("/no/such/folder", "absent"),
        (env!("CARGO_BIN_EXE_linux-support"), "no directory"),
    ] {
        for section in ["memory", "numa", "hugepages", "isolation", "all"] {
            let (code, text) = refusal(&["inspect", section, "--format", "json", "--machine", tree]);
            assert_eq!(code, Some(1), "{text}");
            let start = format!("linux-support: --machine {tree}: {said}");
            assert!(text.starts_with(&start) && text.contains("`linux-support capture`"), "{text}");
        }
    }
}

/// A section of the machine captured into `tree`, which is shown as text too.
fn section(tree: &Path, section: &str, key: &str) -> Value {
    let shown = |format: &str| {
        let output =
            program().args(["inspect", section, "--format", format, "--machine"]).arg(tree).output().unwrap();
        assert!(output.status.success(), "{section}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    assert!(!shown("text").is_empty());
    serde_json::from_slice::<Value>(&shown("json")).unwrap()[key].take()
}

#[test]
#[cfg_attr(user_emulation, ignore = "starts the program many times over thousands of files")]
fn each_damaged_file_is_named_where_its_value_would_be_and_hides_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let tree = capture(folder.path(), &[]);
    let whole = section(&tree, "memory", "memory");
    let files = [
        ("overcommit", "proc/sys/vm/overcommit_memory"),
        ("swaps", "proc/swaps"),
        ("shared_segments", "proc/sysvipc/shm"),
        ("page_types", "proc/pagetypeinfo"),
        ("slabs", "proc/slabinfo"),
        ("zones", "proc/zoneinfo"),
        ("free_blocks", "proc/buddyinfo"),
        ("vmstat", "proc/vmstat"),
        ("blocks", "sys/devices/system/memory/block_size_bytes"),
    ];
    let mut compared = 0;
    for (key, file) in files {
        let path = tree.join(file);
        // What this machine lacks, or keeps from this user, is no file of the tree.
        let Ok(bytes) = fs::read(&path) else { continue };
        for (damage, reason) in [(Some(&b"\xff\x00nonsense"[..]), "malformed"), (None, "absent")] {
            match damage {
                Some(damage) => fs::write(&path, damage).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let memory = section(&tree, "memory", "memory");
            let value = if key == "overcommit" { &memory[key]["mode"] } else { &memory[key] };
            let unavailable = &value["unavailable"];
            let found = unavailable["reason"].as_str().unwrap_or_else(|| panic!("{file}: {value}"));
            assert!(
                found == reason || reason == "absent" && found == "not-configured",
                "{file}: {unavailable}"
            );
            assert_eq!(unavailable["object"], format!("/{file}"), "{unavailable}");
            for (other, value) in whole.as_object().unwrap() {
                if other != key {
                    assert_eq!(&memory[other], value, "{other} beside {file}");
                }
            }
            compared += 1;
        }
        fs::write(&path, bytes).unwrap();
    }
    assert!(compared >= 8, "{compared}");
    assert_eq!(section(&tree, "memory", "memory"), whole);
    for (name, key) in [("numa", "numa"), ("hugepages", "huge_pages"), ("isolation", "isolation")] {
        assert!(section(&tree, name, key).is_object(), "{name}");
    }
}
