//! How likely a process is to be killed when memory runs out.

use core::fmt;

use linux_support_base::{ParseError, text::decimal};

use crate::serialize::plain_number;

plain_number! {
    /// `/proc/PID/oom_score`: the higher, the sooner the process is killed when memory runs out: from 0 to 2,000.
    ///
    /// # Source
    /// proc(5), "/proc/PID/oom_score"; Documentation/filesystems/proc.rst, 3.2.
    OomScore(u32), "From 0 to 2000: the higher, the sooner it is killed when memory runs out."
}

impl OomScore {
    /// Reads the file.
    ///
    /// # Errors
    /// Anything but a number.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        decimal(text.trim_ascii()).map(Self::new)
    }
}

/// `/proc/PID/oom_score_adj`: what is added to a process's score, from -1,000 (never kill it) to 1,000.
///
/// # Source
/// proc(5), "/proc/PID/oom_score_adj"; Documentation/filesystems/proc.rst, 3.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OomScoreAdjustment(i16);

impl OomScoreAdjustment {
    /// The process is never killed for memory.
    #[doc(alias = "OOM_SCORE_ADJ_MIN")]
    pub const NEVER: Self = Self(-1000);

    /// The adjustment; `None` outside of -1,000 to 1,000.
    #[must_use]
    pub const fn new(value: i16) -> Option<Self> {
        if value < -1000 || value > 1000 { None } else { Some(Self(value)) }
    }

    /// The plain number.
    #[must_use]
    pub const fn get(self) -> i16 {
        self.0
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Anything but a number from -1,000 to 1,000.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let text = text.trim_ascii();
        Self::new(decimal(text)?).ok_or_else(|| ParseError::expected("a number from -1000 to 1000", text))
    }
}

impl fmt::Display for OomScoreAdjustment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for OomScore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjustments_end_at_their_limits() {
        assert_eq!(OomScoreAdjustment::parse(b"-1000\n"), Ok(OomScoreAdjustment::NEVER));
        assert_eq!(OomScoreAdjustment::parse(b"1000").map(OomScoreAdjustment::get), Ok(1000));
        assert!(OomScoreAdjustment::parse(b"1001\n").is_err());
        assert!(OomScoreAdjustment::parse(b"").is_err());
        assert_eq!(OomScore::parse(b"666\n").map(OomScore::get), Ok(666));
    }
}
