//! The data of control messages.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::fd::RawFd,
};

use bstr::ByteSlice;
use libc::{SOL_IP, SOL_IPV6, SOL_PACKET, SOL_SOCKET, SOL_TCP, SOL_UDP};
use linux_raw_sys::{if_packet, net};
use linux_support_base::Errno;

use super::{
    ControlMessage, Credentials, DescriptorNumbers, ExtendedError, PacketAuxiliary, PacketInformation,
    Timestamps, timestamp::moment,
};
use crate::socket::{Interface, address::sealed::Encoded};

/// The numbers that linux-raw-sys doesn't have: SCM_PIDFD, UDP_GRO and PACKET_TX_TIMESTAMP.
const SCM_PIDFD: u32 = 0x04;
const UDP_GRO: u32 = 104;
/// `TP_STATUS_VLAN_VALID` and `TP_STATUS_VLAN_TPID_VALID`.
const VLAN_VALID: u32 = 1 << 4;
const VLAN_PROTOCOL_VALID: u32 = 1 << 6;

/// What `data` says; `None` if it is not known, or of another length than is known.
pub(super) fn decode(level: i32, kind: i32, data: &[u8]) -> Option<ControlMessage<'_>> {
    let kind = u32::try_from(kind).ok()?;
    match level {
        SOL_SOCKET => of_socket(kind, data),
        SOL_IP => of_ip(kind, data),
        SOL_IPV6 => of_ipv6(kind, data),
        SOL_UDP if kind == UDP_GRO => segment_size(data),
        SOL_TCP if kind == net::TCP_CM_INQ => Some(ControlMessage::BytesWaiting(number(data)?)),
        SOL_PACKET => of_packet(kind, data),
        _ => None,
    }
}

fn of_socket(kind: u32, data: &[u8]) -> Option<ControlMessage<'_>> {
    Some(match kind {
        net::SCM_RIGHTS => {
            let (numbers, []) = data.as_chunks() else { return None };
            ControlMessage::Descriptors(DescriptorNumbers(numbers))
        }
        net::SCM_CREDENTIALS => ControlMessage::Credentials(Credentials::decode(data)?),
        net::SCM_SECURITY => {
            ControlMessage::SecurityLabel(data.strip_suffix(b"\0").unwrap_or(data).as_bstr())
        }
        SCM_PIDFD => {
            let number = RawFd::from_ne_bytes(*whole(data)?);
            ControlMessage::PidFd(match number {
                0.. => Ok(number),
                _ => Err(Errno::from_raw_os_error(i32::checked_neg(number).filter(|error| *error < 4096)?)),
            })
        }
        net::SO_TIMESTAMP_OLD | net::SO_TIMESTAMP_NEW => ControlMessage::Timestamp(moment(data, 1000)?),
        net::SO_TIMESTAMPNS_OLD | net::SO_TIMESTAMPNS_NEW => ControlMessage::Timestamp(moment(data, 1)?),
        net::SO_TIMESTAMPING_OLD | net::SO_TIMESTAMPING_NEW => {
            ControlMessage::Timestamps(Timestamps::decode(data)?)
        }
        net::SCM_TIMESTAMPING_PKTINFO => {
            let (numbers, []) = data.as_chunks::<4>() else { return None };
            let &[interface, length, _, _] = numbers else { return None };
            ControlMessage::TimestampSource {
                interface: Interface::new(i32::from_ne_bytes(interface)),
                length: u32::from_ne_bytes(length),
            }
        }
        net::SO_RXQ_OVFL => ControlMessage::Dropped(number(data)?),
        net::SO_MARK => ControlMessage::Mark(number(data)?),
        net::SO_PRIORITY => ControlMessage::Priority(number(data)?),
        _ => return None,
    })
}

fn of_ip(kind: u32, data: &[u8]) -> Option<ControlMessage<'_>> {
    Some(match kind {
        net::IP_PKTINFO => {
            let (numbers, []) = data.as_chunks::<4>() else { return None };
            let &[interface, local, destination] = numbers else { return None };
            ControlMessage::PacketInformation(PacketInformation {
                interface: Interface::new(i32::from_ne_bytes(interface)),
                destination: IpAddr::V4(Ipv4Addr::from(destination)),
                local: Some(Ipv4Addr::from(local)),
            })
        }
        net::IP_TTL => ControlMessage::HopLimit(u8::try_from(number(data)?).ok()?),
        net::IP_TOS => ControlMessage::TrafficClass(byte(data)?),
        net::IP_RECVERR => ControlMessage::Error(ExtendedError::decode(data)?),
        net::IP_ORIGDSTADDR => ControlMessage::OriginalDestination(SocketAddr::decode(data)?),
        net::IP_RECVFRAGSIZE => ControlMessage::FragmentSize(number(data)?),
        _ => return None,
    })
}

fn of_ipv6(kind: u32, data: &[u8]) -> Option<ControlMessage<'_>> {
    Some(match kind {
        net::IPV6_PKTINFO => {
            let (address, interface) = data.split_first_chunk::<16>()?;
            ControlMessage::PacketInformation(PacketInformation {
                interface: Interface::new(i32::from_ne_bytes(*whole(interface)?)),
                destination: IpAddr::V6(Ipv6Addr::from(*address)),
                local: None,
            })
        }
        net::IPV6_HOPLIMIT => ControlMessage::HopLimit(u8::try_from(number(data)?).ok()?),
        net::IPV6_TCLASS => ControlMessage::TrafficClass(byte(data)?),
        net::IPV6_RECVERR => ControlMessage::Error(ExtendedError::decode(data)?),
        net::IPV6_ORIGDSTADDR => ControlMessage::OriginalDestination(SocketAddr::decode(data)?),
        net::IPV6_RECVFRAGSIZE => ControlMessage::FragmentSize(number(data)?),
        _ => return None,
    })
}

fn of_packet(kind: u32, data: &[u8]) -> Option<ControlMessage<'_>> {
    match kind {
        if_packet::PACKET_AUXDATA => {
            let (words, []) = data.as_chunks::<4>() else { return None };
            let &[status, length, captured, offsets, vlan] = words else { return None };
            let (status, halves) = (u32::from_ne_bytes(status), |word: [u8; 4]| {
                (u16::from_ne_bytes([word[0], word[1]]), u16::from_ne_bytes([word[2], word[3]]))
            });
            let (control, protocol) = halves(vlan);
            // Before a protocol was told apart, it was that of 802.1Q.
            let protocol = if status & VLAN_PROTOCOL_VALID != 0 { protocol } else { 0x8100 };
            Some(ControlMessage::PacketAuxiliary(PacketAuxiliary {
                status,
                length: u32::from_ne_bytes(length),
                captured: u32::from_ne_bytes(captured),
                network_offset: halves(offsets).1,
                vlan: (status & VLAN_VALID != 0).then_some((control, protocol)),
            }))
        }
        if_packet::PACKET_TX_TIMESTAMP => Some(ControlMessage::Error(ExtendedError::decode(data)?)),
        _ => None,
    }
}

/// A length that the kernel gives as 4 bytes, and takes as 2.
fn segment_size(data: &[u8]) -> Option<ControlMessage<'_>> {
    let size = match whole(data) {
        Some(bytes) => u16::from_ne_bytes(*bytes),
        None => u16::try_from(number(data)?).ok()?,
    };
    Some(ControlMessage::SegmentSize(size))
}

fn whole<const N: usize>(data: &[u8]) -> Option<&[u8; N]> {
    data.try_into().ok()
}

fn number(data: &[u8]) -> Option<u32> {
    whole(data).copied().map(u32::from_ne_bytes)
}

/// A byte, which some protocols give as a number of 4.
fn byte(data: &[u8]) -> Option<u8> {
    match data {
        [byte] => Some(*byte),
        _ => u8::try_from(number(data)?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{ControlMessages, ErrorOrigin, HEADER};
    use super::*;

    /// A control message as the kernel writes it.
    fn record(level: i32, kind: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = (HEADER + data.len()).to_ne_bytes().to_vec();
        bytes.extend(level.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    fn one(level: i32, kind: u32, data: &[u8]) -> ControlMessage<'static> {
        let bytes = record(level, kind, data).leak();
        let mut messages = ControlMessages::parse(bytes);
        let first = messages.next().unwrap();
        assert_eq!(messages.next(), None);
        first
    }

    #[test]
    fn records_follow_each_other_at_multiples_of_eight() {
        let bytes = [
            record(SOL_SOCKET, 1, &[3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0].map(u8::from)),
            record(SOL_IP, net::IP_TOS, &[0x2e]),
            record(SOL_IPV6, net::IPV6_TCLASS, &7u32.to_ne_bytes()),
            record(SOL_SOCKET, net::SO_RXQ_OVFL, &8u32.to_ne_bytes()),
        ]
        .concat();
        let messages: Vec<_> = ControlMessages::parse(&bytes).collect();
        let [ControlMessage::Descriptors(numbers), rest @ ..] = &messages[..] else { panic!("{messages:?}") };
        assert_eq!(numbers.len(), 3);
        assert_eq!(rest[0], ControlMessage::TrafficClass(0x2e));
        assert_eq!(rest[1], ControlMessage::TrafficClass(7));
        assert_eq!(rest[2], ControlMessage::Dropped(8));
    }

    #[test]
    fn what_is_not_known_is_kept() {
        let unknown = ControlMessage::Unknown { level: 999, kind: 7, data: b"abc" };
        assert_eq!(one(999, 7, b"abc"), unknown);
        let odd = ControlMessage::Unknown { level: SOL_SOCKET, kind: 2, data: b"short" };
        assert_eq!(one(SOL_SOCKET, net::SCM_CREDENTIALS, b"short"), odd);
    }

    #[test]
    fn bytes_that_are_no_whole_record_are_kept() {
        let whole = record(SOL_IP, net::IP_TOS, &[1]);
        for length in 1..17 {
            let cut = &whole[..length];
            assert_eq!(ControlMessages::parse(cut).collect::<Vec<_>>(), [ControlMessage::Malformed(cut)]);
        }
        assert_eq!(ControlMessages::parse(&whole[..17]).next(), Some(ControlMessage::TrafficClass(1)));
        for length in [0, 15, usize::MAX] {
            let mut bytes = whole.clone();
            bytes[..8].copy_from_slice(&length.to_ne_bytes());
            let message = ControlMessages::parse(&bytes).next().unwrap();
            assert!(matches!(message, ControlMessage::Malformed(_)), "{length}");
        }
    }

    #[test]
    fn a_pidfd_that_could_not_be_had_says_why() {
        assert_eq!(one(SOL_SOCKET, SCM_PIDFD, &5i32.to_ne_bytes()), ControlMessage::PidFd(Ok(5)));
        let failed = one(SOL_SOCKET, SCM_PIDFD, &(-24i32).to_ne_bytes());
        assert_eq!(failed, ControlMessage::PidFd(Err(Errno::MFILE)));
        for odd in [i32::MIN, -4096] {
            let message = one(SOL_SOCKET, SCM_PIDFD, &odd.to_ne_bytes());
            assert!(matches!(message, ControlMessage::Unknown { .. }), "{odd}");
        }
    }

    #[test]
    fn a_length_of_segments_may_have_two_bytes_or_four() {
        assert_eq!(one(SOL_UDP, UDP_GRO, &1200u32.to_ne_bytes()), ControlMessage::SegmentSize(1200));
        assert_eq!(one(SOL_UDP, UDP_GRO, &1200u16.to_ne_bytes()), ControlMessage::SegmentSize(1200));
        assert!(matches!(one(SOL_UDP, UDP_GRO, &70_000u32.to_ne_bytes()), ControlMessage::Unknown { .. }));
    }

    #[test]
    fn an_error_names_its_origin_and_the_offender() {
        let mut data = [111u32.to_ne_bytes(), [2, 3, 1, 0], [0; 4], [0; 4]].concat();
        data.extend([2u16.to_ne_bytes(), [0, 0], [192, 0], [2, 9]].concat());
        data.extend([0; 8]);
        let ControlMessage::Error(error) = one(SOL_IP, net::IP_RECVERR, &data) else { panic!() };
        assert_eq!((error.error, error.origin), (Some(Errno::CONNREFUSED), ErrorOrigin::Icmp));
        assert_eq!(error.offender.unwrap().ip(), IpAddr::from([192, 0, 2, 9]));
        assert_eq!(error.zero_copy(), None);

        let notice = [0u32.to_ne_bytes(), [0, 5, 0, 1], 3u32.to_ne_bytes(), 9u32.to_ne_bytes()].concat();
        let mut notice = notice;
        notice[4..8].copy_from_slice(&[5, 0, 1, 0]);
        let ControlMessage::Error(notice) = one(SOL_IP, net::IP_RECVERR, &notice) else { panic!() };
        assert_eq!((notice.error, notice.zero_copy()), (None, Some((3, 9, true))));
    }

    #[test]
    fn a_packet_says_where_it_came_in() {
        let data = [1i32.to_ne_bytes(), [127, 0, 0, 1], [127, 0, 0, 2]].concat();
        let expected = PacketInformation {
            interface: Interface::new(1),
            destination: "127.0.0.2".parse().unwrap(),
            local: Some(Ipv4Addr::LOCALHOST),
        };
        assert_eq!(one(SOL_IP, net::IP_PKTINFO, &data), ControlMessage::PacketInformation(expected));
        let data = [&Ipv6Addr::LOCALHOST.octets()[..], &0i32.to_ne_bytes()].concat();
        let expected =
            PacketInformation { interface: None, destination: Ipv6Addr::LOCALHOST.into(), local: None };
        assert_eq!(one(SOL_IPV6, net::IPV6_PKTINFO, &data), ControlMessage::PacketInformation(expected));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_go_on_for_ever(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
            prop_assert!(ControlMessages::parse(&bytes).count() <= bytes.len() / HEADER + 1);
        }

        #[test]
        fn every_kind_takes_data_of_every_length(
            level in prop::sample::select(vec![SOL_SOCKET, SOL_IP, SOL_IPV6, SOL_UDP, SOL_TCP, SOL_PACKET]),
            kind in 0..120u32,
            data in prop::collection::vec(any::<u8>(), 0..70),
        ) {
            let bytes = record(level, kind, &data);
            prop_assert_eq!(ControlMessages::parse(&bytes).count(), 1);
        }
    }
}
