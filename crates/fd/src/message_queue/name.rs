//! What queues are called.

use core::{ffi::CStr, fmt, str::FromStr};
use std::ffi::CString;

use linux_support_base::{ByteString, Error};

use crate::sys::message_queue::unlink;

/// The name of a message queue: a slash, and then 1 to 255 bytes without a slash.
///
/// ```
/// use linux_support_fd::MessageQueueName;
///
/// assert_eq!(MessageQueueName::new("/jobs")?.to_string(), "/jobs");
/// assert!(MessageQueueName::new("jobs").is_err() && MessageQueueName::new("/a/b").is_err());
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// mq_overview(7).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageQueueName(CString);

impl MessageQueueName {
    /// The most bytes behind the slash.
    pub const MAXIMUM_LENGTH: usize = 255;

    /// Checks a name.
    ///
    /// # Errors
    /// It doesn't begin with a slash; what follows is empty, longer than 255 bytes, `.` or `..`, or holds another
    /// slash or a NUL.
    pub fn new(name: impl AsRef<[u8]>) -> Result<Self, Error> {
        let name = name.as_ref();
        name.strip_prefix(b"/").and_then(Self::without_slash).ok_or_else(|| {
            let accepted =
                "takes a slash and then 1 to 255 bytes without slash and NUL, and neither . nor ..";
            Error::invalid("name a message queue", name, accepted)
        })
    }

    /// From a name as the kernel has it.
    pub(super) fn without_slash(name: &[u8]) -> Option<Self> {
        let fits = (1..=Self::MAXIMUM_LENGTH).contains(&name.len());
        if !fits || name.contains(&b'/') || matches!(name, b"." | b"..") {
            return None;
        }
        CString::new(name).ok().map(Self)
    }

    /// The name behind the slash, as system calls take it.
    pub(super) fn as_c_str(&self) -> &CStr {
        &self.0
    }

    /// The name with its slash.
    #[must_use]
    pub fn to_byte_string(&self) -> ByteString {
        [b"/", self.0.to_bytes()].concat().as_slice().into()
    }

    /// Takes the name away. The queue stays for those who have it open, and goes with the last of them.
    ///
    /// # Errors
    /// There is no queue of that name, or it belongs to another user.
    #[doc(alias = "mq_unlink")]
    pub fn unlink(&self) -> Result<(), Error> {
        unlink(self.as_c_str()).map_err(|errno| Error::system("unlink", self.to_byte_string(), errno))
    }
}

impl fmt::Display for MessageQueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_byte_string().fmt(f)
    }
}

impl FromStr for MessageQueueName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_before_the_kernel_sees_them() {
        let long = format!("/{}", "n".repeat(255));
        for name in ["/a", "/.a", "/...", "/ ", "/\u{fc}", &long] {
            assert_eq!(MessageQueueName::new(name).unwrap().to_string(), name);
        }
        let longer = format!("{long}n");
        for name in ["", "/", "a", "//", "/a/", "/a/b", "/.", "/..", "/a\0", &longer] {
            let error = MessageQueueName::new(name).unwrap_err();
            assert!(
                error.to_string().ends_with(
                    ": takes a slash and then 1 to 255 bytes without slash and NUL, and neither . nor .."
                ),
                "{error}"
            );
        }
    }

    #[test]
    fn a_name_may_be_no_text() {
        let name = MessageQueueName::new(b"/\xff\n").unwrap();
        assert_eq!((name.as_c_str(), name.to_byte_string().as_bytes()), (c"\xff\n", &b"/\xff\n"[..]));
    }
}
