//! All tests.

use std::ffi::OsString;

use crate::{Stop, cargo, lab, tools};

/// Runs all tests with `arguments` for `cargo test`; without any, those of the lab's quick pass after them.
pub(crate) fn run(install: bool, arguments: &[OsString]) -> Result<(), Stop> {
    if install {
        tools::install()?;
    }
    cargo::run(
        cargo::cargo().args(["test", "--workspace", "--all-features", "--no-fail-fast"]).args(arguments),
    )?;
    if arguments.is_empty() { lab::quick(install) } else { Ok(()) }
}
