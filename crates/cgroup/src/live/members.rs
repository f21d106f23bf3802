use linux_support_base::{Errno, Error, Pid, Reason, Requirement, text};

use super::LiveGroup;

/// The processes or threads of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupMembers {
    /// Those that have a number here, in the order of the numbers.
    pub numbers: Vec<Pid>,
    /// How many there are that are of other namespaces of process numbers, and have none here.
    pub without_number: usize,
}

/// What became of the members of a group that were to move.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct MovedMembers {
    /// How many moved.
    pub moved: usize,
    /// Those that did not, and why: threads of the kernel that are bound to a CPU, for one.
    pub left: Vec<(Pid, Error)>,
}

impl GroupMembers {
    /// Reads `cgroup.procs` or `cgroup.threads`.
    ///
    /// # Errors
    /// A line that is no number.
    pub fn parse(text: &[u8]) -> Result<Self, linux_support_base::ParseError> {
        let mut members = Self::default();
        for line in text::lines(text) {
            match Pid::new(text::decimal(line)?) {
                Some(number) => members.numbers.push(number),
                None => members.without_number += 1,
            }
        }
        // The kernel lists some twice while they come and go.
        members.numbers.sort_unstable();
        members.numbers.dedup();
        Ok(members)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.numbers.len() + self.without_number
    }
}

/// How often a group is read again whose members start others while they are moved.
const ROUNDS: usize = 100;

impl LiveGroup<'_> {
    /// The processes in it, without those in the groups below.
    ///
    /// # Errors
    /// It is threaded, or gone.
    #[doc(alias = "cgroup.procs")]
    pub fn processes(&self) -> Result<GroupMembers, Error> {
        self.members("cgroup.procs", "a group that is not threaded: there, the threads can be read")
    }

    /// The threads in it, without those in the groups below.
    ///
    /// # Errors
    /// It is gone.
    #[doc(alias = "cgroup.threads")]
    pub fn threads(&self) -> Result<GroupMembers, Error> {
        self.members("cgroup.threads", "a group that may have threads")
    }

    fn members(&self, file: &'static str, accepted: &str) -> Result<GroupMembers, Error> {
        self.directory.parse(file, GroupMembers::parse).map_err(|error| match *error.reason() {
            Reason::System(Errno::OPNOTSUPP) => self.invalid("list the members of", accepted),
            _ => self.explain(error, Requirement::none()),
        })
    }

    /// Moves a process with all its threads into it.
    ///
    /// # Errors
    /// There is no such process ([`Reason::Gone`]); the group gives controllers to the groups in it and so may have no
    /// processes, or is not valid for them; the process may not be moved, or not by the caller.
    pub fn take_process(&self, process: Pid) -> Result<(), Error> {
        self.take("cgroup.procs", &process.to_string(), format!("process {process}"))
    }

    /// Moves the calling process with all its threads into it.
    ///
    /// # Errors
    /// As for [`take_process`](Self::take_process).
    pub fn take_caller(&self) -> Result<(), Error> {
        self.take("cgroup.procs", "0", "the calling process".into())
    }

    /// Moves one thread into it, within a threaded subtree.
    ///
    /// # Errors
    /// As for [`take_process`](Self::take_process); also if the group is not of the threaded subtree that the thread's
    /// process is in.
    pub fn take_thread(&self, thread: Pid) -> Result<(), Error> {
        self.take("cgroup.threads", &thread.to_string(), format!("thread {thread}"))
    }

    fn take(&self, file: &'static str, number: &str, who: String) -> Result<(), Error> {
        self.write(file, number).map_err(|error| {
            let into = format!("{who} into {}", self.path());
            let refused = |accepted: &str| Error::invalid("move", into.clone(), accepted);
            match *error.reason() {
                Reason::Gone if self.directory.exists(file) => Error::new("move", into, Reason::Gone),
                Reason::System(Errno::BUSY) => refused(
                    "a group that gives no controllers to the groups in it: move it into one of those",
                ),
                Reason::System(Errno::OPNOTSUPP) => refused(
                    "a group of the type domain, or for a thread one of its process's threaded subtree",
                ),
                Reason::System(Errno::INVAL) => refused(
                    "a process that may be moved: not a thread of the kernel that is bound to its CPU, nor one of real-time \
                     policy into a group without a share of real-time",
                ),
                Reason::System(Errno::NOSPC) => refused("a group whose cpuset has CPUs and memory nodes"),
                Reason::System(Errno::AGAIN) => refused("a group with room under its pids.max"),
                Reason::PermissionDenied { .. } => Error::new(
                    "move",
                    [into.as_bytes(), b" (it needs write access to cgroup.procs of both groups and of the one above both)"]
                        .concat(),
                    Reason::PermissionDenied { capability: None },
                ),
                _ => self.explain(error, Requirement::none()),
            }
        })
    }

    /// Moves all processes that are in `from` itself into it, those too that they start meanwhile.
    ///
    /// # Errors
    /// `from` can't be listed. Processes that can't be moved are in the answer, with the reason each.
    pub fn take_all(&self, from: &LiveGroup<'_>) -> Result<MovedMembers, Error> {
        move_all(|| Ok(from.processes()?.numbers), |process| self.take_process(process))
    }
}

/// Moves all that `listed` names, and looks again until nobody new is there.
pub(super) fn move_all(
    listed: impl Fn() -> Result<Vec<Pid>, Error>,
    take: impl Fn(Pid) -> Result<(), Error>,
) -> Result<MovedMembers, Error> {
    let mut outcome = MovedMembers::default();
    for _ in 0..ROUNDS {
        let before = outcome.moved;
        outcome.left.clear();
        for number in listed()? {
            match take(number) {
                Ok(()) => outcome.moved += 1,
                Err(error) if *error.reason() == Reason::Gone => {}
                Err(error) => outcome.left.push((number, error)),
            }
        }
        if outcome.moved == before {
            break;
        }
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_other_namespaces_are_counted() {
        let members = GroupMembers::parse(b"17\n0\n3\n0\n17\n").unwrap();
        assert_eq!(members.numbers.iter().map(|pid| pid.number()).collect::<Vec<_>>(), [3, 17]);
        assert_eq!((members.without_number, members.count()), (2, 4));
        assert!(GroupMembers::parse(b"x\n").is_err());
        assert_eq!(GroupMembers::parse(b"").unwrap().count(), 0);
    }
}
