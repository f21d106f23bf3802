//! What can go along with a message.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::fd::RawFd,
    time::SystemTime,
};

use bstr::BStr;
use linux_support_base::Errno;

use super::{Credentials, ExtendedError, HEADER, Timestamps, decode::decode};
use crate::socket::Interface;

/// One thing that goes along with a message.
///
/// # Source
/// unix(7), ip(7), ipv6(7), udp(7), packet(7), socket(7).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ControlMessage<'a> {
    /// Descriptors, by their numbers: [`Ancillary`](super::Ancillary) owns them.
    #[doc(alias = "SCM_RIGHTS")]
    Descriptors(DescriptorNumbers<'a>),
    /// Who sent it.
    #[doc(alias = "SCM_CREDENTIALS")]
    Credentials(Credentials),
    /// The process that sent it, by the number of a descriptor that [`Ancillary`](super::Ancillary) owns, or why there
    /// is none.
    #[doc(alias = "SCM_PIDFD")]
    PidFd(Result<RawFd, Errno>),
    /// The security label of who sent it.
    #[doc(alias = "SCM_SECURITY")]
    SecurityLabel(&'a BStr),
    /// When it came.
    #[doc(alias = "SCM_TIMESTAMPNS")]
    #[doc(alias = "SCM_TIMESTAMP")]
    Timestamp(SystemTime),
    /// When it came or went, by the kernel's and the device's clocks.
    #[doc(alias = "SCM_TIMESTAMPING")]
    Timestamps(Timestamps),
    /// Which device took the time, and the packet's length on the link.
    #[doc(alias = "SCM_TIMESTAMPING_PKTINFO")]
    TimestampSource {
        /// The device, where it is known.
        interface: Option<Interface>,
        /// The length in bytes.
        length: u32,
    },
    /// Where it came in, and to which address.
    #[doc(alias = "IP_PKTINFO")]
    #[doc(alias = "IPV6_PKTINFO")]
    PacketInformation(PacketInformation),
    /// The address that it was sent to before it was redirected.
    #[doc(alias = "IP_ORIGDSTADDR")]
    OriginalDestination(SocketAddr),
    /// How many more machines it would have passed.
    #[doc(alias = "IP_TTL")]
    #[doc(alias = "IPV6_HOPLIMIT")]
    HopLimit(u8),
    /// Its traffic class: 6 bits of class and 2 of congestion.
    #[doc(alias = "IP_TOS")]
    #[doc(alias = "IPV6_TCLASS")]
    TrafficClass(u8),
    /// The largest of the fragments that it came in, in bytes.
    #[doc(alias = "IP_RECVFRAGSIZE")]
    FragmentSize(u32),
    /// How many messages the socket had to drop so far, for want of room.
    #[doc(alias = "SO_RXQ_OVFL")]
    Dropped(u32),
    /// The bytes are several datagrams of this length each, but for the last, which may be shorter.
    #[doc(alias = "UDP_GRO")]
    SegmentSize(u16),
    /// The mark that the firewall gave it.
    #[doc(alias = "SO_RCVMARK")]
    Mark(u32),
    /// Its priority.
    #[doc(alias = "SO_RCVPRIORITY")]
    Priority(u32),
    /// How many more bytes wait in the socket.
    #[doc(alias = "TCP_CM_INQ")]
    BytesWaiting(u32),
    /// An entry of the error queue.
    #[doc(alias = "IP_RECVERR")]
    #[doc(alias = "IPV6_RECVERR")]
    Error(ExtendedError),
    /// What a packet socket says beyond the packet.
    #[doc(alias = "PACKET_AUXDATA")]
    PacketAuxiliary(PacketAuxiliary),
    /// Something that this library does not know, or whose data is not of the known length.
    Unknown {
        /// The protocol that it belongs to, `SOL_…`.
        level: i32,
        /// Its number there.
        kind: i32,
        /// Its data.
        data: &'a [u8],
    },
    /// Bytes at the end that are no whole control message.
    Malformed(&'a [u8]),
}

/// Where a packet came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PacketInformation {
    /// The interface.
    pub interface: Option<Interface>,
    /// The address that the packet was sent to.
    pub destination: IpAddr,
    /// For IPv4, the machine's own address: the one to answer from.
    pub local: Option<Ipv4Addr>,
}

/// What a packet socket says of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "tpacket_auxdata")]
#[non_exhaustive]
pub struct PacketAuxiliary {
    /// Flags: `TP_STATUS_…`.
    pub status: u32,
    /// The packet's length in bytes.
    pub length: u32,
    /// How much of it was captured, in bytes.
    pub captured: u32,
    /// Where the network header begins.
    pub network_offset: u16,
    /// The tag of the virtual LAN, if the kernel took one off: its control word and its protocol.
    pub vlan: Option<(u16, u16)>,
}

/// The numbers of descriptors that came with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DescriptorNumbers<'a>(pub(super) &'a [[u8; 4]]);

impl Iterator for DescriptorNumbers<'_> {
    type Item = RawFd;

    fn next(&mut self) -> Option<RawFd> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(RawFd::from_ne_bytes(*first))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len(), Some(self.0.len()))
    }
}

impl ExactSizeIterator for DescriptorNumbers<'_> {}

/// Control messages, out of the bytes that the kernel writes.
///
/// ```
/// use linux_support_fd::socket::ancillary::{ControlMessage, ControlMessages};
///
/// let bytes = [20u64.to_ne_bytes(), [1, 0, 0, 0, 40, 0, 0, 0], [7, 0, 0, 0, 0, 0, 0, 0]].concat();
/// # if cfg!(target_endian = "little") {
/// let dropped = ControlMessages::parse(&bytes).next();
/// assert_eq!(dropped, Some(ControlMessage::Dropped(7)));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ControlMessages<'a>(&'a [u8]);

impl<'a> ControlMessages<'a> {
    /// Those in `bytes`: of any form, since no form of them is an error.
    #[must_use]
    pub const fn parse(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for ControlMessages<'a> {
    type Item = ControlMessage<'a>;

    fn next(&mut self) -> Option<ControlMessage<'a>> {
        let bytes = self.0;
        if bytes.is_empty() {
            return None;
        }
        self.0 = &[];
        let whole = || {
            let length = usize::from_ne_bytes(*bytes.first_chunk()?);
            let level = i32::from_ne_bytes(*bytes.get(8..)?.first_chunk()?);
            let kind = i32::from_ne_bytes(*bytes.get(12..)?.first_chunk()?);
            Some((length, level, kind, bytes.get(HEADER..length)?))
        };
        let Some((length, level, kind, data)) = whole() else {
            return Some(ControlMessage::Malformed(bytes));
        };
        self.0 = bytes.get(length.next_multiple_of(8)..).unwrap_or_default();
        Some(decode(level, kind, data).unwrap_or(ControlMessage::Unknown { level, kind, data }))
    }
}
