//! What `/proc/locks` calls locks: their kinds, states and modes.

use core::fmt;

use linux_support_base::ByteString;

use super::scope::{LockMode, LockScope};

/// What a lock is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LockKind {
    /// [`LockScope::WholeFile`]: `FLOCK`.
    WholeFile,
    /// [`LockScope::Records`]: `OFDLCK`.
    Records,
    /// [`LockScope::ProcessRecords`]: `POSIX`.
    ProcessRecords,
    /// What holds up a read or write of a file with mandatory locks, before Linux 5.15: `ACCESS`.
    Access,
    /// A [`Lease`](super::Lease).
    Lease,
    /// What a file server has of the kernel in place of a lease: `DELEG`.
    Delegation,
    /// Another.
    Unknown(ByteString),
}

/// Whom a lock binds, or how far the breaking of a lease has come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LockState {
    /// It binds who asks.
    Advisory,
    /// It binds everyone; before Linux 5.15.
    Mandatory,
    /// The kernel knows no file for it: `*NOINODE*`.
    NoFile,
    /// A lease that is held.
    Active,
    /// A lease whose holder was told to let it go.
    Breaking,
    /// Somebody who waits for a lease to be broken.
    Breaker,
    /// Another.
    Unknown(ByteString),
}

/// Whether a lock is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordedMode {
    /// With others: `READ`.
    Shared,
    /// With nobody: `WRITE`.
    Exclusive,
    /// It is being released, or is a lease that is to end: `UNLCK`.
    None,
    /// Another.
    Unknown(ByteString),
}

impl LockKind {
    pub(super) fn parse(word: &[u8]) -> Self {
        match word {
            b"FLOCK" => Self::WholeFile,
            b"OFDLCK" => Self::Records,
            b"POSIX" => Self::ProcessRecords,
            b"ACCESS" => Self::Access,
            b"LEASE" => Self::Lease,
            b"DELEG" => Self::Delegation,
            word => Self::Unknown(word.into()),
        }
    }

    /// Whether locks of this kind stand in the way of those of `scope`.
    pub(super) fn concerns(&self, scope: LockScope) -> bool {
        match scope {
            LockScope::WholeFile => *self == Self::WholeFile,
            LockScope::Records(_) | LockScope::ProcessRecords(_) => {
                matches!(self, Self::Records | Self::ProcessRecords)
            }
        }
    }
}

impl LockState {
    pub(super) fn parse(word: &[u8]) -> Self {
        match word {
            b"ADVISORY" => Self::Advisory,
            b"MANDATORY" => Self::Mandatory,
            b"*NOINODE*" => Self::NoFile,
            b"ACTIVE" => Self::Active,
            b"BREAKING" => Self::Breaking,
            b"BREAKER" => Self::Breaker,
            word => Self::Unknown(word.into()),
        }
    }
}

impl RecordedMode {
    pub(super) fn parse(word: &[u8]) -> Self {
        match word {
            b"READ" => Self::Shared,
            b"WRITE" => Self::Exclusive,
            b"UNLCK" => Self::None,
            word => Self::Unknown(word.into()),
        }
    }

    pub(super) fn conflicts_with(&self, mode: LockMode) -> bool {
        match self {
            Self::Shared => mode.conflicts_with(LockMode::Shared),
            Self::Exclusive => true,
            Self::None | Self::Unknown(_) => false,
        }
    }
}

impl fmt::Display for RecordedMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared => f.pad("READ"),
            Self::Exclusive => f.pad("WRITE"),
            Self::None => f.pad("UNLCK"),
            Self::Unknown(word) => word.fmt(f),
        }
    }
}
