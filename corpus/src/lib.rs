//! Machines that others saved (hwloc, util-linux, pciutils, PCP and more), as tests.
//!
//! They are not part of this repository: the environment variable `LINUX_SUPPORT_CORPUS` names the folder that
//! holds them, else `shared/corpus` beside the repository is tried. Where there is none, one test says so and
//! counts as ignored.
#![forbid(unsafe_code)]

pub mod pcp;

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

/// What is compared, a [pattern](matching) of the files with which, and how: given a file and the test's name.
pub type Comparison = (&'static str, &'static str, fn(&Path, &str) -> Result<(), Failed>);

/// A test for each file of each comparison.
#[must_use]
pub fn trials(folder: &Path, comparisons: &[Comparison]) -> Vec<Trial> {
    let trials = comparisons.iter().flat_map(|&(what, pattern, compare)| {
        matching(folder, pattern).into_iter().map(move |path| {
            let name = format!("{what} of {}", path.strip_prefix(folder).unwrap_or(&path).display());
            Trial::test(name.clone(), move || compare(&path, &name))
        })
    });
    trials.collect()
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

/// The files of `folder` that match `pattern`: a folder, `/`, and a name with any number of `*`; sorted.
#[must_use]
pub fn matching(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let (part, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let mut found = files(&folder.join(part), "");
    found.retain(|path| matches(&path.file_name().unwrap_or_default().to_string_lossy(), name));
    found
}

fn matches(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            name.char_indices().map(|(at, _)| at).chain([name.len()]).any(|at| matches(&name[at..], rest))
        }),
    }
}

/// The archive `path` (tar in any compression, or zip), unpacked; and the first folder in it that holds `proc`
/// or `sys`.
///
/// # Errors
/// The archive can't be unpacked, or holds no machine.
pub fn unpack(path: &Path) -> Result<(TempDir, PathBuf), Failed> {
    let (target, mut machines) = unpack_all(path)?;
    Ok((target, machines.swap_remove(0)))
}

/// The archive `path` (tar in any compression, or zip), unpacked; and all folders in it that hold `proc` or
/// `sys`, sorted.
///
/// # Errors
/// The archive can't be unpacked, or holds no machine.
pub fn unpack_all(path: &Path) -> Result<(TempDir, Vec<PathBuf>), Failed> {
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
    let mut machines = Vec::new();
    machines_in(target.path(), 4, &mut machines);
    if machines.is_empty() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("no machine in {}: {why}", path.display()).into());
    }
    Ok((target, machines))
}

fn machines_in(folder: &Path, depth: usize, machines: &mut Vec<PathBuf>) {
    if folder.join("proc").is_dir() || folder.join("sys").is_dir() {
        machines.push(folder.to_owned());
    } else if let Some(deeper) = depth.checked_sub(1) {
        let mut folders = files(folder, "");
        folders.retain(|path| path.is_dir() && !path.is_symlink());
        folders.iter().for_each(|path| machines_in(path, deeper, machines));
    }
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

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_any_text() {
        assert!(matches("meminfo-root-001.tgz", "meminfo-*-00*.tgz"));
        assert!(matches("a", "a") && matches("", "*") && matches("ab", "a*b*"));
        assert!(!matches("a.tgz.expected", "*.tgz") && !matches("ba", "a*"));
    }
}
