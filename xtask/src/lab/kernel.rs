//! Debian's kernels.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use lab::Machine;

use super::{
    attempt,
    cache::{self, Cache},
    packages::{Package, Packages},
};
use crate::Stop;

/// Which kernel is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The oldest that is supported and to be had.
    Oldest,
    /// The newest that is to be had.
    Newest,
    /// The one whose version begins so: `6.12`.
    Version(String),
}

impl std::str::FromStr for Choice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "oldest" => Self::Oldest,
            "newest" => Self::Newest,
            version => Self::Version(version.to_owned()),
        })
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oldest => formatter.write_str("oldest"),
            Self::Newest => formatter.write_str("newest"),
            Self::Version(version) => formatter.write_str(version),
        }
    }
}

/// Those of `choices` that mean another kernel for `machine` than those before them.
///
/// One that can't be had stays: whoever asks for it is told why.
pub(crate) fn distinct(cache: &Cache, machine: &Machine, choices: &[Choice]) -> Vec<Choice> {
    let mut versions = Vec::new();
    let is_new = |choice: &&Choice| match Kernel::get(cache, machine, choice) {
        Ok(kernel) if versions.contains(&kernel.version) => {
            println!("lab: the {choice} kernel is {} too", kernel.version);
            false
        }
        Ok(kernel) => {
            versions.push(kernel.version);
            true
        }
        Err(_) => true,
    };
    choices.iter().filter(is_new).cloned().collect()
}

/// A kernel, unpacked.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    /// What `uname -r` says: `6.1.0-50-amd64`.
    pub(crate) release: String,
    /// The package's version: `6.1.176-1`.
    pub(crate) version: String,
    pub(crate) image: PathBuf,
    /// The folder that has `modules.dep` and `kernel/`.
    pub(crate) modules: PathBuf,
}

impl Kernel {
    /// The kernel `choice` for `machine`: from the cache, or fetched into it.
    pub(crate) fn get(cache: &Cache, machine: &Machine, choice: &Choice) -> Result<Self, Stop> {
        let _lock = cache.lock()?;
        let packages = Packages::open(cache, machine.architecture)?;
        match Self::get_from(&packages, cache, machine, choice) {
            Ok(kernel) => Ok(kernel),
            // The mirror drops what a newer version replaces.
            Err(first) => {
                packages.refresh()?;
                Self::get_from(&packages, cache, machine, choice).map_err(|_| first)
            }
        }
    }

    fn get_from(
        packages: &Packages,
        cache: &Cache,
        machine: &Machine,
        choice: &Choice,
    ) -> Result<Self, Stop> {
        let meta = format!("linux-image-{}", machine.kernel);
        let versions = packages.versions(&meta)?;
        let version = choose(&versions, choice).ok_or_else(|| {
            Stop::because(match versions.as_slice() {
                [] => format!("no package {meta} is listed: the mirror of Debian could not be read"),
                _ => format!("no {choice} kernel of {meta}; there are: {}", versions.join(", ")),
            })
        })?;
        let folder = cache.folder().join("kernels").join(format!("{}_{version}", machine.kernel));
        cache::whole(&folder, |folder| {
            fetch(packages, Package { name: meta, version: version.clone() }, folder)
        })?;
        Self::in_folder(&folder, version)
    }

    fn in_folder(folder: &Path, version: String) -> Result<Self, Stop> {
        // Older packages have /lib and /boot, newer ones all below /usr/lib/modules.
        let modules = ["usr/lib/modules", "lib/modules"]
            .iter()
            .filter_map(|path| fs::read_dir(folder.join(path)).ok()?.flatten().next())
            .map(|entry| entry.path())
            .next()
            .ok_or_else(|| Stop::because(format!("no modules in {}", folder.display())))?;
        let release = modules.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let image = ["vmlinuz", "vmlinux"]
            .iter()
            .flat_map(|name| [modules.join(name), folder.join(format!("boot/{name}-{release}"))])
            .find(|path| path.is_file())
            .ok_or_else(|| Stop::because(format!("no kernel image in {}", folder.display())))?;
        Ok(Self { release, version, image, modules })
    }
}

/// Unpacks the packages of one kernel into `folder`.
fn fetch(packages: &Packages, meta: Package, folder: &Path) -> Result<(), Stop> {
    let mut known = vec![meta];
    let mut next = 0;
    while let Some(package) = known.get(next).cloned() {
        next += 1;
        for dependency in packages.dependencies(&package, is_of_the_kernel)? {
            if !known.contains(&dependency) {
                known.push(dependency);
            }
        }
        packages.unpack(&package, folder)?;
    }
    let kernel = Kernel::in_folder(folder, String::new())?;
    super::modules::index(folder, &kernel.modules)?;
    // Nothing reads them here.
    let documentation = folder.join("usr/share");
    if documentation.is_dir() {
        attempt(format_args!("{}", documentation.display()), fs::remove_dir_all(&documentation))?;
    }
    Ok(())
}

fn is_of_the_kernel(package: &str) -> bool {
    ["linux-image-", "linux-binary-", "linux-modules-", "linux-base-"]
        .iter()
        .any(|start| package.starts_with(start))
}

/// The version of `versions`, which ascend, that `choice` means.
fn choose(versions: &[String], choice: &Choice) -> Option<String> {
    match choice {
        Choice::Oldest => versions.first(),
        Choice::Newest => versions.last(),
        Choice::Version(start) => versions.iter().rev().find(|version| {
            let rest = version.strip_prefix(start.as_str());
            // 6.1 is not 6.12.
            rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
        }),
    }
    .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_chosen_by_its_beginning_but_never_within_a_number() {
        let versions = ["6.1.176-1", "6.12.95-1~bpo12+1", "7.2.13-1"].map(str::to_owned);
        let chosen = |text: &str| choose(&versions, &text.parse().unwrap());
        assert_eq!(chosen("oldest").as_deref(), Some("6.1.176-1"));
        assert_eq!(chosen("newest").as_deref(), Some("7.2.13-1"));
        assert_eq!(chosen("6.1").as_deref(), Some("6.1.176-1"));
        assert_eq!(chosen("6.12").as_deref(), Some("6.12.95-1~bpo12+1"));
        assert_eq!(chosen("5"), None);
        assert_eq!(choose(&[], &Choice::Newest), None);
    }
}
