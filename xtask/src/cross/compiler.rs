//! The compiler that builds for other architectures: one that has the sources of its standard library.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Stop, tools};

/// Where Debian's compiler is. Its version is kept new for the browsers' sake, in old releases too.
const DEBIANS: &str = "/usr/bin/rustc";

/// Where a compiler's sources are, seen from its root.
const SOURCES: &str = "lib/rustlib/src/rust/library/Cargo.lock";

/// What this workspace needs.
const NEEDED: &str = env!("CARGO_PKG_RUST_VERSION");

/// A compiler with the sources of its standard library.
///
/// No standard library made for another architecture is needed: cargo builds it, too.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Compiler {
    pub(super) rustc: PathBuf,
    pub(super) rustdoc: PathBuf,
    /// As it writes it: `1.96.0`.
    pub(super) version: String,
}

impl Compiler {
    /// The compiler in use if it has its sources, else Debian's.
    pub(super) fn find() -> Result<Self, Stop> {
        let in_use = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        Self::at(&in_use).or_else(|| Self::at(&DEBIANS.into())).ok_or_else(|| {
            Stop::because(format!(
                "no rustc of {NEEDED} or newer with the sources of its library: \
                 rustup component add rust-src, or in Debian install rustc-web and rust-web-src"
            ))
        })
    }

    /// Sees to it that there is one.
    pub(super) fn bring() -> Result<(), Stop> {
        if Self::find().is_ok() {
            return Ok(());
        }
        let sources = Path::new("/usr").join(SOURCES);
        let needs = [(DEBIANS, "rustc-web"), (&sources.to_string_lossy(), "rust-web-src")];
        tools::bring("building for other architectures needs", &needs)
    }

    fn at(program: &OsString) -> Option<Self> {
        let answer = |question: &[&str]| {
            let output = Command::new(program).args(question).output().ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let root = PathBuf::from(answer(&["--print", "sysroot"])?);
        let (rustc, rustdoc) = (root.join("bin/rustc"), root.join("bin/rustdoc"));
        let version = answer(&["--version"])?.split(' ').nth(1)?.to_owned();
        let whole = root.join(SOURCES).exists() && rustc.exists() && rustdoc.exists();
        (whole && is_enough(&version, NEEDED)).then_some(Self { rustc, rustdoc, version })
    }
}

/// Whether `version` is `needed` or newer.
fn is_enough(version: &str, needed: &str) -> bool {
    let numbers = |text: &str| {
        let mut numbers = text.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
        Some((numbers.next()?, numbers.next()?, numbers.next().unwrap_or(0)))
    };
    numbers(version).zip(numbers(needed)).is_some_and(|(version, needed)| version >= needed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(is_enough("1.95.0", "1.95"));
        assert!(is_enough("1.100.0", "1.95"));
        assert!(is_enough("1.96.0-nightly", "1.95.1"));
        assert!(!is_enough("1.94.9", "1.95"));
        assert!(!is_enough("1.9.0", "1.95"));
        assert!(!is_enough("nightly", "1.95"));
    }

    #[test]
    fn what_is_no_compiler_is_not_taken() {
        assert_eq!(Compiler::at(&"no-such-program".into()), None);
        assert_eq!(Compiler::at(&"true".into()), None);
    }
}
