//! The tests that run in the lab, found in the test binaries of the workspace.
//!
//! A test says by its path where it runs: `lab::any::…` in every machine, `lab::numa::…` in the machine `numa`
//! (hyphens become underscores). A test file called `lab.rs` is such a module itself.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use lab::Machines;
use serde_json::Value;

use super::attempt;
use crate::{Stop, cargo};

/// The segment of the paths of tests that the harness is tested with; they run only when asked for.
const SELF_TEST: &str = "self_test";

/// What cargo built.
#[derive(Debug, Default)]
pub(crate) struct Built {
    /// The test binaries.
    pub(crate) tests: Vec<Binary>,
    /// The program `linux-support`.
    pub(crate) program: Option<PathBuf>,
}

/// A test binary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Binary {
    /// The package, without what all of ours begin with: `memory`.
    pub(crate) package: String,
    /// The target in it: `lab`; for tests beside the code, the library.
    pub(crate) target: String,
    pub(crate) file: PathBuf,
}

/// A test that runs in the lab.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Test {
    pub(crate) place: Place,
    pub(crate) binary: Binary,
    /// Its name within the binary.
    pub(crate) name: String,
}

/// Where a test runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Any,
    Machine(String),
    SelfTest,
}

impl Test {
    /// The name with those of its package and of its test file: `memory::lab::numa::binds`.
    pub(crate) fn full_name(&self) -> String {
        self.binary.full_name(&self.name)
    }
}

impl Binary {
    fn full_name(&self, test: &str) -> String {
        let Self { package, target, .. } = self;
        let is_library = target.strip_prefix("linux_support_").unwrap_or(target) == package.replace('-', "_");
        if is_library { format!("{package}::{test}") } else { format!("{package}::{target}::{test}") }
    }
}

/// Builds all tests, as `cargo test` does.
pub(crate) fn build() -> Result<Built, Stop> {
    let mut command = cargo::cargo();
    command.args([
        "test",
        "--workspace",
        "--all-features",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    built(&mut command)
}

/// What `command`, a cargo that prints JSON, built.
fn built(command: &mut Command) -> Result<Built, Stop> {
    let output = attempt("cargo", command.stderr(std::process::Stdio::inherit()).output())?;
    if !output.status.success() {
        return Err(Stop::because("the tests could not be built"));
    }
    Ok(artifacts(&String::from_utf8_lossy(&output.stdout)))
}

fn artifacts(messages: &str) -> Built {
    let mut built = Built::default();
    for message in messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let (Some(file), Some(target)) = (message["executable"].as_str(), message["target"]["name"].as_str())
        else {
            continue;
        };
        if message["profile"]["test"] == true {
            // What is done with the repository is not done in its machines.
            if target != "xtask" {
                let package = package(message["package_id"].as_str().unwrap_or_default());
                built.tests.push(Binary { package, target: target.to_owned(), file: file.into() });
            }
        } else if target == "linux-support" {
            built.program = Some(file.into());
        }
    }
    built.tests.sort();
    built
}

/// The name in cargo's identity of a package: `path+file:///a/crates/base#linux-support-base@0.1.0`, or
/// `path+file:///a/lab#0.0.0` where the folder has the same name.
fn package(identity: &str) -> String {
    let (path, version) = identity.rsplit_once('#').unwrap_or(("", identity));
    let name = match version.split_once('@') {
        Some((name, _)) => name,
        None => path.rsplit('/').next().unwrap_or(path),
    };
    name.strip_prefix("linux-support-").unwrap_or(name).to_owned()
}

/// The lab's tests in `built`.
pub(crate) fn find(built: &Built, machines: &Machines) -> Result<Vec<Test>, Stop> {
    let mut tests = BTreeSet::new();
    for binary in &built.tests {
        for name in list(&binary.file)? {
            let Some(place) = place(&binary.target, &name) else { continue };
            let place = match place {
                "any" => Place::Any,
                SELF_TEST => Place::SelfTest,
                machine if machines.contains_key(&machine.replace('_', "-")) => {
                    Place::Machine(machine.replace('_', "-"))
                }
                other => {
                    return Err(Stop::because(format!(
                        "the test {} would never run: no machine is called {other}",
                        binary.full_name(&name)
                    )));
                }
            };
            tests.insert(Test { place, binary: binary.clone(), name });
        }
    }
    Ok(tests.into_iter().collect())
}

/// The ignored tests of `binary`.
fn list(binary: &Path) -> Result<Vec<String>, Stop> {
    let output = attempt(
        format_args!("{}", binary.display()),
        Command::new(binary).args(["--list", "--ignored", "--format", "terse"]).output(),
    )?;
    if !output.status.success() {
        return Err(Stop::because(format!("{} could not list its tests", binary.display())));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// The segment after `lab` in the path of the test, if it has one.
fn place<'a>(target: &'a str, name: &'a str) -> Option<&'a str> {
    let mut segments = std::iter::once(target).chain(name.split("::"));
    segments.find(|segment| *segment == "lab")?;
    let place = segments.next()?;
    // The last segment is the test's own name.
    segments.next().map(|_| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tests_path_says_where_it_runs() {
        assert_eq!(place("linux_support_memory", "numa::policy::lab::numa::binds"), Some("numa"));
        assert_eq!(place("lab", "any::boots"), Some("any"));
        assert_eq!(place("lab", "boots"), None);
        assert_eq!(place("peers", "lab::arm_16k::pages"), Some("arm_16k"));
        assert_eq!(place("peers", "numa::pages"), None);
    }

    #[test]
    fn a_full_name_has_the_package_and_the_test_file() {
        let name = |package: &str, target: &str| {
            Binary { package: package.into(), target: target.into(), file: PathBuf::new() }
                .full_name("any::a")
        };
        assert_eq!(name("cpu", "lab"), "cpu::lab::any::a");
        assert_eq!(name("cpu", "linux_support_cpu"), "cpu::any::a");
        assert_eq!(package("path+file:///a/lab#0.0.0"), "lab");
        assert_eq!(package("path+file:///a/crates/base#linux-support-base@0.1.0"), "base");
    }

    #[test]
    fn cargos_messages_tell_the_binaries() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"serde"},"profile":{"test":false},"executable":null}
{"reason":"compiler-artifact","package_id":"path+file:///a/crates/cpu#linux-support-cpu@0.1.0","target":{"name":"lab"},"profile":{"test":true},"executable":"/t/lab-1"}
{"reason":"compiler-artifact","target":{"name":"xtask"},"profile":{"test":true},"executable":"/t/xtask-1"}
{"reason":"compiler-artifact","target":{"name":"linux-support"},"profile":{"test":false},"executable":"/t/linux-support"}
{"reason":"build-finished","success":true}
"#;
        let built = artifacts(messages);
        let binary = Binary { package: "cpu".into(), target: "lab".into(), file: "/t/lab-1".into() };
        assert_eq!(built.tests, [binary]);
        assert_eq!(built.program, Some(PathBuf::from("/t/linux-support")));
    }
}
