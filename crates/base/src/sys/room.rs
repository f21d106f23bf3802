//! Room that reads fill, one behind the other.

use core::mem::MaybeUninit;
use std::os::fd::AsFd;

use rustix::io::Errno;

/// Room for `N` bytes, which cost nothing until a reading fills them.
pub(crate) struct Room<const N: usize> {
    bytes: [MaybeUninit<u8>; N],
    filled: usize,
}

impl<const N: usize> Room<N> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { bytes: [MaybeUninit::uninit(); N], filled: 0 }
    }

    /// How many bytes it still holds.
    #[inline(always)]
    pub(crate) fn left(&self) -> usize {
        N - self.filled
    }

    /// Reads from `file` behind what is there, and gives how much it read.
    #[inline(always)]
    pub(crate) fn read(&mut self, file: impl AsFd) -> Result<usize, Errno> {
        let (read, _) = rustix::io::read(file, &mut self.bytes[self.filled..])?;
        let read = read.len();
        self.filled += read;
        Ok(read)
    }

    /// What was read.
    #[inline(always)]
    pub(crate) fn filled(&self) -> &[u8] {
        let filled = &self.bytes[..self.filled];
        // SAFETY: `filled` grows only by the length of the slice of initialised bytes that `rustix::io::read` gives
        // back, which begins where `filled` ended; nothing makes bytes uninitialised again.
        unsafe { filled.assume_init_ref() }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;

    #[test]
    fn readings_are_put_one_behind_the_other_until_the_room_is_full() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let mut room = Room::<5>::new();
        assert_eq!((room.filled(), room.left()), (&b""[..], 5));
        for (written, filled) in [(&b"ab"[..], &b"ab"[..]), (b"c", b"abc"), (b"defg", b"abcde")] {
            writer.write_all(written).unwrap();
            assert!(room.read(&reader).unwrap() > 0);
            assert_eq!((room.filled(), room.left()), (filled, 5 - filled.len()));
        }
        assert_eq!(room.read(&reader), Ok(0));
    }

    #[test]
    fn a_reading_that_fails_changes_nothing() {
        let mut file = rustix::fs::memfd_create("room", rustix::fs::MemfdFlags::CLOEXEC)
            .map(std::fs::File::from)
            .unwrap();
        file.write_all(b"ab").unwrap();
        file.rewind().unwrap();
        let mut room = Room::<4>::new();
        assert_eq!(room.read(&file), Ok(2));
        let (_, writer) = std::io::pipe().unwrap();
        assert_eq!(room.read(&writer), Err(Errno::BADF));
        assert_eq!(room.filled(), b"ab");
    }
}
