//! The places of Unix sockets in the file system.

use std::{
    ffi::{OsStr, OsString},
    ops::Deref,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
};

use linux_support_base::{Errno, Error, GroupId, UserId};
use rustix::{
    fs::{AtFlags, CWD, Gid, Mode, OFlags, RenameFlags, Uid, chownat, openat, renameat_with},
    io::fcntl_dupfd_cloexec,
    net::{AddressFamily, SocketType, bind, listen, socket_with},
};

use super::{
    connect::beneath,
    walk::{Identity, open_directory, set_permissions},
    workshop::{INSIDE, Workshop, replace_stale, take_away},
};
use crate::{
    Descriptor,
    socket::{Connection, Datagram, Listener, Unix, general::FROM_BIRTH},
};

/// How a socket is put into the file system.
///
/// ```
/// use linux_support_fd::socket::{Placement, UnixListener, UnixStream};
///
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("example/control.sock");
/// let listener = UnixListener::bind_path(&path, &Placement::new(0o660).making_directories(0o755))?;
/// let client = UnixStream::connect_path(&path)?;
/// let (connection, _) = listener.accept()?;
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    permissions: u32,
    directories: Option<u32>,
    owner: Option<(Option<UserId>, Option<GroupId>)>,
    backlog: u32,
}

impl Placement {
    /// With these permissions, as of chmod(2): who may write to it may connect. The umask doesn't matter.
    #[must_use]
    pub const fn new(permissions: u32) -> Self {
        Self { permissions, directories: None, owner: None, backlog: 4096 }
    }

    /// Directories that are missing on the way are made with these permissions.
    #[must_use]
    pub const fn making_directories(mut self, permissions: u32) -> Self {
        self.directories = Some(permissions);
        self
    }

    /// It belongs to this user and this group, where they are said.
    ///
    /// # Capabilities
    /// CAP_CHOWN, for others than the caller's.
    #[must_use]
    pub const fn owned_by(mut self, user: Option<UserId>, group: Option<GroupId>) -> Self {
        self.owner = Some((user, group));
        self
    }

    /// So many connections may wait to be accepted.
    #[must_use]
    pub const fn backlog(mut self, connections: u32) -> Self {
        self.backlog = connections;
        self
    }
}

/// A socket's place in the file system, which is taken away when this is dropped, if it is still this socket's.
///
/// # How it is safe
///
/// - The socket is bound and made to listen in a directory that only the caller can enter, gets its owner and its
///   permissions there, and is then renamed to its place: nobody ever finds it half made. A link that somebody has
///   planted at its name is never followed; it is an error.
/// - What is at the name before is left alone, unless it is a socket at which nobody listens: that is told by connecting
///   to that very one, not to whatever has its name. It is exchanged for the new one in one step, and looked at again
///   afterwards: if somebody was faster and put another there, or has begun to listen, that is put back.
/// - When this is dropped, what is at the name is taken away only if it is the same by device and inode.
///
/// To ask whether somebody listens is to connect: a daemon that lives accepts a connection that ends at once. The file
/// system must be one that can rename without replacing, and exchange, as those on disks and in memory can (EINVAL says
/// that it can't); a network's mostly can't.
///
/// The kernel calls such a socket by the path it was bound by, which begins with `/proc/self/fd`; so does
/// [`local_address`](crate::socket::Socket::local_address). [`path`](Self::path) is where it is.
#[derive(Debug)]
pub struct SocketFile {
    directory: OwnedFd,
    name: OsString,
    path: PathBuf,
    identity: Identity,
    /// As long as it is open, no other file gets its inode.
    _node: OwnedFd,
}

impl SocketFile {
    /// Where it is: as it was said when it was made.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its name is still this socket's.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        Identity::at(&self.directory, &self.name).is_ok_and(|(identity, _)| identity == self.identity)
    }

    /// Leaves it where it is.
    pub fn keep(self) {
        // Nothing at its name is of no identity.
        let mut this = self;
        this.name = OsString::new();
    }

    fn remove(&self) -> Result<(), Errno> {
        if self.name.is_empty() || !self.is_in_place() {
            return Ok(());
        }
        take_away(&self.directory, &self.name, self.identity)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A name that stays is that of a stale socket, which the next one takes away.
        let _ = self.remove();
    }
}

/// A socket that has a place in the file system.
///
/// When it is dropped, its name goes first, and then the socket.
#[derive(Debug)]
pub struct Published<S> {
    file: SocketFile,
    socket: S,
}

impl<S> Published<S> {
    /// Its place.
    #[must_use]
    pub fn file(&self) -> &SocketFile {
        &self.file
    }

    /// The socket and its place, each on its own.
    #[must_use]
    pub fn into_parts(self) -> (S, SocketFile) {
        (self.socket, self.file)
    }
}

impl<S> Deref for Published<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.socket
    }
}

impl<S: AsFd> AsFd for Published<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl<S: AsRawFd> AsRawFd for Published<S> {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl<C: Connection<Family = Unix>> Listener<C> {
    /// Listens at this path, of any length. See [`SocketFile`] for what happens to a socket that is there.
    ///
    /// # Errors
    /// Somebody listens there (EADDRINUSE), something is there that is no socket (EEXIST), or the way there leads
    /// through another's link.
    pub fn bind_path(path: impl AsRef<Path>, placement: &Placement) -> Result<Published<Self>, Error> {
        let path = path.as_ref();
        let (directory, name) = way(path, placement)?;
        Self::bind_named(directory, name, path.to_owned(), placement)
    }

    /// Listens at this name in a directory, which is used as it is.
    ///
    /// # Errors
    /// As [`bind_path`](Self::bind_path), and the name is none.
    pub fn bind_beneath(
        directory: impl AsFd,
        name: impl AsRef<OsStr>,
        placement: &Placement,
    ) -> Result<Published<Self>, Error> {
        let (directory, name) = place(directory.as_fd(), name.as_ref())?;
        let path = PathBuf::from(&name);
        Self::bind_named(directory, name, path, placement)
    }

    fn bind_named(
        directory: OwnedFd,
        name: OsString,
        path: PathBuf,
        placement: &Placement,
    ) -> Result<Published<Self>, Error> {
        let (socket, file) = publish(C::STYLE, Self::NAME, directory, name, path, placement)?;
        Ok(Published { file, socket: Self::owning(socket) })
    }
}

impl Datagram<Unix> {
    /// A datagram socket at this path, of any length. See [`SocketFile`] for what happens to a socket that is there.
    ///
    /// # Errors
    /// As [`Listener::bind_path`].
    pub fn bind_path(path: impl AsRef<Path>, placement: &Placement) -> Result<Published<Self>, Error> {
        let path = path.as_ref();
        let (directory, name) = way(path, placement)?;
        let (socket, file) =
            publish(SocketType::DGRAM, Self::NAME, directory, name, path.to_owned(), placement)?;
        Ok(Published { file, socket: socket.try_into()? })
    }
}

/// The directory and the name that a path has.
fn way(path: &Path, placement: &Placement) -> Result<(OwnedFd, OsString), Error> {
    let Some(name) = path.file_name() else {
        let accepted = "has no name at its end, where a socket could be";
        return Err(Error::invalid("bind to", path.as_os_str().as_bytes(), accepted));
    };
    let missing = placement.directories.map(Mode::from_raw_mode);
    let directory = open_directory(path.parent().unwrap_or(Path::new("")), missing)?;
    Ok((directory, name.to_owned()))
}

/// A directory of one's own, and a name in it.
fn place(directory: BorrowedFd<'_>, name: &OsStr) -> Result<(OwnedFd, OsString), Error> {
    let bytes = name.as_bytes();
    if matches!(bytes, b"" | b"." | b"..") || bytes.contains(&b'/') {
        return Err(Error::invalid("bind to", bytes, "is no name of a file in a directory"));
    }
    let directory =
        fcntl_dupfd_cloexec(directory, 0).map_err(|errno| Error::system("duplicate", "directory", errno))?;
    Ok((directory, name.to_owned()))
}

/// Makes a socket and puts it at a name in a directory.
fn publish(
    style: SocketType,
    object: &'static str,
    directory: OwnedFd,
    name: OsString,
    path: PathBuf,
    placement: &Placement,
) -> Result<(OwnedFd, SocketFile), Error> {
    let failed = |errno| Error::system("bind to", path.as_os_str().as_bytes(), errno);
    let socket = socket_with(AddressFamily::UNIX, style, FROM_BIRTH, None)
        .map_err(|errno| Error::system("create", object, errno))?;
    let workshop = Workshop::open(&directory).map_err(failed)?;
    let made = || {
        bind(&socket, &beneath(&workshop.directory, INSIDE))?;
        workshop.rubbish.set(Identity::at(&workshop.directory, OsStr::new(INSIDE)).ok().map(|(own, _)| own));
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let node = openat(&workshop.directory, INSIDE, flags, Mode::empty())?;
        if let Some((user, group)) = placement.owner {
            let path = format!("/proc/self/fd/{}", node.as_raw_fd());
            let (user, group) = (
                user.map(|user| Uid::from_raw(user.number())),
                group.map(|group| Gid::from_raw(group.number())),
            );
            chownat(CWD, path, user, group, AtFlags::empty())?;
        }
        set_permissions(&node, Mode::from_raw_mode(placement.permissions))?;
        if style != SocketType::DGRAM {
            listen(&socket, i32::try_from(placement.backlog).unwrap_or(i32::MAX))?;
        }
        Ok((Identity::of(&node)?.0, node))
    };
    let (identity, node) = made().map_err(failed)?;
    match renameat_with(&workshop.directory, INSIDE, &directory, &name, RenameFlags::NOREPLACE) {
        Ok(()) => {}
        Err(Errno::EXIST) => replace_stale(&workshop, &directory, &name, style).map_err(failed)?,
        Err(errno) => return Err(failed(errno)),
    }
    drop(workshop);
    Ok((socket, SocketFile { directory, name, path, identity, _node: node }))
}
