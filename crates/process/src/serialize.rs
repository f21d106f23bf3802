//! The forms in which this crate's types are written to JSON and other formats.

pub(crate) use linux_support_base::{as_names, as_text, plain_number};

/// Writes durations as seconds, for `serialize_with`.
#[cfg(feature = "serde")]
pub(crate) mod seconds {
    use core::time::Duration;

    use serde::{Serialize, Serializer};

    pub(crate) fn optional<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        duration.map(|duration| duration.as_secs_f64()).serialize(to)
    }

    pub(crate) fn reading<S: Serializer>(
        duration: &linux_support_base::Reading<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        duration.clone().map(|duration| duration.as_secs_f64()).serialize(to)
    }

    pub(crate) fn plain<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        duration.as_secs_f64().serialize(to)
    }
}
