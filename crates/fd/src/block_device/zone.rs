//! The zones of devices that are written from the beginning of each to its end.

use std::os::fd::AsFd;

use linux_support_base::{Bytes, Errno, Error, ParseError};

use super::device::{BlockDevice, SECTOR, failed};
use crate::{file::ByteRange, sys::block_device as sys};

/// A zone. Places are in bytes from the device's beginning.
///
/// # Source
/// Documentation/block/zoned.rst (zonefs), `linux/blkzoned.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Where it begins.
    pub start: u64,
    /// How long it is.
    pub length: Bytes,
    /// How much of it can be written.
    pub capacity: Bytes,
    /// Where the next byte is to be written, where that means something.
    pub write_pointer: Option<u64>,
    /// How it may be written.
    pub kind: ZoneKind,
    /// In which state it is.
    pub condition: ZoneCondition,
    /// Whether it was written out of order and is slower for it.
    pub is_non_sequential: bool,
    /// Whether the device asks for it to be reset.
    pub wants_reset: bool,
}

/// How a zone may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ZoneKind {
    /// Anywhere.
    Conventional,
    /// In order, at its write pointer alone.
    SequentialRequired,
    /// Anywhere, but better in order.
    SequentialPreferred,
    /// In another way.
    Unknown(u8),
}

/// In which state a zone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ZoneCondition {
    /// It has no write pointer.
    WithoutWritePointer,
    /// Nothing is written.
    Empty,
    /// A write has opened it.
    ImplicitlyOpen,
    /// It was opened on purpose, and keeps the device's resources for it.
    ExplicitlyOpen,
    /// It is partly written, and closed.
    Closed,
    /// It can only be read.
    ReadOnly,
    /// It is full.
    Full,
    /// It has failed.
    Offline,
    /// Another.
    Unknown(u8),
}

/// What the kernel reports of zones.
#[derive(Clone, Copy, Debug)]
pub struct ZoneReport<'a> {
    zones: &'a [u8],
    has_capacity: bool,
}

/// How long a report is before its first zone.
const HEADER: usize = 16;

impl<'a> ZoneReport<'a> {
    /// How long a report is before its first zone.
    pub(crate) const HEADER: usize = HEADER;
    /// How long a zone's record is.
    pub(crate) const ZONE: usize = 64;

    /// Decodes the `struct blk_zone_report` that BLKREPORTZONE wrote.
    ///
    /// # Errors
    /// It is shorter than it says.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let cut = || ParseError::expected("a whole report of zones", bytes);
        let (header, zones) = bytes.split_first_chunk::<HEADER>().ok_or_else(cut)?;
        let word =
            |at: usize| u32::from_ne_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let length = usize::try_from(word(8)).ok().and_then(|count| count.checked_mul(Self::ZONE));
        let zones = length.and_then(|length| zones.get(..length)).ok_or_else(cut)?;
        Ok(Self { zones, has_capacity: word(12) & 1 != 0 })
    }

    /// The zones in it.
    ///
    /// # Errors
    /// One is at a place that 64 bits of bytes can't hold.
    pub fn zones(self) -> impl Iterator<Item = Result<Zone, ParseError>> + 'a {
        self.zones.chunks_exact(Self::ZONE).map(move |bytes| zone(bytes, self.has_capacity))
    }
}

fn zone(bytes: &[u8], has_capacity: bool) -> Result<Zone, ParseError> {
    let place = |at: usize| {
        let mut number = [0; 8];
        number.copy_from_slice(&bytes[at..at + 8]);
        u64::from_ne_bytes(number)
            .checked_mul(SECTOR)
            .ok_or_else(|| ParseError::expected("a place within 64 bits of bytes", &bytes[at..at + 8]))
    };
    let kind = match bytes[24] {
        1 => ZoneKind::Conventional,
        2 => ZoneKind::SequentialRequired,
        3 => ZoneKind::SequentialPreferred,
        kind => ZoneKind::Unknown(kind),
    };
    let condition = match bytes[25] {
        0x0 => ZoneCondition::WithoutWritePointer,
        0x1 => ZoneCondition::Empty,
        0x2 => ZoneCondition::ImplicitlyOpen,
        0x3 => ZoneCondition::ExplicitlyOpen,
        0x4 => ZoneCondition::Closed,
        0xd => ZoneCondition::ReadOnly,
        0xe => ZoneCondition::Full,
        0xf => ZoneCondition::Offline,
        condition => ZoneCondition::Unknown(condition),
    };
    let without = matches!(
        condition,
        ZoneCondition::WithoutWritePointer
            | ZoneCondition::ReadOnly
            | ZoneCondition::Full
            | ZoneCondition::Offline
    );
    let length = Bytes::new(place(8)?);
    Ok(Zone {
        start: place(0)?,
        length,
        capacity: if has_capacity { Bytes::new(place(32)?) } else { length },
        // There it may hold anything.
        write_pointer: if without { None } else { Some(place(16)?) },
        kind,
        condition,
        is_non_sequential: bytes[26] != 0,
        wants_reset: bytes[27] != 0,
    })
}

impl BlockDevice {
    /// How long its zones are; `None` if it has none.
    ///
    /// # Errors
    /// The device is gone.
    #[doc(alias = "BLKGETZONESZ")]
    pub fn zone_size(&self) -> Result<Option<Bytes>, Error> {
        let sectors = self.ask(sys::zone_sectors).or_else(unzoned)?;
        Ok((sectors > 0).then(|| Bytes::new(u64::from(sectors) * SECTOR)))
    }

    /// How many zones it has.
    ///
    /// # Errors
    /// The device is gone.
    #[doc(alias = "BLKGETNRZONES")]
    pub fn zone_count(&self) -> Result<u32, Error> {
        self.ask(sys::zone_count).or_else(unzoned)
    }

    /// Its zones from the one that the byte `from` is in.
    ///
    /// # Errors
    /// It has none (`ENOTTY`).
    #[doc(alias = "BLKREPORTZONE")]
    pub fn zones(&self, from: u64) -> Result<Vec<Zone>, Error> {
        let mut zones: Vec<Zone> = Vec::new();
        let mut next = from;
        loop {
            let before = zones.len();
            sys::report_zones(self.as_fd(), next / SECTOR, |bytes| {
                for zone in ZoneReport::parse(bytes)?.zones() {
                    zones.push(zone?);
                }
                Ok(())
            })
            .map_err(|errno| failed("report zones of", errno))?
            .map_err(|error: ParseError| Error::malformed("zones of block device", error))?;
            // A report that is empty, or does not go on, is the last.
            let end = zones.last().and_then(|zone| zone.start.checked_add(zone.length.get()));
            match end.filter(|end| *end > next && zones.len() > before) {
                Some(end) => next = end,
                None => return Ok(zones),
            }
        }
    }

    /// Empties zones, which the range has to be.
    ///
    /// # Errors
    /// The range is no whole zones (`EINVAL`); it has none (`ENOTTY`); it is not open for writing (`EBADF`).
    #[doc(alias = "BLKRESETZONE")]
    pub fn reset_zones(&self, range: ByteRange) -> Result<(), Error> {
        self.manage(range, "reset zones of", sys::reset_zones)
    }

    /// Opens zones, which the range has to be: the device keeps resources for them.
    ///
    /// # Errors
    /// As those of [`reset_zones`](Self::reset_zones); the device can't have so many open.
    #[doc(alias = "BLKOPENZONE")]
    pub fn open_zones(&self, range: ByteRange) -> Result<(), Error> {
        self.manage(range, "open zones of", sys::open_zones)
    }

    /// Closes zones, which the range has to be.
    ///
    /// # Errors
    /// As those of [`reset_zones`](Self::reset_zones).
    #[doc(alias = "BLKCLOSEZONE")]
    pub fn close_zones(&self, range: ByteRange) -> Result<(), Error> {
        self.manage(range, "close zones of", sys::close_zones)
    }

    /// Makes zones full, which the range has to be.
    ///
    /// # Errors
    /// As those of [`reset_zones`](Self::reset_zones).
    #[doc(alias = "BLKFINISHZONE")]
    pub fn finish_zones(&self, range: ByteRange) -> Result<(), Error> {
        self.manage(range, "finish zones of", sys::finish_zones)
    }

    fn manage(
        &self,
        range: ByteRange,
        operation: &'static str,
        call: impl FnOnce(std::os::fd::BorrowedFd<'_>, u64, u64) -> Result<(), Errno>,
    ) -> Result<(), Error> {
        if !range.start().is_multiple_of(SECTOR) || !range.length().is_multiple_of(SECTOR) {
            return Err(failed(operation, Errno::INVAL));
        }
        call(self.as_fd(), range.start() / SECTOR, range.length() / SECTOR)
            .map_err(|errno| failed(operation, errno))
    }
}

/// A kernel without zoned devices knows no such question.
fn unzoned(error: Error) -> Result<u32, Error> {
    match error.reason() {
        linux_support_base::Reason::System(Errno::NOTTY) => Ok(0),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn report(zones: &[[u64; 3]], kinds: &[[u8; 4]], flags: u32) -> Vec<u8> {
        let mut bytes = vec![0; 8];
        bytes.extend_from_slice(&(zones.len() as u32).to_ne_bytes());
        bytes.extend_from_slice(&flags.to_ne_bytes());
        for (places, kinds) in zones.iter().zip(kinds) {
            places.iter().for_each(|place| bytes.extend_from_slice(&place.to_ne_bytes()));
            bytes.extend_from_slice(kinds);
            bytes.extend_from_slice(&[0; 4]);
            bytes.extend_from_slice(&100u64.to_ne_bytes());
            bytes.extend_from_slice(&[0; 24]);
        }
        bytes
    }

    #[test]
    fn zones_are_decoded_and_what_is_new_is_kept() {
        let bytes = report(
            &[[0, 128, 64], [128, 128, 256], [256, 128, 300]],
            &[[1, 0, 0, 0], [2, 0xe, 0, 1], [9, 0x77, 1, 0]],
            1,
        );
        let zones: Vec<_> = ZoneReport::parse(&bytes).unwrap().zones().map(Result::unwrap).collect();
        assert_eq!((zones[0].kind, zones[0].write_pointer), (ZoneKind::Conventional, None));
        assert_eq!((zones[1].condition, zones[1].write_pointer), (ZoneCondition::Full, None));
        assert!(zones[1].wants_reset && !zones[1].is_non_sequential);
        assert_eq!((zones[2].kind, zones[2].condition), (ZoneKind::Unknown(9), ZoneCondition::Unknown(0x77)));
        assert_eq!((zones[2].start, zones[2].write_pointer), (256 * 512, Some(300 * 512)));
        assert_eq!((zones[2].length.get(), zones[2].capacity.get()), (128 * 512, 100 * 512));
        let old = report(&[[0, 128, 0]], &[[2, 1, 0, 0]], 0);
        let zone = ZoneReport::parse(&old).unwrap().zones().next().unwrap().unwrap();
        assert_eq!(zone.capacity, zone.length);
    }

    #[test]
    fn reports_that_are_cut_or_overflow_are_errors() {
        let bytes = report(&[[0, 128, 0]], &[[2, 1, 0, 0]], 0);
        for length in 0..bytes.len() {
            assert!(ZoneReport::parse(&bytes[..length]).is_err(), "{length}");
        }
        let far = report(&[[u64::MAX / 2, 1, 0]], &[[2, 1, 0, 0]], 0);
        assert!(ZoneReport::parse(&far).unwrap().zones().next().unwrap().is_err());
        let mut many = bytes;
        many[8..12].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert!(ZoneReport::parse(&many).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(report) = ZoneReport::parse(&bytes) {
                report.zones().for_each(drop);
            }
        }
    }
}
