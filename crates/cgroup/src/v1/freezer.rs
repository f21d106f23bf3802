//! The controller `freezer` of version 1.

use core::fmt;

use linux_support_base::{ByteString, ParseError, text};

use crate::format::{boolean, interface_files};

interface_files! {
    /// Whether the processes of a group of version 1 are stopped.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst.
    pub struct LegacyFreezer of "freezer" {
        /// The state.
        state: FreezerState = "freezer.state" BelowRoot by FreezerState::parse;
        /// Whether it was told to stop itself.
        self_freezing: bool = "freezer.self_freezing" BelowRoot by boolean;
        /// Whether a group above it was told to stop.
        parent_freezing: bool = "freezer.parent_freezing" BelowRoot by boolean;
    }
}

/// Whether processes are stopped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FreezerState {
    /// They run.
    Thawed,
    /// Some are stopped, and the others will be.
    Freezing,
    /// All are stopped.
    Frozen,
    /// One that this library does not know.
    Unknown(ByteString),
}

impl FreezerState {
    /// Reads the file `freezer.state`.
    ///
    /// # Errors
    /// An empty file.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        Ok(match text::trim(text) {
            b"" => return Err(ParseError::expected("THAWED, FREEZING or FROZEN", text)),
            b"THAWED" => Self::Thawed,
            b"FREEZING" => Self::Freezing,
            b"FROZEN" => Self::Frozen,
            other => Self::Unknown(other.into()),
        })
    }
}

impl fmt::Display for FreezerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thawed => f.pad("THAWED"),
            Self::Freezing => f.pad("FREEZING"),
            Self::Frozen => f.pad("FROZEN"),
            Self::Unknown(word) => word.fmt(f),
        }
    }
}

crate::as_text!(FreezerState);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_and_written_back() {
        for word in ["THAWED", "FREEZING", "FROZEN", "MELTING"] {
            assert_eq!(FreezerState::parse(format!("{word}\n").as_bytes()).unwrap().to_string(), word);
        }
        assert!(FreezerState::parse(b"").is_err());
    }
}
