//! The lab's own test: each way in which a test or a machine can fail must fail the command.
//!
//! It runs this program as a person does, with the tests of `lab/tests/inside.rs` that are there to fail.

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use lab::Machine;

use super::{attempt, boot, emulator, qemu};
use crate::{Stop, cargo};

/// The machine that the cases run in.
pub(crate) const MACHINE: &str = "small";

/// A case: the test's name, the closing line that it must end with, what must be said of it, and whether the command
/// must succeed.
const CASES: &[(&str, &str, &str, bool)] = &[
    ("passes", "1 passed, 0 failed, 0 skipped", "... ok", true),
    ("says_why_it_can_not_run", "0 passed, 0 failed, 1 skipped", "... skipped: nothing to do", true),
    ("tells_of_something_that_was_skipped", "1 passed, 0 failed, 0 skipped", "... ok", true),
    ("says_that_it_can_not_run_and_panics", "0 passed, 1 failed, 0 skipped", "exit code 101", false),
    ("fails", "0 passed, 1 failed, 0 skipped", "this test fails", false),
    ("hangs", "0 passed, 1 failed, 0 skipped", "ended after its 5 s", false),
    ("exits_without_a_result", "0 passed, 1 failed, 0 skipped", "the program ran no such test", false),
    ("forges_the_labs_lines", "0 passed, 1 failed, 0 skipped", "exit code 101", false),
    (
        "panics_the_kernel",
        "0 passed, 1 failed, 0 skipped",
        "Kernel panic - not syncing: sysrq triggered crash",
        false,
    ),
    ("powers_the_machine_off", "0 passed, 1 failed, 0 skipped", "ended without its closing line", false),
    ("stops_the_machine", "0 passed, 1 failed, 0 skipped", "hung: said nothing", false),
    ("no_such_test", "0 passed, 0 failed, 0 skipped", "no test was run", false),
];

/// The case without an emulator: as those above.
const WITHOUT_QEMU: (&str, &str, &str, bool) =
    ("passes", "0 passed, 0 failed, 1 skipped", "can't be run here: qemu-system-", true);

/// Runs the cases in `machine`; where it can't be emulated, says so and skips them.
pub(crate) fn run(machine: &Machine, install: bool) -> Result<(), Stop> {
    if let Err(stop) = emulator(machine, install) {
        println!("lab: the lab can't be tested here: {}", stop.message.unwrap_or_default());
        println!("\n0 passed, 0 failed, {} skipped", CASES.len() + 1);
        return Ok(());
    }
    let program = attempt("this program", std::env::current_exe())?;
    let mut failed = 0;
    let with_qemu = CASES.iter().map(|case| (case, None));
    let path = path_without_qemu(machine)?;
    for ((name, closing, said, success), path) in with_qemu.chain([(&WITHOUT_QEMU, Some(path.as_path()))]) {
        let output = run_case(&program, name, path)?;
        let place = if path.is_some() { "without QEMU " } else { "" };
        let text = String::from_utf8_lossy(&output.stdout);
        let mut wrong = Vec::new();
        if text.lines().next_back() != Some(closing) {
            wrong.push(format!("the last line is not {closing:?}"));
        }
        if output.status.success() != *success {
            wrong.push(format!("the command ended by {}", output.status));
        }
        if !text.contains(said) {
            wrong.push(format!("it does not say {said:?}"));
        }
        if wrong.is_empty() {
            println!("lab: self-test {place}{name} ... ok");
        } else {
            failed += 1;
            println!("lab: self-test {place}{name} ... FAILED: {}", wrong.join("; "));
            println!("{text}\n{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    println!("\n{} passed, {failed} failed, 0 skipped", CASES.len() + 1 - failed);
    if failed == 0 { Ok(()) } else { Err(Stop { code: 1, message: None }) }
}

/// Runs the lab with the test `name`, as a person does; with `path` as the only place of programs, if one is given.
fn run_case(program: &Path, name: &str, path: Option<&Path>) -> Result<Output, Stop> {
    let mut command = Command::new(program);
    command.args(["lab", "--machine", MACHINE, "--kernel", "oldest", "--limit", "5", "--with-self-tests"]);
    if let Some(path) = path {
        command.arg("--no-install").env("PATH", path);
    }
    command.args(["--", &format!("self_test::{name}")]);
    attempt("this program", command.current_dir(cargo::root()).output())
}

/// A folder with all programs of this machine but the one that emulates `machine`.
fn path_without_qemu(machine: &Machine) -> Result<PathBuf, Stop> {
    let folder = boot::folder("without-qemu")?;
    let (emulator, _) = qemu::needs(machine.architecture)[0];
    for place in env::split_paths(&env::var_os("PATH").unwrap_or_default()) {
        // Not every folder of a PATH exists.
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            let link = folder.join(entry.file_name());
            // The first one is the one that is found.
            if entry.file_name() != emulator && !link.is_symlink() {
                attempt(format_args!("{}", link.display()), symlink(entry.path(), &link))?;
            }
        }
    }
    Ok(folder)
}
