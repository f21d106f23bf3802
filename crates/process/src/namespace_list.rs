use std::collections::BTreeMap;

use linux_support_base::{Error, Machine, Pid};

use crate::{namespace::Namespace, process::Process, scan::processes};

/// The namespaces that a machine's processes are in, as `lsns` lists them.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_process::NamespaceList;
///
/// for entry in NamespaceList::read(&Machine::live()?)?.entries() {
///     println!("{} has {} processes, the first is {}", entry.namespace, entry.processes.len(), entry.processes[0]);
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// namespaces(7), lsns(8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(alias = "lsns")]
pub struct NamespaceList {
    entries: Vec<NamespaceEntry>,
    unreadable: Vec<(Pid, Error)>,
}

/// A namespace and who is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NamespaceEntry {
    /// The namespace.
    pub namespace: Namespace,
    /// The processes in it, by number. None where it only waits for the children of others, as one of process numbers
    /// may.
    pub processes: Vec<Pid>,
    /// The processes whose children will be in it, and which are not in it themselves.
    pub processes_for_children: Vec<Pid>,
}

impl NamespaceList {
    /// Reads the links in `/proc/PID/ns` of all processes. Those that only bind mounts, descriptors or other
    /// namespaces keep alive are not among them, nor those of single threads.
    ///
    /// # Errors
    /// `/proc` can't be listed. Processes that can't be looked into are kept in [`unreadable`](Self::unreadable).
    ///
    /// # Capabilities
    /// `CAP_SYS_PTRACE`, for processes of others.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let mut entries: BTreeMap<Namespace, NamespaceEntry> = BTreeMap::new();
        let mut unreadable = Vec::new();
        for record in processes(machine)? {
            let pid = record.pid;
            let links = match Process::open(machine, pid).and_then(|process| process.namespaces()) {
                Ok(links) => links,
                Err(error) if error.is_absent() => continue,
                Err(error) => {
                    unreadable.push((pid, error));
                    continue;
                }
            };
            for link in &links {
                let entry = entries.entry(link.namespace.clone()).or_insert_with(|| NamespaceEntry {
                    namespace: link.namespace.clone(),
                    processes: Vec::new(),
                    processes_for_children: Vec::new(),
                });
                if !link.name.as_bytes().ends_with(b"_for_children") {
                    entry.processes.push(pid);
                } else if !links
                    .iter()
                    .any(|other| other.name != link.name && other.namespace == link.namespace)
                {
                    entry.processes_for_children.push(pid);
                }
            }
        }
        Ok(Self { entries: entries.into_values().collect(), unreadable })
    }

    /// The namespaces, by kind and number.
    #[must_use]
    pub fn entries(&self) -> &[NamespaceEntry] {
        &self.entries
    }

    /// The entry of a namespace.
    #[must_use]
    pub fn entry(&self, namespace: &Namespace) -> Option<&NamespaceEntry> {
        self.entries.iter().find(|entry| entry.namespace == *namespace)
    }

    /// Processes whose namespaces can't be had, and why.
    #[must_use]
    pub fn unreadable(&self) -> &[(Pid, Error)] {
        &self.unreadable
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    fn captured() -> (tempfile::TempDir, Machine) {
        let tree = tempfile::tempdir().unwrap();
        for (pid, network, own, children) in [(1, 10, 30, 30), (7, 20, 30, 31), (9, 10, 31, 31)] {
            let folder = tree.path().join(format!("proc/{pid}/ns"));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("../stat"), format!("{pid} (x) S 0 0 0 0 -1 0 0")).unwrap();
            symlink(format!("net:[{network}]"), folder.join("net")).unwrap();
            symlink(format!("pid:[{own}]"), folder.join("pid")).unwrap();
            symlink(format!("pid:[{children}]"), folder.join("pid_for_children")).unwrap();
        }
        let machine = Machine::captured(tree.path()).unwrap();
        (tree, machine)
    }

    #[test]
    fn processes_are_counted_where_they_are_and_where_their_children_will_be() {
        let (_tree, machine) = captured();
        let list = NamespaceList::read(&machine).unwrap();
        let lines: Vec<_> = list
            .entries()
            .iter()
            .map(|entry| {
                let pids = |pids: &[Pid]| pids.iter().map(|pid| pid.number()).collect::<Vec<_>>();
                (entry.namespace.to_string(), pids(&entry.processes), pids(&entry.processes_for_children))
            })
            .collect();
        assert_eq!(
            lines,
            [
                ("net:[10]".to_owned(), vec![1, 9], vec![]),
                ("net:[20]".to_owned(), vec![7], vec![]),
                ("pid:[30]".to_owned(), vec![1, 7], vec![]),
                ("pid:[31]".to_owned(), vec![9], vec![7]),
            ]
        );
    }
}
