//! What fanotify tells, as bytes.

use linux_support_base::{ParseError, Pid};

use super::FanotifyMask;
use crate::record::Record;

/// An event, as fanotify tells it. The numbers of descriptors in it mean something only to who has read it.
///
/// # Source
/// fanotify(7).
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "fanotify_event_metadata")]
pub struct FanotifyRecord<'a> {
    /// What happened.
    pub mask: FanotifyMask,
    /// The number of the descriptor that was opened; below 0 for none: -1, or an error's number.
    pub descriptor: i32,
    /// The process that did it; `None` too for one outside of the namespace.
    pub process: Option<Pid>,
    /// What else is told.
    pub information: FanotifyInformation<'a>,
}

/// Further information on an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Information<'a> {
    /// The file or directory itself.
    #[doc(alias = "FAN_EVENT_INFO_TYPE_FID")]
    File(HandleRecord<'a>),
    /// The directory that it is in, with the name there.
    #[doc(alias = "FAN_EVENT_INFO_TYPE_DFID_NAME")]
    DirectoryEntry(HandleRecord<'a>),
    /// The directory that it is in.
    #[doc(alias = "FAN_EVENT_INFO_TYPE_DFID")]
    Directory(HandleRecord<'a>),
    /// The directory and the name before it was renamed.
    #[doc(alias = "FAN_EVENT_INFO_TYPE_OLD_DFID_NAME")]
    OldEntry(HandleRecord<'a>),
    /// The directory and the name after it was renamed.
    #[doc(alias = "FAN_EVENT_INFO_TYPE_NEW_DFID_NAME")]
    NewEntry(HandleRecord<'a>),
    /// The number of a pidfd of the process; below 0 for none.
    #[doc(alias = "FAN_EVENT_INFO_TYPE_PIDFD")]
    PidFd(i32),
    /// An error of the file system.
    #[doc(alias = "FAN_EVENT_INFO_TYPE_ERROR")]
    FileSystemError {
        /// The error's number.
        error: i32,
        /// How many there were since the last that was told.
        count: u32,
    },
    /// The part of the file that is to be accessed, in bytes.
    #[doc(alias = "FAN_EVENT_INFO_TYPE_RANGE")]
    Range {
        /// Where it begins.
        offset: u64,
        /// How long it is.
        length: u64,
    },
    /// A mount, by the number that is never given again.
    #[doc(alias = "FAN_EVENT_INFO_TYPE_MNT")]
    Mount(u64),
    /// Something that is not known here.
    Unknown {
        /// The kernel's number for it.
        kind: u8,
        /// Its bytes, without the header.
        bytes: &'a [u8],
    },
}

/// A file by its handle, which open_by_handle_at(2) takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "file_handle")]
pub struct HandleRecord<'a> {
    /// The file system, as statfs(2) numbers it.
    pub file_system: [i32; 2],
    /// The file system's kind of handle.
    pub kind: i32,
    /// The handle.
    pub handle: &'a [u8],
    /// The name in the directory that the handle is of; `.` for the directory itself.
    pub name: Option<&'a [u8]>,
}

/// The events in the bytes that one read gave.
#[derive(Clone, Debug)]
pub struct FanotifyRecords<'a>(&'a [u8]);

/// The information on one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FanotifyInformation<'a>(&'a [u8]);

impl<'a> FanotifyRecords<'a> {
    /// The length of an event with no further information.
    pub const HEADER: usize = 24;
    /// The version of the records that this reads.
    const VERSION: u8 = 3;

    /// Reads the events one by one. One that was cut short or is of another version is an error, and the last.
    #[must_use]
    pub const fn parse(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn split(bytes: &'a [u8]) -> Option<(FanotifyRecord<'a>, &'a [u8])> {
        let record = Record(bytes);
        let length = usize::try_from(record.u32(0)?).ok()?;
        let header = usize::from(record.u16(6)?);
        if bytes.get(4) != Some(&Self::VERSION) || header < Self::HEADER {
            return None;
        }
        let information = bytes.get(header..length)?;
        Some((
            FanotifyRecord {
                mask: FanotifyMask::from_bits_retain(record.u64(8)?),
                descriptor: record.i32(16)?,
                process: Pid::new(record.i32(20)?),
                information: FanotifyInformation(information),
            },
            &bytes[length..],
        ))
    }
}

impl<'a> Iterator for FanotifyRecords<'a> {
    type Item = Result<FanotifyRecord<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let bytes = core::mem::take(&mut self.0);
        match Self::split(bytes) {
            Some((record, rest)) => {
                self.0 = rest;
                Some(Ok(record))
            }
            None => Some(Err(ParseError::expected("a whole record of fanotify, version 3", bytes))),
        }
    }
}

impl<'a> FanotifyInformation<'a> {
    /// Reads what follows an event's header: piece by piece, and one that was cut short is an error, and the last.
    #[must_use]
    pub const fn parse(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn split(bytes: &'a [u8]) -> Option<(Information<'a>, &'a [u8])> {
        let kind = *bytes.first()?;
        let length = usize::from(Record(bytes).u16(2)?);
        let whole = bytes.get(..length)?;
        let record = Record(whole);
        let body = whole.get(4..)?;
        let information = match kind {
            1 => Information::File(HandleRecord::parse(record, false)?),
            2 => Information::DirectoryEntry(HandleRecord::parse(record, true)?),
            3 => Information::Directory(HandleRecord::parse(record, false)?),
            4 => Information::PidFd(record.i32(4)?),
            5 => Information::FileSystemError { error: record.i32(4)?, count: record.u32(8)? },
            6 => Information::Range { offset: record.u64(8)?, length: record.u64(16)? },
            // The compiler of the kernel fills up before the number.
            7 => Information::Mount(record.u64(8)?),
            10 => Information::OldEntry(HandleRecord::parse(record, true)?),
            12 => Information::NewEntry(HandleRecord::parse(record, true)?),
            kind => Information::Unknown { kind, bytes: body },
        };
        Some((information, &bytes[length..]))
    }
}

impl<'a> Iterator for FanotifyInformation<'a> {
    type Item = Result<Information<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let bytes = core::mem::take(&mut self.0);
        match Self::split(bytes) {
            Some((information, rest)) => {
                self.0 = rest;
                Some(Ok(information))
            }
            None => Some(Err(ParseError::expected("whole information of fanotify", bytes))),
        }
    }
}

impl<'a> HandleRecord<'a> {
    fn parse(record: Record<'a>, named: bool) -> Option<Self> {
        let length = usize::try_from(record.u32(12)?).ok()?;
        let end = 20_usize.checked_add(length)?;
        let handle = record.0.get(20..end)?;
        let name = record.0[end..].split(|&byte| byte == 0).next().filter(|_| named);
        Some(Self { file_system: [record.i32(4)?, record.i32(8)?], kind: record.i32(16)?, handle, name })
    }
}

/// The numbers of all descriptors that came with the events in `bytes`, each once.
pub(crate) fn descriptor_numbers(bytes: &[u8]) -> impl Iterator<Item = i32> {
    let numbers = FanotifyRecords::parse(bytes).flatten().flat_map(|event| {
        let pidfds = event.information.flatten().filter_map(|information| match information {
            Information::PidFd(number) => Some(number),
            _ => None,
        });
        [event.descriptor].into_iter().chain(pidfds)
    });
    let unique: std::collections::BTreeSet<i32> = numbers.filter(|&number| number >= 0).collect();
    unique.into_iter()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn information(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![kind, 0];
        bytes.extend((body.len() as u16 + 4).to_ne_bytes());
        bytes.extend(body);
        bytes
    }

    fn event(mask: u64, descriptor: i32, process: i32, information: &[u8]) -> Vec<u8> {
        let mut bytes = (24 + information.len() as u32).to_ne_bytes().to_vec();
        bytes.extend([3, 0]);
        bytes.extend(24_u16.to_ne_bytes());
        bytes.extend(mask.to_ne_bytes());
        bytes.extend(descriptor.to_ne_bytes());
        bytes.extend(process.to_ne_bytes());
        bytes.extend(information);
        bytes
    }

    fn handle(name: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        for number in [7_i32, 8, 4, 1] {
            body.extend(number.to_ne_bytes());
        }
        body.extend(b"ABCD");
        body.extend(name);
        body
    }

    #[test]
    fn events_come_with_information_of_many_kinds() {
        let mut all = information(2, &handle(b"name\0\0\0"));
        all.extend(information(1, &handle(b"")));
        all.extend(information(4, &5_i32.to_ne_bytes()));
        all.extend(information(
            6,
            &[[0; 4].to_vec(), 4096_u64.to_ne_bytes().to_vec(), 512_u64.to_ne_bytes().to_vec()].concat(),
        ));
        all.extend(information(99, b"new!"));
        let bytes = event(0x100, -1, 9, &all);
        let event = FanotifyRecords::parse(&bytes).next().unwrap().unwrap();
        assert_eq!((event.mask, event.process), (FanotifyMask::CREATED, Pid::new(9)));
        let file = HandleRecord { file_system: [7, 8], kind: 1, handle: b"ABCD", name: None };
        let all: Vec<_> = event.information.map(Result::unwrap).collect();
        assert_eq!(
            all,
            [
                Information::DirectoryEntry(HandleRecord { name: Some(b"name"), ..file }),
                Information::File(file),
                Information::PidFd(5),
                Information::Range { offset: 4096, length: 512 },
                Information::Unknown { kind: 99, bytes: b"new!" },
            ]
        );
    }

    #[test]
    fn unknown_event_bits_are_kept() {
        let bytes = event(1 << 40 | 1, 3, 0, b"");
        let event = FanotifyRecords::parse(&bytes).next().unwrap().unwrap();
        assert_eq!((event.mask.bits(), event.process), (1 << 40 | 1, None));
    }

    #[test]
    fn short_reads_and_other_versions_are_errors_and_the_last() {
        let whole = event(1, 3, 4, &information(4, &5_i32.to_ne_bytes()));
        for length in 1..whole.len() {
            let events: Vec<_> = FanotifyRecords::parse(&whole[..length]).collect();
            assert!(events.len() == 1 && events[0].is_err(), "{length}");
        }
        let mut other = whole.clone();
        other[4] = 4;
        assert!(FanotifyRecords::parse(&other).next().unwrap().is_err());
        let short = information(1, &handle(b"")[..10]);
        assert!(FanotifyInformation::parse(&short).next().unwrap().is_err());
        // A length of nothing would never end.
        assert_eq!(FanotifyInformation::parse(&[9, 0, 0, 0, 9, 0, 0, 0]).count(), 1);
    }

    #[test]
    fn every_descriptor_is_found_once() {
        let pidfd = information(4, &5_i32.to_ne_bytes());
        let mut bytes = event(1, 3, 4, &pidfd);
        bytes.extend(event(1, -1, 4, &information(4, &(-1_i32).to_ne_bytes())));
        bytes.extend(event(1, 3, 4, b""));
        assert_eq!(descriptor_numbers(&bytes).collect::<Vec<_>>(), [3, 5]);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), mask: u64) {
            for event in FanotifyRecords::parse(&bytes).flatten() {
                let _ = event.information.count();
            }
            let bytes = event(mask, 1, 1, &bytes);
            let event = FanotifyRecords::parse(&bytes).next().unwrap().unwrap();
            prop_assert!(event.information.count() <= bytes.len());
        }
    }
}
