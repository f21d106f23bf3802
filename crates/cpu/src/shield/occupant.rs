//! Who may run on CPUs that are kept free.

use linux_support_base::{ByteString, CpuSet, Directory, Error, Machine, Pid, text};
use linux_support_cgroup::Membership;

use crate::isolation::{TaskStat, parse_allowed};

/// A thread that may run on CPUs that are kept free, and is not of the shield.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Occupant {
    /// The process that it is of; its own number, if it is the kernel's.
    pub process: Pid,
    /// Its number.
    pub thread: Pid,
    /// Its name.
    pub name: ByteString,
    /// The CPUs on which it may run.
    pub cpus: CpuSet,
    /// What it is.
    pub kind: OccupantKind,
}

/// What a thread is, and so whether it can be sent away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum OccupantKind {
    /// A thread of a program: one that was started meanwhile, or that a group of its own keeps there.
    Program,
    /// A thread of the kernel, which can be sent elsewhere.
    Kernel,
    /// A thread of the kernel whose CPUs can't be set: of a workqueue, or one that each CPU has of its own.
    #[doc(alias = "PF_NO_SETAFFINITY")]
    BoundKernel,
}

/// A thread with what tells it from a later one of the same number.
pub(super) struct Found {
    pub(super) occupant: Occupant,
    pub(super) start: u64,
}

/// All threads that may run on one of `cpus`, in the order of their numbers, but those that `is_left_out` knows by their
/// groups. Whatever ends meanwhile is left out.
pub(super) fn find(
    machine: &Machine,
    cpus: &CpuSet,
    is_left_out: impl Fn(&[Membership]) -> bool,
) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for process in numbers(&machine.directory("/proc")?, "")? {
        found.extend(of_process(machine, process, |allowed| !allowed.is_disjoint(cpus), &is_left_out)?);
    }
    Ok(found)
}

/// All threads.
pub(super) fn all(machine: &Machine) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for process in numbers(&machine.directory("/proc")?, "")? {
        found.extend(of_process(machine, process, |_| true, |_| false)?);
    }
    Ok(found)
}

/// The threads of a process whose CPUs `is_wanted` takes.
pub(super) fn of_process(
    machine: &Machine,
    process: Pid,
    is_wanted: impl Fn(&CpuSet) -> bool,
    is_left_out: impl Fn(&[Membership]) -> bool,
) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    let Ok(directory) = machine.directory(format!("/proc/{process}")) else { return Ok(found) };
    for thread in numbers(&directory, "task").unwrap_or_default() {
        match read(&directory, process, thread, &is_wanted, &is_left_out) {
            Ok(occupant) => found.extend(occupant),
            Err(error) if error.is_absent() || !directory.exists(format!("task/{thread}")) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn read(
    directory: &Directory,
    process: Pid,
    thread: Pid,
    is_wanted: impl Fn(&CpuSet) -> bool,
    is_left_out: impl Fn(&[Membership]) -> bool,
) -> Result<Option<Found>, Error> {
    let allowed = directory.parse(format!("task/{thread}/status"), parse_allowed)?;
    if !is_wanted(&allowed) {
        return Ok(None);
    }
    if is_left_out(&directory.parse(format!("task/{thread}/cgroup"), Membership::parse_all)?) {
        return Ok(None);
    }
    let stat = directory.parse_full(format!("task/{thread}/stat"), TaskStat::parse)?;
    let kind = match (stat.is_of_kernel(), stat.is_bound()) {
        (false, _) => OccupantKind::Program,
        (true, false) => OccupantKind::Kernel,
        (true, true) => OccupantKind::BoundKernel,
    };
    let occupant = Occupant { process, thread, name: stat.name, cpus: allowed, kind };
    Ok(Some(Found { occupant, start: stat.start }))
}

/// The names in a directory that are numbers, in their order.
fn numbers(directory: &Directory, name: &str) -> Result<Vec<Pid>, Error> {
    let mut numbers = Vec::new();
    directory.visit(name, |name, _| numbers.extend(text::decimal(name).ok().and_then(Pid::new)))?;
    numbers.sort_unstable();
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn those_within_and_those_elsewhere_are_no_occupants() {
        let tree = tempfile::tempdir().unwrap();
        for (pid, name, flags, cpus, group) in [
            (1, "init", 0, "0-3", "/"),
            (2, "kthreadd", 0x0020_0000, "0-3", "/"),
            (9, "ksoftirqd/3", 0x0420_0000, "3", "/"),
            (20, "stack", 0, "2-3", "/shield/a"),
            (21, "a ) b", 0, "0-1", "/"),
        ] {
            let folder = tree.path().join(format!("proc/{pid}/task/{pid}"));
            fs::create_dir_all(&folder).unwrap();
            let rest = "1 1 0 -1";
            let zeros = "0 0 0 0 0 0 0 0 0 0 0 0";
            fs::write(folder.join("stat"), format!("{pid} ({name}) S 0 {rest} {flags} {zeros} 77 0\n"))
                .unwrap();
            fs::write(folder.join("status"), format!("Name:\tx\nCpus_allowed_list:\t{cpus}\n")).unwrap();
            fs::write(folder.join("cgroup"), format!("0::{group}\n")).unwrap();
        }
        let machine = Machine::captured(tree.path()).unwrap();
        let cpus = CpuSet::parse_list(b"2-3").unwrap();
        let inside = |groups: &[Membership]| groups.iter().any(|one| one.path == "/shield/a");
        let found = find(&machine, &cpus, inside).unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|found| (found.occupant.thread.number(), found.occupant.kind, found.start))
            .collect();
        assert_eq!(
            shown,
            [
                (1, OccupantKind::Program, 77),
                (2, OccupantKind::Kernel, 77),
                (9, OccupantKind::BoundKernel, 77)
            ]
        );
    }
}
