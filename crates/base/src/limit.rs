use core::fmt;

use crate::text::ParseError;

/// A limit that may not be there: the word `max` (cgroups) or `unlimited` (`/proc/PID/limits`).
///
/// `Max` orders above every value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit<T> {
    /// No more than this.
    At(T),
    /// No limit.
    #[doc(alias = "RLIM_INFINITY")]
    Max,
}

impl<T> Limit<T> {
    /// Reads `max`, `unlimited`, or a value through `parse`.
    ///
    /// # Errors
    /// Those of `parse`.
    pub fn parse_with(
        text: &[u8],
        parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
    ) -> Result<Self, ParseError> {
        match text {
            b"max" | b"unlimited" => Ok(Self::Max),
            value => parse(value).map(Self::At),
        }
    }

    /// The value, where there is a limit.
    #[must_use]
    pub fn value(self) -> Option<T> {
        match self {
            Self::At(value) => Some(value),
            Self::Max => None,
        }
    }

    /// The limit with its value changed by `change`.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Limit<U> {
        match self {
            Self::At(value) => Limit::At(change(value)),
            Self::Max => Limit::Max,
        }
    }
}

impl<T: fmt::Display> fmt::Display for Limit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(value) => value.fmt(f),
            Self::Max => f.pad("max"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::decimal;

    #[test]
    fn max_is_above_every_value() {
        assert_eq!(Limit::parse_with(b"max", decimal::<u64>), Ok(Limit::Max));
        assert!(Limit::Max > Limit::At(u64::MAX));
        assert!(Limit::parse_with(b"maximum", decimal::<u64>).is_err());
    }
}
