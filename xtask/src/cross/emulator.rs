//! The emulator of user programs: QEMU's, of a version that knows the system calls that are used.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::cache::Cache;
use crate::{Stop, cargo, tools};

/// The first version that does it. 7.2 lacks `openat2`; that of 10.0 mixes up flags of aarch64, as was reported to QEMU.
const NEEDED: (u32, u32) = (11, 0);

/// An emulator that is new enough.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Emulator {
    pub(super) program: PathBuf,
    /// As it writes it: `11.1.3`.
    pub(super) version: String,
}

impl Emulator {
    /// The emulator `name` of this machine, else the one in the cache.
    pub(super) fn find(name: &str, cache: &Cache) -> Result<Self, Stop> {
        let installed = [tools::find(name), tools::find(&format!("{name}-static"))].into_iter().flatten();
        let unpacked = cache.folder().join("qemu/usr/bin").join(name);
        installed.chain([unpacked]).find_map(Self::at).ok_or_else(|| {
            let (major, minor) = NEEDED;
            Stop::because(format!("no {name} {major}.{minor} or newer (Debian's package qemu-user)"))
        })
    }

    /// Sees to it that the cache has the emulator `name`, if this machine has none: from the newest Debian that
    /// the machine's own mirror has. Nothing is installed.
    pub(super) fn bring(name: &str, cache: &Cache) -> Result<(), Stop> {
        if Self::find(name, cache).is_ok() {
            return Ok(());
        }
        let mirror = mirror().ok_or_else(|| {
            Stop::because("apt knows no mirror of Debian from which a newer QEMU could come")
        })?;
        eprintln!("xtask: fetching a newer qemu-user than is installed into {}", cache.folder().display());
        let private = Private::prepare(&cache.folder().join("apt"), &mirror)
            .map_err(|error| Stop::because(format!("{}: {error}", cache.folder().display())))?;
        cargo::run(private.apt().args(["-qq", "update"]))?;
        cargo::run(private.apt().args(["-q", "download", "qemu-user"]))?;
        private.unpack(&cache.folder().join("qemu"))?;
        Self::find(name, cache).map(drop)
    }

    fn at(program: PathBuf) -> Option<Self> {
        let output = Command::new(&program).arg("--version").stdin(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = version(&text)?.to_owned();
        is_enough(&version).then_some(Self { program, version })
    }
}

/// The version in what QEMU says of itself.
fn version(text: &str) -> Option<&str> {
    text.split_once(" version ")?.1.split([' ', '\n']).next()
}

fn is_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    numbers.next().zip(numbers.next()).is_some_and(|version| version >= NEEDED)
}

/// The address of the Debian archive that this machine uses.
fn mirror() -> Option<String> {
    let format = "$(ORIGIN) $(CODENAME) $(REPO_URI)";
    let output = Command::new("apt-get")
        .args(["indextargets", "--format", format, "Created-By: Packages"])
        .output()
        .ok()?;
    mirror_of(&String::from_utf8_lossy(&output.stdout)).map(str::to_owned)
}

/// The address of the first release proper: those with a dash in their names are updates of one, which may lie
/// elsewhere.
fn mirror_of(targets: &str) -> Option<&str> {
    targets.lines().find_map(|line| {
        let mut words = line.split(' ');
        let (origin, release, address) = (words.next()?, words.next()?, words.next()?);
        (origin == "Debian" && !release.contains('-')).then_some(address)
    })
}

/// A private apt, which changes nothing of the machine's own.
#[derive(Debug)]
struct Private {
    folder: PathBuf,
}

impl Private {
    fn prepare(folder: &Path, mirror: &str) -> io::Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        for part in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(part))?;
        }
        fs::write(folder.join("sources.list"), format!("deb {mirror} sid main\n"))?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn apt(&self) -> Command {
        let mut command = Command::new("apt-get");
        for (name, place) in [
            ("Dir::Etc::sourcelist", "sources.list"),
            ("Dir::Etc::sourceparts", "no-such-folder"),
            ("Dir::State::lists", "lists"),
            ("Dir::Cache", "cache"),
        ] {
            command.arg("-o").arg(format!("{name}={}", self.folder.join(place).display()));
        }
        // Root's apt would give up its rights to fetch, and then could not write here.
        command.args(["-o", "APT::Sandbox::User=root"]);
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    /// Unpacks the one package that was fetched into `folder`, and ends.
    fn unpack(self, folder: &Path) -> Result<(), Stop> {
        let package = fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .ok_or_else(|| Stop::because("apt-get download brought no qemu-user"))?;
        cargo::run(Command::new("dpkg-deb").arg("-x").arg(package).arg(folder))?;
        fs::remove_dir_all(&self.folder)
            .map_err(|error| Stop::because(format!("{}: {error}", self.folder.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_what_qemu_says_of_itself() {
        let text = "qemu-aarch64 version 11.1.3 (Debian 1:11.1.3+ds-1)\nCopyright (c) 2003-2026\n";
        assert_eq!(version(text), Some("11.1.3"));
        assert_eq!(version("qemu-aarch64: no such option\n"), None);
        assert!(is_enough("11.1.3") && is_enough("11.0.0") && is_enough("12.0"));
        assert!(!is_enough("7.2.22") && !is_enough("10.9.9") && !is_enough("11") && !is_enough(""));
    }

    #[test]
    fn the_mirror_is_that_of_a_release_of_debian() {
        let targets = "Debian bookworm-security http://a/debian-security/\n\
                       node nodistro http://b/\n\
                       Debian bookworm http://c/debian/\n\
                       Debian bookworm http://d/debian/\n";
        assert_eq!(mirror_of(targets), Some("http://c/debian/"));
        assert_eq!(mirror_of("Ubuntu noble http://e/ubuntu/\n"), None);
        assert_eq!(mirror_of(""), None);
    }
}
