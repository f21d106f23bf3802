use core::mem::MaybeUninit;
use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use rustix::{
    fs::{AtFlags, FileType, OFlags, RawDir, readlinkat, statat},
    io::Errno,
};

use super::{
    captured::Tree,
    io::{self, End},
    recording::Recording,
};
use crate::{ByteString, Error, text::ParseError};

/// A directory of a [`Machine`](crate::Machine), held open: paths given to it are relative to it.
///
/// On this machine it stays the directory that it was when it was opened: if it is that of a process that has
/// ended, reading fails, even if another process has the same number by now.
#[derive(Debug)]
pub struct Directory {
    /// The path, for errors, and in a captured tree for finding it.
    path: Box<[u8]>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Live(OwnedFd),
    /// Links in sysfs lead up and out of their directory, so all are resolved from the tree's root.
    Captured(Arc<Tree>),
    Recorded(OwnedFd, Arc<Recording>),
}

/// A file of a [`Directory`], held open and not yet read.
///
/// The files of a process stay those of the process that they were opened of: a file that can still be read
/// proves that all that were opened after it and before the reading are of the same process.
#[derive(Debug)]
pub struct OpenFile<'a> {
    directory: &'a Directory,
    name: &'a [u8],
    descriptor: OwnedFd,
}

impl OpenFile<'_> {
    /// The file's path on its machine.
    #[must_use]
    pub fn path(&self) -> ByteString {
        self.directory.full(self.name).into()
    }

    /// Reads the whole file into `buffer`, in place of what was there. Meant to be called once.
    ///
    /// # Errors
    /// The file can't be read, with the reason; `buffer` is then empty.
    pub fn read_into(&self, buffer: &mut Vec<u8>) -> Result<(), Error> {
        let outcome = io::read_to(End::Nothing, &self.descriptor, buffer);
        if let Place::Recorded(_, recording) = &self.directory.place {
            recording.file(&self.directory.full(self.name), outcome.map(|()| &**buffer));
        }
        outcome.map_err(|errno| self.directory.error("read", self.name, errno))
    }

    /// As [`read_into`](Self::read_into), but a reading that leaves room is taken for the last, which saves the
    /// one that would find the end.
    ///
    /// That is right for files of which the kernel gives as much as fits: regular files, `/proc/PID/stat`, `status`
    /// and `cmdline`, attributes of sysfs. It is wrong for those that it gives record by record, such as
    /// `/proc/PID/maps`.
    ///
    /// # Errors
    /// As for [`read_into`](Self::read_into).
    pub fn read_full_into(&self, buffer: &mut Vec<u8>) -> Result<(), Error> {
        io::read_to(End::Less, &self.descriptor, buffer)
            .map_err(|errno| self.directory.error("read", self.name, errno))
    }
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirectoryEntry {
    /// Its name.
    pub name: ByteString,
    /// What it is.
    pub kind: FileKind,
}

/// What kind of file a directory entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FileKind {
    /// A regular file; every attribute of sysfs.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// Anything else: a device, a FIFO, a socket; or the file system did not say.
    Other,
}

impl Directory {
    pub(super) fn live(descriptor: OwnedFd, path: &[u8]) -> Self {
        Self { path: path.into(), place: Place::Live(descriptor) }
    }

    pub(super) fn captured(tree: Arc<Tree>, path: &[u8]) -> Self {
        Self { path: path.into(), place: Place::Captured(tree) }
    }

    pub(super) fn recorded(self, recording: Arc<Recording>) -> Self {
        let Self { path, place } = self;
        match place {
            Place::Live(descriptor) => Self { path, place: Place::Recorded(descriptor, recording) },
            place => Self { path, place },
        }
    }

    pub(super) fn is_live(&self) -> bool {
        !matches!(self.place, Place::Captured(_))
    }

    /// The directory's path on its machine.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// The descriptor, on a live machine. It is opened with `O_PATH`.
    #[must_use]
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match &self.place {
            Place::Live(descriptor) | Place::Recorded(descriptor, _) => Some(descriptor.as_fd()),
            Place::Captured(_) => None,
        }
    }

    pub(super) fn full(&self, name: &[u8]) -> Vec<u8> {
        let mut path = self.path.to_vec();
        if !name.is_empty() {
            if !path.ends_with(b"/") {
                path.push(b'/');
            }
            path.extend_from_slice(name);
        }
        path
    }

    #[cold]
    fn error(&self, operation: &'static str, name: &[u8], errno: Errno) -> Error {
        Error::system(operation, self.full(name), errno)
    }

    /// The bytes of the file `name`.
    ///
    /// # Errors
    /// The file is absent or can't be read, with the reason.
    pub fn read(&self, name: impl AsRef<[u8]>) -> Result<Vec<u8>, Error> {
        let mut buffer = Vec::new();
        self.read_into(name, &mut buffer)?;
        Ok(buffer)
    }

    /// Reads the file `name` into `buffer`, in place of what was there.
    ///
    /// # Errors
    /// As for [`read`](Self::read); `buffer` is then empty.
    pub fn read_into(&self, name: impl AsRef<[u8]>, buffer: &mut Vec<u8>) -> Result<(), Error> {
        let name = name.as_ref();
        buffer.clear();
        match &self.place {
            Place::Live(descriptor) => io::read(descriptor, name, buffer),
            Place::Captured(tree) => tree.read(&self.full(name), buffer),
            Place::Recorded(descriptor, recording) => {
                let path = self.full(name);
                let outcome = if recording.withholds(&path) {
                    Err(Errno::ACCESS)
                } else {
                    io::read(descriptor, name, buffer)
                };
                recording.file(&path, outcome.map(|()| &**buffer));
                outcome
            }
        }
        .map_err(|errno| self.error("read", name, errno))
    }

    /// The file `name`, held open, to be read later.
    ///
    /// # Errors
    /// The file is absent or can't be opened, with the reason.
    pub fn open<'a>(&'a self, name: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<OpenFile<'a>, Error> {
        let name = name.as_ref();
        match &self.place {
            Place::Live(descriptor) => io::open_file(descriptor, name),
            Place::Captured(tree) => tree.open_file(&self.full(name)),
            Place::Recorded(descriptor, recording) => {
                let path = self.full(name);
                let file = match recording.withholds(&path) {
                    true => Err(Errno::ACCESS),
                    false => io::open_file(descriptor, name),
                };
                if let Err(errno) = file {
                    recording.file(&path, Err(errno));
                }
                file
            }
        }
        .map(|descriptor| OpenFile { directory: self, name, descriptor })
        .map_err(|errno| self.error("open", name, errno))
    }

    /// Reads the file `name` and gives its bytes to `parse`, whose errors then name the file and the line.
    ///
    /// # Errors
    /// Those of [`read`](Self::read) and of `parse`.
    pub fn parse<T>(
        &self,
        name: impl AsRef<[u8]>,
        parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
    ) -> Result<T, Error> {
        self.parse_to(End::Nothing, name.as_ref(), parse)
    }

    /// As [`parse`](Self::parse), but a reading that leaves room is taken for the last: see
    /// [`OpenFile::read_full_into`] for which files that is right.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse).
    pub fn parse_full<T>(
        &self,
        name: impl AsRef<[u8]>,
        parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
    ) -> Result<T, Error> {
        self.parse_to(End::Less, name.as_ref(), parse)
    }

    #[inline]
    fn parse_to<T>(
        &self,
        end: End,
        name: &[u8],
        parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
    ) -> Result<T, Error> {
        let parse = |bytes: &[u8]| {
            parse(bytes).map_err(|error| Error::malformed(self.full(name), error.within(bytes)))
        };
        match &self.place {
            Place::Live(descriptor) => io::read_with(descriptor, name, end, parse)
                .unwrap_or_else(|errno| Err(self.error("read", name, errno))),
            _ => parse(&self.read(name)?),
        }
    }

    /// The value in the file `name`, which holds one line of text.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn line(&self, name: impl AsRef<[u8]>) -> Result<ByteString, Error> {
        self.parse(name, |bytes| Ok(ByteString::from(bytes.trim_ascii())))
    }

    /// The entries of the directory `name` (of this one, if `name` is empty), without `.` and `..`, sorted by
    /// name.
    ///
    /// # Errors
    /// The directory is absent or can't be read.
    pub fn entries(&self, name: impl AsRef<[u8]>) -> Result<Vec<DirectoryEntry>, Error> {
        let mut entries = Vec::new();
        self.visit(name, |name, kind| entries.push(DirectoryEntry { name: name.into(), kind }))?;
        entries.sort_unstable();
        Ok(entries)
    }

    /// Calls `visitor` with the name and kind of each entry of the directory `name` (of this one, if `name` is
    /// empty), in the kernel's order, without `.` and `..`.
    ///
    /// # Errors
    /// The directory is absent or can't be read.
    pub fn visit(
        &self,
        name: impl AsRef<[u8]>,
        mut visitor: impl FnMut(&[u8], FileKind),
    ) -> Result<(), Error> {
        let name = name.as_ref();
        let live = |descriptor| {
            let relative = if name.is_empty() { b"." } else { name };
            io::open(descriptor, relative, OFlags::RDONLY | OFlags::DIRECTORY)
        };
        match &self.place {
            Place::Live(descriptor) => live(descriptor).and_then(|directory| visit(directory, visitor)),
            Place::Captured(tree) => {
                tree.directory(&self.full(name)).and_then(|directory| visit(directory, visitor))
            }
            Place::Recorded(descriptor, recording) => {
                let path = self.full(name);
                let directory = live(descriptor);
                recording.directory(&path, directory.as_ref().map(drop).map_err(|errno| *errno));
                directory.and_then(|directory| {
                    visit(directory, |name, kind| {
                        recording.entry(&path, name, kind);
                        visitor(name, kind);
                    })
                })
            }
        }
        .map_err(|errno| self.error("list", name, errno))
    }

    /// Where the symbolic link `name` points to, as it is written there.
    ///
    /// # Errors
    /// The link is absent, can't be read, or is no link.
    pub fn link(&self, name: impl AsRef<[u8]>) -> Result<ByteString, Error> {
        let name = name.as_ref();
        let live =
            |descriptor: &OwnedFd| readlinkat(descriptor, name, Vec::new()).map(|target| target.into_bytes());
        match &self.place {
            Place::Live(descriptor) => live(descriptor),
            Place::Captured(tree) => tree.link(&self.full(name)),
            Place::Recorded(descriptor, recording) => {
                let target = live(descriptor);
                recording.link(&self.full(name), target.as_deref().map_err(|errno| *errno));
                target
            }
        }
        .map(ByteString::from)
        .map_err(|errno| self.error("read the link", name, errno))
    }

    /// Whether there is something called `name`.
    #[must_use]
    pub fn exists(&self, name: impl AsRef<[u8]>) -> bool {
        let name = name.as_ref();
        let live = |descriptor: &OwnedFd| statat(descriptor, name, AtFlags::empty()).is_ok();
        match &self.place {
            Place::Live(descriptor) => live(descriptor),
            Place::Captured(tree) => tree.exists(&self.full(name)),
            Place::Recorded(descriptor, recording) => {
                let present = live(descriptor);
                recording.presence(&self.full(name), present);
                present
            }
        }
    }

    /// The directory `name`, held open.
    ///
    /// # Errors
    /// The directory is absent or may not be entered.
    pub fn directory(&self, name: impl AsRef<[u8]>) -> Result<Self, Error> {
        let name = name.as_ref();
        let path = self.full(name);
        let live = |descriptor| {
            io::open(descriptor, name, OFlags::PATH | OFlags::DIRECTORY)
                .map(|descriptor| Self::live(descriptor, &path))
        };
        match &self.place {
            Place::Live(descriptor) => live(descriptor),
            Place::Captured(tree) => tree.directory(&path).map(|_| Self::captured(Arc::clone(tree), &path)),
            Place::Recorded(descriptor, recording) => {
                let directory = live(descriptor);
                recording.directory(&path, directory.as_ref().map(drop).map_err(|errno| *errno));
                directory.map(|directory| directory.recorded(Arc::clone(recording)))
            }
        }
        .map_err(|errno| self.error("open", name, errno))
    }
}

fn visit(directory: OwnedFd, mut visitor: impl FnMut(&[u8], FileKind)) -> Result<(), Errno> {
    let mut buffer = [MaybeUninit::uninit(); 32 << 10];
    let mut entries = RawDir::new(directory, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno),
        };
        let kind = match entry.file_type() {
            FileType::RegularFile => FileKind::File,
            FileType::Directory => FileKind::Directory,
            FileType::Symlink => FileKind::Link,
            _ => FileKind::Other,
        };
        match entry.file_name().to_bytes() {
            b"." | b".." => {}
            name => visitor(name, kind),
        }
    }
    Ok(())
}
