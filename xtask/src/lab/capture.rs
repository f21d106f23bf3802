//! Saving the lab's machines as fixtures, for the tests that read captured machines.

use std::{fs, path::Path, process::Command};

use super::{
    Cache, Chosen, attempt, boot,
    kernel::{self, Choice},
    protocol::Event,
    run::{self, Plan},
    suite,
};
use crate::{Stop, cargo};

/// How long a machine may take to capture itself, in seconds.
const LIMIT: u64 = 180;

/// Captures each machine of `chosen` with each of `kernels` into `fixtures/`.
pub(crate) fn capture(chosen: &Chosen<'_>, kernels: &[Choice], install: bool) -> Result<(), Stop> {
    let cache = Cache::open()?;
    let fixtures = cargo::root().join("fixtures");
    attempt(format_args!("{}", fixtures.display()), fs::create_dir_all(&fixtures))?;
    for (name, machine) in chosen {
        suite::ready(install, machine.architecture)?;
        let built = suite::build_for(machine.architecture)?;
        for choice in kernel::distinct(&cache, machine, kernels) {
            println!("lab: capturing {name} with its {choice} kernel");
            let (program, links) = run::program(&built);
            let plan = Plan {
                name,
                machine,
                choice,
                jobs: vec![(LIMIT, "sh /lab/capture".to_owned())],
                programs: program.into_iter().collect(),
                links,
                install,
            };
            let mut output = String::new();
            let mut status = None;
            let booted = plan.boot(&cache, |event| match event {
                Event::Output(line) => output.push_str(&format!("{line}\n")),
                Event::End(end) => status = Some(end.status),
                _ => {}
            })?;
            if let Some(fault) = booted.course.fault {
                return Err(Stop::because(format!("{name}: {fault}{output}")));
            }
            if status != Some(0) {
                return Err(Stop::because(format!("{name}: the capture failed: {}", output.trim())));
            }
            let fixture = fixtures.join(format!("{name}-{}.tar.xz", series(&booted.kernel.release)));
            pack(&booted.files, &fixture)?;
            let size = attempt(format_args!("{}", fixture.display()), fs::metadata(&fixture))?.len();
            println!("lab: {} has {} KiB", fixture.display(), size.div_ceil(1024));
        }
    }
    Ok(())
}

/// The first two numbers of a release: `6.1` of `6.1.0-50-amd64`.
fn series(release: &str) -> String {
    let end = |character: char| !character.is_ascii_digit() && character != '.';
    let numbers = release.split(end).next().unwrap_or(release);
    numbers.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}

/// Packs the archive `tree` into `fixture`, in an order that is always the same.
///
/// Nothing is left out: the program saves only what it reads.
fn pack(tree: &Path, fixture: &Path) -> Result<(), Stop> {
    // Two captures may run beside one another.
    let folder = boot::folder(&format!("capture-{}", fixture.file_name().unwrap_or_default().display()))?;
    let tar = |command: &mut Command| match attempt("tar", command.status())? {
        status if status.success() => Ok(()),
        status => Err(Stop::because(format!("tar could not read or write {}: {status}", tree.display()))),
    };
    tar(Command::new("tar").args(["--no-same-owner", "-xf"]).arg(tree).arg("-C").arg(&folder))?;
    let unpacked = folder.join("fixture.tar");
    tar(Command::new("tar")
        .args([
            "--sort=name",
            "--mtime=@0",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
            "--mode=u+rwX,go=rX",
        ])
        .args(["--exclude=./fixture.tar", "-cf"])
        .arg(&unpacked)
        .arg("-C")
        .arg(&folder)
        .arg("."))?;
    let packed = attempt("xz", Command::new("xz").args(["-9e", "-T1", "-k", "-f"]).arg(&unpacked).status())?;
    if !packed.success() {
        return Err(Stop::because(format!("xz could not pack {}: {packed}", unpacked.display())));
    }
    let packed = unpacked.with_added_extension("xz");
    attempt(format_args!("{}", fixture.display()), fs::copy(&packed, fixture))?;
    attempt(format_args!("{}", folder.display()), fs::remove_dir_all(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixture_is_named_by_the_first_two_numbers_of_its_kernel() {
        assert_eq!(series("6.1.0-50-amd64"), "6.1");
        assert_eq!(series("7.3.4+deb13-amd64"), "7.3");
        assert_eq!(series("7.3-amd64"), "7.3");
        assert_eq!(series("6.9-rc1"), "6.9");
    }
}
