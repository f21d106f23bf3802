//! Making, renaming and removing entries.

use std::{os::unix::ffi::OsStrExt, path::Path};

use linux_support_base::{DeviceNumber, Error};
use rustix::fs::{AtFlags, FileType, RenameFlags, mkdirat, mknodat, renameat_with, symlinkat, unlinkat};

use super::{DirectoryHandle, FileMode, failed, failed_between, name};

/// What a rename does to what has the new name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RenameMode {
    /// Replaces it at once, so that the name is never missing.
    Replace,
    /// Fails (`EEXIST`).
    #[doc(alias = "RENAME_NOREPLACE")]
    NoReplace,
    /// Gives it the old name; it has to be there.
    #[doc(alias = "RENAME_EXCHANGE")]
    Exchange,
    /// As [`Replace`](Self::Replace), and leaves a whiteout under the old name, which hides what lies below in an
    /// overlay. Where the file system can.
    #[doc(alias = "RENAME_WHITEOUT")]
    Whiteout,
}

/// Something new without data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NewNode {
    /// An empty file.
    Regular,
    /// A FIFO.
    Fifo,
    /// A Unix socket, which nobody listens on.
    Socket,
    /// A character device; needs `CAP_MKNOD`.
    CharacterDevice(DeviceNumber),
    /// A block device; needs `CAP_MKNOD`.
    BlockDevice(DeviceNumber),
}

impl DirectoryHandle {
    /// Makes a directory with this mode, less the process's umask.
    ///
    /// # Errors
    /// There is something of that name, a link among them (`EEXIST`); the permissions do not allow it.
    #[doc(alias = "mkdirat")]
    pub fn create_directory(&self, new: impl AsRef<Path>, mode: FileMode) -> Result<(), Error> {
        let new = checked("create", new.as_ref())?;
        mkdirat(&self.0, new, mode.raw()).map_err(|errno| failed("create", bytes(new), errno))
    }

    /// Makes a node with this mode, less the process's umask.
    ///
    /// # Errors
    /// As those of [`create_directory`](Self::create_directory).
    #[doc(alias = "mknodat")]
    #[doc(alias = "mkfifo")]
    pub fn create_node(&self, new: impl AsRef<Path>, node: NewNode, mode: FileMode) -> Result<(), Error> {
        let new = checked("create", new.as_ref())?;
        let (kind, device) = match node {
            NewNode::Regular => (FileType::RegularFile, 0),
            NewNode::Fifo => (FileType::Fifo, 0),
            NewNode::Socket => (FileType::Socket, 0),
            NewNode::CharacterDevice(device) => (FileType::CharacterDevice, device.to_dev_t()),
            NewNode::BlockDevice(device) => (FileType::BlockDevice, device.to_dev_t()),
        };
        mknodat(&self.0, new, kind, mode.raw(), device).map_err(|errno| failed("create", bytes(new), errno))
    }

    /// Makes a symbolic link that leads to `target`, which need not be there.
    ///
    /// # Errors
    /// As those of [`create_directory`](Self::create_directory).
    #[doc(alias = "symlinkat")]
    pub fn create_symbolic_link(&self, target: impl AsRef<Path>, new: impl AsRef<Path>) -> Result<(), Error> {
        let new = checked("create", new.as_ref())?;
        symlinkat(target.as_ref(), &self.0, new).map_err(|errno| failed("create", bytes(new), errno))
    }

    /// Gives the entry `old` one more name, `new` in the directory `to`. Of a link, the link itself gets it.
    ///
    /// # Errors
    /// There is none; it is a directory; there is something of the new name; `to` is on another mount (`EXDEV`).
    pub fn link(&self, old: impl AsRef<Path>, to: &Self, new: impl AsRef<Path>) -> Result<(), Error> {
        let (old, new) = (checked("link", old.as_ref())?, checked("link", new.as_ref())?);
        rustix::fs::linkat(&self.0, old, &to.0, new, AtFlags::empty())
            .map_err(|errno| failed_between("link", bytes(old), errno))
    }

    /// Makes the entry `old` the entry `new` of the directory `to`.
    ///
    /// # Errors
    /// There is none; what has the new name is in the way; `to` is on another mount (`EXDEV`); a directory would
    /// come to be in itself, or the file system does not know this mode (both `EINVAL`).
    #[doc(alias = "renameat2")]
    pub fn rename(
        &self,
        old: impl AsRef<Path>,
        to: &Self,
        new: impl AsRef<Path>,
        mode: RenameMode,
    ) -> Result<(), Error> {
        let (old, new) = (checked("rename", old.as_ref())?, checked("rename", new.as_ref())?);
        let flags = match mode {
            RenameMode::Replace => RenameFlags::empty(),
            RenameMode::NoReplace => RenameFlags::NOREPLACE,
            RenameMode::Exchange => RenameFlags::EXCHANGE,
            RenameMode::Whiteout => RenameFlags::WHITEOUT,
        };
        renameat_with(&self.0, old, &to.0, new, flags)
            .map_err(|errno| failed_between("rename", bytes(old), errno))
    }

    /// Removes an entry that is no directory: of a link, the link itself.
    ///
    /// # Errors
    /// There is none, or it is a directory.
    #[doc(alias = "unlinkat")]
    pub fn remove(&self, old: impl AsRef<Path>) -> Result<(), Error> {
        let old = checked("remove", old.as_ref())?;
        unlinkat(&self.0, old, AtFlags::empty()).map_err(|errno| failed("remove", bytes(old), errno))
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// There is none; it is no directory, or not empty.
    #[doc(alias = "rmdir")]
    pub fn remove_directory(&self, old: impl AsRef<Path>) -> Result<(), Error> {
        let old = checked("remove", old.as_ref())?;
        unlinkat(&self.0, old, AtFlags::REMOVEDIR).map_err(|errno| failed("remove", bytes(old), errno))
    }
}

fn checked<'a>(operation: &'static str, path: &'a Path) -> Result<&'a Path, Error> {
    name(operation, bytes(path))?;
    Ok(path)
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}
