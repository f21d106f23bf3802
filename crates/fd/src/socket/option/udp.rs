//! Options of UDP: udp(7).

use super::{
    codec::{Flag, Number},
    options,
};

options! { Udp = libc::IPPROTO_UDP;
    /// The length of the datagrams that all that is sent is cut into, in bytes: 0 for none. The last one may be shorter.
    SegmentSize(u16 as Number) = 103, "UDP_SEGMENT" => read write;
    /// Whether datagrams of one sender are received together: each such message says how long each of them is.
    ReceiveOffload(bool as Flag) = 104, "UDP_GRO" => read write;
    /// Whether what is sent is collected into one datagram, until this is cleared.
    UdpCork(bool as Flag) = 1, "UDP_CORK" => read write;
    /// Whether packets of IPv6 are sent without a checksum.
    NoChecksumSent(bool as Flag) = 101, "UDP_NO_CHECK6_TX" => read write;
    /// Whether packets of IPv6 without a checksum are taken.
    NoChecksumTaken(bool as Flag) = 102, "UDP_NO_CHECK6_RX" => read write;
}
