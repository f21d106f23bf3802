use std::collections::{BTreeMap, BTreeSet};

use linux_support_base::{ByteString, Error, Machine, ParseError, Pid};
use linux_support_filesystem::mount::mountinfo;

use crate::{
    descriptor::{DescriptorNumber, DescriptorTarget},
    namespace::{Namespace, NamespaceKind},
    process::Process,
    scan::processes,
};

/// The namespaces of a machine, as `lsns` lists them: those that processes are in, and those that a bind mount or a
/// descriptor keeps.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_process::NamespaceList;
///
/// for entry in NamespaceList::read(&Machine::live()?)?.entries() {
///     match entry.processes.first() {
///         Some(first) => println!("{} has {} processes, the first is {first}", entry.namespace, entry.processes.len()),
///         None => println!("{} is kept by {:?} {:?}", entry.namespace, entry.mounts, entry.descriptors),
///     }
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

/// A namespace, who is in it, and what else keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NamespaceEntry {
    /// The namespace.
    pub namespace: Namespace,
    /// The processes in it, by number. None where something else keeps it.
    pub processes: Vec<Pid>,
    /// The processes whose children will be in it, and which are not in it themselves.
    pub processes_for_children: Vec<Pid>,
    /// The bind mounts that keep it: `/run/netns/blue`.
    pub mounts: Vec<NamespaceMount>,
    /// The descriptors that keep it.
    pub descriptors: Vec<NamespaceDescriptor>,
}

/// A bind mount of a namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NamespaceMount {
    /// Where it is.
    #[doc(alias = "NSFS")]
    pub mount_point: ByteString,
    /// A process that sees it there: the first of its mount namespace.
    pub seen_by: Pid,
}

/// A descriptor of a namespace that a process has open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NamespaceDescriptor {
    /// The process.
    pub process: Pid,
    /// The number that it has there.
    pub number: DescriptorNumber,
}

impl NamespaceEntry {
    fn new(namespace: Namespace) -> Self {
        Self {
            namespace,
            processes: Vec::new(),
            processes_for_children: Vec::new(),
            mounts: Vec::new(),
            descriptors: Vec::new(),
        }
    }
}

/// The entries on the way to the list.
#[derive(Default)]
struct Found(BTreeMap<Namespace, NamespaceEntry>);

impl Found {
    fn entry(&mut self, namespace: &Namespace) -> &mut NamespaceEntry {
        self.0.entry(namespace.clone()).or_insert_with(|| NamespaceEntry::new(namespace.clone()))
    }

    fn add_process(&mut self, process: &Process<'_>) -> Result<Option<Namespace>, Error> {
        let pid = process.pid();
        let links = process.namespaces()?;
        for link in &links {
            if !link.name.as_bytes().ends_with(b"_for_children") {
                self.entry(&link.namespace).processes.push(pid);
            } else if !links.iter().any(|other| other.name != link.name && other.namespace == link.namespace)
            {
                self.entry(&link.namespace).processes_for_children.push(pid);
            }
        }
        let mounts = links.into_iter().find(|link| link.namespace.kind == NamespaceKind::Mount);
        Ok(mounts.map(|link| link.namespace))
    }

    fn add_descriptors(&mut self, process: &Process<'_>) -> Result<(), Error> {
        for descriptor in process.descriptors()? {
            if let Some(DescriptorTarget::Namespace { namespace }) = descriptor.target.value() {
                let descriptor = NamespaceDescriptor { process: process.pid(), number: descriptor.number };
                self.entry(namespace).descriptors.push(descriptor);
            }
        }
        Ok(())
    }

    fn add_mounts(&mut self, mountinfo: &[u8], seen_by: Pid) -> Result<(), ParseError> {
        for mount in mountinfo::entries(mountinfo) {
            let mount = mount?;
            // Those of pidfds have another form.
            if mount.kind == b"nsfs"
                && let Ok(namespace) = Namespace::parse(&mount.root())
            {
                let mount_point = mount.mount_point().into_owned().into();
                self.entry(&namespace).mounts.push(NamespaceMount { mount_point, seen_by });
            }
        }
        Ok(())
    }
}

impl NamespaceList {
    /// Reads the links in `/proc/PID/ns` and `/proc/PID/fd` of all processes, and the mounts of each mount namespace.
    /// Namespaces that only another namespace keeps alive are not among them, nor those of single threads.
    ///
    /// # Errors
    /// `/proc` can't be listed. Processes that can't be looked into are kept in [`unreadable`](Self::unreadable).
    ///
    /// # Capabilities
    /// `CAP_SYS_PTRACE`, for processes of others.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let (mut found, mut unreadable) = (Found::default(), Vec::new());
        let mut looked_at = BTreeSet::new();
        for record in processes(machine)? {
            let pid = record.pid;
            let outcome = Process::open(machine, pid).and_then(|process| {
                let mounts = found.add_process(&process)?;
                // A captured tree has neither of all processes.
                let missing = |error: Error| if error.is_absent() { Ok(()) } else { Err(error) };
                found.add_descriptors(&process).or_else(missing)?;
                if mounts.is_some_and(|mounts| looked_at.insert(mounts)) {
                    let text = process.directory().read("mountinfo");
                    let text = text.or_else(|error| missing(error).map(|()| Vec::new()))?;
                    let path = [process.directory().path(), b"/mountinfo"].concat();
                    found.add_mounts(&text, pid).map_err(|error| Error::malformed(path, error))?;
                }
                Ok(())
            });
            match outcome {
                Ok(()) => {}
                Err(error) if error.is_absent() => {}
                Err(error) => unreadable.push((pid, error)),
            }
        }
        Ok(Self { entries: found.0.into_values().collect(), unreadable })
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
            symlink("mnt:[5]", folder.join("mnt")).unwrap();
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
                ("mnt:[5]".to_owned(), vec![1, 7, 9], vec![]),
                ("net:[10]".to_owned(), vec![1, 9], vec![]),
                ("net:[20]".to_owned(), vec![7], vec![]),
                ("pid:[30]".to_owned(), vec![1, 7], vec![]),
                ("pid:[31]".to_owned(), vec![9], vec![7]),
            ]
        );
    }

    #[test]
    fn what_only_a_mount_or_a_descriptor_keeps_is_listed_too() {
        let (tree, machine) = captured();
        let process = tree.path().join("proc/7");
        fs::create_dir_all(process.join("fd")).unwrap();
        symlink("net:[99]", process.join("fd/3")).unwrap();
        symlink("/dev/null", process.join("fd/4")).unwrap();
        let lines = "30 24 0:27 / / rw - ext4 /dev/sda rw\n\
                     31 30 0:4 net:[98] /run/netns/blue\\040one rw shared:5 - nsfs nsfs rw\n\
                     32 30 0:4 pidfd:[7] /run/pid rw - nsfs nsfs rw\n";
        fs::write(tree.path().join("proc/1/mountinfo"), lines).unwrap();
        let list = NamespaceList::read(&machine).unwrap();
        let entry = |text: &str| list.entry(&Namespace::parse(text.as_bytes()).unwrap()).unwrap();
        let mount = &entry("net:[98]").mounts;
        assert_eq!(mount.len(), 1, "the mounts of a namespace are looked at once");
        assert_eq!(
            (mount[0].mount_point.to_string(), mount[0].seen_by.number()),
            ("/run/netns/blue one".into(), 1)
        );
        let descriptor = entry("net:[99]").descriptors[0];
        assert_eq!((descriptor.process.number(), descriptor.number), (7, DescriptorNumber::new(3)));
        assert!(entry("net:[98]").processes.is_empty() && entry("net:[99]").mounts.is_empty());
        assert_eq!(list.unreadable(), []);
    }
}
