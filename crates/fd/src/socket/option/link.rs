//! Options of packet sockets: packet(7).

use linux_raw_sys::if_packet::{
    PACKET_AUXDATA, PACKET_IGNORE_OUTGOING, PACKET_ORIGDEV, PACKET_QDISC_BYPASS, PACKET_ROLLOVER_STATS,
    PACKET_STATISTICS, PACKET_TIMESTAMP, PACKET_VNET_HDR,
};

use super::{
    codec::{Codec, Encoded, Flag, Own, READ_ONLY},
    options,
};
use crate::record::Record;

/// How many packets a packet socket had since this was last read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PacketCounts {
    /// All, with those dropped.
    pub packets: u32,
    /// Those dropped for want of room.
    pub drops: u32,
    /// How often a ring had no block left, of a socket that has a ring to receive.
    #[doc(alias = "tp_freeze_q_cnt")]
    pub freezes: Option<u32>,
}

/// How many packets went to another socket of a group, since this one had no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "tpacket_rollover_stats")]
#[non_exhaustive]
pub struct RolloverCounts {
    /// All that did.
    pub all: u64,
    /// Those that were of flows so large that they filled the socket alone.
    pub huge: u64,
    /// Those for which no other socket had room either.
    pub failed: u64,
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
    /// How many packets went to another socket of the group: of one that shares with
    /// [`FanoutFlags::ROLLOVER`](crate::socket::packet::FanoutFlags::ROLLOVER).
    RolloverStatistics(RolloverCounts as Own) = PACKET_ROLLOVER_STATS, "PACKET_ROLLOVER_STATS" => read;
    /// Whether the packets of a ring have the time of the device's clock, where the device tells it.
    HardwareTime(bool as Own) = PACKET_TIMESTAMP, "PACKET_TIMESTAMP" => read write;
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
        let record = Record(bytes);
        Some(PacketCounts { packets: record.u32(0)?, drops: record.u32(4)?, freezes: record.u32(8) })
    }
}

impl Codec<RolloverCounts> for Own {
    fn encode(_: &RolloverCounts) -> Result<Encoded, &'static str> {
        Err(READ_ONLY)
    }

    fn decode(bytes: &[u8]) -> Option<RolloverCounts> {
        let record = Record(bytes);
        Some(RolloverCounts { all: record.u64(0)?, huge: record.u64(8)?, failed: record.u64(16)? })
    }
}

/// `SOF_TIMESTAMPING_RAW_HARDWARE`.
const RAW_HARDWARE: u32 = 1 << 6;

impl Codec<bool> for Own {
    fn encode(value: &bool) -> Result<Encoded, &'static str> {
        Ok(Encoded::number(if *value { RAW_HARDWARE } else { 0 }))
    }

    fn decode(bytes: &[u8]) -> Option<bool> {
        Some(Record(bytes).u32(0)? & RAW_HARDWARE != 0)
    }
}
