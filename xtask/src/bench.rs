//! The measurements.

use std::ffi::OsString;

use crate::{Stop, cargo};

/// Builds and runs the benchmarks with `arguments`.
pub(crate) fn run(arguments: &[OsString]) -> Result<(), Stop> {
    cargo::run(
        cargo::cargo().args(["run", "--quiet", "--release", "--package", "benches", "--"]).args(arguments),
    )
}
