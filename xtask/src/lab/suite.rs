//! The tests that run in the lab, found in the test binaries of the workspace.
//!
//! A test says by its path where it runs: `lab::any::…` in every machine, `lab::numa::…` in the machine `numa`
//! (hyphens become underscores). A test file called `lab.rs` is such a module itself.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use lab::{Architecture, Machines};
use serde_json::Value;

use super::attempt;
use crate::{Stop, cargo, cross};

/// The program that shows that the library is whole.
const PROGRAM: &str = "linux-support";

/// The segment of the paths of tests that the harness is tested with; they run only when asked for.
const SELF_TEST: &str = "self_test";

/// What cargo built for one architecture.
#[derive(Debug, Default)]
pub(crate) struct Built {
    /// The test binaries.
    pub(crate) tests: Vec<Binary>,
    /// The program `linux-support`.
    pub(crate) program: Option<PathBuf>,
    /// As long as this is held, no other run replaces the files of another architecture.
    _held: Option<cross::Built>,
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

impl Built {
    /// The file of the test binary that is built from the same sources as `binary`.
    pub(crate) fn counterpart(&self, binary: &Binary) -> Result<&Path, Stop> {
        let same = |other: &&Binary| (&other.package, &other.target) == (&binary.package, &binary.target);
        let mut found = self.tests.iter().filter(same).map(|other| other.file.as_path());
        if let Some(itself) = self.tests.iter().find(|own| *own == binary) {
            return Ok(&itself.file);
        }
        let fault = |what| Stop::because(format!("{} {} was {what}", binary.package, binary.target));
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(fault("not built")),
            (Some(_), Some(_)) => Err(fault("built twice")),
        }
    }
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

/// Whether the programs of this machine run in a machine of the `architecture`.
pub(crate) fn is_own(architecture: Architecture) -> bool {
    architecture.name() == std::env::consts::ARCH
}

/// Sees to it that the tests can be built for the `architecture`; else the error says what is missing.
pub(crate) fn ready(install: bool, architecture: Architecture) -> Result<(), Stop> {
    if is_own(architecture) { Ok(()) } else { cross::ready(install, crossed(architecture)?) }
}

/// Builds all tests for the `architecture`.
pub(crate) fn build_for(architecture: Architecture) -> Result<Built, Stop> {
    if is_own(architecture) {
        return build();
    }
    let held = cross::build(crossed(architecture)?, cross::What::LabTests, false)?;
    let mut built = Built::default();
    for cross::Binary { package: identity, name, is_test, path } in &held.binaries {
        if *is_test {
            let package = package(identity);
            built.tests.push(Binary { package, target: name.clone(), file: path.clone() });
        } else if name == PROGRAM {
            built.program = Some(path.clone());
        }
    }
    Ok(Built { _held: Some(held), ..built })
}

fn crossed(architecture: Architecture) -> Result<cross::Architecture, Stop> {
    match architecture {
        Architecture::Aarch64 => Ok(cross::Architecture::Aarch64),
        Architecture::Riscv64 => Ok(cross::Architecture::Riscv64),
        Architecture::X86_64 => Err(Stop::because("for x86_64, nothing is built on another architecture")),
    }
}

/// Builds the tests of all packages that may have some for the lab, for this machine, as `cargo test` does.
pub(crate) fn build() -> Result<Built, Stop> {
    let mut command = cargo::cargo();
    command.args(["test", "--workspace", "--all-features", "--no-run"]).args(cross::OUTSIDE_OF_THE_LAB);
    command.arg("--message-format=json-render-diagnostics");
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
            let package = package(message["package_id"].as_str().unwrap_or_default());
            built.tests.push(Binary { package, target: target.to_owned(), file: file.into() });
        } else if target == PROGRAM {
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
    fn a_counterpart_is_of_the_same_package_and_test_file_and_never_a_guess() {
        let binary = |package: &str, target: &str, file: &str| Binary {
            package: package.into(),
            target: target.into(),
            file: file.into(),
        };
        let own = [binary("cpu", "lab", "/a"), binary("lab", "lab", "/b"), binary("lab", "lab", "/c")];
        let counterpart = |tests: &[Binary], of: &Binary| {
            let built = Built { tests: tests.to_vec(), ..Built::default() };
            built.counterpart(of).map(Path::to_owned).map_err(|stop| stop.message.unwrap_or_default())
        };
        assert_eq!(counterpart(&own, &own[2]).unwrap(), Path::new("/c"));
        let foreign = [binary("cpu", "lab", "/d"), binary("lab", "lab", "/e"), binary("lab", "lab", "/f")];
        assert_eq!(counterpart(&foreign, &own[0]).unwrap(), Path::new("/d"));
        assert_eq!(counterpart(&foreign, &own[2]).unwrap_err(), "lab lab was built twice");
        assert_eq!(counterpart(&foreign[1..], &own[0]).unwrap_err(), "cpu lab was not built");
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
{"reason":"compiler-artifact","target":{"name":"linux-support"},"profile":{"test":false},"executable":"/t/linux-support"}
{"reason":"build-finished","success":true}
"#;
        let built = artifacts(messages);
        let binary = Binary { package: "cpu".into(), target: "lab".into(), file: "/t/lab-1".into() };
        assert_eq!(built.tests, [binary]);
        assert_eq!(built.program, Some(PathBuf::from("/t/linux-support")));
    }
}
