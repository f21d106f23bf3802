//! Machines that others saved (hwloc, util-linux, pciutils, PCP and more), as tests.
//!
//! They are not part of this repository: the environment variable `LINUX_SUPPORT_CORPUS` names the folder that
//! holds them, else `shared/corpus` beside the repository is tried. Where there is none, one test says so and
//! counts as ignored.
#![forbid(unsafe_code)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use libtest_mimic::{Arguments, Failed, Trial};
use tempfile::TempDir;

/// Runs the tests that `trials` makes for the corpus folder, under the usual command line of cargo's tests.
pub fn run(trials: impl FnOnce(&Path) -> Vec<Trial>) -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = match folder() {
        Some(folder) => trials(&folder),
        None => vec![
            Trial::test("no_saved_machines_here_set_LINUX_SUPPORT_CORPUS", || Ok(())).with_ignored_flag(true),
        ],
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn folder() -> Option<PathBuf> {
    let folder = match env::var_os("LINUX_SUPPORT_CORPUS") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"),
    };
    folder.is_dir().then_some(folder)
}

/// The files of `folder` whose names end in `suffix`, sorted.
#[must_use]
pub fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(suffix))
        .collect();
    files.sort();
    files
}

/// The archive `path` (tar in any compression, or zip), unpacked; and the folder in it that holds `proc` or
/// `sys`.
///
/// # Errors
/// The archive can't be unpacked, or holds no machine.
pub fn unpack(path: &Path) -> Result<(TempDir, PathBuf), Failed> {
    let target = tempfile::tempdir()?;
    let zip = path.extension().is_some_and(|extension| extension == "zip");
    let (program, into) = if zip { ("unzip", "-d") } else { ("tar", "-C") };
    let mut command = Command::new(program);
    if zip {
        command.arg("-q");
    } else {
        command.args(["--no-same-owner", "--no-same-permissions", "-xf"]);
    }
    let output = command.arg(path).arg(into).arg(target.path()).output()?;
    // Device nodes and the like in an archive fail to unpack where this is not root; the rest is there.
    let machine = machine_in(target.path(), 4).ok_or_else(|| {
        Failed::from(format!("no machine in {}: {}", path.display(), String::from_utf8_lossy(&output.stderr)))
    })?;
    Ok((target, machine))
}

fn machine_in(folder: &Path, depth: usize) -> Option<PathBuf> {
    if folder.join("proc").is_dir() || folder.join("sys").is_dir() {
        return Some(folder.to_owned());
    }
    let deeper = depth.checked_sub(1)?;
    let mut folders: Vec<_> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    folders.iter().filter(|path| path.is_dir()).find_map(|path| machine_in(path, deeper))
}

/// How much of an expected result was met.
///
/// Compare value by value with [`check`](Self::check); [`finish`](Self::finish) prints the score and fails
/// where anything disagreed that was not [explained](Self::explain).
#[derive(Debug, Default)]
pub struct Score {
    agreed: usize,
    explained: Vec<String>,
    disagreed: Vec<String>,
}

impl Score {
    /// Compares one value of the expected result with ours.
    pub fn check<T: PartialEq + std::fmt::Debug>(
        &mut self,
        what: impl std::fmt::Display,
        ours: T,
        expected: T,
    ) {
        if ours == expected {
            self.agreed += 1;
        } else {
            self.disagreed.push(format!("{what}: ours {ours:?}, expected {expected:?}"));
        }
    }

    /// Notes a value in which the expected result differs from ours for a reason that is known.
    pub fn explain(&mut self, what: impl std::fmt::Display, why: &str) {
        self.explained.push(format!("{what}: {why}"));
    }

    /// Prints the score.
    ///
    /// # Errors
    /// Something disagreed, or nothing was compared.
    pub fn finish(self, name: &str) -> Result<(), Failed> {
        let Self { agreed, explained, disagreed } = self;
        let total = agreed + explained.len() + disagreed.len();
        println!("score {name}: {agreed} of {total} agree, {} differ for a known reason", explained.len());
        for line in &explained {
            println!("  known: {line}");
        }
        if total == 0 {
            return Err("nothing was compared".into());
        }
        if disagreed.is_empty() { Ok(()) } else { Err(disagreed.join("\n").into()) }
    }
}
