use core::fmt;

use linux_support_base::{Error, ParseError};

use crate::serialize::plain_number;

plain_number! {
    /// A thread's priority as `/proc/PID/stat` and `top` show it: 20 plus the nice value (0 to 39) for
    /// time-shared threads, from -2 down to -100 for real-time priorities 1 to 99, -101 for deadline threads.
    Priority(i32), "20 plus the nice value, or minus the real-time priority minus 1."
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// A real-time priority: from 1, which yields to all others, to 99.
///
/// # Source
/// sched(7), "Scheduling policies".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "sched_priority")]
pub struct RealTimePriority(u8);

impl RealTimePriority {
    /// The lowest.
    pub const MIN: Self = Self(1);
    /// The highest, which the kernel's own most urgent threads have too.
    pub const MAX: Self = Self(99);

    /// The priority; `None` outside of 1 to 99.
    #[inline]
    #[must_use]
    pub const fn new(priority: u8) -> Option<Self> {
        if priority >= 1 && priority <= 99 { Some(Self(priority)) } else { None }
    }

    /// The plain number, from 1 to 99.
    #[inline]
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The kernel's number, which is 0 for threads that have none.
    #[inline]
    pub(crate) fn checked(number: u32, seen: &[u8]) -> Result<Option<Self>, ParseError> {
        match u8::try_from(number) {
            Ok(0) => Ok(None),
            Ok(number @ 1..=99) => Ok(Some(Self(number))),
            _ => Err(ParseError::expected("a real-time priority from 0 to 99", seen).in_field("rt_priority")),
        }
    }
}

impl TryFrom<u8> for RealTimePriority {
    type Error = Error;

    fn try_from(priority: u8) -> Result<Self, Error> {
        Self::new(priority).ok_or_else(|| {
            Error::invalid("use", format!("the real-time priority {priority}"), "expected 1 to 99")
        })
    }
}

impl fmt::Display for RealTimePriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Writes a priority as the kernel does: 0 for none.
#[cfg(feature = "serde")]
pub(crate) fn zero_for_none<S: serde::Serializer>(
    priority: &Option<RealTimePriority>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(priority.map_or(0, RealTimePriority::get))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_time_priorities_are_from_1_to_99() {
        assert_eq!((RealTimePriority::new(0), RealTimePriority::new(100)), (None, None));
        assert_eq!(
            (RealTimePriority::new(1), RealTimePriority::new(99)),
            (Some(RealTimePriority::MIN), Some(RealTimePriority::MAX))
        );
        assert!(RealTimePriority::try_from(0).unwrap_err().to_string().contains("expected 1 to 99"));
        assert_eq!(RealTimePriority::checked(0, b"0"), Ok(None));
        assert!(RealTimePriority::checked(100, b"100").is_err());
    }
}
