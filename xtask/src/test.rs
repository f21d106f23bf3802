//! All tests.

use std::ffi::OsString;

use crate::{Stop, cargo, tools};

/// Runs all tests with `arguments` for `cargo test`; cargo's own lines are the last that is printed.
pub(crate) fn run(install: bool, arguments: &[OsString]) -> Result<(), Stop> {
    if install {
        tools::install()?;
    }
    cargo::run(
        cargo::cargo().args(["test", "--workspace", "--all-features", "--no-fail-fast"]).args(arguments),
    )
}
