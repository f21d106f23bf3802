//! Walking to a directory where others can plant links.

use std::{
    ffi::OsStr,
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Component, Path, PathBuf},
};

use linux_support_base::{Errno, Error};
use rustix::{
    fs::{AtFlags, CWD, FileType, Mode, OFlags, chmodat, fstat, mkdirat, openat, readlinkat, statat},
    process::geteuid,
};

/// How many links are followed on the way, as the kernel does.
const MAXIMUM_LINKS: u32 = 40;

/// The flags for a directory on the way: as it is, without following a link at its name.
const ON_THE_WAY: OFlags =
    OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Opens the directory of this path, and makes what is missing of it with these permissions, whatever the umask.
///
/// A link on the way is followed only if it is the superuser's or the caller's: another can't lead the walk elsewhere.
pub(super) fn open_directory(path: &Path, missing: Option<Mode>) -> Result<OwnedFd, Error> {
    let failed = |errno| Error::system("open directory", path.as_os_str().as_bytes(), errno);
    let start = if path.has_root() { "/" } else { "." };
    let mut directory = openat(CWD, start, ON_THE_WAY, Mode::empty()).map_err(failed)?;
    let mut rest = path.to_owned();
    let mut links = 0;
    loop {
        let mut components = rest.components();
        let name = match components.next() {
            None => return Ok(directory),
            Some(Component::Normal(name)) => name.to_owned(),
            Some(Component::ParentDir) => OsStr::new("..").to_owned(),
            Some(_) => {
                rest = components.as_path().to_owned();
                continue;
            }
        };
        let after = components.as_path().to_owned();
        match enter(&directory, &name, missing).map_err(failed)? {
            Entered::Directory(entered) => {
                directory = entered;
                rest = after;
            }
            Entered::Link { target, owned } => {
                links += 1;
                if !owned {
                    let accepted = "goes through a symbolic link that belongs neither to the superuser nor to the \
                                    caller: it is not followed";
                    return Err(Error::invalid("open directory", path.as_os_str().as_bytes(), accepted));
                }
                if links > MAXIMUM_LINKS {
                    return Err(failed(Errno::LOOP));
                }
                if target.has_root() {
                    directory = openat(CWD, "/", ON_THE_WAY, Mode::empty()).map_err(failed)?;
                }
                rest = target.join(after);
            }
        }
    }
}

/// What a name on the way is.
enum Entered {
    Directory(OwnedFd),
    Link { target: PathBuf, owned: bool },
}

fn enter(directory: &OwnedFd, name: &OsStr, missing: Option<Mode>) -> Result<Entered, Errno> {
    let open = || openat(directory, name, ON_THE_WAY, Mode::empty());
    match (open(), missing) {
        (Ok(entered), _) => Ok(Entered::Directory(entered)),
        (Err(Errno::NOENT), Some(permissions)) => {
            match mkdirat(directory, name, Mode::RWXU & permissions) {
                Ok(()) => {
                    let made = open()?;
                    // Only what was made here gets the permissions: it is the caller's own.
                    if fstat(&made)?.st_uid != geteuid().as_raw() {
                        return Err(Errno::PERM);
                    }
                    set_permissions(&made, permissions)?;
                    Ok(Entered::Directory(made))
                }
                // Another was faster: it is what it is.
                Err(Errno::EXIST) => enter(directory, name, None),
                Err(errno) => Err(errno),
            }
        }
        // A link is no directory to the kernel, where it isn't followed.
        (Err(Errno::NOTDIR | Errno::LOOP), _) => {
            let link =
                openat(directory, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
            let status = fstat(&link)?;
            if FileType::from_raw_mode(status.st_mode) != FileType::Symlink {
                return Err(Errno::NOTDIR);
            }
            let target = readlinkat(&link, "", Vec::new())?;
            let owned = status.st_uid == 0 || status.st_uid == geteuid().as_raw();
            Ok(Entered::Link { target: OsStr::from_bytes(target.as_bytes()).into(), owned })
        }
        (Err(errno), _) => Err(errno),
    }
}

/// Sets the permissions of a file that is open with `O_PATH`.
pub(super) fn set_permissions(file: &OwnedFd, permissions: Mode) -> Result<(), Errno> {
    use std::os::fd::AsRawFd;
    chmodat(CWD, format!("/proc/self/fd/{}", file.as_raw_fd()), permissions, AtFlags::empty())
}

/// A file's identity, on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// Of what is at this name of a directory, without following a link, and its type.
    pub(super) fn at(directory: impl AsFd, name: &OsStr) -> Result<(Self, FileType), Errno> {
        let status = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let kind = FileType::from_raw_mode(status.st_mode);
        Ok((Self { device: status.st_dev, inode: status.st_ino }, kind))
    }

    /// Of what is open, and its type.
    pub(super) fn of(file: impl AsFd) -> Result<(Self, FileType), Errno> {
        let status = fstat(file)?;
        let kind = FileType::from_raw_mode(status.st_mode);
        Ok((Self { device: status.st_dev, inode: status.st_ino }, kind))
    }
}
