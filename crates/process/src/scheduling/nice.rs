use core::fmt;

use linux_support_base::{Error, ParseError};

use super::SchedulingTarget;
use crate::{live_task::LiveTask, sys};

/// A nice value: from -20, which gets most of the CPU, to 19, which gets least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Nice(i8);

impl Nice {
    /// The nice value; `None` outside of -20 to 19.
    #[inline]
    #[must_use]
    pub const fn new(value: i8) -> Option<Self> {
        if value < -20 || value > 19 { None } else { Some(Self(value)) }
    }

    /// The plain number, from -20 to 19.
    #[must_use]
    pub const fn get(self) -> i8 {
        self.0
    }

    /// What the kernel gives lies within, but for kernels of other kinds.
    pub(super) fn clamped(value: i64) -> Self {
        Self(value.clamp(-20, 19) as i8)
    }

    #[inline]
    pub(crate) fn checked(value: i8, seen: &[u8]) -> Result<Self, ParseError> {
        Self::new(value)
            .ok_or_else(|| ParseError::expected("a nice value from -20 to 19", seen).in_field("nice"))
    }
}

impl fmt::Display for Nice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<i8> for Nice {
    type Error = Error;

    fn try_from(value: i8) -> Result<Self, Error> {
        Self::new(value)
            .ok_or_else(|| Error::invalid("use", format!("the nice value {value}"), "expected -20 to 19"))
    }
}

/// The nice value of `target`: of several threads, the lowest, which is the one that gets most.
///
/// # Errors
/// There is no such thread, or the group or the user has none.
#[doc(alias = "getpriority")]
pub fn nice(target: SchedulingTarget) -> Result<Nice, Error> {
    let (which, who) = target.numbers()?;
    let value =
        sys::scheduling::nice(which, who).map_err(|errno| target.failed("read the nice value of", errno))?;
    Ok(Nice::clamped(value))
}

/// Sets the nice value of every thread of `target`.
///
/// # Errors
/// There is no such thread; the value is lower than the limit [`NICE`](crate::resource::NICE) of a thread allows, or a
/// thread is another user's. Of several threads, some may have been changed then.
///
/// # Capabilities
/// CAP_SYS_NICE for values below what the limit allows, and for threads of others.
#[doc(alias = "setpriority")]
#[doc(alias = "renice")]
pub fn set_nice(target: SchedulingTarget, nice: Nice) -> Result<(), Error> {
    let (which, who) = target.numbers()?;
    sys::scheduling::set_nice(which, who, nice.get().into())
        .map_err(|errno| target.failed("set the nice value of", errno))
}

impl LiveTask<'_, '_> {
    /// Its nice value.
    ///
    /// # Errors
    /// It has ended.
    pub fn nice(self) -> Result<Nice, Error> {
        self.with(nice)
    }

    /// Sets its nice value: of this one thread.
    ///
    /// # Errors
    /// As for [`set_nice`].
    ///
    /// # Capabilities
    /// As for [`set_nice`].
    pub fn set_nice(self, nice: Nice) -> Result<(), Error> {
        self.with(|target| set_nice(target, nice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nice_values_end_at_their_limits() {
        assert_eq!((Nice::new(-21), Nice::new(20)), (None, None));
        assert_eq!(Nice::new(-20).map(Nice::get), Some(-20));
        assert!(Nice::try_from(20).unwrap_err().to_string().contains("expected -20 to 19"));
    }
}
