//! Cargo, told to build for another architecture, its standard library included.

use std::{path::PathBuf, process::Command};

use serde_json::Value;

use super::{
    architecture::{Architecture, Kernel, Way},
    cache::Cache,
    compiler::Compiler,
    emulator::Emulator,
    musl::Unwinder,
};
use crate::{Stop, cargo, tools};

/// All of the workspace but what drives it from outside.
pub(super) const WORKSPACE: &[&str] = &["--workspace", "--exclude=xtask", "--all-features"];

/// Packages that have no tests for the lab: measurements, saved machines, and what drives it. Without them, all others
/// are built as they are with them.
pub(crate) const OUTSIDE_OF_THE_LAB: &[&str] = &["--exclude=benches", "--exclude=corpus", "--exclude=xtask"];

/// What of the standard library is built. Left to itself, cargo builds it once with and once without `test`.
const STANDARD_LIBRARY: &str = "-Zbuild-std=std,panic_unwind,test";

/// What can be built.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum What {
    /// The programs that hold the tests, and the programs that those start.
    Tests,
    /// Those of them that may hold tests for the lab.
    LabTests,
    /// The program `linux-support`, optimised.
    Program,
}

impl What {
    fn arguments(self) -> Vec<&'static str> {
        match self {
            Self::Tests => [&["test", "--no-run"], WORKSPACE].concat(),
            Self::LabTests => [&["test", "--no-run"], WORKSPACE, OUTSIDE_OF_THE_LAB].concat(),
            Self::Program => vec!["build", "--release", "--package=linux-support-cli"],
        }
    }

    fn kernel(self) -> Kernel {
        match self {
            Self::Tests => Kernel::ThisMachines,
            Self::LabTests | Self::Program => Kernel::ItsOwn,
        }
    }
}

/// A static program that was built.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Binary {
    /// The package's identity, as cargo writes it.
    pub(crate) package: String,
    /// The name of the library, program or test file.
    pub(crate) name: String,
    /// Whether it is a program of tests.
    pub(crate) is_test: bool,
    pub(crate) path: PathBuf,
}

/// Programs that were built; as long as this is held, no other run replaces them.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) binaries: Vec<Binary>,
    _bench: Bench,
}

/// All that is needed to build, whatever the architecture.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) cache: Cache,
    pub(super) compiler: Compiler,
}

impl Bench {
    pub(super) fn take(cache: Cache) -> Result<Self, Stop> {
        let bench = Self { cache, compiler: Compiler::find()? };
        if bench.cache.was_anothers() {
            for architecture in Architecture::ALL {
                let mut clean = bench.bare_cargo();
                clean.args(["clean", "--quiet", "--workspace", "--target", architecture.target()]);
                cargo::run(&mut clean)?;
            }
        }
        bench.cache.is_ours()?;
        Ok(bench)
    }

    /// Cargo with `arguments` for what runs here on the `architecture`; an error says what is missing for it.
    pub(super) fn cargo(&self, architecture: Architecture, arguments: &[&str]) -> Result<Command, Stop> {
        self.cargo_for(architecture, Kernel::ThisMachines, arguments)
    }

    fn cargo_for(
        &self,
        architecture: Architecture,
        kernel: Kernel,
        arguments: &[&str],
    ) -> Result<Command, Stop> {
        if let [(what, package), ..] = *tools::missing(architecture.needs()) {
            return Err(Stop::because(format!("no {what} (Debian's package {package})")));
        }
        let unwinder = match architecture {
            Architecture::Musl if !cfg!(target_arch = "x86_64") => {
                return Err(Stop::because("only an x86_64 machine has this musl"));
            }
            Architecture::Musl => Some(Unwinder::ready(self.cache.folder())?),
            _ => None,
        };
        let mut command = self.bare_cargo();
        let flags = architecture.flags(kernel, unwinder.as_ref()).join(" ");
        command.env(architecture.variable("RUSTFLAGS"), &flags);
        command.env(architecture.variable("RUSTDOCFLAGS"), &flags);
        if let Some(linker) = architecture.linker() {
            command.env(architecture.variable("LINKER"), linker);
        }
        if let Way::Emulated(name) = architecture.way()
            && let Ok(emulator) = Emulator::find(name, &self.cache)
        {
            command.env(architecture.variable("RUNNER"), &emulator.program);
            // Tests that start a program that was built with them start it in this one.
            command.env("LINUX_SUPPORT_RUNNER", &emulator.program);
            // Emulation is slow, and the many cases were tried natively.
            if std::env::var_os("PROPTEST_CASES").is_none() {
                command.env("PROPTEST_CASES", "64");
            }
        }
        command.args(arguments).args([STANDARD_LIBRARY, "--target", architecture.target()]);
        Ok(command)
    }

    /// Cargo with this compiler and target folder, and none of the caller's own settings for building.
    fn bare_cargo(&self) -> Command {
        let mut command = cargo::cargo();
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTDOCFLAGS", "CARGO_ENCODED_RUSTDOCFLAGS"] {
            command.env_remove(name);
        }
        command.env("RUSTC", &self.compiler.rustc).env("RUSTDOC", &self.compiler.rustdoc);
        // Building the standard library is not stable yet; this lets a stable compiler do it.
        command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", self.cache.target());
        // Saved machines say the same on every architecture, and reading them all takes long in emulation.
        command.env("LINUX_SUPPORT_CORPUS", "");
        // Both only fill the cache here.
        command.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_DEV_DEBUG", "false");
        command
    }
}

/// Builds `what` for the `architecture`, as static programs; with `install`, brings what that needs.
///
/// # Errors
/// Something that this needs is not here (the error names it), or it does not compile, of which cargo has said
/// more.
pub(crate) fn build(architecture: Architecture, what: What, install: bool) -> Result<Built, Stop> {
    if architecture.way() == Way::CheckedOnly {
        return Err(Stop::because(format!("{} is type-checked only", architecture.name())));
    }
    let cache = Cache::take()?;
    if install {
        super::bring(&[architecture], &cache);
    }
    let bench = Bench::take(cache)?;
    let mut command = bench.cargo_for(architecture, what.kernel(), &what.arguments())?;
    command.arg("--message-format=json-render-diagnostics");
    let output = command.stderr(std::process::Stdio::inherit()).output();
    let output = output.map_err(|error| Stop::because(format!("cargo can't be started: {error}")))?;
    if !output.status.success() {
        return Err(Stop::because(format!("{} does not build", architecture.name())));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(Built { binaries: text.lines().filter_map(binary).collect(), _bench: bench })
}

/// The program that a line of cargo's messages tells of.
fn binary(line: &str) -> Option<Binary> {
    let message: Value = serde_json::from_str(line).ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    (message["reason"] == "compiler-artifact").then_some(())?;
    Some(Binary {
        package: text(&message["package_id"])?,
        name: text(&message["target"]["name"])?,
        is_test: message["profile"]["test"].as_bool()?,
        path: text(&message["executable"])?.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_in_cargos_messages() {
        let line = r#"{"reason":"compiler-artifact","package_id":"path+file:///a/crates/base#linux-support-base@0.1.0",
            "target":{"kind":["test"],"name":"captured"},"profile":{"test":true},"executable":"/t/captured-1"}"#;
        let expected = Binary {
            package: "path+file:///a/crates/base#linux-support-base@0.1.0".into(),
            name: "captured".into(),
            is_test: true,
            path: "/t/captured-1".into(),
        };
        assert_eq!(binary(line), Some(expected));
        assert_eq!(binary(&line.replace("\"/t/captured-1\"", "null")), None);
        assert_eq!(binary(&line.replace("compiler-artifact", "build-script-executed")), None);
        assert_eq!(binary("running 1 test"), None);
    }
}
