//! Options of IPv6, and groups of receivers: ipv6(7).

use std::{net::Ipv6Addr, os::fd::AsFd};

use linux_raw_sys::net::*;
use linux_support_base::{Error, Requirement};

use super::{
    PathMtu,
    codec::{Flag, Number, OrMinusOne, OrNone, Own},
    options,
};
use crate::{
    socket::{Datagram, Interface, Internet},
    sys::socket::set_option,
};

const NET_ADMIN: Requirement = Requirement::none().capability("CAP_NET_ADMIN");

options! { Ipv6 = libc::SOL_IPV6;
    /// Whether packets of IPv4 are not taken.
    Ipv6Only(bool as Flag) = IPV6_V6ONLY, "IPV6_V6ONLY" => read write;
    /// Whether an address can be bound to that the machine doesn't have, or not yet.
    Ipv6FreeBind(bool as Flag) = IPV6_FREEBIND, "IPV6_FREEBIND" => read write;
    /// Whether the socket takes what the firewall sends its way, whatever its address.
    Ipv6Transparent(bool as Flag) = IPV6_TRANSPARENT, "IPV6_TRANSPARENT", needs NET_ADMIN => read write;
    /// How many machines a packet passes at most; `None` for the system's number.
    UnicastHops(Option<u32> as OrMinusOne) = IPV6_UNICAST_HOPS, "IPV6_UNICAST_HOPS" => read write;
    /// How many a packet must still be able to pass for it to be taken; 0 for any.
    MinimumHopCount(u8 as Number) = IPV6_MINHOPCOUNT, "IPV6_MINHOPCOUNT" => read write;
    /// The class of packets: 6 bits of class and 2 of congestion.
    Ipv6TrafficClass(u8 as Number) = IPV6_TCLASS, "IPV6_TCLASS" => read write;
    /// Whether each packet says where it came in.
    Ipv6ReceivePacketInformation(bool as Flag) = IPV6_RECVPKTINFO, "IPV6_RECVPKTINFO" => read write;
    /// Whether errors are told in the error queue.
    Ipv6ReceiveErrors(bool as Flag) = IPV6_RECVERR, "IPV6_RECVERR" => read write;
    /// Whether each packet says how many more machines it would have passed.
    ReceiveHopLimit(bool as Flag) = IPV6_RECVHOPLIMIT, "IPV6_RECVHOPLIMIT" => read write;
    /// Whether each packet says its class.
    ReceiveTrafficClass(bool as Flag) = IPV6_RECVTCLASS, "IPV6_RECVTCLASS" => read write;
    /// Whether each packet says where it was sent before it was redirected.
    Ipv6ReceiveOriginalDestination(bool as Flag) = IPV6_RECVORIGDSTADDR, "IPV6_RECVORIGDSTADDR" => read write;
    /// Whether each packet says how large its fragments were.
    Ipv6ReceiveFragmentSize(bool as Flag) = IPV6_RECVFRAGSIZE, "IPV6_RECVFRAGSIZE" => read write;
    /// How the largest packet that passes all the way is found.
    Ipv6MtuDiscovery(PathMtu as Own) = IPV6_MTU_DISCOVER, "IPV6_MTU_DISCOVER" => read write;
    /// The largest packet that passes all the way to where the socket is connected, in bytes.
    Ipv6Mtu(u32 as Number) = IPV6_MTU, "IPV6_MTU" => read write;
    /// Whether packets are never cut into fragments.
    DoNotFragment(bool as Flag) = IPV6_DONTFRAG, "IPV6_DONTFRAG" => read write;
    /// Whether packets of one flow are labelled as such.
    AutomaticFlowLabel(bool as Flag) = IPV6_AUTOFLOWLABEL, "IPV6_AUTOFLOWLABEL" => read write;
    /// How many machines a packet to a group passes at most; `None` for the system's number.
    MulticastHops(Option<u32> as OrMinusOne) = IPV6_MULTICAST_HOPS, "IPV6_MULTICAST_HOPS" => read write;
    /// Whether packets to a group come back to this machine.
    Ipv6MulticastLoop(bool as Flag) = IPV6_MULTICAST_LOOP, "IPV6_MULTICAST_LOOP" => read write;
    /// The interface that packets to groups go out of.
    Ipv6MulticastInterface(Option<Interface> as OrNone) = IPV6_MULTICAST_IF, "IPV6_MULTICAST_IF" => read write;
    /// Whether packets come to all groups that the machine is in, and not only to those of this socket.
    Ipv6MulticastAll(bool as Flag) = IPV6_MULTICAST_ALL, "IPV6_MULTICAST_ALL" => read write;
}

impl Datagram<Internet> {
    /// Receives what is sent to this group of IPv6, on this interface or on the one of the route there, until it is
    /// left or the socket is closed.
    ///
    /// # Errors
    /// It is in the group already (EADDRINUSE), it is no group (EINVAL), or there is no way there (ENODEV).
    #[doc(alias = "IPV6_ADD_MEMBERSHIP")]
    pub fn join_group_v6(&self, group: Ipv6Addr, interface: Option<Interface>) -> Result<(), Error> {
        self.group_v6("join", IPV6_ADD_MEMBERSHIP, group, interface)
    }

    /// Leaves a group of IPv6.
    ///
    /// # Errors
    /// It is not in the group (EADDRNOTAVAIL).
    #[doc(alias = "IPV6_DROP_MEMBERSHIP")]
    pub fn leave_group_v6(&self, group: Ipv6Addr, interface: Option<Interface>) -> Result<(), Error> {
        self.group_v6("leave", IPV6_DROP_MEMBERSHIP, group, interface)
    }

    fn group_v6(
        &self,
        operation: &'static str,
        option: u32,
        group: Ipv6Addr,
        interface: Option<Interface>,
    ) -> Result<(), Error> {
        let mut value = [0; 20];
        value[..16].copy_from_slice(&group.octets());
        value[16..].copy_from_slice(&interface.map_or(0, Interface::number).to_ne_bytes());
        set_option(self.as_fd(), libc::SOL_IPV6, option as libc::c_int, &value)
            .map_err(|errno| Error::system(operation, group.to_string(), errno))
    }
}
