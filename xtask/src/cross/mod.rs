//! Other architectures: the workspace built for them, and its tests run there.
//!
//! A compiler that has the sources of its standard library builds that, too, so that nothing made for another
//! architecture needs to be had but a linker and a C library. What is built is static, and is run by this machine
//! or by QEMU's user emulation: the instructions are the architecture's own, the kernel is this machine's. A test
//! that can't hold so is ignored where `user_emulation` is set, and says why.

mod architecture;
mod build;
mod cache;
mod compiler;
mod emulator;
mod musl;
mod report;
mod tally;

use std::{
    ffi::OsString,
    io::{self, BufRead, BufReader, Write},
    process::{Command, Stdio},
    time::Instant,
};

pub(crate) use architecture::Architecture;
use architecture::Way;
use build::{Bench, WORKSPACE};
pub(crate) use build::{Binary, Built, OUTSIDE_OF_THE_LAB, What, build};
use cache::Cache;
use compiler::Compiler;
use emulator::Emulator;
use musl::Unwinder;
use report::{Outcome, Report};
use tally::Tally;

use crate::Stop;

/// Builds and tests for each of `architectures`, or for all; the last line printed counts the tests.
pub(crate) fn run(install: bool, architectures: &[Architecture], filter: &[OsString]) -> Result<(), Stop> {
    let architectures = if architectures.is_empty() { &Architecture::ALL[..] } else { architectures };
    let cache = Cache::take()?;
    if install {
        bring(architectures, &cache);
    }
    let rows: Vec<_> = match Bench::take(cache) {
        Ok(bench) => {
            let row =
                |&architecture: &Architecture| (architecture.name(), prove(&bench, architecture, filter));
            architectures.iter().map(row).collect()
        }
        Err(stop) => {
            let why = stop.message.unwrap_or_default();
            let row =
                |architecture: &Architecture| (architecture.name(), Outcome::Skipped { why: why.clone() });
            architectures.iter().map(row).collect()
        }
    };
    let sum: Tally = rows.iter().map(|(_, outcome)| outcome.tally()).sum();
    print!("\n{}\n{sum}\n", Report { rows: &rows });
    if sum.failed == 0 { Ok(()) } else { Err(Stop { code: 1, message: None }) }
}

/// Builds `what` for one architecture and prints where it is.
pub(crate) fn list(architecture: Architecture, what: What, install: bool) -> Result<(), Stop> {
    for binary in build(architecture, what, install)?.binaries {
        println!("{}", binary.path.display());
    }
    Ok(())
}

/// Sees to it that it can be built for the `architecture`, by bringing what is missing if `install` says so.
///
/// # Errors
/// The error says what is missing.
pub(crate) fn ready(install: bool, architecture: Architecture) -> Result<(), Stop> {
    let cache = Cache::take()?;
    if install {
        bring(&[architecture], &cache);
    }
    Bench::take(cache)?.cargo(architecture, &[]).map(drop)
}

/// Brings what building and running need. What can't be had is told here, and what lacks it is skipped later.
fn bring(architectures: &[Architecture], cache: &Cache) {
    let mut brought = vec![Compiler::bring()];
    for architecture in architectures {
        let who = format!("building for {} needs", architecture.name());
        brought.push(crate::tools::bring(&who, architecture.needs()));
        if *architecture == Architecture::Musl {
            brought.push(Unwinder::bring());
        }
        if let Way::Emulated(name) = architecture.way() {
            brought.push(Emulator::bring(name, cache));
        }
    }
    for message in brought.into_iter().filter_map(|done| done.err()?.message) {
        eprintln!("xtask: {message}");
    }
}

/// Does for the `architecture` what can be done here.
fn prove(bench: &Bench, architecture: Architecture, filter: &[OsString]) -> Outcome {
    let started = Instant::now();
    println!("== {} (rustc {})", architecture.name(), bench.compiler.version);
    let outcome = attempt(bench, architecture, filter).unwrap_or_else(|stop| Outcome::Skipped {
        why: stop.message.unwrap_or_else(|| "what it needs could not be made".to_owned()),
    });
    println!("== {}: {outcome} ({} s)", architecture.name(), started.elapsed().as_secs());
    outcome
}

/// An error says what is missing.
fn attempt(bench: &Bench, architecture: Architecture, filter: &[OsString]) -> Result<Outcome, Stop> {
    let cargo = |what: &[&str]| bench.cargo(architecture, &[what, WORKSPACE].concat());
    let broken = |what| Ok(Outcome::Broken { what, tally: Tally::default() });
    let runner = match architecture.way() {
        Way::Native => "this machine".to_owned(),
        Way::Emulated(name) => format!("{name} {}", Emulator::find(name, &bench.cache)?.version),
        Way::CheckedOnly => {
            let checked = succeeds(&mut cargo(&["check", "--all-targets"])?);
            return if checked { Ok(Outcome::Checked) } else { broken("it does not type-check") };
        }
    };
    if !succeeds(&mut cargo(&["test", "--no-run"])?) {
        return broken("it does not build");
    }
    let (mut tally, mut success) = (Tally::default(), true);
    for selection in selections(architecture.way()) {
        let mut command =
            bench.cargo(architecture, &[&["test", "--no-fail-fast"], selection.as_slice()].concat())?;
        match count(command.arg("--").args(filter)) {
            Ok(counted) => {
                tally = [tally, counted.tally].into_iter().sum();
                success &= counted.success;
            }
            Err(error) => {
                eprintln!("xtask: running the tests: {error}");
                return broken("its tests can't be run");
            }
        }
    }
    Ok(if success || tally.failed > 0 {
        Outcome::Tested { runner, tally }
    } else {
        Outcome::Broken { what: "tests ended without their closing line", tally }
    })
}

/// What is tested, as arguments for cargo, one command after the other.
///
/// Descriptors and mappings are what the kernel makes of system calls, many of which user emulation does not have or
/// answers by itself: of these crates it runs the unit tests alone, and the lab the rest.
fn selections(way: Way) -> Vec<Vec<&'static str>> {
    const OF_THE_KERNEL: [(&str, &str); 2] = [
        ("--package=linux-support-fd", "--exclude=linux-support-fd"),
        ("--package=linux-support-memory", "--exclude=linux-support-memory"),
    ];
    match way {
        Way::Emulated(_) => {
            let others = [WORKSPACE, &OF_THE_KERNEL.map(|(_, exclude)| exclude)].concat();
            let units =
                [&["--lib", "--all-features"][..], &OF_THE_KERNEL.map(|(package, _)| package)].concat();
            vec![others, units]
        }
        Way::Native | Way::CheckedOnly => vec![WORKSPACE.to_vec()],
    }
}

/// Whether `command` could be started and said that all is well.
fn succeeds(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

/// What tests did, and whether their command says that all is well.
struct Counted {
    tally: Tally,
    success: bool,
}

/// Runs `command`, passes on what it prints and counts the tests in it.
fn count(command: &mut Command) -> io::Result<Counted> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let output = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut tally = Tally::default();
    let mut stdout = io::stdout().lock();
    // Tests may print bytes that are no text.
    for line in output.split(b'\n') {
        let line = line?;
        stdout.write_all(&line)?;
        stdout.write_all(b"\n")?;
        tally = [tally].into_iter().chain(Tally::of_line(&String::from_utf8_lossy(&line))).sum();
    }
    Ok(Counted { tally, success: child.wait()?.success() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(script: &str) -> Counted {
        count(Command::new("sh").arg("-c").arg(script)).unwrap()
    }

    #[test]
    fn all_closing_lines_are_added_up() {
        let line =
            "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        let counted = counted(&format!("echo running; printf '\\377\\n'; echo '{line}'; echo '{line}'"));
        assert!(counted.success);
        assert_eq!(counted.tally, Tally { passed: 4, failed: 0, skipped: 2 });
    }

    #[test]
    fn a_failure_without_a_closing_line_is_seen() {
        let counted = counted("echo 'running 3 tests'; exit 101");
        assert!(!counted.success);
        assert_eq!(counted.tally, Tally::default());
    }
}
