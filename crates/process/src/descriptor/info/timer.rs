use core::time::Duration;

use super::entries::Entries;
use crate::posix_timers::PosixClock;
use linux_support_base::{
    ParseError,
    text::{decimal, split_once},
};

/// A timer of `timerfd_create(2)`, as fdinfo shows it.
///
/// # Source
/// proc_pid_fdinfo(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TimerState {
    /// The clock that it goes by.
    pub clock: PosixClock,
    /// How often it has expired since it was last read.
    pub ticks: u64,
    /// Whether it was set to a moment of its clock; else to a time from then on.
    #[doc(alias = "TFD_TIMER_ABSTIME")]
    pub is_absolute: bool,
    /// Whether reading fails after its clock was set.
    #[doc(alias = "TFD_TIMER_CANCEL_ON_SET")]
    pub cancels_on_set: bool,
    /// All flags that it was set with.
    pub flags: u32,
    /// How long until it expires; `None` where it is not set, or has expired for good.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "remaining_seconds", serialize_with = "crate::serialize::seconds::optional")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub remaining: Option<Duration>,
    /// How long after that it expires anew; `None` for a timer that expires once.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "interval_seconds", serialize_with = "crate::serialize::seconds::optional")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub interval: Option<Duration>,
}

impl TimerState {
    pub(super) fn take(entries: &mut Entries<'_>) -> Result<Self, ParseError> {
        let clock = PosixClock::of_number(entries.required("clockid")?);
        let ticks = entries.required("ticks")?;
        let flags = entries.required_with("settime flags", linux_support_base::text::octal)?;
        let remaining = entries.required_with("it_value", time)?;
        let interval = entries.required_with("it_interval", time)?;
        Ok(Self {
            clock,
            ticks,
            is_absolute: flags & 1 != 0,
            cancels_on_set: flags & 2 != 0,
            flags,
            remaining: (!remaining.is_zero()).then_some(remaining),
            interval: (!interval.is_zero()).then_some(interval),
        })
    }
}

/// Reads `(49, 406829162)`: seconds and nanoseconds.
fn time(text: &[u8]) -> Result<Duration, ParseError> {
    let error = || ParseError::expected("(seconds, nanoseconds)", text);
    let inner = text.strip_prefix(b"(").and_then(|text| text.strip_suffix(b")")).ok_or_else(error)?;
    let (seconds, nanoseconds) = split_once(inner, b',').ok_or_else(error)?;
    let nanoseconds: u32 = decimal(nanoseconds.trim_ascii())?;
    if nanoseconds >= 1_000_000_000 {
        return Err(error());
    }
    Ok(Duration::new(decimal(seconds.trim_ascii())?, nanoseconds))
}
