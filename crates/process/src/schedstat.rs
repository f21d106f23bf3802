use core::time::Duration;

use linux_support_base::{ParseError, text::take_decimal};

/// `/proc/PID/schedstat`: how long a process ran and waited for a CPU. That of a process is of its first thread
/// only.
///
/// # Source
/// Documentation/scheduler/sched-stats.rst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunTimes {
    /// How long it ran.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "running_seconds", serialize_with = "crate::serialize::seconds::plain")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub running: Duration,
    /// How long it was ready to run and did not.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "waiting_seconds", serialize_with = "crate::serialize::seconds::plain")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub waiting: Duration,
    /// How often it got a CPU.
    pub slices: u64,
}

impl RunTimes {
    /// Reads the line.
    ///
    /// # Errors
    /// Fewer than three numbers. More are passed over.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut rest = text;
        let mut number = |field| take_decimal::<u64>(&mut rest).map_err(|error| error.in_field(field));
        Ok(Self {
            running: Duration::from_nanos(number("run time")?),
            waiting: Duration::from_nanos(number("wait time")?),
            slices: number("slices")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_are_nanoseconds() {
        let times = RunTimes::parse(b"277938397257 66971 42\n").unwrap();
        assert_eq!(times.running, Duration::from_nanos(277_938_397_257));
        assert_eq!((times.waiting, times.slices), (Duration::from_nanos(66971), 42));
        assert_eq!(RunTimes::parse(b"1 2").unwrap_err().field(), Some("slices"));
    }
}
