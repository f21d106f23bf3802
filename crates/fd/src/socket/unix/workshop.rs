//! Where a Unix socket is made before it is put in its place, and what is there is taken away.

use std::{
    cell::Cell,
    ffi::OsStr,
    os::fd::OwnedFd,
    sync::atomic::{AtomicU32, Ordering},
};

use linux_support_base::Errno;
use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, mkdirat, openat, renameat_with, unlinkat},
    net::{AddressFamily, SocketFlags, SocketType, connect, socket_with},
    process::{geteuid, getpid},
    rand::{GetRandomFlags, getrandom},
};

use super::{connect::through, walk::Identity};

/// A name that nobody else uses, nor can foresee.
fn private_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut chance = [0; 8];
    // Where there is no chance, the process and the count still differ.
    let _ = getrandom(&mut chance, GetRandomFlags::empty());
    format!(".{}-{count}-{:016x}", getpid().as_raw_nonzero(), u64::from_ne_bytes(chance))
}

/// A directory that only the caller can enter, taken away when this is dropped.
pub(super) struct Workshop<'d> {
    parent: &'d OwnedFd,
    name: String,
    pub(super) directory: OwnedFd,
    /// What may be taken away of what is in it: the caller's own socket, or a stale one.
    pub(super) rubbish: Cell<Option<Identity>>,
}

/// The socket's name in there.
pub(super) const INSIDE: &str = "s";

impl<'d> Workshop<'d> {
    pub(super) fn open(parent: &'d OwnedFd) -> Result<Self, Errno> {
        let name = private_name();
        mkdirat(parent, &name, Mode::RWXU)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = openat(parent, &name, flags, Mode::empty());
        let directory = directory.inspect_err(|_| {
            let _ = unlinkat(parent, &name, AtFlags::REMOVEDIR);
        })?;
        let workshop = Self { parent, name, directory, rubbish: Cell::new(None) };
        // In a directory that others can rename in, it could be another by now.
        let status = rustix::fs::fstat(&workshop.directory)?;
        if status.st_uid != geteuid().as_raw() || status.st_mode & 0o077 != 0 {
            return Err(Errno::PERM);
        }
        Ok(workshop)
    }
}

impl Drop for Workshop<'_> {
    fn drop(&mut self) {
        let inside = Identity::at(&self.directory, OsStr::new(INSIDE)).ok();
        if inside.is_some_and(|(inside, _)| self.rubbish.get() == Some(inside)) {
            let _ = unlinkat(&self.directory, INSIDE, AtFlags::empty());
        }
        // What can't be taken away is a directory of the caller's own.
        let _ = unlinkat(self.parent, &self.name, AtFlags::REMOVEDIR);
    }
}

/// Puts the socket of the workshop in the place of one at which nobody listens.
pub(super) fn replace_stale(
    workshop: &Workshop<'_>,
    directory: &OwnedFd,
    name: &OsStr,
    style: SocketType,
) -> Result<(), Errno> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let node = match openat(directory, name, flags, Mode::empty()) {
        Ok(node) => node,
        // It has just gone.
        Err(Errno::NOENT) => {
            return renameat_with(&workshop.directory, INSIDE, directory, name, RenameFlags::NOREPLACE);
        }
        Err(errno) => return Err(errno),
    };
    let (stale, kind) = Identity::of(&node)?;
    if kind != FileType::Socket {
        return Err(Errno::EXIST);
    }
    if !is_stale(&node, style)? {
        return Err(Errno::ADDRINUSE);
    }
    exchange(workshop, directory, name, style, stale)
}

/// Exchanges the socket of the workshop with what is at a name: for good if that is the stale one that was looked at,
/// and is stale still.
fn exchange(
    workshop: &Workshop<'_>,
    directory: &OwnedFd,
    name: &OsStr,
    style: SocketType,
    stale: Identity,
) -> Result<(), Errno> {
    let exchange = || renameat_with(&workshop.directory, INSIDE, directory, name, RenameFlags::EXCHANGE);
    exchange()?;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let taken = openat(&workshop.directory, INSIDE, flags, Mode::empty())?;
    // What was there may have been exchanged for another since that look, or listen by now.
    if Identity::of(&taken)?.0 == stale && is_stale(&taken, style)? {
        workshop.rubbish.set(Some(stale));
        return Ok(());
    }
    exchange()?;
    Err(Errno::ADDRINUSE)
}

/// Whether nobody has this socket open, or nobody listens at it.
fn is_stale(node: &OwnedFd, style: SocketType) -> Result<bool, Errno> {
    let socket = socket_with(AddressFamily::UNIX, style, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    match connect(&socket, &through(node)) {
        Err(Errno::CONNREFUSED) => Ok(true),
        // It is full, of another type, connected to another, or one that the caller may not connect to.
        Ok(()) | Err(Errno::AGAIN | Errno::PROTOTYPE | Errno::PERM | Errno::ACCESS) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Takes away what is at a name, if it is this: and puts it back if it was another after all.
pub(super) fn take_away(directory: &OwnedFd, name: &OsStr, own: Identity) -> Result<(), Errno> {
    // Between a look and a removal another could come: what is moved aside can be looked at, and put back.
    let aside = private_name();
    renameat_with(directory, name, directory, &aside, RenameFlags::NOREPLACE)?;
    match Identity::at(directory, OsStr::new(&aside)) {
        Ok((identity, _)) if identity == own => unlinkat(directory, &aside, AtFlags::empty()),
        _ => renameat_with(directory, &aside, directory, name, RenameFlags::NOREPLACE),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::net::UnixListener, path::Path};

    use rustix::fs::CWD;

    use super::*;

    /// What is left of a socket whose program has ended.
    fn stale(path: &Path) -> Identity {
        drop(UnixListener::bind(path).unwrap());
        Identity::at(CWD, path.as_os_str()).unwrap().0
    }

    /// A directory with a workshop's socket inside, for what happens between a look and a deed.
    fn with_workshop(test: impl FnOnce(&Workshop<'_>, &OwnedFd, &Path)) -> Vec<std::ffi::OsString> {
        let folder = tempfile::tempdir().unwrap();
        let directory = OwnedFd::from(fs::File::open(folder.path()).unwrap());
        let workshop = Workshop::open(&directory).unwrap();
        stale(&folder.path().join(&workshop.name).join(INSIDE));
        workshop.rubbish.set(Identity::at(&workshop.directory, OsStr::new(INSIDE)).ok().map(|own| own.0));
        test(&workshop, &directory, &folder.path().join("socket"));
        drop(workshop);
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    fn exchanged(workshop: &Workshop<'_>, directory: &OwnedFd, stale: Identity) -> Result<(), Errno> {
        exchange(workshop, directory, OsStr::new("socket"), SocketType::STREAM, stale)
    }

    #[test]
    fn a_socket_that_came_after_the_look_is_put_back() {
        let left = with_workshop(|workshop, directory, path| {
            let looked_at = stale(path);
            fs::remove_file(path).unwrap();
            let live = UnixListener::bind(path).unwrap();
            let own = Identity::at(CWD, path.as_os_str()).unwrap();
            assert_eq!(exchanged(workshop, directory, looked_at), Err(Errno::ADDRINUSE));
            assert_eq!(Identity::at(CWD, path.as_os_str()).unwrap(), own);
            drop(live);
        });
        assert_eq!(left, ["socket"]);
    }

    #[test]
    fn a_socket_that_has_come_to_life_after_the_look_is_put_back() {
        let left = with_workshop(|workshop, directory, path| {
            let live = UnixListener::bind(path).unwrap();
            let (own, _) = Identity::at(CWD, path.as_os_str()).unwrap();
            assert_eq!(exchanged(workshop, directory, own), Err(Errno::ADDRINUSE));
            assert_eq!(Identity::at(CWD, path.as_os_str()).unwrap().0, own);
            drop(live);
            assert_eq!(exchanged(workshop, directory, own), Ok(()));
            assert_ne!(Identity::at(CWD, path.as_os_str()).unwrap().0, own);
        });
        assert_eq!(left, ["socket"]);
    }

    #[test]
    fn another_that_took_the_place_after_the_look_is_put_back() {
        let left = with_workshop(|_, directory, path| {
            let own = stale(path);
            fs::rename(path, path.with_extension("old")).unwrap();
            let other = stale(path);
            take_away(directory, OsStr::new("socket"), own).unwrap();
            assert_eq!(Identity::at(CWD, path.as_os_str()).unwrap().0, other);
            take_away(directory, OsStr::new("socket"), other).unwrap();
        });
        assert_eq!(left, ["socket.old"]);
    }

    #[test]
    fn what_is_in_the_workshop_and_not_known_is_left() {
        let left = with_workshop(|workshop, _, _| workshop.rubbish.set(None));
        assert_eq!(left.len(), 1);
    }
}
