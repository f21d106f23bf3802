//! Packets in blocks and frames, as the kernel writes them.

use std::time::{Duration, SystemTime};

use bitflags::bitflags;
use linux_support_base::ParseError;

use crate::{
    record::Record,
    socket::{LinkAddress, address::sealed::Encoded},
};

bitflags! {
    /// What the kernel says of a packet. Bits that are not known here are kept.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct PacketStatus: u32 {
        /// All of it waits at the socket too, since the ring has room for a part of it only.
        #[doc(alias = "TP_STATUS_COPY")]
        const ALSO_QUEUED = 1 << 1;
        /// Packets were lost since the counts were last read.
        #[doc(alias = "TP_STATUS_LOSING")]
        const LOSING = 1 << 2;
        /// It goes out, and its checksum is still to be made.
        #[doc(alias = "TP_STATUS_CSUMNOTREADY")]
        const CHECKSUM_NOT_READY = 1 << 3;
        /// It had a tag of a virtual LAN.
        #[doc(alias = "TP_STATUS_VLAN_VALID")]
        const VLAN = 1 << 4;
        /// And the protocol of the tag is told.
        #[doc(alias = "TP_STATUS_VLAN_TPID_VALID")]
        const VLAN_PROTOCOL = 1 << 6;
        /// Its checksum was found to be right.
        #[doc(alias = "TP_STATUS_CSUM_VALID")]
        const CHECKSUM_VALID = 1 << 7;
        /// It is several segments of TCP at once.
        #[doc(alias = "TP_STATUS_GSO_TCP")]
        const TCP_SEGMENTS = 1 << 8;
        /// The time is that of the kernel's clock, taken since somebody asked for times: without, it is that clock too,
        /// a little later.
        #[doc(alias = "TP_STATUS_TS_SOFTWARE")]
        const SOFTWARE_TIME = 1 << 29;
        /// The time is that of the device's clock.
        #[doc(alias = "TP_STATUS_TS_RAW_HARDWARE")]
        const HARDWARE_TIME = 1 << 31;
        const _ = !0;
    }
}

/// A packet in a block or a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "tpacket3_hdr")]
#[non_exhaustive]
pub struct RingPacket<'a> {
    /// Its bytes: with the header of the link, unless the socket is without.
    pub bytes: &'a [u8],
    /// How long it was, in bytes: longer than what is here if it was cut short.
    pub length: u32,
    /// When it came: by the device's clock, if [so](PacketStatus::HARDWARE_TIME).
    pub time: SystemTime,
    /// What else is said of it.
    pub status: PacketStatus,
    /// Where the header of the network begins in its bytes.
    pub network_offset: usize,
    /// The tag of the virtual LAN that the kernel took off: its control word and its protocol.
    pub vlan: Option<(u16, u16)>,
    /// The hash of its flow, if it was [asked for](super::ReceiveRingOptions::hashes): in blocks alone.
    pub hash: Option<u32>,
    /// Where it came from.
    pub from: LinkAddress,
}

/// The packets of a block.
#[derive(Clone, Debug)]
pub struct RingPackets<'a> {
    block: &'a [u8],
    /// Where the next one begins, and how many are left; `None` before the header was read.
    left: Option<(usize, u32)>,
}

/// The lengths of a packet's header, behind which its address is: of the second version and of the third.
const FRAME_HEADER: usize = 32;
const HEADER: usize = 48;

/// What the header of a packet says, in either version.
struct Header {
    size: usize,
    captured: u32,
    length: u32,
    begin: u16,
    network: u16,
    seconds: u32,
    nanoseconds: u32,
    status: u32,
    tag: u16,
    tag_protocol: u16,
    hash: u32,
}

impl Header {
    /// The packet of this header, which `bytes` begin with.
    fn packet(self, bytes: &[u8]) -> Option<RingPacket<'_>> {
        let begin = usize::from(self.begin);
        let status = PacketStatus::from_bits_retain(self.status);
        let since = Duration::from_secs(self.seconds.into())
            .checked_add(Duration::from_nanos(self.nanoseconds.into()))?;
        // Before a protocol was told apart, it was that of 802.1Q.
        let protocol = if status.contains(PacketStatus::VLAN_PROTOCOL) { self.tag_protocol } else { 0x8100 };
        Some(RingPacket {
            bytes: bytes.get(begin..begin.checked_add(self.captured as usize)?)?,
            length: self.length,
            time: SystemTime::UNIX_EPOCH.checked_add(since)?,
            status,
            network_offset: usize::from(self.network).saturating_sub(begin),
            vlan: status.contains(PacketStatus::VLAN).then_some((self.tag, protocol)),
            hash: Some(self.hash).filter(|&hash| hash != 0),
            from: LinkAddress::decode(bytes.get(self.size..self.size + 20)?)?,
        })
    }
}

impl<'a> RingPacket<'a> {
    /// Reads the packet of a frame of the second version.
    ///
    /// # Errors
    /// It does not lie within the frame.
    #[doc(alias = "tpacket2_hdr")]
    pub fn parse_frame(frame: &'a [u8]) -> Result<Self, ParseError> {
        let record = Record(frame);
        let packet = || {
            let header = Header {
                size: FRAME_HEADER,
                status: record.u32(0)?,
                length: record.u32(4)?,
                captured: record.u32(8)?,
                begin: record.u16(12)?,
                network: record.u16(14)?,
                seconds: record.u32(16)?,
                nanoseconds: record.u32(20)?,
                tag: record.u16(24)?,
                tag_protocol: record.u16(26)?,
                hash: 0,
            };
            header.packet(frame)
        };
        packet().ok_or_else(|| malformed("a packet within its frame", frame))
    }
}

fn malformed(expected: &'static str, bytes: &[u8]) -> ParseError {
    ParseError::expected(expected, &bytes[..bytes.len().min(48)])
}

impl<'a> RingPackets<'a> {
    /// Reads the packets of a block of the third version, one by one. What lies outside of the block is an error, and
    /// the last.
    #[must_use]
    pub const fn parse(block: &'a [u8]) -> Self {
        Self { block, left: None }
    }

    fn header(&self) -> Option<(usize, u32)> {
        let record = Record(self.block);
        Some((record.u32(16)? as usize, record.u32(12)?))
    }

    /// The packet that begins at `at`, and how far the next one is from it.
    fn packet(&self, at: usize) -> Option<(RingPacket<'a>, usize)> {
        let bytes = self.block.get(at..)?;
        let record = Record(bytes);
        let header = Header {
            size: HEADER,
            seconds: record.u32(4)?,
            nanoseconds: record.u32(8)?,
            captured: record.u32(12)?,
            length: record.u32(16)?,
            status: record.u32(20)?,
            begin: record.u16(24)?,
            network: record.u16(26)?,
            hash: record.u32(28)?,
            tag: record.u32(32)? as u16,
            tag_protocol: record.u16(36)?,
        };
        Some((header.packet(bytes)?, record.u32(0)? as usize))
    }
}

impl<'a> Iterator for RingPackets<'a> {
    type Item = Result<RingPacket<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        let malformed = || malformed("packets within their block", self.block);
        let Some((at, left)) = self.left.or_else(|| self.header()) else {
            self.left = Some((0, 0));
            return Some(Err(malformed()));
        };
        if left == 0 {
            return None;
        }
        let Some((packet, distance)) = self.packet(at) else {
            self.left = Some((0, 0));
            return Some(Err(malformed()));
        };
        // Of the last one, the distance may be 0. A ring that goes back would never end, but for the number of them.
        self.left = Some((at.saturating_add(distance), left - 1));
        Some(Ok(packet))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::socket::{Interface, PacketKind};

    fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
        bytes[at..at + value.len()].copy_from_slice(value);
    }

    /// A block of two packets, the second of which was cut short and had a tag.
    fn block() -> Vec<u8> {
        let mut bytes = vec![0; 512];
        put(&mut bytes, 0, &3_u32.to_ne_bytes());
        put(&mut bytes, 12, &2_u32.to_ne_bytes());
        put(&mut bytes, 16, &48_u32.to_ne_bytes());
        for (at, next, length, status) in [(48, 128_u32, 9_u32, 1 << 29), (176, 0, 900, 1_u32 << 31 | 0x50)] {
            put(&mut bytes, at, &next.to_ne_bytes());
            put(&mut bytes, at + 4, &7_u32.to_ne_bytes());
            put(&mut bytes, at + 8, &5_u32.to_ne_bytes());
            put(&mut bytes, at + 12, &9_u32.to_ne_bytes());
            put(&mut bytes, at + 16, &length.to_ne_bytes());
            put(&mut bytes, at + 20, &status.to_ne_bytes());
            put(&mut bytes, at + 24, &82_u16.to_ne_bytes());
            put(&mut bytes, at + 26, &86_u16.to_ne_bytes());
            put(&mut bytes, at + 28, &(status >> 31).to_ne_bytes());
            put(&mut bytes, at + 32, &0x0123_u32.to_ne_bytes());
            put(&mut bytes, at + 36, &0x88a8_u16.to_ne_bytes());
            put(&mut bytes, at + 48, &(libc::AF_PACKET as u16).to_ne_bytes());
            put(&mut bytes, at + 50, &0x0800_u16.to_be_bytes());
            put(&mut bytes, at + 52, &2_i32.to_ne_bytes());
            bytes[at + 58] = 4;
            put(&mut bytes, at + 82, b"link data");
        }
        bytes
    }

    #[test]
    fn a_block_has_its_packets() {
        let block = block();
        let packets: Vec<_> = RingPackets::parse(&block).map(Result::unwrap).collect();
        assert_eq!(packets.len(), 2);
        let first = &packets[0];
        assert_eq!((first.bytes, first.length, first.network_offset), (&b"link data"[..], 9, 4));
        assert_eq!(first.time, SystemTime::UNIX_EPOCH + Duration::new(7, 5));
        assert_eq!((first.status, first.vlan, first.hash), (PacketStatus::SOFTWARE_TIME, None, None));
        assert_eq!(first.from.interface, Interface::new(2));
        assert_eq!((first.from.protocol, first.from.kind), (0x0800, PacketKind::Outgoing));
        let second = &packets[1];
        assert_eq!((second.bytes, second.length), (&b"link data"[..], 900));
        assert_eq!((second.vlan, second.hash), (Some((0x0123, 0x88a8)), Some(1)));
    }

    #[test]
    fn what_lies_outside_of_the_block_is_an_error_and_the_last() {
        let whole = block();
        for length in 0..whole.len() {
            let packets: Vec<_> = RingPackets::parse(&whole[..length]).collect();
            let bad = packets.iter().position(Result::is_err);
            assert!(bad.is_none_or(|at| at + 1 == packets.len()), "{length}");
            assert_eq!(bad.is_some(), length < 176 + 82 + 9, "{length}");
        }
        let mut far = whole.clone();
        put(&mut far, 16, &u32::MAX.to_ne_bytes());
        assert!(RingPackets::parse(&far).next().unwrap().is_err());
        let mut long = whole;
        put(&mut long, 48 + 12, &u32::MAX.to_ne_bytes());
        assert!(RingPackets::parse(&long).next().unwrap().is_err());
    }

    /// A frame of a packet that was cut short and had a tag.
    fn frame() -> Vec<u8> {
        let mut bytes = vec![0; 128];
        put(&mut bytes, 0, &0x51_u32.to_ne_bytes());
        put(&mut bytes, 4, &900_u32.to_ne_bytes());
        put(&mut bytes, 8, &9_u32.to_ne_bytes());
        put(&mut bytes, 12, &66_u16.to_ne_bytes());
        put(&mut bytes, 14, &80_u16.to_ne_bytes());
        put(&mut bytes, 16, &7_u32.to_ne_bytes());
        put(&mut bytes, 20, &5_u32.to_ne_bytes());
        put(&mut bytes, 24, &0x0123_u16.to_ne_bytes());
        put(&mut bytes, 26, &0x88a8_u16.to_ne_bytes());
        put(&mut bytes, 32, &(libc::AF_PACKET as u16).to_ne_bytes());
        put(&mut bytes, 34, &0x0800_u16.to_be_bytes());
        put(&mut bytes, 36, &2_i32.to_ne_bytes());
        put(&mut bytes, 66, b"link data");
        bytes
    }

    #[test]
    fn a_frame_has_its_packet() {
        let frame = frame();
        let packet = RingPacket::parse_frame(&frame).unwrap();
        assert_eq!((packet.bytes, packet.length, packet.network_offset), (&b"link data"[..], 900, 14));
        assert_eq!(packet.time, SystemTime::UNIX_EPOCH + Duration::new(7, 5));
        assert_eq!((packet.vlan, packet.hash), (Some((0x0123, 0x88a8)), None));
        assert_eq!((packet.from.interface, packet.from.protocol), (Interface::new(2), 0x0800));
    }

    #[test]
    fn what_lies_outside_of_the_frame_is_an_error() {
        let frame = frame();
        for length in 0..frame.len() {
            assert_eq!(RingPacket::parse_frame(&frame[..length]).is_ok(), length >= 75, "{length}");
        }
        let mut long = frame;
        put(&mut long, 8, &u32::MAX.to_ne_bytes());
        let error = RingPacket::parse_frame(&long).unwrap_err();
        assert!(error.to_string().contains("a packet within its frame"), "{error}");
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0_usize..500, byte: u8) {
            let _ = RingPackets::parse(&bytes).take(100).count();
            let _ = RingPacket::parse_frame(&bytes);
            let mut block = block();
            block[at] = byte;
            prop_assert!(RingPackets::parse(&block).take(1000).count() > 0 || block[12..16] == [0; 4]);
        }
    }
}
