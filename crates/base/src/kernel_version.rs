use core::{cmp::Ordering, fmt, num::NonZeroU16, str::FromStr};

use crate::{
    ByteString,
    text::{self, ParseError},
};

/// A version of the kernel: `6.1.0`, `6.9-rc1`.
///
/// Release candidates order before their release. What distributions add is kept by [`KernelRelease`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KernelVersion {
    major: u16,
    minor: u16,
    patch: u16,
    candidate: Option<NonZeroU16>,
}

impl KernelVersion {
    /// The release `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch, candidate: None }
    }

    /// The first number: the 6 of `6.1.15`.
    #[must_use]
    pub const fn major(self) -> u16 {
        self.major
    }

    /// The second number: the 1 of `6.1.15`.
    #[must_use]
    pub const fn minor(self) -> u16 {
        self.minor
    }

    /// The third number: the 15 of `6.1.15`; 0 where there is none.
    #[must_use]
    pub const fn patch(self) -> u16 {
        self.patch
    }

    /// Which release candidate it is: the 1 of `6.9-rc1`.
    #[must_use]
    pub const fn release_candidate(self) -> Option<u16> {
        match self.candidate {
            Some(candidate) => Some(candidate.get()),
            None => None,
        }
    }

    fn key(self) -> (u16, u16, u16, u16) {
        let candidate = self.release_candidate().unwrap_or(u16::MAX);
        (self.major, self.minor, self.patch, candidate)
    }
}

impl Ord for KernelVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for KernelVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch != 0 {
            write!(f, ".{}", self.patch)?;
        }
        match self.candidate {
            Some(candidate) => write!(f, "-rc{candidate}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KernelVersion({self})")
    }
}

impl FromStr for KernelVersion {
    type Err = ParseError;

    /// The version at the start of a release string.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        KernelRelease::parse(text.as_bytes()).map(|release| release.version())
    }
}

/// A kernel's release string, as `uname -r` prints it: a version, and what its builder added.
///
/// ```
/// use linux_support_base::{KernelRelease, KernelVersion};
///
/// let release = KernelRelease::parse(b"5.15.167.4-microsoft-standard-WSL2\n").unwrap();
/// assert_eq!(release.version(), KernelVersion::new(5, 15, 167));
/// assert_eq!(release.suffix(), b".4-microsoft-standard-WSL2");
/// ```
///
/// # Source
/// `/proc/sys/kernel/osrelease`, `uname(2)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KernelRelease {
    text: ByteString,
    version: KernelVersion,
    suffix: usize,
}

impl KernelRelease {
    /// Finds the release in the line that the kernel prints first: `Linux version RELEASE (…`.
    ///
    /// # Errors
    /// A text of another form.
    pub fn parse_banner(text: &[u8]) -> Result<Self, ParseError> {
        let mut words = text::fields(text);
        match (words.next(), words.next(), words.next()) {
            (Some(b"Linux"), Some(b"version"), Some(release)) => Self::parse(release),
            _ => Err(ParseError::expected("Linux version RELEASE", text)),
        }
    }

    /// Reads a release string of any distribution.
    ///
    /// # Errors
    /// Text that does not begin with two numbers apart by a dot, or with numbers above 65535 there.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let text = text.trim_ascii();
        let read = || -> Result<Self, ParseError> {
            let mut at = 0;
            let major = number(text, &mut at)?;
            if text.get(at) != Some(&b'.') {
                return Err(ParseError::expected("a dot and a number", &text[at..]));
            }
            at += 1;
            let minor = number(text, &mut at)?;
            let mut patch = 0;
            if text.get(at) == Some(&b'.') && text.get(at + 1).is_some_and(u8::is_ascii_digit) {
                at += 1;
                patch = number(text, &mut at)?;
            }
            let mut candidate = None;
            if text[at..].starts_with(b"-rc") && text.get(at + 3).is_some_and(u8::is_ascii_digit) {
                let mut end = at + 3;
                candidate = NonZeroU16::new(number(text, &mut end)?);
                at = if candidate.is_some() { end } else { at };
            }
            let version = KernelVersion { major, minor, patch, candidate };
            Ok(Self { text: text.into(), version, suffix: at })
        };
        read().map_err(|error| error.quoting(text).in_field("kernel release"))
    }

    /// The version without what was added.
    #[must_use]
    pub const fn version(&self) -> KernelVersion {
        self.version
    }

    /// What follows the version: `.el8_10.x86_64`, `+`, `-amd64`.
    #[must_use]
    pub fn suffix(&self) -> &[u8] {
        &self.text.as_bytes()[self.suffix..]
    }

    /// The whole string.
    #[must_use]
    pub const fn as_byte_string(&self) -> &ByteString {
        &self.text
    }
}

fn number(text: &[u8], at: &mut usize) -> Result<u16, ParseError> {
    let rest = &text[*at..];
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    if digits == 0 {
        return Err(ParseError::expected("a number", rest));
    }
    *at += digits;
    text::decimal(&rest[..digits])
}

impl fmt::Display for KernelRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, String) {
        let release = KernelRelease::parse(text.as_bytes()).unwrap();
        (release.version().to_string(), String::from_utf8(release.suffix().to_vec()).unwrap())
    }

    #[test]
    fn releases_of_every_distribution_are_read() {
        let expected = [
            ("6.1.0+", "6.1", "+"),
            ("6.9-rc1", "6.9-rc1", ""),
            ("6.12.0-rc3-next-20241014", "6.12-rc3", "-next-20241014"),
            ("5.15.167.4-microsoft-standard-WSL2", "5.15.167", ".4-microsoft-standard-WSL2"),
            ("4.18.0-553.el8_10.x86_64", "4.18", "-553.el8_10.x86_64"),
            ("6.1.0-40-amd64\n", "6.1", "-40-amd64"),
            ("2.6.32-431.el6.x86_64", "2.6.32", "-431.el6.x86_64"),
            ("6.8.12-tegra", "6.8.12", "-tegra"),
            ("6.6.", "6.6", "."),
            ("7.0", "7.0", ""),
        ];
        for (text, version, suffix) in expected {
            assert_eq!(parts(text), (version.into(), suffix.into()), "{text}");
        }
    }

    #[test]
    fn what_has_no_version_is_refused() {
        for text in ["", "6", "6.", "x", ".1", "70000.1", "Linux 6.1"] {
            assert!(KernelRelease::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn candidates_come_before_their_release() {
        let version = |text: &str| text.parse::<KernelVersion>().unwrap();
        assert!(version("6.9-rc1") < version("6.9-rc10"));
        assert!(version("6.9-rc10") < version("6.9"));
        assert!(version("6.9") < version("6.9.1"));
        assert!(version("6.9.1") < version("6.10-rc1"));
    }
}
