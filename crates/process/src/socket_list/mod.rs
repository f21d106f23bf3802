//! All sockets of a machine, with the processes that hold them, as `ss` and `lsof` list them.

mod address;
mod socket;

use std::collections::BTreeMap;

use linux_support_base::{ByteString, Error, Machine, Pid, Reason};

pub use self::{
    address::SocketAddress,
    socket::{Socket, SocketHolder, SocketTable},
};
use crate::{
    command_line::CommandLine,
    descriptor::{DescriptorTarget, InodeNumber},
    namespace::Namespace,
    process::Process,
    program_name::ProgramName,
    scan::{ProcessRecord, processes},
    stat::Stat,
    state::State,
    summary::{SummaryContext, UnreadableProcess},
};

/// The sockets of a machine: of each network namespace that a process is in.
///
/// A namespace that only a bind mount or a descriptor keeps is not looked into. The lists of sockets and of descriptors are
/// read one after the other, so that a socket that is made or closed meanwhile may lack its holders.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_process::SocketList;
///
/// let list = SocketList::read(&Machine::live()?)?;
/// for of_namespace in &list.namespaces {
///     for socket in of_namespace.sockets.iter().filter(|socket| socket.is_listening()) {
///         println!("{} {:?} {:?}", socket.table, socket.local, socket.holders);
///     }
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// proc_pid_net(5), ss(8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "ss", alias = "netstat", alias = "lsof")]
pub struct SocketList {
    /// The namespaces, by number.
    pub namespaces: Vec<NamespaceSockets>,
    /// Sockets that descriptors refer to and no table lists: those of TCP that are neither bound nor connected, and those of
    /// families that have no table, such as `AF_VSOCK` and `AF_ALG`.
    pub unlisted: Vec<UnlistedSocket>,
    /// The processes that may not be looked into, and why: what they hold is not known.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty", default))]
    pub unreadable: Vec<UnreadableProcess>,
}

/// The sockets of one network namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NamespaceSockets {
    /// The namespace.
    pub namespace: Namespace,
    /// The processes in it, by number. The tables are those of the first that was there to be read.
    pub processes: Vec<Pid>,
    /// The sockets, in the order of [`SocketTable::ALL`] and of the kernel's tables.
    pub sockets: Vec<Socket>,
    /// The tables that can't be had, and why: a kernel without IPv6 has none of its tables.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty", default))]
    pub missing: Vec<MissingTable>,
}

/// A table of sockets that can't be had, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MissingTable {
    /// Which.
    pub table: SocketTable,
    /// Why.
    pub error: Error,
}

/// A socket that no table lists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct UnlistedSocket {
    /// Its number.
    pub inode: InodeNumber,
    /// The descriptors that it is held by.
    pub holders: Vec<SocketHolder>,
}

impl SocketList {
    /// Reads all sockets of `machine`.
    ///
    /// # Errors
    /// `/proc` can't be listed. What can't be read of a process or of a namespace is told in the list.
    ///
    /// # Capabilities
    /// CAP_SYS_PTRACE, to see what processes of others hold and in which namespaces they are.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let mut list = Self::default();
        let mut members: BTreeMap<Namespace, Vec<Pid>> = BTreeMap::new();
        let mut holders: BTreeMap<InodeNumber, Vec<SocketHolder>> = BTreeMap::new();
        for record in processes(machine)? {
            let pid = record.pid;
            match look_into(machine, record, &mut holders) {
                Ok(Some(namespace)) => members.entry(namespace).or_default().push(pid),
                Ok(None) => {}
                Err(error) if error.is_absent() || matches!(error.reason(), Reason::Gone) => {}
                Err(error) => list.unreadable.push(UnreadableProcess { pid, error }),
            }
        }
        let context = SummaryContext::new(machine);
        for (namespace, processes) in members {
            let mut read = NamespaceSockets::read(machine, &context, namespace, processes);
            for socket in &mut read.sockets {
                if let Some(held) = socket.inode.and_then(|inode| holders.remove(&inode)) {
                    socket.holders = held;
                }
            }
            list.namespaces.push(read);
        }
        list.unlisted =
            holders.into_iter().map(|(inode, holders)| UnlistedSocket { inode, holders }).collect();
        Ok(list)
    }

    /// Keeps of it what `pid` holds.
    pub fn retain_held_by(&mut self, pid: Pid) {
        let holds = |holders: &[SocketHolder]| holders.iter().any(|holder| holder.pid == pid);
        self.unlisted.retain(|socket| holds(&socket.holders));
        self.retain(|socket| holds(&socket.holders));
    }

    /// Keeps the listed sockets that `keep` says, and the namespaces that have some.
    pub fn retain(&mut self, mut keep: impl FnMut(&Socket) -> bool) {
        for of_namespace in &mut self.namespaces {
            of_namespace.sockets.retain(&mut keep);
        }
        self.namespaces.retain(|of_namespace| !of_namespace.sockets.is_empty());
    }
}

/// Adds the sockets that a process holds to `holders`, and gives its network namespace; `None` for what has no descriptors.
fn look_into(
    machine: &Machine,
    record: ProcessRecord,
    holders: &mut BTreeMap<InodeNumber, Vec<SocketHolder>>,
) -> Result<Option<Namespace>, Error> {
    let ProcessRecord { pid, stat, command_line, .. } = record;
    let stat = stat.into_result()?;
    if stat.flags.is_kernel_thread() || matches!(stat.state, State::Zombie | State::Dead) {
        return Ok(None);
    }
    let process = Process::open(machine, pid)?;
    let namespace = process.namespace(b"net")?;
    hold(&process, &stat, command_line.value(), holders)?;
    // Between the listing and the opening, another may have come to have its number.
    match process.stat()?.start == stat.start {
        true => Ok(Some(namespace)),
        false => Err(Error::new("read", process.directory().path(), Reason::Gone)),
    }
}

/// Adds the sockets that a process holds.
fn hold(
    process: &Process<'_>,
    stat: &Stat,
    command_line: Option<&CommandLine>,
    holders: &mut BTreeMap<InodeNumber, Vec<SocketHolder>>,
) -> Result<(), Error> {
    let mut program = None;
    for descriptor in process.descriptors()? {
        let Some(DescriptorTarget::Socket { inode }) = descriptor.target.value() else { continue };
        let program = program.get_or_insert_with(|| {
            let executable = process.executable().ok();
            ProgramName::of(false, command_line, Some(&stat.name), executable.as_ref())
                .map_or_else(ByteString::default, |name| name.as_bytes().into())
        });
        holders.entry(*inode).or_default().push(SocketHolder {
            pid: process.pid(),
            program: program.clone(),
            descriptor: descriptor.number,
        });
    }
    Ok(())
}

impl NamespaceSockets {
    /// The sockets that one process holds, as far as the tables of its network namespace list them: no other process is
    /// looked into, and those that it was given from other namespaces are not among them.
    ///
    /// # Errors
    /// It has ended, or may not be looked into.
    ///
    /// # Capabilities
    /// CAP_SYS_PTRACE, for processes of others.
    pub fn held_by(process: &Process<'_>) -> Result<Self, Error> {
        let machine = process.machine();
        let mut holders: BTreeMap<InodeNumber, Vec<SocketHolder>> = BTreeMap::new();
        let namespace = process.namespace(b"net")?;
        hold(process, &process.stat()?, process.command_line().ok().as_ref(), &mut holders)?;
        let (mut sockets, missing) = tables(process, &SummaryContext::new(machine));
        sockets.retain_mut(|socket| {
            let held = socket.inode.and_then(|inode| holders.remove(&inode));
            socket.holders = held.unwrap_or_default();
            !socket.holders.is_empty()
        });
        process.ensure_alive()?;
        Ok(Self { namespace, processes: vec![process.pid()], sockets, missing })
    }

    fn read(
        machine: &Machine,
        context: &SummaryContext<'_>,
        namespace: Namespace,
        processes: Vec<Pid>,
    ) -> Self {
        let mut read = Self { namespace, processes, sockets: Vec::new(), missing: Vec::new() };
        for pid in &read.processes {
            let Ok(process) = Process::open(machine, *pid) else { continue };
            let (sockets, missing) = tables(&process, context);
            // Another namespace by now, or no process any more: then the tables are not known to be this one's.
            let is_same = process.namespace(b"net").is_ok_and(|now| now == read.namespace);
            if is_same || !machine.is_live() {
                let is_whole = missing.len() < SocketTable::ALL.len();
                (read.sockets, read.missing) = (sockets, missing);
                if is_whole {
                    break;
                }
            }
        }
        read
    }
}

/// The sockets of all tables, and the tables that can't be had.
fn tables(process: &Process<'_>, context: &SummaryContext<'_>) -> (Vec<Socket>, Vec<MissingTable>) {
    let (mut sockets, mut missing) = (Vec::new(), Vec::new());
    let mut buffer = Vec::new();
    for table in SocketTable::ALL {
        if let Err(error) = add_table(process, context, table, &mut buffer, &mut sockets) {
            missing.push(MissingTable { table, error });
        }
    }
    (sockets, missing)
}

fn add_table(
    process: &Process<'_>,
    context: &SummaryContext<'_>,
    table: SocketTable,
    buffer: &mut Vec<u8>,
    sockets: &mut Vec<Socket>,
) -> Result<(), Error> {
    let network = process.network();
    let malformed = |error| {
        let file = [process.directory().path(), b"/net/", table.name().as_bytes()].concat();
        Error::malformed(file, error)
    };
    let mut first_error = None;
    match table {
        SocketTable::Internet(table) => {
            for entry in network.internet_sockets(table, buffer)? {
                match entry {
                    Ok(entry) => sockets.push(Socket::of_internet(table, &entry, context.owner(entry.user))),
                    Err(error) => first_error = first_error.or(Some(malformed(error))),
                }
            }
        }
        SocketTable::Unix => {
            for entry in network.unix_sockets(buffer)? {
                match entry {
                    Ok(entry) => sockets.push(Socket::of_unix(&entry)),
                    Err(error) => first_error = first_error.or(Some(malformed(error))),
                }
            }
        }
        SocketTable::Packet => {
            let entries = network.packet_sockets()?;
            sockets.extend(entries.iter().map(|entry| Socket::of_packet(entry, context.owner(entry.user))));
        }
        SocketTable::Netlink => sockets.extend(network.netlink_sockets()?.iter().map(Socket::of_netlink)),
    }
    first_error.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests;
