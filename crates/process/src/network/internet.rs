//! The sockets of TCP, UDP, UDP-Lite, ICMP and raw IP: `/proc/PID/net/tcp` and its kin.

use core::net::SocketAddr;

use linux_support_base::{Bytes, ClockTicks, ParseError, UserId};

use super::{
    columns::Columns,
    internet_columns::Head,
    internet_state::{InternetState, SocketTimer},
    internet_table::InternetTable,
};
use crate::descriptor::InodeNumber;

/// A socket of the Internet's protocols.
///
/// # Source
/// proc_pid_net(5); Documentation/networking/proc_net_tcp.rst; net/ipv4/tcp_ipv4.c, net/ipv4/udp.c, net/ipv6/datagram.c.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct InternetSocket {
    /// Its place in the kernel's table.
    #[doc(alias = "sl")]
    pub slot: u32,
    /// Its own address.
    pub local: SocketAddr,
    /// The other side's, all zero where there is none.
    pub remote: SocketAddr,
    /// Its state.
    pub state: InternetState,
    /// What was written and not sent or acknowledged yet.
    #[doc(alias = "tx_queue")]
    pub send_queue: Bytes,
    /// What has come and was not read; for a listening socket of TCP, how many connections were not accepted.
    #[doc(alias = "rx_queue")]
    pub receive_queue: Bytes,
    /// The timer that runs.
    pub timer: SocketTimer,
    /// When that expires.
    pub timer_remaining: ClockTicks,
    /// How often the oldest data was sent again.
    #[doc(alias = "retrnsmt")]
    pub retransmits: u32,
    /// Whose it is.
    pub user: UserId,
    /// How many probes were not answered.
    #[doc(alias = "timeout")]
    pub probes: i32,
    /// Its number; `None` for one that no descriptor refers to.
    pub inode: Option<InodeNumber>,
    /// How often it is referred to.
    pub references: u32,
    /// How many packets were dropped for lack of room; not for TCP.
    pub drops: Option<u64>,
    /// What TCP counts, where the connection is more than a record that it was.
    pub tcp: Option<TcpTimes>,
}

/// What TCP counts of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TcpTimes {
    /// After how long data is sent again.
    pub retransmit_timeout: ClockTicks,
    /// By how much acknowledgments are delayed.
    pub delayed_acknowledgment: ClockTicks,
    /// How many acknowledgments are to be sent at once.
    pub quick_acknowledgments: u32,
    /// Whether data goes to and fro in turns.
    pub is_interactive: bool,
    /// How many segments may be under way.
    pub congestion_window: u32,
    /// The window below which it grows fast; `None` for one without bound. For a listening socket, how many of its
    /// Fast Open requests may wait.
    pub slow_start_threshold: Option<u32>,
}

/// The sockets of a table, one by one; an item is an error where its line is malformed.
///
/// ```
/// use linux_support_process::{InternetSockets, InternetState, InternetTable};
///
/// let text = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
///     0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1060 1 000000006cc4f170 100 0 0 10 0\n";
/// let socket = InternetSockets::parse(InternetTable::Tcp, text).next().unwrap()?;
/// # #[cfg(target_endian = "little")]
/// assert_eq!(socket.local, "127.0.0.1:22".parse().unwrap());
/// assert_eq!(socket.state, InternetState::Listening);
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct InternetSockets<'a> {
    table: InternetTable,
    rest: &'a [u8],
}

impl<'a> InternetSockets<'a> {
    /// The sockets of `text`, the whole of a table's file. Addresses are taken to be in this machine's order of bytes.
    #[must_use]
    pub fn parse(table: InternetTable, text: &'a [u8]) -> Self {
        let start = memchr::memchr(b'\n', text).map_or(text.len(), |end| end + 1);
        Self { table, rest: &text[start..] }
    }
}

impl Iterator for InternetSockets<'_> {
    type Item = Result<InternetSocket, ParseError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        // Lines are long: they are filled up with spaces to 149 bytes.
        let end = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        // Each kind of table has a copy of the parser, in which nothing is asked about the kind.
        Some(match (self.table.is_ipv6(), self.table.is_tcp()) {
            (false, true) => InternetSocket::parse::<false, true>(line),
            (false, false) => InternetSocket::parse::<false, false>(line),
            (true, true) => InternetSocket::parse::<true, true>(line),
            (true, false) => InternetSocket::parse::<true, false>(line),
        })
    }
}

impl InternetSocket {
    #[inline]
    fn parse<const IPV6: bool, const TCP: bool>(line: &[u8]) -> Result<Self, ParseError> {
        let mut columns = Columns::of(line);
        let slot = columns.slot()?;
        let head = match IPV6 {
            true => Head::at_columns_of_ipv6(&mut columns),
            false => Head::at_columns_of_ipv4(&mut columns),
        };
        let head = match head {
            Some(head) => head,
            None => Head::word_by_word(&mut columns, IPV6)?,
        };
        let user = UserId::new(columns.decimal("uid")?);
        let probes = columns.decimal("timeout")?;
        let inode: u64 = columns.decimal("inode")?;
        let references = columns.decimal("ref")?;
        columns.pointer()?;
        let (mut drops, mut tcp) = (None, None);
        if !TCP {
            drops = Some(columns.decimal("drops")?);
        } else if !columns.is_empty() {
            tcp = Some(TcpTimes::take(&mut columns)?);
        }
        let Head { local, remote, state, send_queue, receive_queue, timer, timer_remaining, retransmits } =
            head;
        Ok(Self {
            slot,
            local,
            remote,
            state: InternetState::of_number(state),
            send_queue: Bytes::new(send_queue),
            receive_queue: Bytes::new(receive_queue),
            timer: SocketTimer::of_number(timer),
            timer_remaining: ClockTicks::new(timer_remaining),
            retransmits,
            user,
            probes,
            inode: (inode != 0).then(|| InodeNumber::new(inode)),
            references,
            drops,
            tcp,
        })
    }
}

impl TcpTimes {
    #[inline]
    fn take(columns: &mut Columns<'_>) -> Result<Self, ParseError> {
        let retransmit_timeout = ClockTicks::new(columns.decimal("rto")?);
        let delayed_acknowledgment = ClockTicks::new(columns.decimal("ato")?);
        let acknowledgments: u32 = columns.decimal("quick and pingpong")?;
        let congestion_window = columns.decimal("snd_cwnd")?;
        let threshold: i64 = columns.decimal("ssthresh")?;
        Ok(Self {
            retransmit_timeout,
            delayed_acknowledgment,
            quick_acknowledgments: acknowledgments >> 1,
            is_interactive: acknowledgments & 1 != 0,
            congestion_window,
            slow_start_threshold: u32::try_from(threshold).ok(),
        })
    }
}

impl Columns<'_> {
    /// The number of the line, before a colon, and the space after it.
    #[inline]
    fn slot(&mut self) -> Result<u32, ParseError> {
        self.skip_spaces();
        let text = self.rest_untrimmed();
        let error = || ParseError::expected("a number and a colon", text).in_field("sl");
        let (mut number, mut digits) = (0_u32, 0);
        while let Some(digit @ b'0'..=b'9') = text.get(digits) {
            let more = number.checked_mul(10).and_then(|number| number.checked_add(u32::from(digit - b'0')));
            number = more.ok_or_else(error)?;
            digits += 1;
        }
        if digits == 0 || text.get(digits) != Some(&b':') {
            return Err(error());
        }
        self.skip(digits + 1);
        self.skip_spaces();
        Ok(number)
    }

    /// The socket's address in the kernel, which is hidden: mostly sixteen digits.
    #[inline]
    fn pointer(&mut self) -> Result<(), ParseError> {
        self.skip_spaces();
        match self.peek::<17>(0) {
            Some(text) if text[16] == b' ' && !text.starts_with(b" ") => self.skip(17),
            _ => {
                self.word("pointer")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     \n   \
        0: 00000000:07E8 00000000:0000 0A 00000000:00000005 00:00000000 00000000     0        0 1060 1 000000006cc4f170 100 0 0 10 0                      \n   \
        1: 0100007F:8F0E 020200C0:01BB 01 00000010:00000000 01:00000019 00000002  1000        3 77 2 0000000000000000 20 4 31 10 -1\n  \
        99: 0100007F:8F0E 020200C0:01BB 06 00000000:00000000 03:00000A54 00000000     0        0 0 3 0000000000000000\n";

    fn read(table: InternetTable, text: &str) -> Vec<InternetSocket> {
        let sockets: Vec<_> = InternetSockets::parse(table, text.as_bytes()).map(Result::unwrap).collect();
        let cut: Vec<_> =
            InternetSockets::parse(table, text.trim_end().as_bytes()).map(Result::unwrap).collect();
        assert_eq!(sockets, cut, "without the last newline");
        sockets
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn a_table_of_tcp_is_read() {
        let sockets = read(InternetTable::Tcp, TCP);
        assert_eq!(sockets[0].local, "0.0.0.0:2024".parse().unwrap());
        assert_eq!((sockets[0].state, sockets[0].receive_queue), (InternetState::Listening, Bytes::new(5)));
        assert_eq!((sockets[0].inode, sockets[0].drops), (Some(InodeNumber::new(1060)), None));
        let second = sockets[1];
        assert_eq!(second.local, "127.0.0.1:36622".parse().unwrap());
        assert_eq!(second.remote, "192.0.2.2:443".parse().unwrap());
        assert_eq!((second.timer, second.timer_remaining), (SocketTimer::Retransmit, ClockTicks::new(25)));
        assert_eq!((second.retransmits, second.user, second.probes), (2, UserId::new(1000), 3));
        let tcp = second.tcp.unwrap();
        assert_eq!((tcp.quick_acknowledgments, tcp.is_interactive), (15, true));
        assert_eq!((tcp.congestion_window, tcp.slow_start_threshold), (10, None));
        let last = sockets[2];
        assert_eq!((last.slot, last.state, last.inode, last.tcp), (99, InternetState::TimeWait, None, None));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn addresses_of_ipv6_are_four_words() {
        let text = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
            0: B80D0120000000000000000001000000:0016 0000000000000000FFFF00000100007F:D431 01 00000000:00000000 02:000A7C6D 00000000     0        0 9 2 0000000000000000 20 4 30 10 7\n";
        let socket = read(InternetTable::Tcp6, text)[0];
        assert_eq!(socket.local, "[2001:db8::1]:22".parse().unwrap());
        assert_eq!(socket.remote, "[::ffff:127.0.0.1]:54321".parse().unwrap());
        assert_eq!(socket.tcp.unwrap().slow_start_threshold, Some(7));
    }

    #[test]
    #[cfg(all(feature = "serde", target_endian = "little"))]
    fn addresses_and_states_are_plain_in_json() {
        let json = serde_json::to_value(read(InternetTable::Tcp, TCP)[1]).unwrap();
        assert_eq!((&json["local"], &json["remote"]), (&"127.0.0.1:36622".into(), &"192.0.2.2:443".into()));
        assert_eq!((&json["state"], &json["timer"]), (&"established".into(), &"retransmit".into()));
        assert_eq!(
            (&json["send_queue"], &json["user"], &json["inode"]),
            (&16.into(), &1000.into(), &77.into())
        );
        let unknown = serde_json::to_value(InternetState::of_number(99)).unwrap();
        assert_eq!(unknown, serde_json::json!({ "unknown": 99 }));
    }

    #[test]
    fn datagrams_count_what_was_dropped() {
        let text = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n \
            1234: 00000000:0044 00000000:0000 07 00000000:00000200 00:00000000 00000000     0        0 31 2 000000006cc4f170 17        \n";
        let socket = read(InternetTable::Udp, text)[0];
        assert_eq!((socket.slot, socket.drops, socket.tcp), (1234, Some(17), None));
        assert_eq!((socket.local.port(), socket.state), (68, InternetState::Closed));
    }

    #[test]
    fn a_line_that_is_malformed_names_its_column_and_hides_no_other() {
        let text = TCP.replace("00000010:00000000", "00000010 00000000");
        let sockets: Vec<_> = InternetSockets::parse(InternetTable::Tcp, text.as_bytes()).collect();
        assert_eq!(sockets[1].as_ref().unwrap_err().field(), Some("rx_queue"));
        assert!(sockets[0].is_ok() && sockets[2].is_ok());
        let text = TCP.replace("020200C0:01BB", "020200C0:101BB");
        let error = InternetSockets::parse(InternetTable::Tcp, text.as_bytes()).nth(1).unwrap().unwrap_err();
        assert_eq!(error.field(), Some("rem_address"));
        assert_eq!(InternetSockets::parse(InternetTable::Tcp, b"").count(), 0);
    }

    proptest! {
        #[test]
        fn nothing_panics(
            columns in prop::collection::vec("([0-9A-F]{1,9}|[0-9A-F]{8}:[0-9A-F]{4}|[0-9A-F]{32}:[0-9A-F]{4}|[0-9]{1,3}:)", 0..20),
            bytes: Vec<u8>,
        ) {
            let text = format!("head\n{}\n", columns.join(" "));
            for table in InternetTable::ALL {
                InternetSockets::parse(table, text.as_bytes()).for_each(drop);
                InternetSockets::parse(table, &bytes).for_each(drop);
            }
        }

        #[test]
        fn addresses_come_back(address: [u8; 4], other: [u8; 16], port: u16) {
            let word = u32::from_ne_bytes(address);
            let words: String = other.as_chunks::<4>().0.iter().map(|word| format!("{:08X}", u32::from_ne_bytes(*word))).collect();
            let rest = "00000000:00000000 00:00000000 00000000 0 0 0 1 0";
            let text = format!("head\n 0: {word:08X}:{port:04X} {word:08X}:0000 01 {rest}\n");
            let socket = InternetSockets::parse(InternetTable::Tcp, text.as_bytes()).next().unwrap().unwrap();
            prop_assert_eq!(socket.local, SocketAddr::from((address, port)));
            let text = format!("head\n 0: {words}:{port:04X} {words}:0000 01 {rest}\n");
            let socket = InternetSockets::parse(InternetTable::Tcp6, text.as_bytes()).next().unwrap().unwrap();
            prop_assert_eq!(socket.local, SocketAddr::from((other, port)));
        }
    }
}
