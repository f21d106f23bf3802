use linux_support_base::{Error, Requirement, UserId};

use super::{
    Key, KeyType, Keyring,
    failure::{c_string, failed, with_names},
};
use crate::sys::keyring::{self as sys, Numbers};

/// Gives the calling thread, and what it starts later, another session keyring: that of this name, which is made where
/// the user has none; or a new one without a name, which nobody else can join.
///
/// # Errors
/// The keyring may not be searched; the name begins with `.`; the user's quota is used up.
#[doc(alias = "KEYCTL_JOIN_SESSION_KEYRING")]
pub fn join_session(name: Option<&str>) -> Result<Keyring, Error> {
    let object =
        || name.map_or_else(|| "a new session keyring".into(), |name| format!("session keyring {name}"));
    let text = name.map(|name| c_string("join", name.as_bytes())).transpose()?;
    sys::join_session(text.as_deref())
        .and_then(Key::given)
        .map(Keyring::new)
        .map_err(|errno| failed("join", object(), errno))
}

/// Gives the parent process the caller's session keyring, the next time that it returns from the kernel.
///
/// # Errors
/// The parent is another user's, has more than one thread, or is the first process; or the caller has no session keyring
/// that could be linked.
#[doc(alias = "KEYCTL_SESSION_TO_PARENT")]
pub fn set_session_of_parent() -> Result<(), Error> {
    sys::numbers(Numbers::SessionToParent)
        .map(drop)
        .map_err(|errno| failed("set", "the parent's session keyring", errno))
}

/// Links a user's persistent keyring into one of the caller's. It is there until nobody has asked for it for as long as
/// the sysctl `kernel.keys.persistent_keyring_expiry` says.
///
/// # Errors
/// The kernel has none (CONFIG_PERSISTENT_KEYRINGS); the keyring may not be written; the capability is missing.
///
/// # Capabilities
/// `CAP_SETUID`, for another user than the caller's real or effective one.
#[doc(alias = "KEYCTL_GET_PERSISTENT")]
pub fn persistent(user: Option<UserId>, into: Keyring) -> Result<Keyring, Error> {
    const NEEDS: Requirement =
        Requirement::none().since(3, 13).configuration("CONFIG_PERSISTENT_KEYRINGS").capability("CAP_SETUID");
    let number = user.map_or(u32::MAX, u32::from);
    sys::numbers(Numbers::Persistent(number, into.key().number()))
        .and_then(|key| Key::given(key as i32))
        .map(Keyring::new)
        .map_err(|errno| {
            let object = user.map_or("the caller".into(), |user| format!("user {user}"));
            let object = format!("the persistent keyring of {object}");
            match errno {
                rustix::io::Errno::OPNOTSUPP => {
                    let reason = linux_support_base::Reason::NotConfigured { needs: NEEDS };
                    Error::new("link", object, reason)
                }
                errno => failed("link", object, errno).explained(NEEDS, None),
            }
        })
}

/// Looks for a key in the thread's, the process's and the session's keyring, in that order, and in all that these lead
/// to. Where there is none and `callout` says what for, the kernel runs `/sbin/request-key` to make it. `into` gets a link
/// to it.
///
/// # Errors
/// There is none ([`Reason::Absent`](linux_support_base::Reason::Absent)), or it has expired, was revoked, or was refused.
#[doc(alias = "request_key")]
pub fn request(
    kind: &KeyType,
    description: impl AsRef<[u8]>,
    callout: Option<&[u8]>,
    into: Option<Keyring>,
) -> Result<Key, Error> {
    let callout = callout.map(|text| c_string("request", text)).transpose()?;
    with_names("request", kind, description.as_ref(), |kind, description| {
        sys::request(kind, description, callout.as_deref(), Keyring::number_of(into)).and_then(Key::given)
    })
}

/// Into which keyring keys go that are made for a [request] without `into`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[doc(alias = "KEYCTL_SET_REQKEY_KEYRING")]
pub enum RequestDestination {
    /// The first that is there: where the one who asked would have it, the thread's, the process's, the session's.
    Default,
    /// The thread's.
    Thread,
    /// The process's.
    Process,
    /// The session's.
    Session,
    /// The user's.
    User,
    /// That of the user's sessions.
    UserSession,
    /// Where the one who asked would have it.
    Requester,
    /// One that is not known here.
    Unknown(i32),
}

impl RequestDestination {
    const KNOWN: [(Self, i32); 7] = [
        (Self::Default, 0),
        (Self::Thread, 1),
        (Self::Process, 2),
        (Self::Session, 3),
        (Self::User, 4),
        (Self::UserSession, 5),
        (Self::Requester, 7),
    ];

    fn number(self) -> i32 {
        let known = Self::KNOWN.iter().find(|(known, _)| *known == self);
        match (self, known) {
            (Self::Unknown(number), _) => number,
            (_, known) => known.map_or(0, |(_, number)| *number),
        }
    }

    fn of_number(number: i32) -> Self {
        let known = Self::KNOWN.iter().find(|(_, known)| *known == number);
        known.map_or(Self::Unknown(number), |(known, _)| *known)
    }
}

/// Sets it for the calling thread, and gives what it was.
///
/// # Errors
/// It is not one that the kernel knows (`EINVAL`).
pub fn set_request_destination(destination: RequestDestination) -> Result<RequestDestination, Error> {
    sys::numbers(Numbers::DefaultDestination(destination.number()))
        .map(|before| RequestDestination::of_number(before as i32))
        .map_err(|errno| failed("set", format!("{destination:?} for keys that are requested"), errno))
}

/// Takes the authority to make the key that the kernel started the calling program for, with what the one who asked could
/// reach; gives it up, for `None`.
///
/// # Errors
/// There is no such authority in the caller's keyrings.
#[doc(alias = "KEYCTL_ASSUME_AUTHORITY")]
pub fn assume_authority(key: Option<Key>) -> Result<(), Error> {
    let object = || key.map_or("no key".into(), |key| format!("key {key}"));
    sys::numbers(Numbers::Assume(key.map_or(0, Key::number)))
        .map(drop)
        .map_err(|errno| failed("assume the authority to make", object(), errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_go_there_and_back() {
        for number in -2..10 {
            assert_eq!(RequestDestination::of_number(number).number(), number);
        }
        assert_eq!(RequestDestination::of_number(7), RequestDestination::Requester);
        assert_eq!(RequestDestination::of_number(6), RequestDestination::Unknown(6));
    }
}
