//! What an architecture says of a task: `/proc/PID/arch_status`.

use core::time::Duration;

use linux_support_base::{
    ParseError,
    text::{colon_keyed, decimal},
};

use crate::status::OtherLine;

/// What an architecture says of a task.
///
/// # Kernel
/// Since 5.3, on x86.
///
/// # Source
/// Documentation/filesystems/proc.rst, 3.12.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "arch_status")]
pub struct ArchitectureStatus {
    /// How long ago it was seen to use AVX-512, to a few milliseconds; `None` where it never was.
    #[doc(alias = "AVX512_elapsed_ms")]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "avx512_elapsed_seconds", serialize_with = "crate::serialize::seconds::optional")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub avx512_elapsed: Option<Duration>,
    /// Lines that are not known here.
    pub other: Vec<OtherLine>,
}

impl ArchitectureStatus {
    /// Reads the file.
    ///
    /// # Errors
    /// A known line whose value is malformed.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut parsed = Self::default();
        for (key, value) in colon_keyed(text) {
            let value = value.unwrap_or_default();
            if key == b"AVX512_elapsed_ms" {
                let elapsed: i64 = decimal(value).map_err(|error| error.in_field("AVX512_elapsed_ms"))?;
                parsed.avx512_elapsed = u64::try_from(elapsed).ok().map(Duration::from_millis);
            } else if !key.is_empty() {
                parsed.other.push(OtherLine { key: key.into(), value: value.into() });
            }
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_zero_means_never() {
        let elapsed = |text: &[u8]| ArchitectureStatus::parse(text).unwrap().avx512_elapsed;
        assert_eq!(elapsed(b"AVX512_elapsed_ms:\t4\n"), Some(Duration::from_millis(4)));
        assert_eq!(elapsed(b"AVX512_elapsed_ms:\t-1"), None);
        assert_eq!(elapsed(b""), None);
        assert_eq!(ArchitectureStatus::parse(b"new:\t1\n\n").unwrap().other.len(), 1);
        let error = ArchitectureStatus::parse(b"AVX512_elapsed_ms:\tx\n").unwrap_err();
        assert_eq!(error.field(), Some("AVX512_elapsed_ms"));
    }
}
