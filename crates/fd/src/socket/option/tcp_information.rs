//! What the kernel knows of a TCP connection: tcp(7), TCP_INFO.

use std::time::Duration;

use linux_raw_sys::net::TCP_INFO;
use linux_support_base::{Bytes, Requirement};

use super::{
    ReadableOption, SocketOption,
    codec::{Encoded, READ_ONLY},
    level,
    sealed::Known,
    tcp_state::{TcpOptions, TcpState},
};

/// What the kernel knows of a TCP connection, or of a listener.
///
/// What an older kernel doesn't give is `None`.
///
/// # Source
/// tcp(7): TCP_INFO; the kernel's include/uapi/linux/tcp.h.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "TCP_INFO")]
#[doc(alias = "tcp_info")]
#[non_exhaustive]
pub struct TcpInformation {
    /// Its state.
    pub state: TcpState,
    /// The state of its congestion control: 0 open, 1 disorder, 2 window reduced, 3 recovery, 4 loss.
    pub congestion_state: u8,
    /// How often the oldest packet was sent again, of late.
    pub retransmits: u8,
    /// How often the other end was asked for room, or whether it is there, without an answer.
    pub probes: u8,
    /// How often the time-out was doubled.
    pub backoff: u8,
    /// What both ends agreed on.
    pub options: TcpOptions,
    /// By how many bits windows that the other end tells are shifted.
    pub send_window_scale: u8,
    /// By how many bits windows that it is told are shifted.
    pub receive_window_scale: u8,
    /// Whether [`delivery_rate`](Self::delivery_rate) was limited by the program, which had no more to send.
    pub delivery_rate_limited_by_program: bool,
    /// Why the first packet's data was not taken: 0 if that is not known or it was.
    pub fast_open_failure: u8,
    /// After how long a packet is sent again.
    pub retransmission_timeout: Duration,
    /// How long an acknowledgement is held back.
    pub acknowledgement_timeout: Duration,
    /// The most bytes in a packet that is sent.
    pub send_segment: Bytes,
    /// The most bytes in a packet that is received, as far as is known.
    pub receive_segment: Bytes,
    /// How many packets are under way; of a listener, how many connections wait.
    pub unacknowledged: u32,
    /// How many of them have arrived out of order; of a listener, how many connections may wait.
    pub selectively_acknowledged: u32,
    /// How many of them are taken for lost.
    pub lost: u32,
    /// How many of them were sent again.
    pub retransmitted: u32,
    /// No longer used.
    pub forward_acknowledged: u32,
    /// How long ago data was sent.
    pub since_data_sent: Duration,
    /// No longer used.
    pub since_acknowledgement_sent: Duration,
    /// How long ago data was received.
    pub since_data_received: Duration,
    /// How long ago an acknowledgement was received.
    pub since_acknowledgement_received: Duration,
    /// The largest packet that passes all the way.
    pub path_mtu: Bytes,
    /// The most that the other end is told it may send, for now.
    pub receive_threshold: Bytes,
    /// How long an answer takes, smoothed.
    pub round_trip: Duration,
    /// By how much that varies.
    pub round_trip_variance: Duration,
    /// The number of packets up to which the window grows fast.
    pub send_threshold: u32,
    /// How many packets may be under way.
    pub congestion_window: u32,
    /// The most bytes in a packet, as the other end was told.
    pub advertised_segment: Bytes,
    /// By how many places packets may be out of order without being taken for lost.
    pub reordering: u32,
    /// How long an answer takes, as the receiver sees it.
    pub receive_round_trip: Duration,
    /// How much the receiver takes in such a time.
    pub receive_space: Bytes,
    /// How many packets were sent again, ever.
    pub total_retransmitted: u32,
    /// The bytes a second at which data is sent; `None` for no limit.
    pub pacing_rate: Option<u64>,
    /// The most of that.
    pub maximum_pacing_rate: Option<u64>,
    /// How many bytes were acknowledged.
    pub bytes_acknowledged: Option<Bytes>,
    /// How many bytes were received.
    pub bytes_received: Option<Bytes>,
    /// How many packets were sent.
    pub packets_sent: Option<u32>,
    /// How many packets were received.
    pub packets_received: Option<u32>,
    /// How many bytes wait to be sent.
    pub not_sent: Option<Bytes>,
    /// The shortest time that an answer took of late.
    pub minimum_round_trip: Option<Duration>,
    /// How many packets with data were received.
    pub data_packets_received: Option<u32>,
    /// How many packets with data were sent.
    pub data_packets_sent: Option<u32>,
    /// The bytes a second that arrived at the other end of late.
    pub delivery_rate: Option<u64>,
    /// How long there was something to send.
    pub busy: Option<Duration>,
    /// How much of that the other end had no room for.
    pub limited_by_receiver: Option<Duration>,
    /// How much of that this end had no room for.
    pub limited_by_send_buffer: Option<Duration>,
    /// How many packets arrived at the other end.
    pub delivered: Option<u32>,
    /// How many of them were marked for congestion.
    pub delivered_with_congestion: Option<u32>,
    /// How many bytes were sent.
    pub bytes_sent: Option<Bytes>,
    /// How many bytes were sent again.
    pub bytes_retransmitted: Option<Bytes>,
    /// How many packets arrived twice at the other end.
    pub duplicates: Option<u32>,
    /// How often packets arrived out of order at the other end.
    pub reorderings: Option<u32>,
    /// How many packets arrived here out of order.
    pub out_of_order: Option<u32>,
    /// How many bytes the other end has room for.
    pub send_window: Option<Bytes>,
    /// How many bytes this end has room for, as the other was told.
    pub receive_window: Option<Bytes>,
    /// How often another path through the network was tried.
    pub rehashes: Option<u32>,
    /// How often a time-out passed.
    pub total_timeouts: Option<u16>,
    /// How often packets arrived again after that.
    pub total_timeout_recoveries: Option<u16>,
    /// How long that took in all.
    pub total_timeout_time: Option<Duration>,
    /// How many packets arrived here that were marked for congestion.
    pub received_with_congestion: Option<u32>,
    /// How many bytes arrived at the other end in packets that could be marked, of the second kind: ECT(1).
    pub delivered_e1_bytes: Option<Bytes>,
    /// How many bytes arrived at the other end in packets that could be marked, of the first kind: ECT(0).
    pub delivered_e0_bytes: Option<Bytes>,
    /// How many bytes arrived at the other end in packets that were marked.
    pub delivered_marked_bytes: Option<Bytes>,
    /// How many bytes arrived here in packets that could be marked, of the second kind: ECT(1).
    pub received_e1_bytes: Option<Bytes>,
    /// How many bytes arrived here in packets that could be marked, of the first kind: ECT(0).
    pub received_e0_bytes: Option<Bytes>,
    /// How many bytes arrived here in packets that were marked.
    pub received_marked_bytes: Option<Bytes>,
    /// How exact reports of congestion (AccECN) fare, and more: bits as the kernel has them, which Linux 6.18 lays out
    /// otherwise than those after it.
    pub accurate_congestion: Option<u32>,
}

impl SocketOption for TcpInformation {
    type Level = level::Tcp;
    const NAME: &'static str = "TCP_INFO";
    const NEEDS: Requirement = Requirement::none();
}

impl ReadableOption for TcpInformation {}

/// Takes numbers off the front of bytes, as long as there are whole ones.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (number, rest) = self.0.split_first_chunk().or_else(|| {
            // What is cut short ends all.
            self.0 = &[];
            None
        })?;
        self.0 = rest;
        Some(*number)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take().map(u8::from_ne_bytes)
    }

    fn half(&mut self) -> Option<u16> {
        self.take().map(u16::from_ne_bytes)
    }

    fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_ne_bytes)
    }

    fn long(&mut self) -> Option<u64> {
        self.take().map(u64::from_ne_bytes)
    }

    fn bytes(&mut self) -> Option<Bytes> {
        self.number().map(|number| Bytes::new(number.into()))
    }

    fn long_bytes(&mut self) -> Option<Bytes> {
        self.long().map(Bytes::new)
    }

    fn microseconds(&mut self) -> Option<Duration> {
        self.number().map(|number| Duration::from_micros(number.into()))
    }

    fn long_microseconds(&mut self) -> Option<Duration> {
        self.long().map(Duration::from_micros)
    }

    fn milliseconds(&mut self) -> Option<Duration> {
        self.number().map(|number| Duration::from_millis(number.into()))
    }

    /// A rate, of which the largest number is none.
    fn rate(&mut self) -> Option<u64> {
        self.long().filter(|rate| *rate != u64::MAX)
    }
}

impl Known for TcpInformation {
    const LEVEL: libc::c_int = libc::IPPROTO_TCP;
    const NUMBER: libc::c_int = TCP_INFO as libc::c_int;

    fn encode(&self) -> Result<Encoded, &'static str> {
        Err(READ_ONLY)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut numbers = Numbers(bytes);
        let (state, congestion_state, retransmits) = (numbers.byte()?, numbers.byte()?, numbers.byte()?);
        let (probes, backoff, options) = (numbers.byte()?, numbers.byte()?, numbers.byte()?);
        let (scales, flags) = (numbers.byte()?, numbers.byte()?);
        // Bit fields begin at the end that the machine's bytes begin at.
        let (send_window_scale, receive_window_scale, limited, fast_open_failure) =
            if cfg!(target_endian = "little") {
                (scales & 0xf, scales >> 4, flags & 1, flags >> 1 & 3)
            } else {
                (scales >> 4, scales & 0xf, flags >> 7, flags >> 5 & 3)
            };
        Some(Self {
            state: TcpState::of_number(state),
            congestion_state,
            retransmits,
            probes,
            backoff,
            options: TcpOptions::from_bits_retain(options),
            send_window_scale,
            receive_window_scale,
            delivery_rate_limited_by_program: limited != 0,
            fast_open_failure,
            retransmission_timeout: numbers.microseconds()?,
            acknowledgement_timeout: numbers.microseconds()?,
            send_segment: numbers.bytes()?,
            receive_segment: numbers.bytes()?,
            unacknowledged: numbers.number()?,
            selectively_acknowledged: numbers.number()?,
            lost: numbers.number()?,
            retransmitted: numbers.number()?,
            forward_acknowledged: numbers.number()?,
            since_data_sent: numbers.milliseconds()?,
            since_acknowledgement_sent: numbers.milliseconds()?,
            since_data_received: numbers.milliseconds()?,
            since_acknowledgement_received: numbers.milliseconds()?,
            path_mtu: numbers.bytes()?,
            receive_threshold: numbers.bytes()?,
            round_trip: numbers.microseconds()?,
            round_trip_variance: numbers.microseconds()?,
            send_threshold: numbers.number()?,
            congestion_window: numbers.number()?,
            advertised_segment: numbers.bytes()?,
            reordering: numbers.number()?,
            receive_round_trip: numbers.microseconds()?,
            receive_space: numbers.bytes()?,
            total_retransmitted: numbers.number()?,
            pacing_rate: numbers.rate(),
            maximum_pacing_rate: numbers.rate(),
            bytes_acknowledged: numbers.long_bytes(),
            bytes_received: numbers.long_bytes(),
            packets_sent: numbers.number(),
            packets_received: numbers.number(),
            not_sent: numbers.bytes(),
            minimum_round_trip: numbers.microseconds(),
            data_packets_received: numbers.number(),
            data_packets_sent: numbers.number(),
            delivery_rate: numbers.long(),
            busy: numbers.long_microseconds(),
            limited_by_receiver: numbers.long_microseconds(),
            limited_by_send_buffer: numbers.long_microseconds(),
            delivered: numbers.number(),
            delivered_with_congestion: numbers.number(),
            bytes_sent: numbers.long_bytes(),
            bytes_retransmitted: numbers.long_bytes(),
            duplicates: numbers.number(),
            reorderings: numbers.number(),
            out_of_order: numbers.number(),
            send_window: numbers.bytes(),
            receive_window: numbers.bytes(),
            rehashes: numbers.number(),
            total_timeouts: numbers.half(),
            total_timeout_recoveries: numbers.half(),
            total_timeout_time: numbers.milliseconds(),
            received_with_congestion: numbers.number(),
            delivered_e1_bytes: numbers.bytes(),
            delivered_e0_bytes: numbers.bytes(),
            delivered_marked_bytes: numbers.bytes(),
            received_e1_bytes: numbers.bytes(),
            received_e0_bytes: numbers.bytes(),
            received_marked_bytes: numbers.bytes(),
            accurate_congestion: numbers.number(),
        })
    }
}

#[cfg(test)]
mod tests {
    use core::mem::offset_of;

    use linux_raw_sys::net::tcp_info;

    use super::*;

    /// Each byte says where it is.
    fn bytes(length: u8) -> Vec<u8> {
        (0..length).collect()
    }

    #[test]
    fn what_an_older_kernel_does_not_give_is_absent() {
        // Up to tcpi_total_retrans, as Linux 2.6 had it.
        let old = TcpInformation::decode(&bytes(104)).unwrap();
        assert_eq!(old.total_retransmitted, u32::from_ne_bytes([100, 101, 102, 103]));
        assert_eq!((old.pacing_rate, old.bytes_sent, old.accurate_congestion), (None, None, None));
        assert_eq!(TcpInformation::decode(&bytes(103)), None);
        assert_eq!(TcpInformation::decode(b""), None);
    }

    #[test]
    fn fields_are_where_the_kernel_has_them() {
        let all = TcpInformation::decode(&bytes(255)).unwrap();
        let number = |at: usize| Some(u32::from_ne_bytes([0, 1, 2, 3].map(|byte| at as u8 + byte)));
        assert_eq!(all.packets_sent, number(offset_of!(tcp_info, tcpi_segs_out)));
        assert_eq!(all.data_packets_sent, number(offset_of!(tcp_info, tcpi_data_segs_out)));
        assert_eq!(all.delivered, number(offset_of!(tcp_info, tcpi_delivered)));
        assert_eq!(all.duplicates, number(offset_of!(tcp_info, tcpi_dsack_dups)));
        assert_eq!(all.rehashes, number(offset_of!(tcp_info, tcpi_rehash)));
        let total = offset_of!(tcp_info, tcpi_total_rto) as u8;
        assert_eq!(all.total_timeouts, Some(u16::from_ne_bytes([total, total + 1])));
        // The first that this version of the structure doesn't have yet.
        assert_eq!(all.received_with_congestion, number(size_of::<tcp_info>()));
    }

    #[test]
    fn a_field_cut_short_is_absent_and_so_are_those_after_it() {
        let cut = TcpInformation::decode(&bytes(139)).unwrap();
        assert_eq!((cut.packets_sent, cut.packets_received, cut.total_timeouts), (None, None, None));
        assert!(cut.bytes_received.is_some());
    }

    #[test]
    fn no_limit_to_a_rate_is_no_rate() {
        let mut bytes = bytes(200);
        bytes[104..112].fill(0xff);
        let information = TcpInformation::decode(&bytes).unwrap();
        assert_eq!(information.pacing_rate, None);
        assert!(information.maximum_pacing_rate.is_some());
    }
}
