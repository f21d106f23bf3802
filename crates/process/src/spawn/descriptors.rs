//! Descriptors that a child is given, and the numbers that they need for that.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use linux_support_base::{Errno, Error};
use rustix::io::fcntl_dupfd_cloexec;

/// The numbers that a child's descriptors are to have. What it needs until then must have others, above all of these,
/// so that none takes another's place.
#[derive(Debug)]
pub(super) struct Numbers {
    highest: RawFd,
    /// What had to be duplicated for that.
    raised: Vec<OwnedFd>,
}

impl Numbers {
    pub(super) fn above(numbers: impl Iterator<Item = RawFd>) -> Self {
        Self { highest: numbers.fold(2, RawFd::max), raised: Vec::new() }
    }

    /// A number of the same open file above all that are given. It is open as long as this and `descriptor` are.
    pub(super) fn of(&mut self, descriptor: BorrowedFd<'_>) -> Result<RawFd, Error> {
        if descriptor.as_raw_fd() > self.highest {
            return Ok(descriptor.as_raw_fd());
        }
        let raised = fcntl_dupfd_cloexec(descriptor, self.highest.saturating_add(1)).map_err(|errno| {
            let object = format!("descriptor {}", self.highest);
            match errno {
                Errno::INVAL | Errno::MFILE => Error::invalid(
                    "give a child",
                    object,
                    "expected a number well below the caller's limit of open files (RLIMIT_NOFILE)",
                ),
                errno => Error::system("duplicate", object, errno),
            }
        })?;
        let number = raised.as_raw_fd();
        self.raised.push(raised);
        Ok(number)
    }
}

/// The error of the standard library's as ours.
pub(super) fn io_error(operation: &'static str, object: &str, error: &std::io::Error) -> Error {
    let errno = error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error);
    Error::system(operation, object, errno)
}
