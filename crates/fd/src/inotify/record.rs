//! What inotify tells.

use core::{fmt, num::NonZeroU32};

use bitflags::bitflags;
use linux_support_base::ParseError;

use crate::record::Record;

bitflags! {
    /// What is watched for, and what happened. Bits that are not known here are kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct InotifyMask: u32 {
        /// It was read or run.
        #[doc(alias = "IN_ACCESS")]
        const ACCESSED = 0x1;
        /// Its data changed.
        #[doc(alias = "IN_MODIFY")]
        const MODIFIED = 0x2;
        /// Its permissions, owner, times, links or extended attributes changed.
        #[doc(alias = "IN_ATTRIB")]
        const ATTRIBUTES = 0x4;
        /// It was open for writing and was closed.
        #[doc(alias = "IN_CLOSE_WRITE")]
        const CLOSED_AFTER_WRITING = 0x8;
        /// It was not open for writing and was closed.
        #[doc(alias = "IN_CLOSE_NOWRITE")]
        const CLOSED_WITHOUT_WRITING = 0x10;
        /// It was opened.
        #[doc(alias = "IN_OPEN")]
        const OPENED = 0x20;
        /// It was moved away from the directory that is watched.
        #[doc(alias = "IN_MOVED_FROM")]
        const MOVED_FROM = 0x40;
        /// It was moved into the directory that is watched.
        #[doc(alias = "IN_MOVED_TO")]
        const MOVED_TO = 0x80;
        /// It was created in the directory that is watched.
        #[doc(alias = "IN_CREATE")]
        const CREATED = 0x100;
        /// It was deleted from the directory that is watched.
        #[doc(alias = "IN_DELETE")]
        const DELETED = 0x200;
        /// What is watched itself was deleted.
        #[doc(alias = "IN_DELETE_SELF")]
        const WATCHED_DELETED = 0x400;
        /// What is watched itself was moved.
        #[doc(alias = "IN_MOVE_SELF")]
        const WATCHED_MOVED = 0x800;
        /// Told only: the file system was unmounted.
        #[doc(alias = "IN_UNMOUNT")]
        const UNMOUNTED = 0x2000;
        /// Told only: events were lost, since too many waited.
        #[doc(alias = "IN_Q_OVERFLOW")]
        const OVERFLOW = 0x4000;
        /// Told only: the watch has ended, by removal or with what was watched.
        #[doc(alias = "IN_IGNORED")]
        const WATCH_ENDED = 0x8000;
        /// Told only: it is a directory.
        #[doc(alias = "IN_ISDIR")]
        const DIRECTORY = 0x4000_0000;
        const _ = !0;

        /// All that can be watched for.
        #[doc(alias = "IN_ALL_EVENTS")]
        const ALL_EVENTS = 0xfff;
        /// Closing of either kind.
        #[doc(alias = "IN_CLOSE")]
        const CLOSED = 0x18;
        /// Moving in either direction.
        #[doc(alias = "IN_MOVE")]
        const MOVED = 0xc0;
    }
}

/// The number of a watch, by which events are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "wd")]
pub struct WatchNumber(pub(super) i32);

impl WatchNumber {
    /// The kernel's number, from 1 on.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl fmt::Display for WatchNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the two events of one move have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cookie(NonZeroU32);

impl Cookie {
    /// The kernel's number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

/// An event, as inotify tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "inotify_event")]
pub struct InotifyRecord<'a> {
    /// The watch; `None` for an [overflow](InotifyMask::OVERFLOW).
    pub watch: Option<WatchNumber>,
    /// What happened.
    pub mask: InotifyMask,
    /// Of a move.
    pub cookie: Option<Cookie>,
    /// The name in the directory that is watched; `None` for what is watched itself.
    pub name: Option<&'a [u8]>,
}

impl InotifyRecord<'_> {
    /// Whether events were lost before this one: what is known of what is watched may be wrong now.
    #[must_use]
    pub const fn is_overflow(&self) -> bool {
        self.mask.contains(InotifyMask::OVERFLOW)
    }

    /// Whether it is about a directory.
    #[must_use]
    pub const fn is_directory(&self) -> bool {
        self.mask.contains(InotifyMask::DIRECTORY)
    }
}

/// The events in the bytes that one read gave: many, and of any length.
///
/// ```
/// use linux_support_fd::InotifyRecords;
///
/// let records = InotifyRecords::parse(b"");
/// assert_eq!(records.count(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct InotifyRecords<'a>(&'a [u8]);

impl<'a> InotifyRecords<'a> {
    /// The length of a record without its name.
    pub const HEADER: usize = 16;

    /// Reads the records one by one. A record that was cut short is an error, and the last.
    #[must_use]
    pub const fn parse(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether there is none left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn split(&self) -> Option<(InotifyRecord<'a>, &'a [u8])> {
        let record = Record(self.0);
        let watch = record.i32(0)?;
        let mask = InotifyMask::from_bits_retain(record.u32(4)?);
        let cookie = NonZeroU32::new(record.u32(8)?).map(Cookie);
        let length = usize::try_from(record.u32(12)?).ok()?;
        let end = Self::HEADER.checked_add(length)?;
        let padded = self.0.get(Self::HEADER..end)?;
        // The name is filled up with zeros.
        let name = padded.split(|&byte| byte == 0).next().filter(|name| !name.is_empty());
        let watch = (watch >= 0).then_some(WatchNumber(watch));
        Some((InotifyRecord { watch, mask, cookie, name }, &self.0[end..]))
    }
}

impl<'a> Iterator for InotifyRecords<'a> {
    type Item = Result<InotifyRecord<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let bytes = core::mem::take(&mut self.0);
        match Self(bytes).split() {
            Some((record, rest)) => {
                self.0 = rest;
                Some(Ok(record))
            }
            None => Some(Err(ParseError::expected("a whole record of inotify", bytes))),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(super) fn bytes(watch: i32, mask: u32, cookie: u32, name: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(watch.to_ne_bytes());
        for number in [mask, cookie, name.len() as u32] {
            bytes.extend(number.to_ne_bytes());
        }
        bytes.extend(name);
        bytes
    }

    #[test]
    fn a_read_returns_many_records_of_any_length() {
        let mut all = bytes(1, 0x100, 0, b"name\0\0\0\0");
        all.extend(bytes(2, 0x8000_0000 | 0x40, 7, &[b"x".repeat(255), vec![0]].concat()));
        all.extend(bytes(-1, 0x4000, 0, b""));
        let records: Vec<_> = InotifyRecords::parse(&all).map(Result::unwrap).collect();
        assert_eq!(records[0].name, Some(&b"name"[..]));
        assert_eq!((records[0].watch, records[0].cookie), (Some(WatchNumber(1)), None));
        assert_eq!(records[1].name.unwrap().len(), 255);
        assert_eq!(records[1].cookie.unwrap().get(), 7);
        assert!(records[2].is_overflow() && records[2].watch.is_none() && records[2].name.is_none());
    }

    #[test]
    fn unknown_event_bits_are_kept() {
        let all = bytes(1, 0x0080_1000, 0, b"");
        let record = InotifyRecords::parse(&all).next().unwrap().unwrap();
        assert_eq!(record.mask.bits(), 0x0080_1000);
    }

    #[test]
    fn a_record_that_was_cut_short_is_an_error_and_the_last() {
        let whole = bytes(1, 2, 0, b"name\0\0\0\0");
        for length in 1..whole.len() {
            let records: Vec<_> = InotifyRecords::parse(&whole[..length]).collect();
            assert!(records.len() == 1 && records[0].is_err(), "{length}");
        }
        let huge = bytes(1, 2, 0, b"");
        let huge = [&huge[..12], &u32::MAX.to_ne_bytes()].concat();
        assert!(InotifyRecords::parse(&huge).next().unwrap().is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics_and_every_record_takes_its_length(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(InotifyRecords::parse(&bytes).count() <= bytes.len().div_ceil(16));
        }
    }
}
