//! The lab: declared machines, booted in QEMU with Debian's kernels, and the tests that run inside.
//!
//! `lab/README.md` tells how it works.

mod archive;
mod boot;
mod cache;
mod capture;
mod counts;
mod image;
mod kernel;
mod libraries;
mod modules;
mod packages;
mod protocol;
mod qemu;
mod run;
mod self_test;
mod shell;
mod suite;
mod watch;

use std::{fmt::Display, fs, io, num::NonZeroUsize, path::PathBuf, thread};

use lab::{Architecture, Machine, Machines};

use self::{cache::Cache, counts::Counts, kernel::Choice};
use crate::{Stop, cargo, tools};

/// What to run, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    task: Option<Task>,
    /// The machines; may be given several times. Without: those of the quick pass
    #[arg(long, value_name = "NAME", global = true)]
    machine: Vec<String>,
    /// The kernels: oldest, newest, or how a version begins; may be given several times. Without: oldest and newest
    #[arg(long, value_name = "VERSION", global = true)]
    kernel: Vec<Choice>,
    /// All machines of this architecture
    #[arg(long, value_name = "NAME", global = true)]
    arch: Option<String>,
    /// All machines
    #[arg(long, conflicts_with_all = ["machine", "arch"], global = true)]
    all: bool,
    /// Lists the machines and their tests, and boots nothing
    #[arg(long)]
    list: bool,
    /// Starts the first of the machines for a person, with a shell
    #[arg(long)]
    shell: bool,
    /// Tests the lab itself: that what fails, hangs or panics inside fails the command
    #[arg(long)]
    self_test: bool,
    /// For how long a test may run, in seconds
    #[arg(long, default_value_t = 120, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// How many machines run at a time. Without: as many as there are CPUs, and at most four
    #[arg(long, value_name = "NUMBER")]
    at_once: Option<NonZeroUsize>,
    /// Shows what tests print as they print it
    #[arg(long)]
    nocapture: bool,
    /// Installs nothing; the tests of machines that can't be emulated count as skipped
    #[arg(long, global = true)]
    no_install: bool,
    /// Runs the tests that --self-test runs
    #[arg(long, hide = true)]
    with_self_tests: bool,
    /// Runs the tests that have one of these in their names
    #[arg(last = true)]
    filter: Vec<String>,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// Captures every machine into fixtures/
    Capture,
}

/// Does what `options` ask for.
pub(crate) fn run(options: &Options) -> Result<(), Stop> {
    let machines = lab::machines().map_err(|error| Stop::because(error.to_string()))?;
    let chosen = options.machines(&machines)?;
    if options.self_test {
        let machine = machines
            .get(self_test::MACHINE)
            .ok_or_else(|| Stop::because(format!("no machine is called {}", self_test::MACHINE)))?;
        return self_test::run(machine, !options.no_install);
    }
    if options.list {
        return run::list(&machines, &chosen);
    }
    if options.shell {
        return shell::start(&chosen, &options.kernels()[0], !options.no_install);
    }
    if let Some(Task::Capture) = options.task {
        // Without a choice, all.
        let chosen = if options.machine.is_empty() && options.arch.is_none() {
            machines.iter().collect()
        } else {
            chosen
        };
        return capture::capture(&chosen, &options.kernels(), !options.no_install);
    }
    let counts = run::run(options, &machines, &chosen)?;
    close(&counts)
}

/// The quick pass, for `cargo xtask test`.
pub(crate) fn quick(install: bool) -> Result<(), Stop> {
    let options = Options { no_install: !install, ..Options::quick() };
    let machines = lab::machines().map_err(|error| Stop::because(error.to_string()))?;
    let chosen = options.machines(&machines)?;
    close(&run::run(&options, &machines, &chosen)?)
}

/// Prints the closing line; a run that did not succeed is an error.
fn close(counts: &Counts) -> Result<(), Stop> {
    if !counts.failures.is_empty() {
        println!("\nlab: failed:");
        for failure in &counts.failures {
            println!("  {failure}");
        }
    }
    if counts.passed + counts.failed + counts.skipped == 0 {
        println!("\nlab: no test was run");
    }
    println!("\n{counts}");
    if counts.is_success() { Ok(()) } else { Err(Stop { code: 1, message: None }) }
}

type Chosen<'a> = Vec<(&'a String, &'a Machine)>;

impl Options {
    fn quick() -> Self {
        Self {
            task: None,
            machine: Vec::new(),
            kernel: Vec::new(),
            arch: None,
            all: false,
            list: false,
            shell: false,
            self_test: false,
            limit: 120,
            at_once: None,
            nocapture: false,
            no_install: false,
            with_self_tests: false,
            filter: Vec::new(),
        }
    }

    fn kernels(&self) -> Vec<Choice> {
        if self.kernel.is_empty() { vec![Choice::Oldest, Choice::Newest] } else { self.kernel.clone() }
    }

    fn at_once(&self) -> usize {
        let by_itself = || thread::available_parallelism().map_or(1, NonZeroUsize::get).min(4);
        self.at_once.map_or_else(by_itself, NonZeroUsize::get)
    }

    fn machines<'a>(&self, machines: &'a Machines) -> Result<Chosen<'a>, Stop> {
        let names = || machines.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        if let Some(unknown) = self.machine.iter().find(|name| !machines.contains_key(*name)) {
            return Err(Stop::because(format!("no machine is called {unknown}; there are: {}", names())));
        }
        let architectures = Architecture::ALL.map(Architecture::name);
        if let Some(unknown) = self.arch.as_deref().filter(|name| !architectures.contains(name)) {
            return Err(Stop::because(format!(
                "the lab has no architecture {unknown}; it has: {}",
                architectures.join(", ")
            )));
        }
        let some_are_named = !self.machine.is_empty() || self.arch.is_some();
        let is_chosen = |name: &String, machine: &Machine| {
            let by_architecture = self.arch.as_deref().is_none_or(|arch| arch == machine.architecture.name());
            match (self.all, some_are_named) {
                (true, _) => true,
                (_, true) => by_architecture && (self.machine.is_empty() || self.machine.contains(name)),
                _ => machine.quick,
            }
        };
        Ok(machines.iter().filter(|(name, machine)| is_chosen(name, machine)).collect())
    }
}

/// Sees to it that `machine` can be emulated, by installing what is missing if `install` says so; returns the program.
fn emulator(machine: &Machine, install: bool) -> Result<PathBuf, Stop> {
    let needs = qemu::needs(machine.architecture);
    if install {
        tools::bring("the lab needs", needs)?;
    }
    if let Some((what, package)) = tools::missing(needs).first() {
        return Err(Stop::because(format!("{what} is not here (Debian's package {package})")));
    }
    packages::source(&Cache::open()?, machine.architecture)?;
    let (program, _) = needs[0];
    tools::find(program).ok_or_else(|| Stop::because(format!("{program} is not here")))
}

/// A file of the lab that may be thrown away.
fn scratch(name: &str) -> Result<PathBuf, Stop> {
    let folder = cargo::root().join("target/lab");
    attempt(format_args!("{}", folder.display()), fs::create_dir_all(&folder))?;
    Ok(folder.join(name))
}

/// The result, with `what` in its error.
fn attempt<T>(what: impl Display, result: io::Result<T>) -> Result<T, Stop> {
    result.map_err(|error| Stop::because(format!("{what}: {error}")))
}

/// A word that no test knows.
fn word() -> Result<String, Stop> {
    use std::io::Read;
    let mut bytes = [0; 8];
    let random = fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    attempt("/dev/urandom", random)?;
    Ok(format!("lab-{:016x}", u64::from_le_bytes(bytes)))
}

#[cfg(test)]
mod command_line {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn options(words: &[&str]) -> Options {
        Line::try_parse_from([&["lab"], words].concat()).unwrap().options
    }

    fn chosen(words: &[&str]) -> Result<Vec<String>, String> {
        let machines = lab::machines().unwrap();
        let chosen = options(words).machines(&machines).map_err(|stop| stop.message.unwrap_or_default())?;
        Ok(chosen.into_iter().map(|(name, _)| name.clone()).collect())
    }

    #[test]
    fn without_a_choice_the_quick_pass_is_run_with_both_kernels() {
        assert_eq!(chosen(&[]).unwrap(), ["numa", "pci"]);
        assert_eq!(options(&[]).kernels(), [Choice::Oldest, Choice::Newest]);
    }

    #[test]
    fn machines_are_chosen_by_name_by_architecture_or_all() {
        assert_eq!(chosen(&["--machine", "small", "--machine", "arm"]).unwrap(), ["arm", "small"]);
        assert_eq!(chosen(&["--arch", "aarch64"]).unwrap(), ["arm", "arm-16k"]);
        assert_eq!(chosen(&["--arch", "aarch64", "--machine", "small"]).unwrap(), Vec::<String>::new());
        assert_eq!(chosen(&["--all"]).unwrap().len(), lab::machines().unwrap().len());
    }

    #[test]
    fn what_does_not_exist_is_an_error_that_lists_what_does() {
        let message = chosen(&["--machine", "smal"]).unwrap_err();
        assert_eq!(
            message,
            "no machine is called smal; there are: arm, arm-16k, devices, numa, pci, riscv, small"
        );
        let message = chosen(&["--arch", "arm"]).unwrap_err();
        assert_eq!(message, "the lab has no architecture arm; it has: x86_64, aarch64, riscv64");
    }

    #[test]
    fn what_follows_two_hyphens_are_parts_of_the_names_of_tests() {
        assert_eq!(options(&["--kernel", "6.12", "--", "nodes", "pci"]).filter, ["nodes", "pci"]);
    }
}
