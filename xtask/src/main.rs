//! What is done with this repository: `cargo xtask help` lists it.
#![forbid(unsafe_code)]

mod bench;
mod cargo;
mod cross;
mod fuzz;
mod lab;
mod test;
mod tools;

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, Subcommand};
use cross::{Architecture, What};

/// What is done with this repository.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Runs all tests, after installing what they need.
    Test {
        /// Installs nothing; tests whose tools are missing count as ignored.
        #[arg(long)]
        no_install: bool,
        /// Passed to `cargo test`.
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
    /// Installs the programs that the tests need: through apt as root, else says what to install.
    Install,
    /// Measures the parsers and readers beside their peers.
    Bench {
        /// Passed to the benchmarks; `--help` lists what they take.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Builds for other architectures, and runs the tests there.
    Cross {
        /// Installs and fetches nothing; architectures for which something is missing count as skipped.
        #[arg(long)]
        no_install: bool,
        /// Builds the program for one architecture, optimised and static, and prints where it is.
        #[arg(long, value_name = "ARCHITECTURE", conflicts_with_all = ["tests", "architectures", "filter"])]
        program: Option<Architecture>,
        /// Builds the tests for one architecture, and prints where they are.
        #[arg(long, value_name = "ARCHITECTURE", conflicts_with_all = ["architectures", "filter"])]
        tests: Option<Architecture>,
        /// The architectures to try, in place of all.
        architectures: Vec<Architecture>,
        /// Passed to the tests.
        #[arg(last = true)]
        filter: Vec<OsString>,
    },
    /// Runs the fuzz targets, each for a while.
    Fuzz {
        /// For how long each target runs.
        #[arg(long, default_value_t = 30)]
        seconds: u32,
        /// The target to run, in place of all.
        target: Option<String>,
    },
    /// Boots the lab's machines and runs the tests that are for them; lab/README.md tells more.
    Lab(lab::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Test { no_install, arguments } => test::run(!no_install, &arguments),
        Task::Install => tools::install(),
        Task::Bench { arguments } => bench::run(&arguments),
        Task::Cross { no_install, program: Some(architecture), .. } => {
            cross::list(architecture, What::Program, !no_install)
        }
        Task::Cross { no_install, tests: Some(architecture), .. } => {
            cross::list(architecture, What::Tests, !no_install)
        }
        Task::Cross { no_install, architectures, filter, .. } => {
            cross::run(!no_install, &architectures, &filter)
        }
        Task::Fuzz { seconds, target } => fuzz::run(seconds, target.as_deref()),
        Task::Lab(options) => lab::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            if let Some(message) = stop.message {
                eprintln!("xtask: {message}");
            }
            ExitCode::from(stop.code)
        }
    }
}

/// Why a task ended early.
#[derive(Debug)]
struct Stop {
    code: u8,
    message: Option<String>,
}

impl Stop {
    fn because(message: impl Into<String>) -> Self {
        Self { code: 1, message: Some(message.into()) }
    }
}
