use core::time::Duration;

use linux_support_base::Error;

use super::Nice;

/// The share of a time-shared thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FairShare {
    /// How much of the CPU it gets against others.
    pub nice: Nice,
    /// How long it runs at a time: from 100 µs to 100 ms; `None` for what the scheduler chooses. What is read is always
    /// the time in force. Since Linux 6.12; older kernels choose.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "slice_seconds",
            serialize_with = "crate::serialize::seconds::optional",
            skip_serializing_if = "Option::is_none"
        )
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub slice: Option<Duration>,
}

impl FairShare {
    /// The share of this nice value.
    #[must_use]
    pub const fn new(nice: Nice) -> Self {
        Self { nice, slice: None }
    }

    /// The same, to run for so long at a time.
    #[must_use]
    pub const fn with_slice(self, slice: Duration) -> Self {
        Self { slice: Some(slice), ..self }
    }
}

/// The kernel brings what is outside to the next that it takes; here that is refused.
pub(super) fn checked_slice(slice: Duration) -> Result<u64, Error> {
    match slice.as_nanos() {
        nanoseconds @ 100_000..=100_000_000 => Ok(nanoseconds as u64),
        _ => Err(Error::invalid("set", format!("the slice {slice:?}"), "expected 100µs to 100ms")),
    }
}
