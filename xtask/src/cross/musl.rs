//! What linking with musl needs and musl does not have: an unwinder.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Stop, cargo, tools};

/// LLVM's unwinder. That of GCC calls functions that only glibc has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Unwinder {
    /// The static library.
    pub(super) library: PathBuf,
    /// An object file with the one function that this library calls and musl lacks.
    pub(super) fortified: PathBuf,
}

impl Unwinder {
    /// The newest unwinder that is installed, made ready with what is built in `cache`.
    pub(super) fn ready(cache: &Path) -> Result<Self, Stop> {
        let library =
            newest_library().ok_or_else(|| Stop::because("no /usr/lib/llvm-*/lib/libunwind.a is here"))?;
        let fortified = cache.join("fortified.o");
        let source = cache.join("fortified.c");
        fs::write(&source, include_str!("fortified.c"))
            .map_err(|error| Stop::because(format!("{}: {error}", source.display())))?;
        let mut compile = Command::new("musl-gcc");
        compile.args(["-O2", "-Wall", "-Werror", "-c", "-o"]).arg(&fortified).arg(&source);
        cargo::run(&mut compile)?;
        Ok(Self { library, fortified })
    }

    /// Sees to it that an unwinder is installed.
    pub(super) fn bring() -> Result<(), Stop> {
        if newest_library().is_some() {
            return Ok(());
        }
        let package = newest_package()
            .ok_or_else(|| Stop::because("no package libunwind-N-dev is known to apt; try apt-get update"))?;
        let version = package.trim_start_matches("libunwind-").trim_end_matches("-dev");
        let library = format!("/usr/lib/llvm-{version}/lib/libunwind.a");
        tools::bring("building for musl needs", &[(&library, &package)])
    }
}

/// The library of the newest LLVM that has one.
fn newest_library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten();
    folders
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.strip_prefix("llvm-")?.parse().ok()?;
            let library = entry.path().join("lib/libunwind.a");
            library.exists().then_some((version, library))
        })
        .max()
        .map(|(_, library)| library)
}

/// The newest package with an unwinder that apt knows.
fn newest_package() -> Option<String> {
    let output = Command::new("apt-cache").args(["pkgnames", "libunwind-"]).output().ok()?;
    newest_of(&String::from_utf8_lossy(&output.stdout))
}

fn newest_of(names: &str) -> Option<String> {
    names
        .lines()
        .filter_map(|name| {
            let version: u32 = name.strip_prefix("libunwind-")?.strip_suffix("-dev")?.parse().ok()?;
            Some((version, name.to_owned()))
        })
        .max()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_package_is_that_of_the_greatest_number() {
        let names = "libunwind-dev\nlibunwind-9-dev\nlibunwind-16-dev\nlibunwind-16\nlibunwind-setjmp0-dev\n";
        assert_eq!(newest_of(names).as_deref(), Some("libunwind-16-dev"));
        assert_eq!(newest_of("libunwind-dev\n"), None);
    }
}
