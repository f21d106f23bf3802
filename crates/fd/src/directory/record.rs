//! The records that the kernel writes of a directory's entries.

use core::iter::FusedIterator;

use linux_raw_sys::general::{DT_BLK, DT_CHR, DT_DIR, DT_FIFO, DT_LNK, DT_REG, DT_SOCK};
use linux_support_base::ParseError;
use rustix::fs::FileType;

/// What an entry of a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EntryKind {
    /// A file with data.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link.
    SymbolicLink,
    /// A character device.
    CharacterDevice,
    /// A block device.
    BlockDevice,
    /// A FIFO.
    Fifo,
    /// A Unix socket.
    Socket,
    /// The file system does not say (0), or says something else.
    Unknown(u8),
}

impl EntryKind {
    fn of_number(number: u8) -> Self {
        match u32::from(number) {
            DT_REG => Self::Regular,
            DT_DIR => Self::Directory,
            DT_LNK => Self::SymbolicLink,
            DT_CHR => Self::CharacterDevice,
            DT_BLK => Self::BlockDevice,
            DT_FIFO => Self::Fifo,
            DT_SOCK => Self::Socket,
            _ => Self::Unknown(number),
        }
    }

    pub(super) fn of_mode(mode: u16) -> Self {
        match FileType::from_raw_mode(mode.into()) {
            FileType::RegularFile => Self::Regular,
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::SymbolicLink,
            FileType::CharacterDevice => Self::CharacterDevice,
            FileType::BlockDevice => Self::BlockDevice,
            FileType::Fifo => Self::Fifo,
            FileType::Socket => Self::Socket,
            FileType::Unknown => Self::Unknown((mode >> 12) as u8),
        }
    }

    /// Whether it is a file with data.
    #[must_use]
    pub const fn is_regular(self) -> bool {
        matches!(self, Self::Regular)
    }

    /// Whether it is a directory.
    #[must_use]
    pub const fn is_directory(self) -> bool {
        matches!(self, Self::Directory)
    }
}

/// A place in a directory, to go on reading after: good for as long as the directory is not emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "d_off")]
pub struct EntryPosition(pub(super) i64);

/// An entry of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "linux_dirent64")]
pub struct DirectoryRecord<'a> {
    /// Its name: any bytes but `/` and zero.
    pub name: &'a [u8],
    /// What it is.
    pub kind: EntryKind,
    /// The number of its inode; of what it hides, where something is mounted on it.
    pub inode: u64,
    /// The place after it.
    pub position: EntryPosition,
}

/// The records in what getdents64(2) wrote.
///
/// ```
/// use linux_support_fd::directory::{DirectoryRecords, EntryKind};
///
/// let mut bytes = Vec::new();
/// bytes.extend_from_slice(&7u64.to_ne_bytes());
/// bytes.extend_from_slice(&1i64.to_ne_bytes());
/// bytes.extend_from_slice(&24u16.to_ne_bytes());
/// bytes.extend_from_slice(b"\x08a\0\0\0\0");
/// let record = DirectoryRecords::new(&bytes).next().unwrap()?;
/// assert_eq!((record.name, record.inode, record.kind), (&b"a"[..], 7, EntryKind::Regular));
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
///
/// # Source
/// getdents(2).
#[derive(Clone, Debug)]
pub struct DirectoryRecords<'a> {
    rest: &'a [u8],
}

/// How many bytes of a record stand before its name.
const HEADER: usize = 19;

impl<'a> DirectoryRecords<'a> {
    /// Those in `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn rest(&self) -> usize {
        self.rest.len()
    }

    fn take(&mut self) -> Result<DirectoryRecord<'a>, ParseError> {
        let cut = || ParseError::expected("a whole record of an entry", self.rest);
        let (inode, rest) = self.rest.split_first_chunk().ok_or_else(cut)?;
        let (position, rest) = rest.split_first_chunk().ok_or_else(cut)?;
        let (length, rest) = rest.split_first_chunk().ok_or_else(cut)?;
        let (kind, _) = rest.split_first().ok_or_else(cut)?;
        let length = usize::from(u16::from_ne_bytes(*length));
        let name = self.rest.get(HEADER..length).ok_or_else(cut)?;
        let end = memchr::memchr(0, name)
            .ok_or_else(|| ParseError::expected("a name that ends in a byte of zero", name))?;
        self.rest = &self.rest[length..];
        Ok(DirectoryRecord {
            name: &name[..end],
            kind: EntryKind::of_number(*kind),
            inode: u64::from_ne_bytes(*inode),
            position: EntryPosition(i64::from_ne_bytes(*position)),
        })
    }
}

impl<'a> Iterator for DirectoryRecords<'a> {
    type Item = Result<DirectoryRecord<'a>, ParseError>;

    /// The next one; after an error, none.
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let record = self.take();
        if record.is_err() {
            self.rest = &[];
        }
        Some(record)
    }
}

impl FusedIterator for DirectoryRecords<'_> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(name: &[u8], kind: u8, length: u16) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&u64::MAX.to_ne_bytes());
        bytes.extend_from_slice(&(-5i64).to_ne_bytes());
        bytes.extend_from_slice(&length.to_ne_bytes());
        bytes.push(kind);
        bytes.extend_from_slice(name);
        bytes.resize(bytes.len().max(length.into()), 0);
        bytes
    }

    #[test]
    fn names_are_bytes_and_kinds_not_yet_invented_are_kept() {
        let bytes = [record(b"\xff\n)", 10, 24), record(b"x", 99, 32)].concat();
        let records: Vec<_> = DirectoryRecords::new(&bytes).map(Result::unwrap).collect();
        assert_eq!(records[0].name, b"\xff\n)");
        assert_eq!((records[0].kind, records[1].kind), (EntryKind::SymbolicLink, EntryKind::Unknown(99)));
        assert_eq!((records[1].inode, records[1].position), (u64::MAX, EntryPosition(-5)));
        assert_eq!(records.len(), 2);
    }

    #[test]
    fn a_record_that_is_cut_has_no_end_or_lies_about_its_length_is_an_error_and_the_last() {
        let whole = record(b"name", 8, 24);
        for length in 1..whole.len() {
            let mut records = DirectoryRecords::new(&whole[..length]);
            assert!(records.next().unwrap().is_err(), "{length}");
            assert!(records.next().is_none());
        }
        for length in [0, 18, 19, 23, 25, u16::MAX] {
            let mut bytes = record(b"name", 8, 24);
            bytes[16..18].copy_from_slice(&length.to_ne_bytes());
            assert!(DirectoryRecords::new(&bytes).next().unwrap().is_err(), "{length}");
        }
        let error = DirectoryRecords::new(&record(b"12345", 8, 24)).next().unwrap().unwrap_err();
        assert_eq!(error.what_was_expected(), "a name that ends in a byte of zero");
    }

    proptest! {
        #[test]
        fn nothing_panics_and_it_ends(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(DirectoryRecords::new(&bytes).count() <= bytes.len());
        }
    }
}
