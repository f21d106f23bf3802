use std::io;

use linux_support::{
    base::{Error, Machine, Pid, Reading},
    cgroup::{Group, Hierarchies, LegacyGroup, Membership, Version},
    process::Process,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell};

/// The control groups of a process.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProcessControlGroups {
    /// The number of the process.
    pid: Pid,
    /// The group that it is in, of each hierarchy.
    groups: Vec<GroupOfProcess>,
}

/// A group that a process is in.
#[derive(Debug, Serialize, JsonSchema)]
struct GroupOfProcess {
    #[serde(flatten)]
    membership: Membership,
    /// The group, where it is below what is mounted.
    group: Reading<EitherGroup>,
}

/// A group of either version.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant, reason = "there are a few of them")]
enum EitherGroup {
    /// Of version 2.
    Unified(Group),
    /// Of version 1.
    Legacy(LegacyGroup),
}

impl ProcessControlGroups {
    pub(crate) fn read(machine: &Machine, pid: Pid) -> Result<Self, Error> {
        let process = Process::open(machine, pid)?;
        let memberships = Membership::read_all(machine, pid)?;
        let hierarchies = Hierarchies::read(machine)?;
        let of = |membership: Membership| {
            let path = membership.path.as_bytes();
            let group = match hierarchies.of(&membership) {
                Some(hierarchy) if hierarchy.version == Version::V1 => {
                    LegacyGroup::read(machine, hierarchy, path).map(EitherGroup::Legacy)
                }
                Some(hierarchy) => Group::read(machine, hierarchy, path).map(EitherGroup::Unified),
                None => Err(Error::new("find the hierarchy of", path, linux_support::base::Reason::Absent)),
            };
            GroupOfProcess { group: group.into(), membership }
        };
        let groups = memberships.into_iter().map(of).collect();
        process.ensure_alive()?;
        Ok(Self { pid, groups })
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading(format_args!("Control groups of process {}", self.pid))?;
        let mut table = Table::new(&[
            ("HIERARCHY", Align::Left),
            ("GROUP", Align::Left),
            ("PROCESSES", Align::Right),
            ("MEMORY", Align::Right),
            ("OF AT MOST", Align::Right),
            ("TASKS", Align::Right),
            ("OF AT MOST", Align::Right),
        ]);
        for GroupOfProcess { membership, group } in &self.groups {
            let words: Vec<_> = membership.controllers.iter().map(ToString::to_string).collect();
            let hierarchy = match &membership.name {
                _ if membership.is_unified() => "version 2".to_owned(),
                Some(name) => format!("name={name}"),
                None => words.join(","),
            };
            let [processes, memory, most, tasks, most_tasks] = match group.as_result() {
                Ok(EitherGroup::Unified(group)) => unified(group),
                Ok(EitherGroup::Legacy(group)) => legacy(group),
                Err(_) => Default::default(),
            }
            .map(|value| cell(value.unwrap_or_else(|| "-".to_owned())));
            table.row([cell(hierarchy), cell(&membership.path), processes, memory, most, tasks, most_tasks]);
        }
        page.table(table)
    }
}

fn text<T: ToString>(reading: &Reading<T>) -> Option<String> {
    reading.value().map(ToString::to_string)
}

fn unified(group: &Group) -> [Option<String>; 5] {
    let (memory, pids) = (group.memory.value(), group.pids.value());
    [
        text(&group.processes),
        memory.and_then(|memory| text(&memory.current)),
        memory.and_then(|memory| text(&memory.max)),
        pids.and_then(|pids| text(&pids.current)),
        pids.and_then(|pids| text(&pids.max)),
    ]
}

fn legacy(group: &LegacyGroup) -> [Option<String>; 5] {
    let (memory, pids) = (group.memory.as_ref(), group.pids.as_ref());
    [
        text(&group.processes),
        memory.and_then(|memory| text(&memory.usage)),
        memory.and_then(|memory| text(&memory.limit)),
        pids.and_then(|pids| text(&pids.current)),
        pids.and_then(|pids| text(&pids.max)),
    ]
}
