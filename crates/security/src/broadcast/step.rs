use rustix::io::Errno;

use super::Failure;
use crate::sys::credentials::{self as sys, Control, Sets};

/// Something that a thread does to its own credentials.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// Supplementary groups.
    Supplementary(&'a [u32]),
    /// Real, effective and saved group, and that for files.
    Groups([u32; 3], u32),
    /// Real, effective and saved user, and that for files.
    Users([u32; 3], u32),
    /// Effective, permitted and inheritable capabilities.
    Capabilities(Sets),
    /// An option of prctl(2), what it is about, and the capability that it needs.
    Control(Control, &'static str, Option<&'static str>),
    /// The descriptor of Landlock's rules to be enforced, and flags.
    Landlock(i32, u32),
    /// Tries all ways back to what was given up, each of which must fail.
    NoWayBack(Confined),
}

/// What is left after a change of identity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Confined {
    /// The user that must not be had again: the superuser, unless it is the one that the process became.
    pub(crate) user: Option<u32>,
    /// The group that must not be had again.
    pub(crate) group: Option<u32>,
    /// Capabilities that stay permitted.
    pub(crate) kept: u64,
}

/// The ways back, in the order in which they are tried.
pub(super) const WAYS: [&str; 18] = [
    "setuid(0)",
    "setreuid(0, 0)",
    "setreuid(-1, 0)",
    "setresuid(0, 0, 0)",
    "setresuid(0, -1, -1)",
    "setresuid(-1, 0, -1)",
    "setresuid(-1, -1, 0)",
    "setfsuid(0)",
    "setgid(0)",
    "setregid(0, 0)",
    "setregid(-1, 0)",
    "setresgid(0, 0, 0)",
    "setresgid(0, -1, -1)",
    "setresgid(-1, 0, -1)",
    "setresgid(-1, -1, 0)",
    "setfsgid(0)",
    "setgroups(0)",
    "capset of a capability that was dropped",
];

/// Takes the steps in turn, until one fails.
pub(crate) fn perform(steps: &[Step<'_>]) -> Result<(), Failure> {
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Supplementary(groups) => sys::set_supplementary(groups),
            Step::Groups(ids, file) => {
                sys::set_groups(*ids).and_then(|()| follow(ids[1], *file, sys::exchange_file_group))
            }
            Step::Users(ids, file) => {
                sys::set_users(*ids).and_then(|()| follow(ids[1], *file, sys::exchange_file_user))
            }
            Step::Capabilities(sets) => sys::set_capabilities(*sets),
            Step::Control(control, ..) => sys::control(*control).map(drop),
            Step::Landlock(rules, flags) => crate::sys::landlock::restrict(*rules, *flags),
            Step::NoWayBack(confined) => match way_back(confined) {
                Some(way) => return Err(Failure::back(number, way)),
                None => Ok(()),
            },
        }
        .map_err(|errno| Failure::of(number, errno))?;
    }
    Ok(())
}

/// Sets the id for files, where it is not the effective one, which it follows by itself.
fn follow(effective: u32, file: u32, exchange: fn(u32) -> Result<u32, Errno>) -> Result<(), Errno> {
    if effective == file {
        return Ok(());
    }
    exchange(file)?;
    // The call can't fail; that it did nothing shows in what it gives the next time.
    if exchange(u32::MAX)? == file { Ok(()) } else { Err(Errno::PERM) }
}

/// The first way that leads back.
fn way_back(confined: &Confined) -> Option<usize> {
    const STAYS: u32 = u32::MAX;
    type Try = fn(u32) -> Result<(), Errno>;
    const USERS: [Try; 8] = [
        sys::set_user_classic,
        |id| sys::set_users_classic(id, id),
        |id| sys::set_users_classic(STAYS, id),
        |id| sys::set_users([id; 3]),
        |id| sys::set_users([id, STAYS, STAYS]),
        |id| sys::set_users([STAYS, id, STAYS]),
        |id| sys::set_users([STAYS, STAYS, id]),
        |id| is_file_id(id, sys::exchange_file_user),
    ];
    const GROUPS: [Try; 9] = [
        sys::set_group_classic,
        |id| sys::set_groups_classic(id, id),
        |id| sys::set_groups_classic(STAYS, id),
        |id| sys::set_groups([id; 3]),
        |id| sys::set_groups([id, STAYS, STAYS]),
        |id| sys::set_groups([STAYS, id, STAYS]),
        |id| sys::set_groups([STAYS, STAYS, id]),
        |id| is_file_id(id, sys::exchange_file_group),
        |id| sys::set_supplementary(&[id]),
    ];
    let found = |tries: &[Try], id: u32| tries.iter().position(|attempt| attempt(id).is_ok());
    confined
        .user
        .and_then(|user| found(&USERS, user))
        .or_else(|| Some(USERS.len() + found(&GROUPS, confined.group?)?))
        .or_else(|| regains(confined.kept).then_some(USERS.len() + GROUPS.len()))
}

/// Whether a capability that was dropped can be permitted again. The sets are left as they are.
fn regains(kept: u64) -> bool {
    let Ok(now) = sys::capabilities(0) else { return false };
    (0..64u32).map(|number| 1u64 << number).filter(|bit| kept & bit == 0).any(|bit| {
        let more = Sets { effective: now.effective | bit, permitted: now.permitted | bit, ..now };
        // The kernel passes over capabilities beyond its last.
        sys::set_capabilities(more).is_ok()
            && sys::capabilities(0).is_ok_and(|sets| sets.permitted & bit != 0)
    })
}

fn is_file_id(id: u32, exchange: fn(u32) -> Result<u32, Errno>) -> Result<(), Errno> {
    let before = exchange(id)?;
    if exchange(before)? == id { Ok(()) } else { Err(Errno::PERM) }
}

impl Step<'_> {
    pub(super) fn operation(&self) -> &'static str {
        match self {
            Self::NoWayBack(_) => "leave",
            Self::Landlock(..) => "enforce",
            Self::Control(
                Control::DropBounding(_) | Control::LowerAmbient(_) | Control::ClearAmbient,
                ..,
            ) => "drop",
            _ => "set",
        }
    }

    pub(super) fn object(&self) -> &'static str {
        match self {
            Self::Supplementary(_) => "supplementary groups",
            Self::Groups(..) => "group ids",
            Self::Users(..) => "user ids",
            Self::Capabilities(_) => "capabilities",
            Self::Control(_, object, _) => object,
            Self::NoWayBack(_) => "the identity from before",
            Self::Landlock(..) => "Landlock rules",
        }
    }

    pub(super) fn capability(&self) -> Option<&'static str> {
        match self {
            Self::Supplementary(_) | Self::Groups(..) => Some("CAP_SETGID"),
            Self::Users(..) => Some("CAP_SETUID"),
            Self::Capabilities(_) | Self::NoWayBack(_) | Self::Landlock(..) => None,
            Self::Control(.., capability) => *capability,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(change: impl FnOnce() + Send + 'static, confined: Confined) -> Option<&'static str> {
        let thread = std::thread::spawn(move || {
            change();
            perform(&[Step::NoWayBack(confined)]).err().and_then(Failure::way_back)
        });
        thread.join().unwrap()
    }

    #[test]
    #[cfg_attr(user_emulation, ignore = "the emulator keeps user ids for the whole process")]
    fn each_way_that_is_left_open_is_found() {
        const SETUID_SETGID: u64 = 0b1100_0000;
        let able = sys::capabilities(0).is_ok_and(|sets| sets.effective & SETUID_SETGID == SETUID_SETGID);
        if !able {
            println!("skipped: needs CAP_SETUID and CAP_SETGID");
            return;
        }
        let root = Confined { user: Some(0), group: None, kept: 0 };
        assert_eq!(found(|| {}, root), Some("setuid(0)"));
        assert_eq!(found(|| sys::set_users([5, 5, 0]).unwrap(), root), Some("setuid(0)"));
        let drop_all = || sys::set_capabilities(Sets::default()).unwrap();
        assert_eq!(
            found(
                move || {
                    sys::set_users([0, 5, 5]).unwrap();
                    drop_all();
                },
                root
            ),
            Some("setuid(0)")
        );
        assert_eq!(found(|| sys::set_users([5, 5, 5]).unwrap(), root), None);
        let group = Confined { user: Some(0), group: Some(0), kept: 0 };
        let in_group = || {
            sys::set_groups([6, 6, 0]).unwrap();
            sys::set_users([5, 5, 5]).unwrap();
        };
        assert_eq!(found(in_group, group), Some("setgid(0)"));
        let keeping = || {
            sys::set_groups([6; 3]).unwrap();
            sys::control(Control::SetKeepCapabilities(true)).unwrap();
            sys::set_users([5; 3]).unwrap();
        };
        // Nothing is effective, but all is permitted.
        assert_eq!(found(keeping, group), Some("capset of a capability that was dropped"));
    }
}
