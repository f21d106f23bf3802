use core::fmt;

use linux_support_base::{ByteString, Bytes, Pid};

use super::SocketAddress;
use crate::{
    descriptor::{DescriptorNumber, InodeNumber},
    network::{
        InternetSocket, InternetState, InternetTable, NetlinkSocketEntry, PacketSocketEntry, SocketKind,
        SocketTimer, UnixSocketEntry, UnixState,
    },
    summary::ProcessOwner,
};

/// A table of `/proc/PID/net` that lists sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SocketTable {
    /// Of the Internet's protocols.
    Internet(InternetTable),
    /// Sockets within the machine.
    Unix,
    /// Sockets that take packets as they come.
    Packet,
    /// Sockets to the kernel.
    Netlink,
}

impl SocketTable {
    /// All tables.
    pub const ALL: [Self; 13] = {
        let mut all = [Self::Unix; 13];
        let mut at = 0;
        while at < InternetTable::ALL.len() {
            all[at] = Self::Internet(InternetTable::ALL[at]);
            at += 1;
        }
        all[11] = Self::Packet;
        all[12] = Self::Netlink;
        all
    };

    /// The name of its file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Internet(table) => table.name(),
            Self::Unix => "unix",
            Self::Packet => "packet",
            Self::Netlink => "netlink",
        }
    }
}

impl fmt::Display for SocketTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

crate::serialize::as_text!(
    SocketTable,
    "SocketTable",
    "The table's file in /proc/PID/net: tcp, tcp6, udp, udp6, udplite, udplite6, raw, raw6, icmp, icmp6, unix, packet \
     or netlink."
);

/// A descriptor that a socket is held by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SocketHolder {
    /// The process.
    pub pid: Pid,
    /// The name of its program.
    pub program: ByteString,
    /// The descriptor.
    pub descriptor: DescriptorNumber,
}

/// A socket, whatever its kind, and who holds it.
///
/// `/proc` says neither how many connections a listening socket may have waiting, nor what the queues, the peer and the
/// owner of a socket within the machine are, nor the owner of one to the kernel: whoever needs these asks through netlink
/// (sock_diag(7)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Socket {
    /// The table that lists it.
    pub table: SocketTable,
    /// How it carries data; `None` where the table does not say.
    pub kind: Option<SocketKind>,
    /// What it is doing. As `ss` has it, sockets other than TCP's are closed until they are connected.
    pub state: InternetState,
    /// Its own address; `None` where it has none.
    pub local: Option<SocketAddress>,
    /// The other side's; `None` where it has none, or the table does not say.
    pub peer: Option<SocketAddress>,
    /// What has come and was not read; `None` for listening sockets, and where the table does not say.
    pub receive_queue: Option<Bytes>,
    /// What was written and not sent or acknowledged yet; `None` for listening sockets, and where the table does not say.
    pub send_queue: Option<Bytes>,
    /// How many connections wait to be accepted, for a listening socket of TCP.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub connections_waiting: Option<u64>,
    /// Whose it is; `None` where the table does not say.
    pub user: Option<ProcessOwner>,
    /// Its number; `None` for one that no descriptor refers to.
    pub inode: Option<InodeNumber>,
    /// How many packets or messages were dropped, where the table says.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub drops: Option<u64>,
    /// The timer that runs, for TCP.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub timer: Option<SocketTimer>,
    /// How often the oldest data was sent again, for TCP.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub retransmits: Option<u32>,
    /// The descriptors that it is held by, as far as their processes could be looked into, by process.
    pub holders: Vec<SocketHolder>,
}

impl Socket {
    fn new(table: SocketTable, kind: Option<SocketKind>, inode: Option<InodeNumber>) -> Self {
        Self {
            table,
            kind,
            state: InternetState::Closed,
            local: None,
            peer: None,
            receive_queue: None,
            send_queue: None,
            connections_waiting: None,
            user: None,
            inode,
            drops: None,
            timer: None,
            retransmits: None,
            holders: Vec::new(),
        }
    }

    /// Whether it waits for connections.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.state == InternetState::Listening
    }

    pub(super) fn of_internet(table: InternetTable, entry: &InternetSocket, user: ProcessOwner) -> Self {
        let is_tcp = matches!(table, InternetTable::Tcp | InternetTable::Tcp6);
        let kind = match table {
            InternetTable::Tcp | InternetTable::Tcp6 => SocketKind::Stream,
            InternetTable::Raw | InternetTable::Raw6 => SocketKind::Raw,
            _ => SocketKind::Datagram,
        };
        let is_listening = entry.state == InternetState::Listening;
        let has_peer = !entry.remote.ip().is_unspecified() || entry.remote.port() != 0;
        Self {
            state: entry.state,
            local: Some(entry.local.into()),
            peer: has_peer.then(|| entry.remote.into()),
            receive_queue: (!is_listening).then_some(entry.receive_queue),
            send_queue: (!is_listening).then_some(entry.send_queue),
            connections_waiting: (is_tcp && is_listening).then(|| entry.receive_queue.get()),
            user: Some(user),
            drops: entry.drops,
            timer: is_tcp.then_some(entry.timer),
            retransmits: is_tcp.then_some(entry.retransmits),
            ..Self::new(SocketTable::Internet(table), Some(kind), entry.inode)
        }
    }

    pub(super) fn of_unix(entry: &UnixSocketEntry<'_>) -> Self {
        let state = match entry.state {
            _ if entry.is_listening => InternetState::Listening,
            UnixState::Unconnected => InternetState::Closed,
            UnixState::Connecting => InternetState::SynSent,
            UnixState::Connected => InternetState::Established,
            UnixState::Disconnecting => InternetState::Closing,
            UnixState::Unknown(number) => InternetState::Unknown(u8::try_from(number).unwrap_or(u8::MAX)),
        };
        let local = entry.name.map(SocketAddress::from);
        Self { state, local, ..Self::new(SocketTable::Unix, Some(entry.kind), entry.inode) }
    }

    pub(super) fn of_packet(entry: &PacketSocketEntry, user: ProcessOwner) -> Self {
        let local = SocketAddress::Packet { protocol: entry.protocol, interface: entry.interface };
        Self {
            local: Some(local),
            receive_queue: Some(entry.receive_memory),
            user: Some(user),
            ..Self::new(SocketTable::Packet, Some(entry.kind), entry.inode)
        }
    }

    pub(super) fn of_netlink(entry: &NetlinkSocketEntry) -> Self {
        Self {
            local: Some(SocketAddress::Netlink { family: entry.protocol, port: entry.port }),
            receive_queue: Some(entry.receive_memory),
            send_queue: Some(entry.send_memory),
            drops: Some(entry.drops),
            ..Self::new(SocketTable::Netlink, None, entry.inode)
        }
    }
}
