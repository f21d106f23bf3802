use core::fmt;

use linux_support_base::ByteString;

/// How the processor may speculate for a thread, in the kernel's words (`vulnerable`, `thread mitigated`,
/// `always enabled`, `conditional force disabled` …).
///
/// # Source
/// Documentation/userspace-api/spec_ctrl.rst.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Speculation {
    /// `not vulnerable`, `not affected`: the processor does not have the weakness.
    NotAffected,
    /// `vulnerable`, `always enabled`: it has, and nothing is done.
    Enabled,
    /// `thread vulnerable`, `conditional enabled`: allowed to this thread.
    ThreadEnabled,
    /// `thread mitigated`, `conditional disabled`: forbidden to this thread.
    ThreadDisabled,
    /// `thread force mitigated`, `conditional force disabled`: forbidden to this thread for good.
    ThreadForceDisabled,
    /// `globally mitigated`, `always disabled`: forbidden to all.
    Disabled,
    /// Other words, such as `unknown` and `unsupported`.
    Other(ByteString),
}

impl From<&[u8]> for Speculation {
    fn from(text: &[u8]) -> Self {
        match text {
            b"not vulnerable" | b"not affected" => Self::NotAffected,
            b"vulnerable" | b"always enabled" => Self::Enabled,
            b"thread vulnerable" | b"conditional enabled" => Self::ThreadEnabled,
            b"thread mitigated" | b"conditional disabled" => Self::ThreadDisabled,
            b"thread force mitigated" | b"conditional force disabled" => Self::ThreadForceDisabled,
            b"globally mitigated" | b"always disabled" => Self::Disabled,
            other => Self::Other(other.into()),
        }
    }
}

impl fmt::Display for Speculation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotAffected => "not-affected",
            Self::Enabled => "enabled",
            Self::ThreadEnabled => "thread-enabled",
            Self::ThreadDisabled => "thread-disabled",
            Self::ThreadForceDisabled => "thread-force-disabled",
            Self::Disabled => "disabled",
            Self::Other(text) => return text.fmt(f),
        })
    }
}

crate::serialize::as_text!(
    Speculation,
    "Speculation",
    "not-affected, enabled, disabled, thread-enabled, thread-disabled, thread-force-disabled, or the kernel's words."
);
