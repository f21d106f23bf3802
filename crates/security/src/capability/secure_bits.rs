use linux_support_base::Error;

use crate::{
    Scope,
    broadcast::{Step, apply},
    sys::credentials::{self as sys, Control},
};

bitflags::bitflags! {
    /// How the kernel treats user 0 and capabilities in a thread. Bits not known here are kept.
    ///
    /// The one named `…_LOCKED` makes the one before it unchangeable, in this thread and in all that come from it.
    ///
    /// # Source
    /// capabilities(7), "The securebits flags"; Documentation/userspace-api/check_exec.rst.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    #[doc(alias = "securebits")]
    pub struct SecureBits: u32 {
        /// User 0 gets no capabilities by running a program.
        #[doc(alias = "SECBIT_NOROOT")]
        const NO_ROOT = 1 << 0;
        /// Locks it.
        const NO_ROOT_LOCKED = 1 << 1;
        /// Changing user ids between 0 and others leaves the capabilities as they are.
        #[doc(alias = "SECBIT_NO_SETUID_FIXUP")]
        const NO_SETUID_FIXUP = 1 << 2;
        /// Locks it.
        const NO_SETUID_FIXUP_LOCKED = 1 << 3;
        /// Permitted capabilities stay when all user ids become other than 0. It ends when a program is run.
        #[doc(alias = "SECBIT_KEEP_CAPS")]
        const KEEP_CAPABILITIES = 1 << 4;
        /// Locks it.
        const KEEP_CAPABILITIES_LOCKED = 1 << 5;
        /// Nothing can be added to the ambient set.
        #[doc(alias = "SECBIT_NO_CAP_AMBIENT_RAISE")]
        const NO_AMBIENT_RAISE = 1 << 6;
        /// Locks it.
        const NO_AMBIENT_RAISE_LOCKED = 1 << 7;
        /// Interpreters are asked to run only files that the kernel would run. Since Linux 6.14.
        #[doc(alias = "SECBIT_EXEC_RESTRICT_FILE")]
        const RESTRICT_FILES = 1 << 8;
        /// Locks it.
        const RESTRICT_FILES_LOCKED = 1 << 9;
        /// Interpreters are asked to run nothing but files. Since Linux 6.14.
        #[doc(alias = "SECBIT_EXEC_DENY_INTERACTIVE")]
        const DENY_INTERACTIVE = 1 << 10;
        /// Locks it.
        const DENY_INTERACTIVE_LOCKED = 1 << 11;

        const _ = !0;
    }
}

/// Every bit that locks another.
const LOCKS: u32 = 0xaaa;

impl SecureBits {
    /// User 0 is nobody special, and nothing brings capabilities but a program's file; for good.
    pub const ROOT_IS_NOBODY: Self = Self::from_bits_retain(0xef);

    /// Those of the calling thread.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "PR_GET_SECUREBITS")]
    pub fn of_caller() -> Result<Self, Error> {
        let bits = sys::control(Control::SecureBits);
        let bits = bits.map_err(|errno| Error::system("read", "secure bits", errno))?;
        Ok(Self::from_bits_retain(bits as u32))
    }

    /// The bits that can't be changed any more: the locks that are set, and what they lock.
    #[must_use]
    pub const fn locked(self) -> Self {
        let locks = self.bits() & LOCKS;
        Self::from_bits_retain(locks | locks >> 1)
    }

    /// Sets them, in place of those from before.
    ///
    /// # Errors
    /// One that is locked would change, or one that the kernel does not know be set; the capability is missing; threads
    /// did not stop: see [`Scope`].
    ///
    /// # Capabilities
    /// `CAP_SETPCAP`.
    #[doc(alias = "PR_SET_SECUREBITS")]
    pub fn apply(self, scope: Scope) -> Result<(), Error> {
        let before = Self::of_caller()?;
        let refused = (self.symmetric_difference(before)).intersection(before.locked());
        if !refused.is_empty() {
            return Err(Error::invalid("set", "secure bits", format!("{refused:?} is locked")));
        }
        let control = Control::SetSecureBits(self.bits());
        apply(scope, &[Step::Control(control, "secure bits", Some("CAP_SETPCAP"))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_locks_what_is_before_it() {
        let bits = SecureBits::NO_ROOT_LOCKED | SecureBits::KEEP_CAPABILITIES;
        assert_eq!(bits.locked(), SecureBits::NO_ROOT | SecureBits::NO_ROOT_LOCKED);
        assert_eq!(SecureBits::DENY_INTERACTIVE_LOCKED.locked().bits(), 3 << 10);
        let nobody = SecureBits::ROOT_IS_NOBODY;
        assert!(nobody.contains(SecureBits::NO_ROOT | SecureBits::NO_AMBIENT_RAISE_LOCKED));
        assert!(!nobody.contains(SecureBits::KEEP_CAPABILITIES));
        assert!(nobody.contains(SecureBits::KEEP_CAPABILITIES_LOCKED));
    }

    #[test]
    fn bits_that_are_not_known_stay() {
        assert_eq!(SecureBits::from_bits_retain(1 << 20).bits(), 1 << 20);
    }
}
