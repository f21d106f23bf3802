//! Debian's packages of other releases and architectures, without touching this machine's own.
//!
//! apt reads its lists, keeps its state and downloads in a folder of the lab's cache. The mirror is the one that this
//! machine's sources name.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use lab::Architecture;

use super::{attempt, cache::Cache};
use crate::{Stop, tools};

/// The releases whose packages are offered, from the oldest on.
const SUITES: &[&str] =
    &["bookworm", "bookworm-backports", "trixie", "trixie-backports", "sid", "experimental"];

/// The names under which a mirror may be asked for Debian.
const DEBIAN: &[&str] = &[
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "sid",
    "experimental",
];

const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The file with the mirror, among an architecture's.
const SOURCES: &str = "debian.sources";

/// How long lists are good for.
const FRESH: Duration = Duration::from_hours(7 * 24);

/// How long they are good for if not all could be fetched.
const FRESH_IN_PART: Duration = Duration::from_hours(1);

/// The packages of one architecture.
#[derive(Debug)]
pub(crate) struct Packages {
    architecture: Architecture,
    folder: PathBuf,
}

/// A package in a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Packages {
    /// The packages of `architecture`; their lists are fetched if there are none, or old ones.
    ///
    /// Where they can't be fetched, those that are there serve.
    pub(crate) fn open(cache: &Cache, architecture: Architecture) -> Result<Self, Stop> {
        let folder = cache.folder().join("apt").join(architecture.debian_name());
        let packages = Self { architecture, folder };
        let fetched = packages.folder.join("fetched");
        let limit = if fs::read(&fetched).is_ok_and(|text| text.is_empty()) { FRESH } else { FRESH_IN_PART };
        let is_fresh = fs::metadata(&fetched)
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|time| SystemTime::now().duration_since(time).is_ok_and(|age| age < limit));
        if !is_fresh {
            packages.fetch_lists(&fetched)?;
        }
        Ok(packages)
    }

    /// Fetches the lists again, since the mirror no longer has what they say.
    pub(crate) fn refresh(&self) -> Result<(), Stop> {
        self.fetch_lists(&self.folder.join("fetched"))
    }

    fn fetch_lists(&self, fetched: &Path) -> Result<(), Stop> {
        for folder in ["lists/partial", "cache/archives/partial"] {
            let folder = self.folder.join(folder);
            attempt(format_args!("{}", folder.display()), fs::create_dir_all(&folder))?;
        }
        let sources = self.folder.join(SOURCES);
        match mirror() {
            Ok(mirror) => {
                attempt(format_args!("{}", sources.display()), fs::write(&sources, sources_of(&mirror)))?;
            }
            Err(stop) if sources.is_file() => {
                let why = stop.message.unwrap_or_default();
                eprintln!("lab: going on with the lists that are here: {why}");
                return attempt(format_args!("{}", fetched.display()), fs::write(fetched, why));
            }
            Err(stop) => return Err(stop),
        }
        println!("lab: fetching the lists of Debian's {} packages", self.architecture.debian_name());
        let done = self.run("apt-get", ["-q", "update"])?;
        // Some releases may be missing from the mirror, or be changing there just now; the others serve.
        let said = String::from_utf8_lossy(&done.stderr);
        let failure = failure_in(&said).or_else(|| (!done.status.success()).then(|| said.trim()));
        if let Some(failure) = failure {
            eprintln!("lab: not all lists could be fetched, going on with those that are here: {failure}");
        }
        let note = if failure.is_some() { said.as_ref() } else { "" };
        attempt(format_args!("{}", fetched.display()), fs::write(fetched, note))
    }

    /// The versions of the package `name`, from the oldest to the newest.
    pub(crate) fn versions(&self, name: &str) -> Result<Vec<String>, Stop> {
        let output = self.run("apt-cache", ["madison", &self.qualified(name)])?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut versions = versions_in(&text);
        let mut failed = None;
        versions.sort_by(|one, other| {
            compare(one, other).unwrap_or_else(|stop| {
                failed = Some(stop);
                std::cmp::Ordering::Equal
            })
        });
        failed.map_or(Ok(versions), Err)
    }

    /// The packages on which `package` depends in a version of its own, and that `wanted` accepts.
    pub(crate) fn dependencies(
        &self,
        package: &Package,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<Package>, Stop> {
        let which = format!("{}={}", self.qualified(&package.name), package.version);
        let output = self.run("apt-cache", ["show", "--no-all-versions", &which])?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let depends = text.lines().find_map(|line| line.strip_prefix("Depends: ")).unwrap_or_default();
        Ok(exact_dependencies(depends).filter(|package| wanted(&package.name)).collect())
    }

    /// Unpacks `package` into `target`.
    pub(crate) fn unpack(&self, package: &Package, target: &Path) -> Result<(), Stop> {
        let folder = self.folder.join("download");
        if folder.exists() {
            attempt(format_args!("{}", folder.display()), fs::remove_dir_all(&folder))?;
        }
        attempt(format_args!("{}", folder.display()), fs::create_dir_all(&folder))?;
        let which = format!("{}={}", self.qualified(&package.name), package.version);
        println!("lab: fetching {which}");
        let output = self.command("apt-get").args(["-q", "download", &which]).current_dir(&folder).output();
        let output = attempt("apt-get", output)?;
        let files = attempt(format_args!("{}", folder.display()), fs::read_dir(&folder))?;
        let file =
            files.flatten().map(|entry| entry.path()).find(|path| path.extension() == Some("deb".as_ref()));
        let Some(file) = file.filter(|_| output.status.success()) else {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(Stop::because(format!("apt-get could not fetch {which}: {}", why.trim())));
        };
        let unpacked = Command::new("dpkg-deb").arg("-x").arg(&file).arg(target).status();
        if !attempt("dpkg-deb", unpacked)?.success() {
            return Err(Stop::because(format!("dpkg-deb could not unpack {which}")));
        }
        attempt(format_args!("{}", folder.display()), fs::remove_dir_all(&folder))
    }

    fn qualified(&self, name: &str) -> String {
        format!("{name}:{}", self.architecture.debian_name())
    }

    fn run<S: AsRef<OsStr>>(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<std::process::Output, Stop> {
        attempt(program, self.command(program).args(arguments).stdin(Stdio::null()).output())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let architecture = self.architecture.debian_name();
        let folder = self.folder.display();
        for option in [
            format!("Dir::Etc::sourcelist={folder}/{SOURCES}"),
            "Dir::Etc::sourceparts=-".to_owned(),
            "Dir::Etc::preferences=-".to_owned(),
            "Dir::Etc::preferencesparts=-".to_owned(),
            format!("Dir::State={folder}"),
            format!("Dir::State::lists={folder}/lists"),
            "Dir::State::status=/dev/null".to_owned(),
            format!("Dir::Cache={folder}/cache"),
            format!("APT::Architecture={architecture}"),
            format!("APT::Architectures={architecture}"),
            "APT::Sandbox::User=".to_owned(),
            "Acquire::Languages=none".to_owned(),
            "Acquire::Retries=2".to_owned(),
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".to_owned(),
            "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command.env("LC_ALL", "C").env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

/// Which of two versions is newer, by Debian's rules.
pub(crate) fn compare(one: &str, other: &str) -> Result<std::cmp::Ordering, Stop> {
    let is = |relation: &str| {
        let status = Command::new("dpkg").args(["--compare-versions", one, relation, other]).status();
        attempt("dpkg", status).map(|status| status.success())
    };
    Ok(match (is("lt")?, is("eq")?) {
        (true, _) => std::cmp::Ordering::Less,
        (_, true) => std::cmp::Ordering::Equal,
        _ => std::cmp::Ordering::Greater,
    })
}

/// Sees to it that packages of `architecture` are to be had: what an earlier run left in `cache`, or a mirror.
pub(crate) fn source(cache: &Cache, architecture: Architecture) -> Result<(), Stop> {
    for program in ["apt-get", "apt-cache", "dpkg", "dpkg-deb"] {
        if tools::find(program).is_none() {
            return Err(Stop::because(format!(
                "the lab takes its kernels from Debian through apt, and {program} is not here"
            )));
        }
    }
    let kept = cache.folder().join("apt").join(architecture.debian_name()).join(SOURCES);
    if kept.is_file() { Ok(()) } else { mirror().map(drop) }
}

/// The mirror of Debian that this machine's sources name.
fn mirror() -> Result<String, Stop> {
    // It says where the lists are without fetching them, for sources in any form.
    let output = attempt(
        "apt-get",
        Command::new("apt-get").args(["--print-uris", "update"]).env("LC_ALL", "C").output(),
    )?;
    mirror_in(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
        Stop::because(
            "the lab takes its kernels from Debian, and this machine's apt sources name no mirror of it",
        )
    })
}

/// What apt says of the first list that it could not fetch; where it has an older one, that is a mere warning.
fn failure_in(said: &str) -> Option<&str> {
    let is_failure =
        |line: &&str| ["E: ", "W: "].iter().any(|kind| line.starts_with(&format!("{kind}Failed to fetch")));
    said.lines().find(is_failure)
}

fn mirror_in(uris: &str) -> Option<String> {
    uris.lines().find_map(|line| {
        let (base, suite) = line.trim_start_matches('\'').split_once("/dists/")?;
        DEBIAN.contains(&suite.split('/').next()?).then(|| base.to_owned())
    })
}

fn sources_of(mirror: &str) -> String {
    let mut text = String::new();
    for suite in SUITES {
        let keys = if Path::new(KEYS).is_file() { format!("Signed-By: {KEYS}\n") } else { String::new() };
        // A stanza each: where one release is missing, the others are still read.
        let _ = write!(text, "Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\n{keys}\n");
    }
    text
}

fn versions_in(madison: &str) -> Vec<String> {
    let mut versions: Vec<String> = Vec::new();
    for line in madison.lines() {
        let mut fields = line.split('|').map(str::trim);
        let version =
            fields.nth(1).filter(|_| fields.next().is_some_and(|origin| origin.ends_with("Packages")));
        versions.extend(
            version.filter(|version| !versions.iter().any(|known| known == version)).map(str::to_owned),
        );
    }
    versions
}

fn exact_dependencies(depends: &str) -> impl Iterator<Item = Package> {
    depends.split(',').filter_map(|dependency| {
        let (name, version) = dependency.trim().split_once(" (= ")?;
        Some(Package { name: name.to_owned(), version: version.strip_suffix(')')?.to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_that_of_debian_and_not_that_of_its_security_team() {
        let uris = "'http://mirror.example/debian-security/dists/bookworm-security/InRelease' a 0 \n\
                    'http://mirror.example/debian/dists/bookworm/InRelease' a 0 \n\
                    'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' a 0 \n";
        assert_eq!(mirror_in(uris).as_deref(), Some("http://mirror.example/debian"));
        assert_eq!(mirror_in("'http://mirror.example/ubuntu/dists/jammy/InRelease' a 0 \n"), None);
        assert_eq!(mirror_in(""), None);
    }

    #[test]
    fn a_list_that_could_not_be_fetched_is_noticed_whether_apt_warns_or_fails() {
        let warned = "W: Failed to fetch http://mirror.example/dists/sid/InRelease  Could not resolve\n\
                      W: Some index files failed to download. They have been ignored, or old ones used instead.\n";
        assert_eq!(
            failure_in(warned),
            Some("W: Failed to fetch http://mirror.example/dists/sid/InRelease  Could not resolve")
        );
        let failed = "W: Target Packages is configured twice\nE: Failed to fetch x  Hash Sum mismatch\n";
        assert_eq!(failure_in(failed), Some("E: Failed to fetch x  Hash Sum mismatch"));
        assert_eq!(failure_in("W: Target Packages is configured twice\n"), None);
    }

    #[test]
    fn versions_are_listed_once_and_sources_are_none() {
        let text = "linux-image-amd64 | 7.2.13-1 | http://mirror.example/debian sid/main amd64 Packages\n\
                    linux-image-amd64 | 6.1.176-1 | http://mirror.example/debian bookworm/main amd64 Packages\n\
                    linux-image-amd64 | 6.1.176-1 | http://mirror.example/debian trixie/main amd64 Packages\n\
                    linux-signed-amd64 | 6.1.2 | http://mirror.example/debian bookworm/main Sources\n";
        assert_eq!(versions_in(text), ["7.2.13-1", "6.1.176-1"]);
    }

    #[test]
    fn dependencies_in_one_version_are_those_of_the_same_build() {
        let depends = "kmod, linux-base (>= 4.3~), dracut | linux-initramfs-tool, \
                       linux-modules-7.3-amd64 (= 7.3~rc7-1~exp1)";
        let found: Vec<_> = exact_dependencies(depends).collect();
        let version = "7.3~rc7-1~exp1".to_owned();
        assert_eq!(found, [Package { name: "linux-modules-7.3-amd64".to_owned(), version }]);
    }

    #[test]
    fn each_release_has_its_stanza() {
        let text = sources_of("http://mirror.example/debian");
        assert_eq!(text.matches("URIs: http://mirror.example/debian\n").count(), SUITES.len());
        assert!(text.contains("Suites: bookworm\n"));
    }
}
