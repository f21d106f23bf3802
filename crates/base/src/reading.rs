use core::fmt;

use crate::{Error, Reason};

/// A value that was read, or the reason why it can't be had.
///
/// The leaves of models that gather many files are `Reading`s, so that one file that is absent, unreadable or
/// broken does not hide the others.
#[derive(Clone, PartialEq, Eq)]
pub enum Reading<T> {
    /// The value.
    Value(T),
    /// Why there is none.
    Unavailable(Error),
}

impl<T> Reading<T> {
    /// The value, if there is one.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unavailable(_) => None,
        }
    }

    /// Why there is no value.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Value(_) => None,
            Self::Unavailable(error) => Some(error),
        }
    }

    /// The value or the error, borrowed.
    ///
    /// # Errors
    /// The reason why there is no value.
    pub fn as_result(&self) -> Result<&T, &Error> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Unavailable(error) => Err(error),
        }
    }

    /// The value or the error.
    ///
    /// # Errors
    /// The reason why there is no value.
    pub fn into_result(self) -> Result<T, Error> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Unavailable(error) => Err(error),
        }
    }

    /// The reading with its value changed by `change`.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Value(value) => Reading::Value(change(value)),
            Self::Unavailable(error) => Reading::Unavailable(error),
        }
    }

    /// Whether the value is not there and nothing is wrong: this kernel or machine has none.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.error().is_some_and(Error::is_absent)
    }
}

impl<T> From<Result<T, Error>> for Reading<T> {
    fn from(result: Result<T, Error>) -> Self {
        match result {
            Ok(value) => Self::Value(value),
            Err(error) => Self::Unavailable(error),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Reading<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Unavailable(error) => error.fmt(f),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Reading<T> {
    /// The value, or a short reason in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Unavailable(error) => match error.reason() {
                Reason::Malformed(_) => f.pad(&format!("({error})")),
                reason => f.pad(&format!("({reason})")),
            },
        }
    }
}
