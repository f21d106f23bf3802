//! Where what was built and brought for other architectures stays from one run to the next.

use std::{
    env, fs,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use crate::{Stop, cargo};

/// The folder of what stays, held: one run at a time uses it.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    _lock: File,
}

impl Cache {
    /// Takes the folder that `LINUX_SUPPORT_CROSS_CACHE` names, else `linux-support-cross` in the user's cache;
    /// waits while another run holds it.
    pub(super) fn take() -> Result<Self, Stop> {
        let folder = folder(|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
            .ok_or_else(|| Stop::because("set LINUX_SUPPORT_CROSS_CACHE, XDG_CACHE_HOME or HOME"))?;
        let failed = |error: io::Error| Stop::because(format!("{}: {error}", folder.display()));
        fs::create_dir_all(&folder).map_err(failed)?;
        let lock = File::create(folder.join("lock")).map_err(failed)?;
        if lock.try_lock().is_err() {
            eprintln!("xtask: waiting for the other run that uses {}", folder.display());
            lock.lock().map_err(failed)?;
        }
        Ok(Self { folder, _lock: lock })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Cargo's target folder.
    pub(super) fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// Whether the last run was that of another checkout. Cargo tells by times of files what is up to date, so
    /// what that one built of its own crates must be forgotten; what it built of others' crates stays good.
    pub(super) fn was_anothers(&self) -> bool {
        let last = fs::read(self.folder.join("checkout"));
        last.is_ok_and(|last| last != cargo::root().as_os_str().as_encoded_bytes())
    }

    /// Notes that what is in the folder is of this checkout.
    pub(super) fn is_ours(&self) -> Result<(), Stop> {
        let owner = self.folder.join("checkout");
        fs::write(&owner, cargo::root().as_os_str().as_encoded_bytes())
            .map_err(|error| Stop::because(format!("{}: {error}", owner.display())))
    }
}

/// The folder that the variables of the environment name.
fn folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let in_cache = || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    variable("LINUX_SUPPORT_CROSS_CACHE").or_else(|| Some(in_cache()?.join("linux-support-cross")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_of(variables: &[(&str, &str)]) -> Option<PathBuf> {
        folder(|name| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn the_folder_is_the_one_named_or_in_the_users_cache() {
        let named = ("LINUX_SUPPORT_CROSS_CACHE", "/named");
        let (cache, home) = (("XDG_CACHE_HOME", "/cache"), ("HOME", "/home/user"));
        assert_eq!(folder_of(&[named, cache, home]), Some("/named".into()));
        assert_eq!(folder_of(&[cache, home]), Some("/cache/linux-support-cross".into()));
        assert_eq!(folder_of(&[home]), Some("/home/user/.cache/linux-support-cross".into()));
        assert_eq!(folder_of(&[]), None);
    }
}
