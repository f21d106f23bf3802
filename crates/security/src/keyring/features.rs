use linux_support_base::{Errno, Error, Reason, Requirement};

use super::failure::failed;
use crate::sys::keyring as sys;

bitflags::bitflags! {
    /// What this kernel can do with keys.
    ///
    /// # Source
    /// keyctl_capabilities(3).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct KeyringFeatures: u64 {
        /// It tells what it can do.
        const TOLD = 1 << 0;
        /// Users' persistent keyrings.
        const PERSISTENT_KEYRINGS = 1 << 1;
        /// Diffie-Hellman.
        const DIFFIE_HELLMAN = 1 << 2;
        /// Encrypting and signing with public keys.
        const PUBLIC_KEYS = 1 << 3;
        /// Keys of up to 1 MiB.
        const BIG_KEYS = 1 << 4;
        /// [`Key::invalidate`](super::Key::invalidate).
        const INVALIDATE = 1 << 5;
        /// [`Keyring::restrict`](super::Keyring::restrict).
        const RESTRICT = 1 << 6;
        /// [`Keyring::move_to`](super::Keyring::move_to).
        const MOVE = 1 << 7;
        /// Names of keyrings are those of a user namespace.
        const NAMES_OF_NAMESPACE = 1 << 8;
        /// Keys may be those of a network namespace.
        const KEYS_OF_NAMESPACE = 1 << 9;
        /// Changes of keys can be watched.
        const NOTIFICATIONS = 1 << 10;
        /// What is not known here.
        const _ = !0;
    }
}

impl KeyringFeatures {
    /// Asks the kernel.
    ///
    /// # Errors
    /// The kernel has no keys, or is older than 5.4, which began to tell.
    #[doc(alias = "KEYCTL_CAPABILITIES")]
    pub fn of_kernel() -> Result<Self, Error> {
        let bytes = sys::features().map_err(|errno| match errno {
            Errno::OPNOTSUPP => {
                let needs = Requirement::none().since(5, 4);
                Error::new("query", "features of keyrings", Reason::NotConfigured { needs })
            }
            errno => failed("query", "features of keyrings", errno),
        })?;
        Ok(Self::from_bits_retain(u64::from_le_bytes(bytes)))
    }
}
