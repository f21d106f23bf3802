//! When packets came and went: the kernel's Documentation/networking/timestamping.rst.

use core::time::Duration;
use std::time::SystemTime;

/// The times of a packet that SO_TIMESTAMPING gives: each is there if it was asked for and the device has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "scm_timestamping")]
#[non_exhaustive]
pub struct Timestamps {
    /// The kernel's clock, at the time that it had the packet.
    pub software: Option<SystemTime>,
    /// The device's clock, as it is: since whatever moment that counts from.
    pub hardware: Option<Duration>,
}

impl Timestamps {
    pub(super) fn decode(data: &[u8]) -> Option<Self> {
        let (times, []) = data.as_chunks::<16>() else { return None };
        let [software, _, hardware] = times else { return None };
        Some(Self {
            software: since_epoch(duration(software, 1)?),
            hardware: Some(duration(hardware, 1)?).filter(|time| !time.is_zero()),
        })
    }
}

/// A moment after 1970; `None` for 1970 itself, with which the kernel says that there is none.
fn since_epoch(time: Duration) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(time).filter(|_| !time.is_zero())
}

/// A moment: `struct timespec`, or `struct timeval` where a unit is 1,000 nanoseconds.
pub(super) fn moment(data: &[u8], unit: u32) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(duration(data.try_into().ok()?, unit)?)
}

fn duration(data: &[u8; 16], unit: u32) -> Option<Duration> {
    let (words, _) = data.as_chunks::<8>();
    let [seconds, parts] = words else { return None };
    let parts = u32::try_from(i64::from_ne_bytes(*parts)).ok()?;
    let nanoseconds = parts.checked_mul(unit).filter(|nanoseconds| *nanoseconds < 1_000_000_000)?;
    Some(Duration::new(u64::try_from(i64::from_ne_bytes(*seconds)).ok()?, nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_too_many_parts_is_none() {
        let time = |seconds: i64, parts: i64| [seconds.to_ne_bytes(), parts.to_ne_bytes()].concat();
        let at = |seconds, nanoseconds| Some(SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds));
        assert_eq!(moment(&time(5, 7), 1), at(5, 7));
        assert_eq!(moment(&time(5, 7), 1000), at(5, 7000));
        for (seconds, parts, unit) in [(5, 1_000_000_000, 1), (5, 1_000_000, 1000), (5, -1, 1), (-1, 0, 1)] {
            assert_eq!(moment(&time(seconds, parts), unit), None, "{seconds} {parts}");
        }
    }

    #[test]
    fn times_that_were_not_taken_are_absent() {
        let mut data = [0; 48];
        assert_eq!(Timestamps::decode(&data), Some(Timestamps::default()));
        data[32] = 9;
        let hardware = Some(Duration::from_secs(if cfg!(target_endian = "little") { 9 } else { 9 << 56 }));
        assert_eq!(Timestamps::decode(&data), Some(Timestamps { software: None, hardware }));
        assert_eq!(Timestamps::decode(&data[..47]), None);
    }
}
