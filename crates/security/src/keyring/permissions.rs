use core::{fmt, str::FromStr};

use linux_support_base::{ParseError, as_text, text::hexadecimal};

bitflags::bitflags! {
    /// What somebody may do with a key.
    ///
    /// # Source
    /// keyrings(7), "Access rights".
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct KeyRights: u8 {
        /// See its type, description and owner.
        const VIEW = 0x01;
        /// Read what it holds.
        const READ = 0x02;
        /// Give it other content, revoke it; link keys into a keyring and out of it.
        const WRITE = 0x04;
        /// Find it, and look for keys in a keyring.
        const SEARCH = 0x08;
        /// Link it into keyrings.
        const LINK = 0x10;
        /// Change owner, permissions and time.
        const SET_ATTRIBUTES = 0x20;
        /// What is not known here.
        const _ = !0;
    }
}

impl KeyRights {
    /// All that are known.
    pub const ALL: Self = Self::from_bits_retain(0x3f);
}

/// Who may do what with a key.
///
/// `Display` is the kernel's form: eight hexadecimal digits.
///
/// ```
/// use linux_support_security::keyring::{KeyPermissions, KeyRights};
///
/// let permissions = KeyPermissions::from_bits(0x3f01_0000);
/// assert_eq!(permissions.possessor, KeyRights::ALL);
/// assert_eq!(permissions.user, KeyRights::VIEW);
/// assert_eq!(permissions.to_string(), "3f010000");
/// ```
///
/// # Source
/// keyctl_setperm(3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[doc(alias = "key_perm_t")]
pub struct KeyPermissions {
    /// Who has a keyring that leads to the key, and may search all of them. It is added to what the others have.
    pub possessor: KeyRights,
    /// The owner.
    pub user: KeyRights,
    /// Others of the key's group.
    pub group: KeyRights,
    /// All others.
    pub other: KeyRights,
}

impl KeyPermissions {
    /// From the kernel's form.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        let [possessor, user, group, other] = bits.to_be_bytes();
        Self {
            possessor: KeyRights::from_bits_retain(possessor),
            user: KeyRights::from_bits_retain(user),
            group: KeyRights::from_bits_retain(group),
            other: KeyRights::from_bits_retain(other),
        }
    }

    /// The kernel's form.
    #[must_use]
    pub const fn bits(self) -> u32 {
        u32::from_be_bytes([self.possessor.bits(), self.user.bits(), self.group.bits(), self.other.bits()])
    }

    /// Reads hexadecimal digits.
    ///
    /// # Errors
    /// Anything else, and more than 32 bits.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        hexadecimal(text).map(Self::from_bits)
    }
}

impl fmt::Display for KeyPermissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.bits())
    }
}

impl FromStr for KeyPermissions {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text.as_bytes())
    }
}

as_text!(KeyPermissions, "KeyPermissions", "Who may do what with a key: eight hexadecimal digits.");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_digit_is_for_somebody() {
        let permissions: KeyPermissions = "3f1b0804".parse().unwrap();
        assert_eq!(permissions.possessor, KeyRights::ALL);
        assert_eq!(permissions.user, KeyRights::ALL - KeyRights::SET_ATTRIBUTES - KeyRights::WRITE);
        assert_eq!((permissions.group, permissions.other), (KeyRights::SEARCH, KeyRights::WRITE));
        for text in ["", "3f1b08041", "-1", "0x1"] {
            assert!(text.parse::<KeyPermissions>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn unknown_rights_are_kept(bits: u32) {
            prop_assert_eq!(KeyPermissions::from_bits(bits).bits(), bits);
            prop_assert_eq!(KeyPermissions::from_bits(bits).to_string().parse(), Ok(KeyPermissions::from_bits(bits)));
        }
    }
}
