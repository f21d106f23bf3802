//! The standard streams, where they are pipes.

use linux_support_base::Error;

use super::{PipeReader, PipeWriter};

/// Standard streams are shared with whoever started the program and with its other children, and with them whether
/// they wait. So these open the pipe again rather than change that; and the number 0, 1 or 2 stays what it is.
impl PipeReader {
    /// The standard input, opened again, if it is a pipe: for epoll, and for splicing.
    ///
    /// Bytes that `std::io::stdin` has in its buffer are not seen here.
    ///
    /// # Errors
    /// As for [`reopen`](Self::reopen).
    pub fn standard_input() -> Result<Self, Error> {
        Self::reopen(std::io::stdin())
    }
}

impl PipeWriter {
    /// The standard output, opened again, if it is a pipe. As long as this is open, who reads doesn't see the end.
    ///
    /// # Errors
    /// As for [`reopen`](Self::reopen).
    pub fn standard_output() -> Result<Self, Error> {
        Self::reopen(std::io::stdout())
    }

    /// The standard error, opened again, if it is a pipe. As long as this is open, who reads doesn't see the end.
    ///
    /// # Errors
    /// As for [`reopen`](Self::reopen).
    pub fn standard_error() -> Result<Self, Error> {
        Self::reopen(std::io::stderr())
    }
}
