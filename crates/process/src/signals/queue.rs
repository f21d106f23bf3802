//! How many signals wait.

use linux_support_base::{ParseError, text::decimal};

/// Signals that wait, of all processes of a user, and how many may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignalQueue {
    /// How many wait.
    pub queued: u64,
    /// How many may wait.
    #[doc(alias = "RLIMIT_SIGPENDING")]
    pub limit: u64,
}

impl SignalQueue {
    /// Reads `queued/limit`.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let (queued, limit) = linux_support_base::text::split_once(text, b'/')
            .ok_or_else(|| ParseError::expected("queued/limit", text))?;
        Ok(Self { queued: decimal(queued)?, limit: decimal(limit)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_has_both_numbers() {
        assert_eq!(SignalQueue::parse(b"0/96364"), Ok(SignalQueue { queued: 0, limit: 96364 }));
        for text in ["", "1", "/", "1/", "a/b"] {
            assert!(SignalQueue::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
