//! Options of IPv4, and groups of receivers: ip(7).

use std::net::Ipv4Addr;

use linux_raw_sys::net::*;
use linux_support_base::{Error, Requirement};

use super::{
    codec::{Codec, Encoded, Flag, Number, Own, int},
    options,
};
use crate::{
    socket::{Datagram, Interface, Internet},
    sys::socket::set_option,
};

const NET_ADMIN: Requirement = Requirement::none().capability("CAP_NET_ADMIN");

/// How the largest packet that passes all the way is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PathMtu {
    /// It isn't: packets may be cut into fragments on the way.
    Ignored,
    /// As the route says: packets that are too large for this machine are cut into fragments.
    Wanted,
    /// Always: no packet is cut into fragments; one that is too large is an error (EMSGSIZE).
    Required,
    /// By the caller: no packet is cut into fragments, and what was found is not minded.
    Probed,
    /// By the interface alone: what others on the way report is not believed.
    OfInterface,
    /// As before, but packets that are too large are cut into fragments.
    OfInterfaceOrFragments,
    /// Of a number that this library does not know.
    Unknown(i32),
}

/// Ports, from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ports {
    /// The first; 0 for the system's.
    pub first: u16,
    /// The last; 0 for the system's.
    pub last: u16,
}

options! { Ip = libc::SOL_IP;
    /// Whether an address can be bound to that the machine doesn't have, or not yet.
    FreeBind(bool as Flag) = IP_FREEBIND, "IP_FREEBIND" => read write;
    /// Whether the socket takes what the firewall sends its way, whatever its address.
    Transparent(bool as Flag) = IP_TRANSPARENT, "IP_TRANSPARENT", needs NET_ADMIN => read write;
    /// How many machines a packet passes at most.
    TimeToLive(u8 as Number) = IP_TTL, "IP_TTL" => read write;
    /// How many a packet must still be able to pass for it to be taken; 0 for any.
    MinimumTimeToLive(u8 as Number) = IP_MINTTL, "IP_MINTTL" => read write;
    /// The class of packets: 6 bits of class and 2 of congestion.
    TypeOfService(u8 as Number) = IP_TOS, "IP_TOS" => read write;
    /// Whether each packet says where it came in.
    ReceivePacketInformation(bool as Flag) = IP_PKTINFO, "IP_PKTINFO" => read write;
    /// Whether errors are told in the error queue.
    ReceiveErrors(bool as Flag) = IP_RECVERR, "IP_RECVERR" => read write;
    /// Whether each packet says how many more machines it would have passed.
    ReceiveTimeToLive(bool as Flag) = IP_RECVTTL, "IP_RECVTTL" => read write;
    /// Whether each packet says its class.
    ReceiveTypeOfService(bool as Flag) = IP_RECVTOS, "IP_RECVTOS" => read write;
    /// Whether each packet says where it was sent before it was redirected.
    ReceiveOriginalDestination(bool as Flag) = IP_RECVORIGDSTADDR, "IP_RECVORIGDSTADDR" => read write;
    /// Whether each packet says how large its fragments were.
    ReceiveFragmentSize(bool as Flag) = IP_RECVFRAGSIZE, "IP_RECVFRAGSIZE" => read write;
    /// How the largest packet that passes all the way is found.
    MtuDiscovery(PathMtu as Own) = IP_MTU_DISCOVER, "IP_MTU_DISCOVER" => read write;
    /// The largest packet that passes all the way to where the socket is connected, in bytes.
    Mtu(u32 as Number) = IP_MTU, "IP_MTU" => read;
    /// Whether binding to port 0 leaves the port to be chosen by connecting, so that more connections are possible.
    BindWithoutPort(bool as Flag) = IP_BIND_ADDRESS_NO_PORT, "IP_BIND_ADDRESS_NO_PORT" => read write;
    /// The ports that are chosen from where none is named.
    LocalPortRange(Ports as Own) = IP_LOCAL_PORT_RANGE, "IP_LOCAL_PORT_RANGE", needs Requirement::none().since(6, 3) => read write;
    /// How many machines a packet to a group passes at most.
    MulticastTimeToLive(u8 as Number) = IP_MULTICAST_TTL, "IP_MULTICAST_TTL" => read write;
    /// Whether packets to a group come back to this machine.
    MulticastLoop(bool as Flag) = IP_MULTICAST_LOOP, "IP_MULTICAST_LOOP" => read write;
    /// Whether packets come to all groups that the machine is in, and not only to those of this socket.
    MulticastAll(bool as Flag) = IP_MULTICAST_ALL, "IP_MULTICAST_ALL" => read write;
}

impl Codec<Ports> for Own {
    fn encode(value: &Ports) -> Result<Encoded, &'static str> {
        if value.last != 0 && value.first > value.last {
            return Err("takes a first port that is not above the last");
        }
        Ok(Encoded::number(u32::from(value.last) << 16 | u32::from(value.first)))
    }

    fn decode(bytes: &[u8]) -> Option<Ports> {
        let ports = int(bytes)? as u32;
        Some(Ports { first: ports as u16, last: (ports >> 16) as u16 })
    }
}

impl Codec<PathMtu> for Own {
    fn encode(value: &PathMtu) -> Result<Encoded, &'static str> {
        Ok(Encoded::number(match *value {
            PathMtu::Ignored => IP_PMTUDISC_DONT,
            PathMtu::Wanted => IP_PMTUDISC_WANT,
            PathMtu::Required => IP_PMTUDISC_DO,
            PathMtu::Probed => IP_PMTUDISC_PROBE,
            PathMtu::OfInterface => IP_PMTUDISC_INTERFACE,
            PathMtu::OfInterfaceOrFragments => IP_PMTUDISC_OMIT,
            PathMtu::Unknown(number) => number as u32,
        }))
    }

    fn decode(bytes: &[u8]) -> Option<PathMtu> {
        let number = int(bytes)?;
        Some(match number as u32 {
            IP_PMTUDISC_DONT => PathMtu::Ignored,
            IP_PMTUDISC_WANT => PathMtu::Wanted,
            IP_PMTUDISC_DO => PathMtu::Required,
            IP_PMTUDISC_PROBE => PathMtu::Probed,
            IP_PMTUDISC_INTERFACE => PathMtu::OfInterface,
            IP_PMTUDISC_OMIT => PathMtu::OfInterfaceOrFragments,
            _ => PathMtu::Unknown(number),
        })
    }
}

impl Datagram<Internet> {
    /// Receives what is sent to this group, on this interface or on the one of the route there, until it is left or
    /// the socket is closed.
    ///
    /// # Errors
    /// It is in the group already (EADDRINUSE), it is no group (EINVAL), or there is no way there (ENODEV).
    #[doc(alias = "IP_ADD_MEMBERSHIP")]
    pub fn join_group(&self, group: Ipv4Addr, interface: Option<Interface>) -> Result<(), Error> {
        self.group("join", IP_ADD_MEMBERSHIP, group, interface)
    }

    /// Leaves a group.
    ///
    /// # Errors
    /// It is not in the group (EADDRNOTAVAIL).
    #[doc(alias = "IP_DROP_MEMBERSHIP")]
    pub fn leave_group(&self, group: Ipv4Addr, interface: Option<Interface>) -> Result<(), Error> {
        self.group("leave", IP_DROP_MEMBERSHIP, group, interface)
    }

    /// Sends what goes to groups out of this interface.
    ///
    /// # Errors
    /// There is no such interface (EADDRNOTAVAIL).
    #[doc(alias = "IP_MULTICAST_IF")]
    pub fn send_groups_through(&self, interface: Option<Interface>) -> Result<(), Error> {
        self.group("send to groups through", IP_MULTICAST_IF, Ipv4Addr::UNSPECIFIED, interface)
    }

    fn group(
        &self,
        operation: &'static str,
        option: u32,
        group: Ipv4Addr,
        interface: Option<Interface>,
    ) -> Result<(), Error> {
        use std::os::fd::AsFd;
        let mut value = [0; 12];
        value[..4].copy_from_slice(&group.octets());
        value[8..].copy_from_slice(&interface.map_or(0, Interface::number).to_ne_bytes());
        set_option(self.as_fd(), libc::SOL_IP, option as libc::c_int, &value)
            .map_err(|errno| Error::system(operation, group.to_string(), errno))
    }
}
