//! Who may do what to a file.

use core::fmt;

use rustix::fs::Mode;

/// The mode of a file: the permissions of its owner, its group and all others, with set-user-ID, set-group-ID and
/// sticky.
///
/// `Display` is octal.
///
/// ```
/// use linux_support_fd::directory::FileMode;
///
/// assert_eq!(FileMode::new(0o1777).unwrap().to_string(), "1777");
/// assert_eq!(FileMode::OWNER.to_string(), "0600");
/// assert_eq!(FileMode::new(0o100_644), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "mode_t")]
pub struct FileMode(u16);

impl FileMode {
    /// The owner reads and writes, as fits a file with secrets.
    pub const OWNER: Self = Self(0o600);
    /// The owner does all, as fits a directory with secrets, or a program of one's own.
    pub const OWNER_ALL: Self = Self(0o700);
    /// Everyone reads, and the owner writes.
    pub const READABLE: Self = Self(0o644);
    /// Everyone enters or executes, and the owner writes.
    pub const SEARCHABLE: Self = Self(0o755);

    /// The mode of these bits; `None` where there are others than the lowest twelve.
    #[must_use]
    pub const fn new(bits: u16) -> Option<Self> {
        if bits <= 0o7777 { Some(Self(bits)) } else { None }
    }

    /// The twelve bits.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    pub(super) const fn of_status(mode: u16) -> Self {
        Self(mode & 0o7777)
    }

    pub(super) fn raw(self) -> Mode {
        Mode::from_raw_mode(self.0.into())
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}
