use std::io;

use linux_support::{
    base::{Error, Machine, Pid, Reading},
    process::{NamespaceEntry, NamespaceLink, NamespaceList, NamespaceRelations, Process},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell};

/// The namespaces of the machine.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Namespaces {
    /// Each that a process, a bind mount or a descriptor keeps.
    list: Reading<Vec<ListedNamespace>>,
    /// The processes that can't be looked into.
    unreadable: Vec<Pid>,
}

/// A namespace.
#[derive(Debug, Serialize, JsonSchema)]
struct ListedNamespace {
    #[serde(flatten)]
    entry: NamespaceEntry,
    /// Whose it is, of a machine that runs, where a process is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    relations: Option<NamespaceRelations>,
    /// The name of its first process.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<linux_support::process::ProcessName>,
}

impl ListedNamespace {
    fn of(machine: &Machine, entry: &NamespaceEntry) -> Self {
        let first = entry.processes.first().and_then(|&pid| Process::open(machine, pid).ok());
        let relations = first.as_ref().filter(|_| machine.is_live()).and_then(|process| {
            let kind = entry.namespace.kind.to_string();
            process.namespace_relations(kind).ok()
        });
        Self { entry: entry.clone(), relations, first: first.and_then(|process| process.name().ok()) }
    }
}

impl Namespaces {
    pub(crate) fn read(machine: &Machine) -> Self {
        let list = NamespaceList::read(machine);
        let unreadable = list.as_ref().map(|list| list.unreadable().iter().map(|(pid, _)| *pid).collect());
        let unreadable = unreadable.unwrap_or_default();
        let listed = |list: NamespaceList| {
            list.entries().iter().map(|entry| ListedNamespace::of(machine, entry)).collect()
        };
        Self { list: list.map(listed).into(), unreadable }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Namespaces")?;
        let Some(list) = page.or_why(&self.list)? else { return Ok(()) };
        let mut table = Table::new(&[
            ("NUMBER", Align::Right),
            ("KIND", Align::Left),
            ("PROCESSES", Align::Right),
            ("PID", Align::Right),
            ("OWNER", Align::Right),
            ("PARENT", Align::Right),
            ("NAME OR PLACE", Align::Left),
        ]);
        for ListedNamespace { entry, relations, first } in list {
            let owner = relations.as_ref().and_then(|relations| relations.owner.value());
            let parent = relations.as_ref().and_then(|relations| relations.parent.as_ref()?.value());
            let place = match (first, entry.mounts.first(), entry.descriptors.first()) {
                (Some(name), ..) => name.to_string(),
                (None, Some(mount), _) => mount.mount_point.to_string(),
                (None, None, Some(open)) => format!("descriptor {} of process {}", open.number, open.process),
                (None, None, None) => entry
                    .processes_for_children
                    .first()
                    .map_or_else(|| "-".to_owned(), |pid| format!("for children of process {pid}")),
            };
            table.row([
                cell(entry.namespace.inode),
                cell(&entry.namespace.kind),
                cell(entry.processes.len()),
                or_dash(entry.processes.first()),
                or_dash(owner.map(|owner| owner.inode)),
                or_dash(parent.map(|parent| parent.inode)),
                cell(place),
            ]);
        }
        page.table(table)?;
        if !self.unreadable.is_empty() {
            page.line(format_args!("  {} processes can't be looked into", self.unreadable.len()))?;
        }
        Ok(())
    }
}

fn or_dash(value: Option<impl ToString>) -> comfy_table::Cell {
    cell(value.map_or_else(|| "-".to_owned(), |value| value.to_string()))
}

/// The namespaces of a process.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProcessNamespaces {
    /// The number of the process.
    pid: Pid,
    /// Those that it is in, and those that its children will be in.
    namespaces: Vec<ProcessNamespace>,
}

/// A namespace of a process.
#[derive(Debug, Serialize, JsonSchema)]
struct ProcessNamespace {
    #[serde(flatten)]
    link: NamespaceLink,
    /// Whose it is, of a machine that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    relations: Option<NamespaceRelations>,
    /// How many processes are in it.
    processes: usize,
    /// Whether it is that of process 1, where that can be looked into.
    is_that_of_first: Option<bool>,
}

impl ProcessNamespaces {
    pub(crate) fn read(machine: &Machine, pid: Pid) -> Result<Self, Error> {
        let process = Process::open(machine, pid)?;
        let list = NamespaceList::read(machine)?;
        let first = Pid::new(1).filter(|first| list.unreadable().iter().all(|(pid, _)| pid != first));
        let namespace = |link: NamespaceLink| {
            let entry = list.entry(&link.namespace);
            let has = |pid| entry.is_some_and(|entry| entry.processes.contains(&pid));
            let relations = machine.is_live().then(|| process.namespace_relations(link.name.as_bytes()).ok());
            ProcessNamespace {
                relations: relations.flatten(),
                processes: entry.map_or(0, |entry| entry.processes.len()),
                is_that_of_first: first.map(has),
                link,
            }
        };
        let namespaces = process.namespaces()?.into_iter().map(namespace).collect();
        process.ensure_alive()?;
        Ok(Self { pid, namespaces })
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading(format_args!("Namespaces of process {}", self.pid))?;
        let mut table = Table::new(&[
            ("NAME", Align::Left),
            ("NUMBER", Align::Right),
            ("PROCESSES", Align::Right),
            ("THAT OF PROCESS 1", Align::Left),
            ("OWNER", Align::Right),
            ("PARENT", Align::Right),
        ]);
        for namespace in &self.namespaces {
            let relations = namespace.relations.as_ref();
            let owner = relations.and_then(|relations| relations.owner.value());
            let parent = relations.and_then(|relations| relations.parent.as_ref()?.value());
            table.row([
                cell(&namespace.link.name),
                cell(namespace.link.namespace.inode),
                cell(namespace.processes),
                cell(namespace.is_that_of_first.map_or("-", |is_so| if is_so { "yes" } else { "no" })),
                or_dash(owner.map(|owner| owner.inode)),
                or_dash(parent.map(|parent| parent.inode)),
            ]);
        }
        page.table(table)
    }
}
