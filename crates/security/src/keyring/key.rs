use core::{fmt, num::NonZeroI32, time::Duration};

use linux_support_base::{ByteString, Error, GroupId, Requirement, UserId, as_text};
use rustix::io::Errno;

use super::{KeyDescription, KeyPermissions, Keyring, failure::failed};
use crate::{
    capability::{Capabilities, Capability},
    sys::keyring::{self as sys, Numbers, Text},
};

/// A key, by the kernel's number for it.
///
/// The number is used again some time after the key is gone; what leads to another key then needs permission to it.
///
/// # Source
/// keyrings(7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "key_serial_t")]
pub struct Key(NonZeroI32);

/// Names the capability that lets the caller act on keys of others, where that is what is missing.
fn needing_admin(error: Error) -> Error {
    const ADMIN: Requirement = Requirement::none().capability("CAP_SYS_ADMIN");
    match Capabilities::of_caller() {
        // The key denies its attributes to root too.
        Ok(own) if own.effective.contains(Capability::SYS_ADMIN) => error,
        _ => error.explained(ADMIN, None),
    }
}

impl Key {
    /// The key of this number, which is above 0.
    #[must_use]
    pub const fn new(number: i32) -> Option<Self> {
        if number < 1 { None } else { Self::of_number(number) }
    }

    /// As [`new`](Self::new), or what stands for a keyring of the caller.
    pub(super) const fn of_number(number: i32) -> Option<Self> {
        match NonZeroI32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// From what a call gave, which is never 0.
    pub(super) fn given(number: i32) -> Result<Self, Errno> {
        Self::of_number(number).ok_or(Errno::NOKEY)
    }

    /// Its number: below 0 for what stands for a keyring of the caller.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0.get()
    }

    fn object(self) -> String {
        format!("key {self}")
    }

    fn does(self, operation: &'static str, numbers: Numbers) -> Result<(), Error> {
        sys::numbers(numbers).map(drop).map_err(|errno| failed(operation, self.object(), errno))
    }

    /// What it is.
    ///
    /// # Errors
    /// There is none; it may not be viewed.
    #[doc(alias = "KEYCTL_DESCRIBE")]
    pub fn describe(self) -> Result<KeyDescription, Error> {
        let text = self.whole("describe", Text::Description)?;
        KeyDescription::parse(&text).map_err(|error| Error::malformed(self.object(), error))
    }

    /// What it holds.
    ///
    /// The bytes are the caller's to wipe. Where that matters, [`read_into`](Self::read_into) leaves no others behind.
    ///
    /// # Errors
    /// There is none; it may not be read; keys of its type are not for reading; it has expired or was revoked.
    #[doc(alias = "KEYCTL_READ")]
    pub fn read(self) -> Result<Vec<u8>, Error> {
        self.whole("read", Text::Content)
    }

    /// Reads what it holds into `room`, and gives its length: where that is more than there is room, nothing was read.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_into(self, room: &mut [u8]) -> Result<usize, Error> {
        sys::copy(self.number(), Text::Content, room).map_err(|errno| failed("read", self.object(), errno))
    }

    /// What a security module calls it; empty where none does.
    ///
    /// # Errors
    /// There is none; it may not be viewed.
    #[doc(alias = "KEYCTL_GET_SECURITY")]
    pub fn security_label(self) -> Result<ByteString, Error> {
        let mut text = self.whole("read the label of", Text::Label)?;
        text.pop_if(|last| *last == 0);
        Ok(text.into())
    }

    fn whole(self, operation: &'static str, text: Text) -> Result<Vec<u8>, Error> {
        let mut room = Vec::new();
        loop {
            let length = sys::copy(self.number(), text, &mut room)
                .map_err(|errno| failed(operation, self.object(), errno))?;
            if length <= room.len() {
                room.truncate(length);
                return Ok(room);
            }
            // It may grow meanwhile. What is given back was asked for with no room at all, so that it holds no secret.
            room = vec![0; length];
        }
    }

    /// Gives it other content.
    ///
    /// # Errors
    /// There is none; it may not be written; keys of its type keep what they have, or don't take this.
    #[doc(alias = "KEYCTL_UPDATE")]
    pub fn update(self, content: &[u8]) -> Result<(), Error> {
        sys::update(self.number(), content).map_err(|errno| failed("update", self.object(), errno))
    }

    /// Has everybody refused who uses it from now on. It is gone some time later.
    ///
    /// # Errors
    /// There is none; it may neither be written nor may its attributes be set.
    #[doc(alias = "KEYCTL_REVOKE")]
    pub fn revoke(self) -> Result<(), Error> {
        self.does("revoke", Numbers::Revoke(self.number()))
    }

    /// Takes it away at once, from everywhere: nobody finds it any more.
    ///
    /// # Errors
    /// There is none; it may not be searched, and is not one that root may take away.
    #[doc(alias = "KEYCTL_INVALIDATE")]
    pub fn invalidate(self) -> Result<(), Error> {
        self.does("invalidate", Numbers::Invalidate(self.number()))
    }

    /// Has it expire after so long, in whole seconds from 1 to 4,294,967,295; never, for `None`.
    ///
    /// # Errors
    /// The time is not whole, 0 or too long; there is none; its attributes may not be set.
    #[doc(alias = "KEYCTL_SET_TIMEOUT")]
    pub fn set_timeout(self, timeout: Option<Duration>) -> Result<(), Error> {
        let seconds = timeout.map_or(Ok(0), |timeout| whole_seconds("time out", timeout))?;
        self.does("time out", Numbers::Timeout(self.number(), seconds))
    }

    /// Sets who may do what with it.
    ///
    /// # Errors
    /// There is none; its attributes may not be set, and the caller is not its owner; a right that the kernel does not
    /// know (`EINVAL`).
    ///
    /// # Capabilities
    /// `CAP_SYS_ADMIN`, for keys of others.
    #[doc(alias = "KEYCTL_SETPERM")]
    pub fn set_permissions(self, permissions: KeyPermissions) -> Result<(), Error> {
        self.does("set the permissions of", Numbers::Permissions(self.number(), permissions.bits()))
            .map_err(needing_admin)
    }

    /// Gives it to another user, another group, or both. Another user's quota must have room for it.
    ///
    /// # Errors
    /// There is none; its attributes may not be set; the capability is missing; the quota is used up.
    ///
    /// # Capabilities
    /// `CAP_SYS_ADMIN`, to give it to another user, or to a group that the caller is not in. Since Linux 6.6 `CAP_CHOWN`.
    #[doc(alias = "KEYCTL_CHOWN")]
    pub fn set_owner(self, user: Option<UserId>, group: Option<GroupId>) -> Result<(), Error> {
        if user.is_some_and(UserId::is_none) || group.is_some_and(GroupId::is_none) {
            return Err(Error::invalid("give", self.object(), "expected a number below 4294967295"));
        }
        let (user, group) = (user.map_or(u32::MAX, u32::from), group.map_or(u32::MAX, u32::from));
        self.does("give", Numbers::Owner(self.number(), user, group)).map_err(needing_admin)
    }

    /// Gives the key that the caller is [making](super::assume_authority) its content, and links it.
    ///
    /// # Errors
    /// The caller has no authority for it; keys of its type don't take this.
    #[doc(alias = "KEYCTL_INSTANTIATE")]
    pub fn instantiate(self, content: &[u8], into: Option<Keyring>) -> Result<(), Error> {
        sys::instantiate(self.number(), content, Keyring::number_of(into))
            .map_err(|errno| failed("make", self.object(), errno))
    }

    /// Says of the key that the caller is making that there is none. Who asks gets this error, until the time runs out.
    ///
    /// # Errors
    /// The caller has no authority for it; the time as for [`set_timeout`](Self::set_timeout).
    #[doc(alias = "KEYCTL_REJECT")]
    #[doc(alias = "KEYCTL_NEGATE")]
    pub fn reject(self, error: Errno, timeout: Duration, into: Option<Keyring>) -> Result<(), Error> {
        let seconds = whole_seconds("reject", timeout)?;
        let (number, into) = (self.number(), Keyring::number_of(into));
        match error {
            Errno::NOKEY => self.does("reject", Numbers::Negate(number, seconds, into)),
            error => {
                let error = error.raw_os_error().cast_unsigned();
                self.does("reject", Numbers::Reject(number, seconds, error, into))
            }
        }
    }
}

/// The kernel's form of a time: it has no other.
fn whole_seconds(operation: &'static str, time: Duration) -> Result<u32, Error> {
    match u32::try_from(time.as_secs()) {
        Ok(seconds @ 1..) if time.subsec_nanos() == 0 => Ok(seconds),
        _ => {
            let accepted = "expected whole seconds, from 1 to 4294967295";
            Err(Error::invalid(operation, format!("a key after {time:?}"), accepted))
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Keyring::special_name(self.number()) {
            Some(name) => f.pad(name),
            None => self.number().fmt(f),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

as_text!(Key, "Key", "The number of a key, or @s and its like for the caller's keyrings.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_keys_are_above_0() {
        assert_eq!(Key::new(5).map(Key::number), Some(5));
        assert_eq!((Key::new(0), Key::new(-3)), (None, None));
        assert_eq!(Key::new(5).unwrap().to_string(), "5");
    }

    #[test]
    fn times_are_whole_seconds() {
        let key = Key::new(i32::MAX).unwrap();
        for time in [Duration::ZERO, Duration::from_millis(1500), Duration::from_secs(1 << 32)] {
            let error = key.set_timeout(Some(time)).unwrap_err().to_string();
            assert!(error.contains("whole seconds"), "{error}");
        }
        assert_eq!(whole_seconds("", Duration::from_secs(u32::MAX.into())), Ok(u32::MAX));
    }

    #[test]
    fn nobody_is_no_owner() {
        let error = Key::new(1).unwrap().set_owner(Some(UserId::new(u32::MAX)), None).unwrap_err();
        assert!(error.to_string().contains("below 4294967295"), "{error}");
    }
}
