use bitflags::bitflags;
use linux_support_base::{ParseError, text::octal};
use rustix::fs::OFlags;

bitflags! {
    /// How a descriptor was opened, and what was set since. Bits that have no name are kept.
    ///
    /// The two lowest bits say what it may be used for: [`is_readable`](Self::is_readable),
    /// [`is_writable`](Self::is_writable).
    ///
    /// # Source
    /// open(2); the numbers are those of the architecture that this is built for.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct OpenFlags: u32 {
        /// It can only be written to.
        #[doc(alias = "O_WRONLY")]
        const WRITE_ONLY = 0o1;
        /// It can be read and written to.
        #[doc(alias = "O_RDWR")]
        const READ_AND_WRITE = 0o2;
        /// Writing is at the end.
        #[doc(alias = "O_APPEND")]
        const APPEND = 0o2000;
        /// Nothing waits.
        #[doc(alias = "O_NONBLOCK")]
        const NON_BLOCKING = 0o4000;
        /// Writing waits until the data is on storage.
        #[doc(alias = "O_DSYNC")]
        const DATA_SYNCHRONOUS = 0o10000;
        /// With [`DATA_SYNCHRONOUS`](Self::DATA_SYNCHRONOUS): writing waits for all that belongs to the file too.
        #[doc(alias = "O_SYNC")]
        const SYNCHRONOUS = 0o4_000_000;
        /// A signal tells when it is ready.
        #[doc(alias = "O_ASYNC")]
        const SIGNALS = 0o20000;
        /// Past the page cache.
        #[doc(alias = "O_DIRECT")]
        const DIRECT = OFlags::DIRECT.bits();
        /// Offsets of 64 bits; the kernel sets it by itself.
        #[doc(alias = "O_LARGEFILE")]
        const LARGE_FILE = OFlags::LARGEFILE.bits();
        /// Only a directory was to be opened.
        #[doc(alias = "O_DIRECTORY")]
        const DIRECTORY = OFlags::DIRECTORY.bits();
        /// A link was not to be followed.
        #[doc(alias = "O_NOFOLLOW")]
        const NO_FOLLOW = OFlags::NOFOLLOW.bits();
        /// Reading does not change the time of the last access.
        #[doc(alias = "O_NOATIME")]
        const NO_ACCESS_TIME = 0o1_000_000;
        /// It is closed when the process runs another program.
        #[doc(alias = "O_CLOEXEC")]
        const CLOSE_ON_EXEC = 0o2_000_000;
        /// It names a place and can't be read or written to.
        #[doc(alias = "O_PATH")]
        const PATH = 0o10_000_000;
        /// The file was made without a name.
        #[doc(alias = "O_TMPFILE")]
        const TEMPORARY_FILE = 0o20_000_000;

        const _ = !0;
    }
}

impl OpenFlags {
    /// Reads the octal number of fdinfo.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        octal(text.trim_ascii()).map(Self::from_bits_retain)
    }

    /// Whether it can be read.
    #[must_use]
    pub fn is_readable(self) -> bool {
        !self.contains(Self::PATH) && matches!(self.bits() & 3, 0 | 2)
    }

    /// Whether it can be written to.
    #[must_use]
    pub fn is_writable(self) -> bool {
        !self.contains(Self::PATH) && matches!(self.bits() & 3, 1 | 2)
    }
}

impl OpenFlags {
    /// The names of the flags that are set; all that have none as one number.
    pub fn names(self) -> impl Iterator<Item = String> {
        let access = match self.bits() & 3 {
            _ if self.contains(Self::PATH) => None,
            0 => Some("read-only"),
            1 => Some("write-only"),
            2 => Some("read-and-write"),
            _ => Some("no-access"),
        };
        let rest = self & !Self::from_bits_retain(3);
        access.map(str::to_owned).into_iter().chain(crate::serialize::flag_names(rest))
    }
}

crate::serialize::as_names!(OpenFlags, "OpenFlags", "How a descriptor was opened, and what was set since.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_is_told_from_the_two_lowest_bits() {
        let flags = OpenFlags::parse(b"02002002\n").unwrap();
        assert!(flags.is_readable() && flags.is_writable());
        assert!(flags.contains(OpenFlags::CLOSE_ON_EXEC | OpenFlags::APPEND));
        let flags = OpenFlags::parse(b"0100000").unwrap();
        assert!(flags.is_readable() && !flags.is_writable());
        assert!(!OpenFlags::parse(b"01").unwrap().is_readable());
        let place = OpenFlags::parse(b"012000000").unwrap();
        assert!(!place.is_readable() && !place.is_writable());
        assert!(OpenFlags::parse(b"8").is_err());
    }

    #[test]
    fn unknown_flags_are_kept() {
        assert_eq!(OpenFlags::parse(b"020000000000").unwrap().bits(), 0o20_000_000_000);
    }
}
