//! Where kernels and packages are kept: outside of the source tree.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
};

use super::attempt;
use crate::Stop;

/// The folder of what is kept, locked against other runs while it is changed.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// `$LINUX_SUPPORT_LAB_CACHE`, else `linux-support-lab` in the user's cache folder.
    pub(crate) fn open() -> Result<Self, Stop> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = set("LINUX_SUPPORT_LAB_CACHE")
            .or_else(|| Some(set("XDG_CACHE_HOME")?.join("linux-support-lab")))
            .or_else(|| Some(set("HOME")?.join(".cache/linux-support-lab")))
            .ok_or_else(|| Stop::because("set LINUX_SUPPORT_LAB_CACHE to a folder for the lab's kernels"))?;
        attempt(format_args!("{}", folder.display()), fs::create_dir_all(&folder))?;
        let folder = attempt(format_args!("{}", folder.display()), folder.canonicalize())?;
        Ok(Self { folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits until no other run changes the cache; it is free again when the file is dropped.
    pub(crate) fn lock(&self) -> Result<File, Stop> {
        let path = self.folder.join("lock");
        let file = attempt(format_args!("{}", path.display()), File::create(&path))?;
        attempt(format_args!("lock {}", path.display()), file.lock())?;
        Ok(file)
    }
}

/// Makes `target` by what `fill` puts into a new folder, so that it is there whole or not at all.
pub(crate) fn whole(target: &Path, fill: impl FnOnce(&Path) -> Result<(), Stop>) -> Result<(), Stop> {
    if target.is_dir() {
        return Ok(());
    }
    let unfinished = target.with_added_extension("unfinished");
    if unfinished.exists() {
        attempt(format_args!("{}", unfinished.display()), fs::remove_dir_all(&unfinished))?;
    }
    attempt(format_args!("{}", unfinished.display()), fs::create_dir_all(&unfinished))?;
    fill(&unfinished)?;
    attempt(format_args!("{}", target.display()), fs::rename(&unfinished, target))
}
