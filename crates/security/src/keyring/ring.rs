use core::fmt;

use linux_support_base::{Error, as_text};
use rustix::io::Errno;

use super::{
    Key, KeyType,
    failure::{c_string, failed, with_names},
};
use crate::sys::keyring::{self as sys, Numbers};

/// A key that holds other keys: by number, or by its place in the caller.
///
/// # Source
/// keyrings(7), "Keyrings".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keyring(Key);

/// What may be linked into a keyring from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Restriction {
    /// Nothing.
    Nothing,
    /// What this type of key lets in: for asymmetric ones, `builtin_trusted`, `key_or_keyring:NUMBER:chain` and the like.
    ByType(KeyType, String),
}

/// The caller's keyrings, as keyctl(1) writes them.
const SPECIAL: [&str; 8] = ["@t", "@p", "@s", "@u", "@us", "@g", "@a", "@r"];

macro_rules! special {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {$(
        $(#[$doc])*
        pub const $name: Self = match Key::of_number($number) {
            Some(key) => Self(key),
            None => unreachable!(),
        };
    )*};
}

impl Keyring {
    special! {
        /// That of the calling thread, which goes with it and is not inherited.
        #[doc(alias = "KEY_SPEC_THREAD_KEYRING")]
        THREAD = -1;
        /// That of the process, which goes with it and is not inherited.
        #[doc(alias = "KEY_SPEC_PROCESS_KEYRING")]
        PROCESS = -2;
        /// That of the session, which is inherited and kept by programs that are run. Where there is none, the user's.
        #[doc(alias = "KEY_SPEC_SESSION_KEYRING")]
        SESSION = -3;
        /// That of all processes of the real user.
        #[doc(alias = "KEY_SPEC_USER_KEYRING")]
        USER = -4;
        /// That of the real user's sessions which have none of their own.
        #[doc(alias = "KEY_SPEC_USER_SESSION_KEYRING")]
        USER_SESSION = -5;
        /// For a program that makes a key: the keyring into which the one who asked would have it linked.
        #[doc(alias = "KEY_SPEC_REQUESTOR_KEYRING")]
        REQUESTER = -8;
    }

    /// The keyring that is this key. Where the key is none, what is done with it is refused.
    #[must_use]
    pub const fn new(key: Key) -> Self {
        Self(key)
    }

    pub(super) fn special_name(number: i32) -> Option<&'static str> {
        SPECIAL.get(usize::try_from(number.checked_neg()?.checked_sub(1)?).ok()?).copied()
    }

    /// Its number, or 0 for none.
    pub(super) fn number_of(ring: Option<Self>) -> i32 {
        ring.map_or(0, |ring| ring.0.number())
    }

    /// It, as a key.
    #[must_use]
    pub const fn key(self) -> Key {
        self.0
    }

    fn object(self) -> String {
        format!("keyring {self}")
    }

    /// The number of one that is named by its place; `make` says whether it is made where there is none.
    ///
    /// # Errors
    /// There is none, or it may not be searched.
    #[doc(alias = "KEYCTL_GET_KEYRING_ID")]
    pub fn resolve(self, make: bool) -> Result<Self, Error> {
        sys::numbers(Numbers::Id(self.0.number(), make.into()))
            .and_then(|number| Key::given(number as i32))
            .map(Self)
            .map_err(|errno| failed("find", self.object(), errno))
    }

    /// Adds a key, in place of another of this type and description: where that is one that takes other content, it gets
    /// this and stays the same key.
    ///
    /// # Errors
    /// It may not be written; the content is none for this type (`EINVAL`); the user's quota is used up; the description
    /// is longer than 4,095 bytes or holds a NUL; a keyring's begins with `.`.
    #[doc(alias = "add_key")]
    pub fn add(self, kind: &KeyType, description: impl AsRef<[u8]>, content: &[u8]) -> Result<Key, Error> {
        with_names("add", kind, description.as_ref(), |kind, description| {
            sys::add(kind, description, content, self.0.number()).and_then(Key::given)
        })
    }

    /// Adds an empty keyring, in place of another of this description.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
    pub fn add_keyring(self, description: impl AsRef<[u8]>) -> Result<Self, Error> {
        self.add(&KeyType::Keyring, description, b"").map(Self)
    }

    /// The keys that it holds, as far as the caller may read it; keyrings among them.
    ///
    /// # Errors
    /// There is none; it may not be read.
    pub fn keys(self) -> Result<Vec<Key>, Error> {
        let bytes = self.0.read()?;
        let (numbers, _) = bytes.as_chunks();
        Ok(numbers.iter().filter_map(|number| Key::new(i32::from_ne_bytes(*number))).collect())
    }

    /// Looks for a key, here and in all keyrings that this one leads to; `None` where there is none. `into` gets a link
    /// to it.
    ///
    /// # Errors
    /// It may not be searched; only such were found as the caller may not have, or as have expired, were revoked or
    /// invalidated.
    #[doc(alias = "KEYCTL_SEARCH")]
    pub fn search(
        self,
        kind: &KeyType,
        description: impl AsRef<[u8]>,
        into: Option<Self>,
    ) -> Result<Option<Key>, Error> {
        with_names("find", kind, description.as_ref(), |kind, description| {
            match sys::search(self.0.number(), kind, description, Self::number_of(into)) {
                Err(Errno::NOKEY) => Ok(None),
                found => found.and_then(Key::given).map(Some),
            }
        })
    }

    /// Links a key into it, in place of another of the same type and description.
    ///
    /// # Errors
    /// It may not be written; the key may not be linked; keyrings would hold one another.
    #[doc(alias = "KEYCTL_LINK")]
    pub fn link(self, key: impl Into<Key>) -> Result<(), Error> {
        let key = key.into();
        self.with(key, "link", Numbers::Link(key.number(), self.0.number()))
    }

    /// Takes a key from it. A key that is in no keyring any more goes.
    ///
    /// # Errors
    /// It may not be written; the key is not in it.
    #[doc(alias = "KEYCTL_UNLINK")]
    pub fn unlink(self, key: impl Into<Key>) -> Result<(), Error> {
        let key = key.into();
        self.with(key, "unlink", Numbers::Unlink(key.number(), self.0.number()))
    }

    /// Moves a key from it into another keyring. `replace` says whether it takes the place of another one there, of the
    /// same type and description.
    ///
    /// # Errors
    /// As for [`link`](Self::link) and [`unlink`](Self::unlink); there is such a key (`EEXIST`).
    ///
    /// # Kernel
    /// Since 5.3.
    #[doc(alias = "KEYCTL_MOVE")]
    pub fn move_to(self, key: impl Into<Key>, to: Self, replace: bool) -> Result<(), Error> {
        const EXCLUSIVE: u32 = 1;
        let key = key.into();
        let flags = if replace { 0 } else { EXCLUSIVE };
        self.with(key, "move", Numbers::Move(key.number(), self.0.number(), to.0.number(), flags))
    }

    fn with(self, key: Key, operation: &'static str, numbers: Numbers) -> Result<(), Error> {
        sys::numbers(numbers)
            .map(drop)
            .map_err(|errno| failed(operation, format!("key {key} and keyring {self}"), errno))
    }

    /// Takes all keys from it.
    ///
    /// # Errors
    /// It may not be written.
    #[doc(alias = "KEYCTL_CLEAR")]
    pub fn clear(self) -> Result<(), Error> {
        sys::numbers(Numbers::Clear(self.0.number()))
            .map(drop)
            .map_err(|errno| failed("clear", self.object(), errno))
    }

    /// Says, once and for good, what may be linked into it.
    ///
    /// # Errors
    /// Its attributes may not be set; it was restricted before (`EEXIST`); the type knows no such restriction.
    ///
    /// # Kernel
    /// Since 4.12.
    #[doc(alias = "KEYCTL_RESTRICT_KEYRING")]
    pub fn restrict(self, restriction: &Restriction) -> Result<(), Error> {
        let texts = match restriction {
            Restriction::Nothing => None,
            Restriction::ByType(kind, how) => {
                Some((c_string("restrict", kind.name())?, c_string("restrict", how.as_bytes())?))
            }
        };
        sys::restrict(self.0.number(), texts.as_ref().map(|(kind, how)| (kind.as_c_str(), how.as_c_str())))
            .map_err(|errno| failed("restrict", self.object(), errno))
    }
}

impl From<Keyring> for Key {
    fn from(ring: Keyring) -> Self {
        ring.0
    }
}

impl fmt::Display for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({self})")
    }
}

as_text!(Keyring, "Keyring", "The number of a keyring, or @s and its like for the caller's.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_keyrings_are_written_as_keyctl_writes_them() {
        let rings =
            [Keyring::THREAD, Keyring::PROCESS, Keyring::SESSION, Keyring::USER, Keyring::USER_SESSION];
        assert_eq!(rings.map(|ring| ring.to_string()), ["@t", "@p", "@s", "@u", "@us"]);
        assert_eq!(Keyring::REQUESTER.to_string(), "@r");
        assert_eq!(Keyring::special_name(i32::MIN), None);
        assert_eq!(Keyring::special_name(-9), None);
    }

    #[test]
    fn names_that_the_kernel_could_not_take_are_told() {
        let add = |name: &[u8]| Keyring::SESSION.add(&KeyType::User, name, b"").unwrap_err().to_string();
        assert!(add(b"a\0b").contains("without the byte NUL"));
        assert!(add(&[b'a'; 4096]).contains("4095 at most"));
        assert!(!add(b"a\0b").contains("secret"));
    }
}
