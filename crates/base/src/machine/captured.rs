use std::{collections::HashMap, os::fd::OwnedFd, os::unix::ffi::OsStrExt, path::Path, thread};

use rustix::{
    fs::{CWD, FileType, OFlags, ResolveFlags, fstat, openat2, readlinkat},
    io::{Errno, retry_on_intr},
};

use super::{NO_MODE, io};
use crate::{
    Error,
    text::{self, ParseError},
};

/// A captured tree, and the errors that reading met where it was captured.
#[derive(Debug)]
pub(super) struct Tree {
    root: OwnedFd,
    errors: HashMap<Box<[u8]>, Errno>,
}

/// The file of a captured tree that lists what could not be read: a line `ERRNO PATH` each, with the octal
/// escapes of mountinfo in the path.
pub(super) const ERRORS: &[u8] = b"/linux-support/errors";

/// How often a path is walked before the kernel's word that it should be walked again is passed on.
const WALKS: usize = 1000;

/// Adds to `text` the line for an error that reading `path` met.
pub(super) fn format_error(text: &mut String, path: &[u8], errno: Errno) {
    // Paths of /proc and /sys are text but for the rare name; such a one could not be found again.
    if let Ok(path) = core::str::from_utf8(&text::escape_octal(path)) {
        text.push_str(&format!("{} {path}\n", errno.raw_os_error()));
    }
}

impl Tree {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let name = path.as_os_str().as_bytes();
        let root = io::open(CWD, name, OFlags::PATH | OFlags::DIRECTORY)
            .map_err(|errno| Error::system("open", name, errno))?;
        let mut tree = Self { root, errors: HashMap::new() };
        let mut buffer = Vec::new();
        if tree.read(ERRORS, &mut buffer).is_ok() {
            tree.errors =
                parse_errors(&buffer).map_err(|error| Error::malformed(ERRORS, error.within(&buffer)))?;
        }
        Ok(tree)
    }

    fn recorded(&self, path: &[u8]) -> Result<(), Errno> {
        if self.errors.is_empty() {
            return Ok(());
        }
        self.errors.get(path).map_or(Ok(()), |errno| Err(*errno))
    }

    fn resolve(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        self.recorded(path)?;
        self.open_beneath(path, flags)
    }

    fn open_beneath(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let relative = match path.strip_prefix(b"/") {
            Some(b"") => b".",
            Some(relative) => relative,
            None => path,
        };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let open = || openat2(&self.root, relative, flags | OFlags::CLOEXEC, NO_MODE, resolve);
        // Any file that is renamed anywhere while a path with `..` is walked makes the kernel give up the walk.
        for _ in 0..WALKS {
            match retry_on_intr(open) {
                Err(Errno::AGAIN) => thread::yield_now(),
                result => return result,
            }
        }
        retry_on_intr(open)
    }

    pub(super) fn read(&self, path: &[u8], buffer: &mut Vec<u8>) -> Result<(), Errno> {
        buffer.clear();
        io::read_to(io::End::Nothing, self.open_file(path)?, buffer)
    }

    pub(super) fn open_file(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        // Without O_NONBLOCK, a FIFO in the tree would hold the reader up for ever.
        let file = self.resolve(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        match FileType::from_raw_mode(fstat(&file)?.st_mode) {
            FileType::RegularFile => Ok(file),
            FileType::Directory => Err(Errno::ISDIR),
            _ => Err(Errno::NOTDIR),
        }
    }

    pub(super) fn directory(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        self.resolve(path, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    pub(super) fn link(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        let link = self.resolve(path, OFlags::PATH | OFlags::NOFOLLOW)?;
        Ok(readlinkat(link, "", Vec::new())?.into_bytes())
    }

    pub(super) fn exists(&self, path: &[u8]) -> bool {
        self.open_beneath(path, OFlags::PATH).is_ok()
    }
}

fn parse_errors(bytes: &[u8]) -> Result<HashMap<Box<[u8]>, Errno>, ParseError> {
    text::lines(bytes)
        .map(|line| {
            let (errno, path) = text::split_once(line, b' ')
                .ok_or_else(|| ParseError::expected("an error number and a path", line))?;
            let number: u16 = text::decimal(errno)?;
            if !(1..4096).contains(&number) {
                return Err(ParseError::expected("an error number from 1 to 4095", errno));
            }
            Ok((text::unescape_octal(path).into(), Errno::from_raw_os_error(i32::from(number))))
        })
        .collect()
}
