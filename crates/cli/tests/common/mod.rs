//! The program, run as a user runs it.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

pub(crate) fn program() -> Command {
    let program = env!("CARGO_BIN_EXE_linux-support");
    // For another architecture, that of the emulator that runs these tests.
    match std::env::var_os("LINUX_SUPPORT_RUNNER") {
        Some(runner) => {
            let mut command = Command::new(runner);
            command.arg(program);
            command
        }
        None => Command::new(program),
    }
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().expect("the program starts")
}

/// What `inspect SECTION --format json` prints, as its section's value.
pub(crate) fn inspect(section: &[&str]) -> Value {
    let output = run(&[&["inspect"], section, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    report[section[0]].clone()
}

/// Everything about the machine captured into `tree`.
pub(crate) fn inspect_tree(tree: &Path) -> Value {
    let output = program()
        .args(["inspect", "all", "--format", "json", "--machine"])
        .arg(tree)
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}: {}", tree.display(), String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What `capture` saves of this machine, below `folder`.
pub(crate) fn capture(folder: &Path, arguments: &[&str]) -> PathBuf {
    let tree = folder.join("tree");
    let output = program().args(["capture", "--quiet"]).arg(&tree).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    tree
}

/// A process that does nothing, and what it has mapped therefore stays; ended with its guard.
pub(crate) struct Idle(Child);

impl Idle {
    pub(crate) fn start() -> Self {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // Once it has answered, it waits.
        child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        Self(child)
    }

    pub(crate) fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0)
}

/// What another program prints, if it is installed and succeeds.
pub(crate) fn peer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
