//! How values are written to JSON: times as seconds, and what is not there left out.

use core::time::Duration;

use linux_support_base::{Bytes, ClockTicks, Limit, Reading};
use serde::{Serialize, Serializer};

use crate::Keyed;

/// What JSON leaves out.
pub(crate) trait Omitted {
    fn is_omitted(&self) -> bool {
        false
    }
}

impl Omitted for u64 {}
impl Omitted for bool {}
impl Omitted for Bytes {}
impl Omitted for ClockTicks {}
impl Omitted for Duration {}

impl<T> Omitted for Option<T> {
    fn is_omitted(&self) -> bool {
        self.is_none()
    }
}

impl<T> Omitted for Keyed<T> {
    fn is_omitted(&self) -> bool {
        self.0.is_empty()
    }
}

/// What is written as a number of seconds.
pub(crate) trait Seconds {
    type Plain: Serialize;
    fn plain(&self) -> Self::Plain;
}

impl Seconds for Duration {
    type Plain = f64;
    fn plain(&self) -> f64 {
        self.as_secs_f64()
    }
}

impl Seconds for Option<Duration> {
    type Plain = Option<f64>;
    fn plain(&self) -> Option<f64> {
        self.as_ref().map(Seconds::plain)
    }
}

impl Seconds for Limit<Duration> {
    type Plain = Limit<f64>;
    fn plain(&self) -> Limit<f64> {
        self.map(|duration| duration.plain())
    }
}

impl Seconds for Vec<Duration> {
    type Plain = Vec<f64>;
    fn plain(&self) -> Vec<f64> {
        self.iter().map(Seconds::plain).collect()
    }
}

impl<T: Seconds> Seconds for Reading<T> {
    type Plain = Reading<T::Plain>;
    fn plain(&self) -> Self::Plain {
        match self {
            Self::Value(value) => Reading::Value(value.plain()),
            Self::Unavailable(error) => Reading::Unavailable(error.clone()),
        }
    }
}

pub(crate) fn seconds<T: Seconds, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.plain().serialize(serializer)
}
