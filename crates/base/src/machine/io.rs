//! Opening and reading, in the fewest system calls.

use std::os::fd::{AsFd, OwnedFd};

use rustix::{
    buffer::spare_capacity,
    fs::OFlags,
    io::{Errno, retry_on_intr},
};

use super::NO_MODE;
use crate::sys::room::Room;

/// More than any file of `/proc` or `/sys` that is read whole.
const READ_LIMIT: usize = 1 << 30;

/// The room that a read is given at first: most files of `/proc` and `/sys` fit, so two calls read them.
const FIRST_READ: usize = 8 << 10;

pub(super) fn open(directory: impl AsFd, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    retry_on_intr(|| rustix::fs::openat(directory.as_fd(), path, flags | OFlags::CLOEXEC, NO_MODE))
}

/// Reads the file `path` of this machine into `buffer`.
pub(super) fn read(directory: impl AsFd, path: &[u8], buffer: &mut Vec<u8>) -> Result<(), Errno> {
    read_to(End::Nothing, open_file(directory, path)?, buffer)
}

/// When a file has been read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Where a reading gives nothing.
    Nothing,
    /// Where a reading gives less than there was room for: for files of which the kernel gives as much as fits.
    Less,
}

impl End {
    #[inline]
    fn is_reached(self, read: usize, room: usize) -> bool {
        match self {
            Self::Nothing => read == 0,
            Self::Less => read < room,
        }
    }
}

/// Gives the contents of the file `path` of this machine to `user`: in place, where they are shorter than
/// [`FIRST_READ`].
pub(super) fn read_with<T>(
    directory: impl AsFd,
    path: &[u8],
    end: End,
    user: impl FnOnce(&[u8]) -> T,
) -> Result<T, Errno> {
    let file = open_file(directory, path)?;
    let mut room = Room::<FIRST_READ>::new();
    while room.left() > 0 {
        let left = room.left();
        match room.read(&file) {
            Ok(read) if end.is_reached(read, left) => {
                drop(file);
                return Ok(user(room.filled()));
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    let mut buffer = Vec::with_capacity(2 * FIRST_READ);
    buffer.extend_from_slice(room.filled());
    read_on(&file, &mut buffer, end)?;
    drop(file);
    Ok(user(&buffer))
}

/// Opens the file `path` of this machine for reading, without waiting for anything.
pub(super) fn open_file(directory: impl AsFd, path: &[u8]) -> Result<OwnedFd, Errno> {
    open(directory, path, OFlags::RDONLY | OFlags::NOCTTY | OFlags::NONBLOCK)
}

/// Reads all of `file` into `buffer`, which is emptied first.
pub(super) fn read_to(end: End, file: impl AsFd, buffer: &mut Vec<u8>) -> Result<(), Errno> {
    buffer.clear();
    read_on(file, buffer, end)
}

/// Reads on behind what `buffer` has.
#[inline]
fn read_on(file: impl AsFd, buffer: &mut Vec<u8>, end: End) -> Result<(), Errno> {
    buffer.reserve(FIRST_READ);
    loop {
        let room = buffer.capacity() - buffer.len();
        if room < FIRST_READ / 2 {
            buffer.reserve(buffer.len().max(FIRST_READ));
        }
        let room = buffer.capacity() - buffer.len();
        match rustix::io::read(&file, spare_capacity(buffer)) {
            Ok(read) if end.is_reached(read, room) => return Ok(()),
            Ok(_) if buffer.len() > READ_LIMIT => return Err(Errno::FBIG),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => {
                buffer.clear();
                return Err(errno);
            }
        }
    }
}
