//! How far a transfer came.

use core::fmt;

use linux_support_base::Error;

/// What a transfer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transferred {
    /// The bytes that were taken from the source.
    pub taken: u64,
    /// The bytes that the target has.
    pub delivered: u64,
    /// Why it ended.
    pub end: TransferEnd,
}

/// Why a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferEnd {
    /// All that was asked for is there.
    Complete,
    /// The source had no more.
    EndOfSource,
    /// The caller stopped it.
    Stopped,
}

/// Why a transfer failed, and how far it had come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferError {
    /// The bytes that were taken from the source.
    pub taken: u64,
    /// The bytes that the target has.
    pub delivered: u64,
    /// Why it went no further.
    pub error: Error,
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (after {} bytes", self.error, self.delivered)?;
        match self.taken - self.delivered.min(self.taken) {
            0 => f.write_str(")"),
            between => write!(f, ", and {between} more were taken)"),
        }
    }
}

impl std::error::Error for TransferError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl From<TransferError> for Error {
    fn from(error: TransferError) -> Self {
        error.error
    }
}

impl From<TransferError> for std::io::Error {
    fn from(error: TransferError) -> Self {
        let kind = std::io::Error::from(error.error.clone()).kind();
        Self::new(kind, error)
    }
}

/// The bytes moved so far, where taking and delivering are one.
pub(super) struct Moved(pub(super) u64);

impl Moved {
    pub(super) const fn ended(&self, end: TransferEnd) -> Transferred {
        Transferred { taken: self.0, delivered: self.0, end }
    }

    pub(super) fn failed(&self, error: Error) -> TransferError {
        TransferError { taken: self.0, delivered: self.0, error }
    }
}

#[cfg(test)]
mod tests {
    use linux_support_base::Errno;

    use super::*;

    #[test]
    fn an_error_says_how_far_it_came() {
        let error = Error::system("splice into", "descriptor 5", Errno::PIPE);
        let error = TransferError { taken: 10, delivered: 4, error };
        assert_eq!(
            error.to_string(),
            "splice into descriptor 5: Broken pipe (os error 32) (after 4 bytes, and 6 more were taken)"
        );
        let error = Moved(7).failed(error.into());
        assert_eq!(error.to_string(), "splice into descriptor 5: Broken pipe (os error 32) (after 7 bytes)");
        assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::BrokenPipe);
    }
}
