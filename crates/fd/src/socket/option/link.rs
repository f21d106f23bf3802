//! Options of packet sockets: packet(7).

use linux_raw_sys::if_packet::{
    PACKET_AUXDATA, PACKET_IGNORE_OUTGOING, PACKET_ORIGDEV, PACKET_QDISC_BYPASS, PACKET_STATISTICS,
    PACKET_VNET_HDR,
};

use super::{
    codec::{Codec, Encoded, Flag, Own, READ_ONLY},
    options,
};

/// How many packets a packet socket had since this was last read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PacketCounts {
    /// All, with those dropped.
    pub packets: u32,
    /// Those dropped for want of room.
    pub drops: u32,
}

options! { Packet = libc::SOL_PACKET;
    /// Whether each packet says more of itself: its length, its tag of a virtual LAN.
    ReceiveAuxiliary(bool as Flag) = PACKET_AUXDATA, "PACKET_AUXDATA" => read write;
    /// Whether packets that go out are left out.
    IgnoreOutgoing(bool as Flag) = PACKET_IGNORE_OUTGOING, "PACKET_IGNORE_OUTGOING" => read write;
    /// Whether addresses name the interface that a packet came by, and not the one made of it (bond, bridge).
    OriginalInterface(bool as Flag) = PACKET_ORIGDEV, "PACKET_ORIGDEV" => read write;
    /// Whether packets go to the device past the queueing discipline.
    BypassQueueing(bool as Flag) = PACKET_QDISC_BYPASS, "PACKET_QDISC_BYPASS" => read write;
    /// Whether each packet begins with a header of virtio, of 10 bytes.
    VirtioHeader(bool as Flag) = PACKET_VNET_HDR, "PACKET_VNET_HDR" => read write;
    /// How many packets there were since this was last read.
    PacketStatistics(PacketCounts as Own) = PACKET_STATISTICS, "PACKET_STATISTICS" => read;
}

options! { Raw = libc::SOL_IP;
    /// Whether what is sent begins with the header of IPv4.
    HeaderIncluded(bool as Flag) = linux_raw_sys::net::IP_HDRINCL, "IP_HDRINCL" => read write;
}

impl Codec<PacketCounts> for Own {
    fn encode(_: &PacketCounts) -> Result<Encoded, &'static str> {
        Err(READ_ONLY)
    }

    fn decode(bytes: &[u8]) -> Option<PacketCounts> {
        let (&[packets, drops, ..], _) = bytes.as_chunks::<4>() else { return None };
        Some(PacketCounts { packets: u32::from_ne_bytes(packets), drops: u32::from_ne_bytes(drops) })
    }
}
