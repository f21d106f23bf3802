use std::os::fd::{AsFd, BorrowedFd};

use linux_support_base::{
    ByteString, Directory, Errno, Error, GroupId, LiveDirectory, LiveMachine, Pid, Reason, Requirement,
    UserId, text,
};
use rustix::fs::{AtFlags, Mode, chownat};

use super::GroupName;
use crate::{Group, GroupEvents, Hierarchies, Hierarchy, Membership, Version};

/// A group of version 2 on the machine that runs, to be changed.
///
/// It is held by its directory: once that is removed, everything fails with
/// [`Reason::Gone`], even if another group has its name by then.
///
/// # Source
/// Documentation/admin-guide/cgroup-v2.rst.
#[derive(Debug)]
pub struct LiveGroup<'m> {
    pub(super) machine: LiveMachine<'m>,
    pub(super) directory: Directory,
    path: ByteString,
}

/// What [`LiveGroup::remove_all`] removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemovedGroups {
    /// How many groups, the one that was named included.
    pub groups: usize,
}

/// The files that are a delegate's where the kernel doesn't list them: before 4.15.
const DELEGATED: [&str; 3] = ["cgroup.procs", "cgroup.threads", "cgroup.subtree_control"];

impl<'m> LiveGroup<'m> {
    /// The uppermost group that is mounted.
    ///
    /// # Errors
    /// No hierarchy of version 2 is mounted.
    pub fn root(machine: LiveMachine<'m>) -> Result<Self, Error> {
        let unified = unified(machine)?;
        Self::open(machine, &unified, unified.root.as_bytes())
    }

    /// The group that the calling process is in.
    ///
    /// # Errors
    /// No hierarchy of version 2 is mounted, or the group is not below what is.
    pub fn own(machine: LiveMachine<'m>) -> Result<Self, Error> {
        Self::of(machine, &Membership::read_own(machine.machine())?, "the caller".into())
    }

    /// The group that a process is in.
    ///
    /// # Errors
    /// As for [`own`](Self::own); there is no such process.
    pub fn of_process(machine: LiveMachine<'m>, process: Pid) -> Result<Self, Error> {
        Self::of(machine, &Membership::read_all(machine.machine(), process)?, format!("process {process}"))
    }

    fn of(machine: LiveMachine<'m>, memberships: &[Membership], who: String) -> Result<Self, Error> {
        let unified = unified(machine)?;
        let Some(own) = memberships.iter().find(|membership| membership.is_unified()) else {
            return Err(Error::new("find the group of", who, Reason::Absent));
        };
        Self::open(machine, &unified, own.path.as_bytes())
    }

    /// The group `path` of a hierarchy, from its root, as `/proc/PID/cgroup` has it.
    ///
    /// # Errors
    /// The hierarchy is of version 1; the group is not below the one that is mounted, or not there.
    pub fn open(machine: LiveMachine<'m>, hierarchy: &Hierarchy, path: &[u8]) -> Result<Self, Error> {
        if hierarchy.version != Version::V2 {
            return Err(Error::invalid("open the group", path, "a hierarchy of version 2"));
        }
        let directory = crate::open(machine.machine(), hierarchy, path)?;
        Ok(Self { machine, directory, path: path.into() })
    }

    /// Its path from the root of the hierarchy.
    #[must_use]
    pub fn path(&self) -> &ByteString {
        &self.path
    }

    /// The machine that it is of.
    #[must_use]
    pub fn machine(&self) -> LiveMachine<'m> {
        self.machine
    }

    /// Its directory.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Whether it is the uppermost group of the hierarchy, which has no limits and is never removed.
    #[must_use]
    pub fn is_root(&self) -> bool {
        !self.directory.exists("cgroup.events") && !self.directory.exists("cgroup.type")
    }

    /// What it is, has and uses.
    #[must_use]
    pub fn read(&self) -> Group {
        let mut group = Group::read_in(self.machine.machine(), &self.directory, self.is_root());
        group.path = self.path.clone();
        group
    }

    /// Whether it or a group below it has processes, and whether they are stopped.
    ///
    /// # Errors
    /// It is the root, or gone.
    pub fn events(&self) -> Result<GroupEvents, Error> {
        self.directory
            .parse("cgroup.events", GroupEvents::parse)
            .map_err(|error| self.explain(error, NOT_ROOT))
    }

    /// The groups in it, by name.
    ///
    /// # Errors
    /// It is gone.
    pub fn children(&self) -> Result<Vec<ByteString>, Error> {
        children(&self.directory).map_err(|error| self.explain(error, Requirement::none()))
    }

    /// A group in it.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn child(&self, name: &GroupName) -> Result<Self, Error> {
        let directory = self.directory.directory(name.as_bytes())?;
        Ok(Self { machine: self.machine, directory, path: self.below(name) })
    }

    /// Makes a group in it.
    ///
    /// # Errors
    /// There is one of that name; the limit of groups or of depth is reached, here or above; the caller may not.
    pub fn make(&self, name: &GroupName) -> Result<Self, Error> {
        self.live()?.make(name.as_bytes(), Mode::from(0o755)).map_err(|error| match *error.reason() {
            Reason::System(Errno::AGAIN) => self.invalid(
                "make a group in",
                "cgroup.max.descendants and cgroup.max.depth, here and above, that leave room for another",
            ),
            _ => self.explain(error, Requirement::none()),
        })?;
        self.child(name)
    }

    /// Removes a group in it, which must have neither processes nor groups.
    ///
    /// # Errors
    /// It has some, which the error counts; or there is none of that name.
    pub fn remove(&self, name: &GroupName) -> Result<(), Error> {
        self.live()?.remove(name.as_bytes()).map_err(|error| match *error.reason() {
            Reason::System(Errno::BUSY | Errno::NOTEMPTY) => self.busy(name),
            _ => self.explain(error, Requirement::none()),
        })
    }

    /// Removes a group in it with all groups below that, the deepest first. None of them may have processes: that is
    /// looked at before the first is removed. End or move them before.
    ///
    /// # Errors
    /// One has processes, and nothing is removed; or one got some meanwhile, and those above it are left.
    pub fn remove_all(&self, name: &GroupName) -> Result<RemovedGroups, Error> {
        let group = self.child(name)?;
        if group.events()?.populated {
            return Err(self.busy(name));
        }
        let mut groups = 0;
        remove_below(&group.directory, &mut groups)?;
        self.remove(name)?;
        Ok(RemovedGroups { groups: groups + 1 })
    }

    #[cold]
    fn busy(&self, name: &GroupName) -> Error {
        let counted = self.child(name).ok().map(|group| {
            let processes = group.processes().map_or(0, |members| members.count());
            let groups = group.children().map_or(0, |children| children.len());
            format!("it has {processes} processes and {groups} groups itself: ")
        });
        let accepted = format!("{}a group without processes in it or below", counted.unwrap_or_default());
        Error::invalid("remove the group", self.below(name), accepted)
    }

    /// Gives it to a user, who may then make groups in it and move their own processes among those; not change its
    /// own limits, which stay with whoever owns the group above.
    ///
    /// Turn the controllers on that the user shall have before ([`enable`](Self::enable) on the group above).
    ///
    /// # Errors
    /// The caller may not give files away.
    ///
    /// # Capabilities
    /// `CAP_CHOWN`.
    pub fn delegate(&self, user: UserId, group: GroupId) -> Result<(), Error> {
        let listed = self.machine.machine().read("/sys/kernel/cgroup/delegate");
        let listed = listed.unwrap_or_else(|_| DELEGATED.join("\n").into_bytes());
        let live = self.live()?;
        let own = |name: &[u8]| {
            let flags = if name.is_empty() { AtFlags::EMPTY_PATH } else { AtFlags::SYMLINK_NOFOLLOW };
            let owner = rustix::fs::Uid::from_raw(user.number());
            let group = rustix::fs::Gid::from_raw(group.number());
            match chownat(live.descriptor(), name, Some(owner), Some(group), flags) {
                // A file of a controller that is not turned on.
                Ok(()) | Err(Errno::NOENT) => Ok(()),
                Err(errno) => Err(self.explain(
                    Error::system("give away", [self.path.as_bytes(), b"/", name].concat(), errno),
                    Requirement::none().capability("CAP_CHOWN"),
                )),
            }
        };
        // The directory comes last: until then the user can do nothing.
        text::lines(&listed).filter(|name| !name.is_empty()).try_for_each(own)?;
        own(b"")
    }

    pub(super) fn below(&self, name: &GroupName) -> ByteString {
        below(&self.path, name)
    }

    pub(super) fn live(&self) -> Result<LiveDirectory<'_>, Error> {
        self.directory.as_live()
    }

    /// Writes to one of its files.
    pub(super) fn write(&self, file: &str, text: &str) -> Result<(), Error> {
        self.live()?.write(file, text)
    }

    /// An error that says which group would do.
    #[cold]
    pub(super) fn invalid(&self, operation: &'static str, accepted: impl Into<String>) -> Error {
        Error::invalid(operation, self.path.clone(), accepted)
    }

    /// Says why something failed: that the group was removed, if it was.
    #[cold]
    pub(super) fn explain(&self, error: Error, needs: Requirement) -> Error {
        let removed =
            matches!(error.reason(), Reason::Absent | Reason::Gone) && !self.directory.exists("cgroup.procs");
        if removed {
            return Error::new(error.operation(), error.object().clone(), Reason::Gone);
        }
        self.machine.machine().explain(error, needs)
    }
}

pub(super) const NOT_ROOT: Requirement = Requirement::none().configuration("a group below the root");

/// For `clone3` into the group, and everything else that takes its descriptor.
impl AsFd for LiveGroup<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.descriptor().expect("a group of the machine that runs")
    }
}

/// The path of the group `name` in the group `path`.
pub(super) fn below(path: &ByteString, name: &GroupName) -> ByteString {
    let path = path.as_bytes();
    [path.strip_suffix(b"/").unwrap_or(path), b"/", name.as_bytes()].concat().into()
}

fn unified(machine: LiveMachine<'_>) -> Result<Hierarchy, Error> {
    let hierarchies = Hierarchies::read(machine.machine())?;
    hierarchies.unified().cloned().ok_or_else(|| {
        Error::new("find", "a mounted hierarchy of control groups of version 2 (cgroup2)", Reason::Absent)
    })
}

pub(super) fn children(directory: &Directory) -> Result<Vec<ByteString>, Error> {
    let mut children = Vec::new();
    directory.visit("", |name, kind| {
        if kind == linux_support_base::FileKind::Directory {
            children.push(name.into());
        }
    })?;
    children.sort_unstable();
    Ok(children)
}

/// Removes all groups below one, the deepest first.
fn remove_below(directory: &Directory, removed: &mut usize) -> Result<(), Error> {
    for name in children(directory)? {
        remove_below(&directory.directory(name.as_bytes())?, removed)?;
        directory.as_live()?.remove(name.as_bytes())?;
        *removed += 1;
    }
    Ok(())
}
