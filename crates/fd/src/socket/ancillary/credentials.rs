//! Who sent a message, or is at the other end: unix(7).

use linux_support_base::{GroupId, Pid, UserId};

/// A process, as the kernel vouches for it.
///
/// The number of the process may be another's by the time that it is read: a pidfd isn't.
///
/// # Source
/// unix(7): SCM_CREDENTIALS, SO_PEERCRED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "ucred")]
#[non_exhaustive]
pub struct Credentials {
    /// The process; `None` if it is in a namespace that the reader can't see.
    pub process: Option<Pid>,
    /// Its user; the number 65534 (or what `overflowuid` says) if the reader's user namespace has no number for it.
    pub user: UserId,
    /// Its group; as above.
    pub group: GroupId,
}

impl Credentials {
    /// These, to send: each must be the process's own, if it has not CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID.
    #[must_use]
    pub const fn new(process: Pid, user: UserId, group: GroupId) -> Self {
        Self { process: Some(process), user, group }
    }

    /// Those of the calling process: its number, its real user and its real group.
    #[must_use]
    pub fn own() -> Self {
        use rustix::process::{getgid, getpid, getuid};
        Self {
            process: Pid::new(getpid().as_raw_nonzero().get()),
            user: UserId::new(getuid().as_raw()),
            group: GroupId::new(getgid().as_raw()),
        }
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks::<4>() else { return None };
        let &[process, user, group] = numbers else { return None };
        Some(Self {
            process: Pid::new(i32::from_ne_bytes(process)),
            user: UserId::new(u32::from_ne_bytes(user)),
            group: GroupId::new(u32::from_ne_bytes(group)),
        })
    }

    pub(crate) fn encode(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&self.process.map_or(0, Pid::number).to_ne_bytes());
        bytes[4..8].copy_from_slice(&self.user.number().to_ne_bytes());
        bytes[8..].copy_from_slice(&self.group.number().to_ne_bytes());
        bytes
    }
}
