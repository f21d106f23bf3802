use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use linux_support_base::{ByteString, Error, GroupId, Pid, Reason, UserId};

use super::{GroupIdMap, GroupSetting, IdCount, IdMap, IdRange, NamespaceKinds, UserIdMap, unshare};
use crate::{
    capability::{Capabilities, Capability, require},
    identity::Credentials,
};

/// How many ranges a map may have.
pub const MOST_RANGES: usize = 340;

impl<T: Copy + From<u32> + Into<u32>> IdMap<T> {
    /// A map of these ranges.
    ///
    /// # Errors
    /// There is none, or more than [`MOST_RANGES`]; a range is empty, leads beyond the last id, or has an id in common
    /// with another, inside or outside.
    pub fn new(ranges: Vec<IdRange<T>>) -> Result<Self, Error> {
        let refuse = |why: String| Err(Error::invalid("make", "id map", why));
        if ranges.is_empty() || ranges.len() > MOST_RANGES {
            return refuse(format!("1 to {MOST_RANGES} ranges are accepted, not {}", ranges.len()));
        }
        let end = |first: T, count: IdCount| first.into().checked_add(count.get());
        for (number, range) in ranges.iter().enumerate() {
            let (inside, outside, count): (u32, u32, _) =
                (range.inside.into(), range.outside.into(), range.count.get());
            if count == 0 {
                return refuse(format!("the range at {inside} is empty"));
            }
            if end(range.inside, range.count).is_none() || end(range.outside, range.count).is_none() {
                return refuse(format!(
                    "{count} ids from {inside}, outside {outside}, lead beyond the last one"
                ));
            }
            let overlap = |one: u32, other: u32, length: u32| {
                u64::from(one) < u64::from(other) + u64::from(length)
                    && u64::from(other) < u64::from(one) + u64::from(count)
            };
            for other in &ranges[..number] {
                let length = other.count.get();
                let side = if overlap(inside, other.inside.into(), length) {
                    "inside"
                } else if overlap(outside, other.outside.into(), length) {
                    "outside"
                } else {
                    continue;
                };
                let first: u32 = other.inside.into();
                return refuse(format!("the ranges at {first} and at {inside} have ids in common {side}"));
            }
        }
        Ok(Self(ranges))
    }

    /// A map of one id.
    #[must_use]
    pub fn single(inside: T, outside: T) -> Self {
        Self(vec![IdRange { inside, outside, count: IdCount::new(1) }])
    }

    fn lines(&self) -> Vec<u8> {
        let line = |range: &IdRange<T>| {
            let (inside, outside): (u32, u32) = (range.inside.into(), range.outside.into());
            format!("{inside} {outside} {}\n", range.count.get()).into_bytes()
        };
        self.ranges().iter().flat_map(line).collect()
    }
}

/// How the users and groups of a new user namespace are numbered outside: written once, by whoever may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceMaps {
    users: UserIdMap,
    groups: GroupIdMap,
}

/// By which way maps were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MapsWritten {
    /// As they are.
    Directly,
    /// As they are, after supplementary groups were denied for good: without privileges it takes that.
    WithoutGroups,
    /// By newuidmap(1) and newgidmap(1), within what `/etc/subuid` and `/etc/subgid` give.
    ByHelpers,
}

impl NamespaceMaps {
    /// These maps.
    #[must_use]
    pub fn new(users: UserIdMap, groups: GroupIdMap) -> Self {
        Self { users, groups }
    }

    /// The caller's own effective user and group, as another user and group inside.
    ///
    /// # Errors
    /// None that is known.
    pub fn of_caller_as(user: UserId, group: GroupId) -> Result<Self, Error> {
        let users = IdMap::single(user, Credentials::<UserId>::of_caller()?.effective);
        let groups = IdMap::single(group, Credentials::<GroupId>::of_caller()?.effective);
        Ok(Self { users, groups })
    }

    /// Writes them for a child of the caller's that has made its own user namespace and was not waited for yet, so that
    /// its number is still its own.
    ///
    /// With the capabilities they are written as they are; without, a map of the caller's own ids alone is written, after
    /// supplementary groups were denied; all else is left to the helpers.
    ///
    /// # Errors
    /// They were written before (`EPERM`); the caller or a helper may not; there are no helpers. The error says what was
    /// written before that, and stays.
    ///
    /// # Capabilities
    /// `CAP_SETUID` and `CAP_SETGID`, for what the helpers need not do; `CAP_SETFCAP` if user 0 outside is mapped.
    ///
    /// # Source
    /// user_namespaces(7), newuidmap(1).
    #[doc(alias = "uid_map")]
    #[doc(alias = "newuidmap")]
    pub fn write_for(&self, child: Pid) -> Result<MapsWritten, Error> {
        let able = Capabilities::of_caller()?.effective;
        if able.contains(Capability::SETUID) && able.contains(Capability::SETGID) {
            if self.has_root() {
                // Else the kernel refuses after the groups were written.
                require(Capability::SETFCAP, "write", "a map of user 0 outside")?;
            }
            self.write(&child.to_string())?;
            return Ok(MapsWritten::Directly);
        }
        if self.is_of_caller()? {
            deny_groups(&child.to_string())?;
            self.write(&child.to_string())
                .map_err(|error| after(&error, "supplementary groups were denied for good"))?;
            return Ok(MapsWritten::WithoutGroups);
        }
        help("newgidmap", child, self.groups.lines())?;
        help("newuidmap", child, self.users.lines())
            .map_err(|error| after(&error, "newgidmap has written the map of groups"))?;
        Ok(MapsWritten::ByHelpers)
    }

    fn has_root(&self) -> bool {
        self.users.ranges().iter().any(|range| range.outside == UserId::ROOT)
    }

    fn is_of_caller(&self) -> Result<bool, Error> {
        let own = Self::of_caller_as(UserId::ROOT, GroupId::ROOT)?;
        fn same<T: Copy + Into<u32>>(one: &IdMap<T>, own: &IdMap<T>) -> bool {
            matches!((&one.0[..], &own.0[..]), ([one], [own])
                if one.count.get() == 1 && one.outside.into() == own.outside.into())
        }
        Ok(same(&self.users, &own.users) && same(&self.groups, &own.groups))
    }

    fn write(&self, process: &str) -> Result<(), Error> {
        write(process, "gid_map", &self.groups.lines())?;
        write(process, "uid_map", &self.users.lines())
            .map_err(|error| after(&error, "the map of groups was written"))
    }
}

/// Makes a user namespace, and others that belong to it, for the calling process, which must have one thread: there it
/// is `user` and `group`, outside it stays what it is, and supplementary groups are denied for good.
///
/// # Errors
/// The process has several threads; the machine lets nobody make user namespaces, or no more of them; the caller is root
/// without the capability. If only the maps could not be written, the error says that the namespaces were made.
///
/// # Capabilities
/// None, but for user 0: `CAP_SETFCAP`.
pub fn unshare_as(user: UserId, group: GroupId, others: NamespaceKinds) -> Result<(), Error> {
    // The ids outside, which are no longer to be had afterwards.
    let maps = NamespaceMaps::of_caller_as(user, group)?;
    if maps.has_root() {
        require(Capability::SETFCAP, "write", "a map of user 0 outside")?;
    }
    unshare(NamespaceKinds::USER | others)?;
    let made = "the namespaces were made, and the process is in them";
    deny_groups("self").and_then(|()| maps.write("self")).map_err(|error| after(&error, made))
}

/// The error, with what was done before and stays.
fn after(error: &Error, done: &str) -> Error {
    let object = [error.object().as_bytes(), b" after ", done.as_bytes()].concat();
    Error::new(error.operation(), ByteString::from(object), error.reason().clone())
}

fn deny_groups(process: &str) -> Result<(), Error> {
    write(process, "setgroups", GroupSetting::Denied.to_string().as_bytes())
}

fn write(process: &str, name: &str, text: &[u8]) -> Result<(), Error> {
    let path = format!("/proc/{process}/{name}");
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text))
        .map_err(|error| {
            let errno = rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO);
            Error::system("write", path, errno)
        })
}

/// Runs a helper, which is set-user-ID or has capabilities: only where the system has its own programs.
fn help(name: &'static str, child: Pid, lines: Vec<u8>) -> Result<(), Error> {
    let program =
        ["/usr/bin", "/bin"].iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
    let Some(program) = program else {
        return Err(Error::invalid(
            "run",
            name,
            "without CAP_SETUID and CAP_SETGID it takes this program (uidmap)",
        ));
    };
    let lines = String::from_utf8_lossy(&lines).into_owned();
    let output = Command::new(program)
        .arg(child.to_string())
        .args(lines.split_ascii_whitespace())
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            Error::system(
                "run",
                name,
                rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO),
            )
        })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::new("run", name, Reason::Invalid(format!("{}: {said}", output.status))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(inside: u32, outside: u32, count: u32) -> IdRange<UserId> {
        IdRange { inside: UserId::new(inside), outside: UserId::new(outside), count: IdCount::new(count) }
    }

    #[test]
    fn maps_that_can_not_be_are_refused() {
        let error = |ranges: Vec<IdRange<UserId>>| IdMap::new(ranges).unwrap_err().to_string();
        assert!(error(vec![]).contains("not 0"));
        assert!(error((0..341).map(|id| range(id, id, 1)).collect()).contains("not 341"));
        assert!(error(vec![range(5, 5, 0)]).contains("the range at 5 is empty"));
        assert!(error(vec![range(1, 1, u32::MAX)]).contains("beyond the last"));
        assert!(error(vec![range(0, u32::MAX, 1)]).contains("beyond the last"));
        let inside = error(vec![range(0, 100, 10), range(9, 200, 1)]);
        assert!(inside.contains("at 0 and at 9 have ids in common inside"), "{inside}");
        let outside = error(vec![range(0, 100, 10), range(50, 95, 6)]);
        assert!(outside.contains("in common outside"), "{outside}");
    }

    #[test]
    fn what_was_done_before_a_failure_is_told_and_the_reason_stays() {
        let error = Error::system("write", "/proc/7/uid_map", rustix::io::Errno::PERM);
        let told = after(&after(&error, "the map of groups was written"), "supplementary groups were denied");
        assert_eq!(told.reason(), error.reason());
        assert_eq!(
            told.to_string(),
            "write /proc/7/uid_map after the map of groups was written after supplementary groups were denied: \
             permission denied"
        );
        // No process has this number, so that the first of the two files fails already.
        let maps = NamespaceMaps::of_caller_as(UserId::ROOT, GroupId::ROOT).unwrap();
        let error = maps.write("4194305").unwrap_err();
        assert!(error.is_absent() && !error.to_string().contains("after"), "{error}");
    }

    #[test]
    fn a_map_is_written_as_it_is_read() {
        let map = IdMap::new(vec![range(0, 1000, 1), range(1, 100_000, 65_536)]).unwrap();
        assert_eq!(map.lines(), b"0 1000 1\n1 100000 65536\n");
        assert_eq!(UserIdMap::parse(&map.lines()), Ok(map));
    }
}
