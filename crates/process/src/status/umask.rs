use core::fmt;

/// The permission bits that new files do not get.
///
/// `Display` is octal with four digits: `0022`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Umask(u16);

impl Umask {
    /// The mask of these bits.
    #[must_use]
    pub const fn new(bits: u16) -> Self {
        Self(bits)
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Umask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

crate::serialize::as_text!(Umask, "Umask", "Permission bits that new files do not get, in octal.");
