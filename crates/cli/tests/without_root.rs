//! What users without privileges see.
//!
//! What takes root to be set up counts as ignored where this is not root.

mod common;

use std::{
    fs,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, ExitCode},
};

use common::{capture, inspect_tree, is_root};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

fn main() -> ExitCode {
    // The emulator may lie where no other user can start it.
    let emulated = cfg!(user_emulation);
    let trials = vec![
        Trial::test("this_machine_is_shown", this_machine_is_shown).with_ignored_flag(emulated),
        Trial::test(
            "what_is_unreadable_is_told_and_hides_nothing_else",
            what_is_unreadable_is_told_and_hides_nothing_else,
        )
        .with_ignored_flag(emulated),
        Trial::test(
            "what_only_root_may_read_is_told_to_be_withheld",
            what_only_root_may_read_is_told_to_be_withheld,
        )
        .with_ignored_flag(emulated || fs::metadata("/proc/slabinfo").is_err()),
        // Others have no process of root's that is there for sure, and seen.
        Trial::test(
            "the_processes_of_others_are_shown_as_far_as_they_may_be",
            the_processes_of_others_are_shown_as_far_as_they_may_be,
        )
        .with_ignored_flag(!is_root() || emulated),
        Trial::test(
            "the_sockets_of_others_are_shown_without_who_holds_them",
            the_sockets_of_others_are_shown_without_who_holds_them,
        )
        .with_ignored_flag(!is_root() || emulated),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The program as a user who is not root.
fn program_without_root(folder: &Path, arguments: &[&str]) -> Command {
    let copy = folder.join("linux-support");
    fs::copy(env!("CARGO_BIN_EXE_linux-support"), &copy).unwrap();
    let mut command = Command::new(&copy);
    command.args(arguments).current_dir("/");
    if is_root() {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder, open).unwrap();
        command.uid(65534).gid(65534);
    }
    command
}

/// What it prints, on `machine`.
fn without_root(folder: &Path, arguments: &[&str], machine: Option<&Path>) -> Value {
    let mut command = program_without_root(folder, arguments);
    command.args(["--format", "json"]);
    if let Some(tree) = machine {
        command.arg("--machine").arg(tree);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn this_machine_is_shown() -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    let report = without_root(folder.path(), &["inspect", "all"], None);
    assert!(report["memory"]["meminfo"]["mem_total"].is_u64());
    assert!(report["processes"]["processes"].as_array().unwrap().len() > 1);
    Ok(())
}

fn what_only_root_may_read_is_told_to_be_withheld() -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    let report = without_root(folder.path(), &["inspect", "memory"], None);
    let unavailable = &report["memory"]["slabs"]["unavailable"];
    assert_eq!(
        (&unavailable["reason"], &unavailable["object"]),
        (&"permission-denied".into(), &"/proc/slabinfo".into())
    );
    assert!(report["memory"]["slabs"]["size"].is_null());
    assert!(report["memory"]["meminfo"]["slab"].as_u64().unwrap() > 0);
    let output = program_without_root(folder.path(), &["inspect", "memory"]).output().unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    let (_, slabs) = page.split_once("\nSlab caches, the largest\n").unwrap();
    assert!(slabs.starts_with("  (withheld: read /proc/slabinfo: permission denied"), "{slabs}");
    Ok(())
}

fn what_is_unreadable_is_told_and_hides_nothing_else() -> Result<(), Failed> {
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
    Ok(())
}

fn the_processes_of_others_are_shown_as_far_as_they_may_be() -> Result<(), Failed> {
    let mut other = Command::new("sleep").arg("62.5").spawn().unwrap();
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
    Ok(())
}

fn the_sockets_of_others_are_shown_without_who_holds_them() -> Result<(), Failed> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let sockets = &without_root(folder.path(), &["inspect", "sockets", "--tcp"], None)["sockets"];
    let namespaces = sockets["namespaces"].as_array().unwrap();
    let mut all = namespaces.iter().flat_map(|of| of["sockets"].as_array().unwrap());
    let found = all.find(|socket| socket["local"]["port"] == port).expect("it is listed");
    assert_eq!((&found["user"]["id"], &found["state"]), (&Value::from(0), &Value::from("listening")));
    assert!(found["holders"].as_array().unwrap().is_empty(), "{found}");
    let own = std::process::id();
    let unreadable = sockets["unreadable"].as_array().unwrap();
    let told = unreadable
        .iter()
        .find(|process| process["pid"] == own)
        .expect("that it can't be looked into is told");
    assert_eq!(told["error"]["reason"], "permission-denied");
    // What is not known of a process is no empty list.
    let output = Command::new(folder.path().join("linux-support"))
        .args(["inspect", "sockets", &own.to_string()])
        .current_dir("/")
        .uid(65534)
        .gid(65534)
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && message.contains("CAP_SYS_PTRACE"), "{message}");
    Ok(())
}
