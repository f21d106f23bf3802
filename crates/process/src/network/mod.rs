//! The network as a process sees it: `/proc/PID/net`, the tables of its network namespace.

mod columns;
mod counters;
mod interface;
mod interface_name;
mod internet;
mod internet_columns;
mod internet_state;
mod internet_table;
mod link_layer;
mod membership;
mod protocol;
mod route;
mod unix;

use linux_support_base::{Error, ParseError, Requirement};

pub use self::{
    counters::{ProtocolCounters, ipv6_counters},
    interface::{
        InterfaceCounts, InterfaceIndex, Ipv6InterfaceAddress, Ipv6Scope, ReceivedCounts, SentCounts,
    },
    interface_name::InterfaceName,
    internet::{InternetSocket, InternetSockets, TcpTimes},
    internet_state::{InternetState, SocketTimer},
    internet_table::InternetTable,
    link_layer::{EtherType, NetlinkSocketEntry, PacketHandler, PacketSocketEntry},
    membership::{Ipv4Membership, Ipv4Memberships, Ipv6Membership},
    protocol::NetworkProtocol,
    route::{ArpEntry, Ipv4Route, Ipv6Route, RouteFlags},
    unix::{SocketKind, UnixName, UnixSocketEntry, UnixSockets, UnixState},
};
use crate::task::Task;

/// The tables of the network namespace that a task is in.
///
/// Long tables are read into a buffer of the caller's and lent item by item.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_process::{InternetState, InternetTable, Process};
///
/// let machine = Machine::live()?;
/// let process = Process::of_caller(&machine)?;
/// let mut buffer = Vec::new();
/// for socket in process.network().internet_sockets(InternetTable::Tcp, &mut buffer)? {
///     let socket = socket.unwrap();
///     if socket.state == InternetState::Listening {
///         println!("{}", socket.local);
///     }
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// proc_pid_net(5).
#[derive(Clone, Copy, Debug)]
#[doc(alias = "/proc/net")]
pub struct NetworkTables<'t, 'm> {
    task: &'t Task<'m>,
}

const NET: Requirement = Requirement::none().configuration("CONFIG_NET");
const IPV4: Requirement = Requirement::none().configuration("CONFIG_INET");
const IPV6: Requirement = Requirement::none().configuration("CONFIG_IPV6");

impl<'m> Task<'m> {
    /// The tables of the network namespace that it is in.
    #[doc(alias = "net")]
    #[must_use]
    pub fn network(&self) -> NetworkTables<'_, 'm> {
        NetworkTables { task: self }
    }
}

macro_rules! tables {
    ($($(#[$doc:meta])* $method:ident: $item:ty = $file:literal, $needs:expr, $parse:expr;)*) => {
        impl NetworkTables<'_, '_> {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// As for [`Task::stat`]; also a kernel without this part.
                #[doc(alias = $file)]
                pub fn $method(&self) -> Result<Vec<$item>, Error> {
                    self.parse($file, $needs, $parse)
                }
            )*
        }
    };
}

tables! {
    /// What the interfaces count.
    interfaces: InterfaceCounts = "net/dev", NET, InterfaceCounts::parse_all;
    /// The routes of IPv4, of the main table.
    ipv4_routes: Ipv4Route = "net/route", IPV4, Ipv4Route::parse_all;
    /// The routes of IPv6, of all tables.
    ipv6_routes: Ipv6Route = "net/ipv6_route", IPV6, Ipv6Route::parse_all;
    /// The addresses of IPv6.
    ipv6_addresses: Ipv6InterfaceAddress = "net/if_inet6", IPV6, Ipv6InterfaceAddress::parse_all;
    /// The neighbours of IPv4.
    arp: ArpEntry = "net/arp", IPV4, ArpEntry::parse_all;
    /// The sockets that take packets as they come.
    packet_sockets: PacketSocketEntry = "net/packet", Requirement::none().configuration("CONFIG_PACKET"),
        PacketSocketEntry::parse_all;
    /// The sockets to the kernel.
    netlink_sockets: NetlinkSocketEntry = "net/netlink", NET, NetlinkSocketEntry::parse_all;
    /// The functions of the kernel that take packets.
    packet_handlers: PacketHandler = "net/ptype", NET, PacketHandler::parse_all;
    /// The protocols that the kernel has sockets for.
    protocols: NetworkProtocol = "net/protocols", NET, NetworkProtocol::parse_all;
    /// The groups of IPv4 that the interfaces belong to.
    ipv4_memberships: Ipv4Memberships = "net/igmp", Requirement::none().configuration("CONFIG_IP_MULTICAST"),
        Ipv4Memberships::parse_all;
    /// The groups of IPv6 that the interfaces belong to.
    ipv6_memberships: Ipv6Membership = "net/igmp6", IPV6, Ipv6Membership::parse_all;
}

impl NetworkTables<'_, '_> {
    fn parse<T>(
        &self,
        file: &str,
        needs: Requirement,
        parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
    ) -> Result<T, Error> {
        self.task.parse(file, needs, parse)
    }

    fn read_into(&self, file: &str, needs: Requirement, buffer: &mut Vec<u8>) -> Result<(), Error> {
        self.task.directory().read_into(file, buffer).map_err(|error| self.task.explain(error, needs))
    }

    /// The sockets of a table, read into `buffer`.
    ///
    /// # Errors
    /// As for [`Task::stat`]; also a kernel without the protocol.
    pub fn internet_sockets<'b>(
        &self,
        table: InternetTable,
        buffer: &'b mut Vec<u8>,
    ) -> Result<InternetSockets<'b>, Error> {
        let needs = if table.name().ends_with('6') { IPV6 } else { IPV4 };
        self.read_into(&format!("net/{}", table.name()), needs, buffer)?;
        Ok(InternetSockets::parse(table, buffer))
    }

    /// The sockets within the machine, read into `buffer`.
    ///
    /// # Errors
    /// As for [`Task::stat`]; also a kernel without them.
    #[doc(alias = "net/unix")]
    pub fn unix_sockets<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<UnixSockets<'b>, Error> {
        self.read_into("net/unix", Requirement::none().configuration("CONFIG_UNIX"), buffer)?;
        Ok(UnixSockets::parse(buffer))
    }

    /// What the protocols count by the standards, and what Linux counts beyond that, read into `buffer`.
    ///
    /// # Errors
    /// As for [`Task::stat`].
    #[doc(alias = "net/snmp", alias = "net/netstat")]
    pub fn counters<'b>(
        &self,
        buffer: &'b mut Vec<u8>,
    ) -> Result<impl Iterator<Item = Result<ProtocolCounters<'b>, ParseError>> + Clone + use<'b>, Error> {
        let mut more = Vec::new();
        self.read_into("net/snmp", IPV4, buffer)?;
        self.read_into("net/netstat", IPV4, &mut more)?;
        buffer.extend_from_slice(&more);
        Ok(ProtocolCounters::parse_pairs(buffer))
    }

    /// What IPv6 counts, read into `buffer`: names and numbers.
    ///
    /// # Errors
    /// As for [`Task::stat`]; also a kernel without IPv6.
    #[doc(alias = "net/snmp6")]
    pub fn ipv6_counters<'b>(
        &self,
        buffer: &'b mut Vec<u8>,
    ) -> Result<impl Iterator<Item = Result<(&'b [u8], u64), ParseError>> + Clone + use<'b>, Error> {
        self.read_into("net/snmp6", IPV6, buffer)?;
        Ok(ipv6_counters(buffer))
    }

    /// How many sockets there are of each protocol, read into `buffer`: of IPv4 and the machine itself, and of IPv6
    /// where the kernel has it.
    ///
    /// # Errors
    /// As for [`Task::stat`].
    #[doc(alias = "net/sockstat", alias = "net/sockstat6")]
    pub fn socket_counts<'b>(
        &self,
        buffer: &'b mut Vec<u8>,
    ) -> Result<impl Iterator<Item = Result<ProtocolCounters<'b>, ParseError>> + Clone + use<'b>, Error> {
        let mut more = Vec::new();
        self.read_into("net/sockstat", NET, buffer)?;
        match self.read_into("net/sockstat6", IPV6, &mut more) {
            Ok(()) => buffer.extend_from_slice(&more),
            Err(error) if error.is_absent() => {}
            Err(error) => return Err(error),
        }
        Ok(ProtocolCounters::parse_lines(buffer))
    }
}
