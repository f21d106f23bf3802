//! The lab's own test: each way in which a test or a machine can fail must fail the command.
//!
//! It runs this program as a person does, with the tests of `lab/tests/inside.rs` that are there to fail.

use std::process::Command;

use lab::Machine;

use super::{attempt, emulator};
use crate::{Stop, cargo};

/// The machine that the cases run in.
pub(crate) const MACHINE: &str = "small";

/// A case: the test's name, the closing line that it must end with, what must be said of it, and whether the command
/// must succeed.
const CASES: &[(&str, &str, &str, bool)] = &[
    ("passes", "1 passed, 0 failed, 0 skipped", "... ok", true),
    ("says_why_it_can_not_run", "0 passed, 0 failed, 1 skipped", "... skipped: nothing to do", true),
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

/// Runs the cases in `machine`; where it can't be emulated, says so and skips them.
pub(crate) fn run(machine: &Machine, install: bool) -> Result<(), Stop> {
    if let Err(stop) = emulator(machine, install) {
        println!("lab: the lab can't be tested here: {}", stop.message.unwrap_or_default());
        println!("\n0 passed, 0 failed, {} skipped", CASES.len());
        return Ok(());
    }
    let program = attempt("this program", std::env::current_exe())?;
    let mut failed = 0;
    for (name, closing, said, success) in CASES {
        let mut command = Command::new(&program);
        command.args([
            "lab",
            "--machine",
            MACHINE,
            "--kernel",
            "oldest",
            "--limit",
            "5",
            "--with-self-tests",
            "--",
        ]);
        let output = command.arg(format!("self_test::{name}")).current_dir(cargo::root()).output();
        let output = attempt("this program", output)?;
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
            println!("lab: self-test {name} ... ok");
        } else {
            failed += 1;
            println!("lab: self-test {name} ... FAILED: {}", wrong.join("; "));
            println!("{text}\n{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    println!("\n{} passed, {failed} failed, 0 skipped", CASES.len() - failed);
    if failed == 0 { Ok(()) } else { Err(Stop { code: 1, message: None }) }
}
