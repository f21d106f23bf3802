use core::fmt;

/// Whether system calls are filtered.
///
/// # Source
/// seccomp(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SeccompMode {
    /// They are not.
    Disabled,
    /// Only read, write, exit and the return from signals are allowed.
    Strict,
    /// By programs.
    Filter,
    /// A number that is not known here.
    Unknown(u32),
}

impl SeccompMode {
    /// The mode of the kernel's number.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Disabled,
            1 => Self::Strict,
            2 => Self::Filter,
            number => Self::Unknown(number),
        }
    }
}

impl fmt::Display for SeccompMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Disabled => "disabled",
            Self::Strict => "strict",
            Self::Filter => "filter",
            Self::Unknown(number) => return f.pad(&number.to_string()),
        })
    }
}

crate::serialize::as_text!(SeccompMode, "SeccompMode", "disabled, strict, filter, or a number.");
