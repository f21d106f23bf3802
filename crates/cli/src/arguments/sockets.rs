//! What can be asked of the list of sockets, in the words of `ss`.

use std::str::FromStr;

use clap::Args;
use linux_support::{
    base::Pid,
    process::{InternetState, InternetTable, Socket, SocketTable},
};

/// Which sockets are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct SocketQuery {
    /// Only those that this process holds
    #[arg(value_name = "PID", value_parser = super::process_number())]
    pub(crate) pid: Option<Pid>,
    /// Those of TCP
    #[arg(short, long)]
    tcp: bool,
    /// Those of UDP
    #[arg(short, long)]
    udp: bool,
    /// Those of UDP-Lite
    #[arg(short = 'U', long)]
    udplite: bool,
    /// Raw ones
    #[arg(short = 'w', long)]
    raw: bool,
    /// Those of `ping`
    #[arg(long)]
    icmp: bool,
    /// Those within the machine
    #[arg(short = 'x', long)]
    unix: bool,
    /// Those that take packets as they come
    #[arg(short = '0', long)]
    packet: bool,
    /// Those to the kernel
    #[arg(long)]
    netlink: bool,
    /// Only those of IPv4
    #[arg(short = '4', long)]
    ipv4: bool,
    /// Only those of IPv6
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Only those that wait: listening ones, and those that are not connected
    #[arg(short, long)]
    listening: bool,
    /// Only those in these states: established, syn-sent, syn-recv, fin-wait-1, fin-wait-2, time-wait, closed, close-wait,
    /// last-ack, listening, closing; or all, connected, synchronized, bucket, big
    #[arg(long, value_name = "STATE,…", default_value = "all", hide_default_value = true)]
    state: States,
    /// Show the processes that hold each, too (JSON always has them)
    #[arg(short, long)]
    pub(crate) process: bool,
}

impl SocketQuery {
    /// Whether it is one of those asked for, whoever holds it.
    pub(crate) fn wants(&self, socket: &Socket) -> bool {
        let states = if self.listening { States::WAITING } else { States::ALL };
        self.wants_table(socket.table) && self.state.has(socket.state) && states.has(socket.state)
    }

    fn wants_table(&self, table: SocketTable) -> bool {
        let is_internet = matches!(table, SocketTable::Internet(_));
        let is_ipv6 = is_internet && table.name().ends_with('6');
        if (self.ipv4 || self.ipv6) && !(is_internet && if is_ipv6 { self.ipv6 } else { self.ipv4 }) {
            return false;
        }
        self.wants_all_tables()
            || match table {
                SocketTable::Internet(InternetTable::Tcp | InternetTable::Tcp6) => self.tcp,
                SocketTable::Internet(InternetTable::Udp | InternetTable::Udp6) => self.udp,
                SocketTable::Internet(InternetTable::UdpLite | InternetTable::UdpLite6) => self.udplite,
                SocketTable::Internet(InternetTable::Raw | InternetTable::Raw6) => self.raw,
                SocketTable::Internet(InternetTable::Icmp | InternetTable::Icmp6) => self.icmp,
                SocketTable::Unix => self.unix,
                SocketTable::Packet => self.packet,
                SocketTable::Netlink => self.netlink,
                _ => false,
            }
    }

    fn wants_all_tables(&self) -> bool {
        ![self.tcp, self.udp, self.udplite, self.raw, self.icmp, self.unix, self.packet, self.netlink]
            .contains(&true)
    }

    /// Whether those that no table lists are asked for: nothing is known of them but who holds them.
    pub(crate) fn wants_unlisted(&self) -> bool {
        self.wants_all_tables() && !self.ipv4 && !self.ipv6 && !self.listening && self.state == States::ALL
    }
}

/// States of sockets, as bits by the kernel's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct States(u16);

impl Default for States {
    fn default() -> Self {
        Self::ALL
    }
}

const fn bit(number: u8) -> u16 {
    1 << number
}

const SYN_SENT: u16 = bit(2);
/// Of the two kinds that the kernel has.
const SYN_RECEIVED: u16 = bit(3) | bit(12);
const TIME_WAIT: u16 = bit(6);
const CLOSED: u16 = bit(7);
const LISTENING: u16 = bit(10);

impl States {
    const ALL: Self = Self(u16::MAX);
    const WAITING: Self = Self(LISTENING | CLOSED);

    fn has(self, state: InternetState) -> bool {
        self == Self::ALL
            || (1..=13).any(|number| InternetState::of_number(number) == state && self.0 & bit(number) != 0)
    }

    fn of_word(word: &str) -> Option<u16> {
        let connected = !(LISTENING | CLOSED);
        Some(match word {
            "all" => u16::MAX,
            "connected" => connected,
            "synchronized" => connected & !SYN_SENT,
            "bucket" => SYN_RECEIVED | TIME_WAIT,
            "big" => !(SYN_RECEIVED | TIME_WAIT),
            "syn-recv" | "syn-rcv" | "syn-received" => SYN_RECEIVED,
            "fin-wait-1" => bit(4),
            "fin-wait-2" => bit(5),
            "close" | "unconnected" | "unconn" => CLOSED,
            "listen" => LISTENING,
            "estab" => bit(1),
            word => (1..=13).find(|&number| InternetState::of_number(number).to_string() == word).map(bit)?,
        })
    }
}

impl FromStr for States {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut bits = text.split(',').map(|word| {
            Self::of_word(&word.to_ascii_lowercase()).ok_or_else(|| {
                let expected = "established, listening, closed, time-wait, … (see --help)";
                format!("{word:?} is no state: expected {expected}")
            })
        });
        bits.try_fold(0, |all, bits| Ok(all | bits?)).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_those_of_ss() {
        let states = |text: &str| text.parse::<States>().unwrap();
        let has = |text: &str, state| states(text).has(state);
        assert!(has("listening", InternetState::Listening) && !has("listening", InternetState::Closed));
        assert!(has("ESTAB,fin-wait-1", InternetState::FinWait1) && has("estab", InternetState::Established));
        assert!(has("all", InternetState::Unknown(200)) && !has("connected", InternetState::Listening));
        assert!(has("connected", InternetState::SynSent) && !has("synchronized", InternetState::SynSent));
        assert!(has("bucket", InternetState::TimeWait) && !has("big", InternetState::TimeWait));
        assert!(has("syn-recv", InternetState::NewSynReceived) && has("fin-wait2", InternetState::FinWait2));
        assert!("nonsense".parse::<States>().is_err() && "".parse::<States>().is_err());
    }

    #[test]
    fn tables_are_chosen_by_protocol_and_version() {
        let table = |table| SocketTable::Internet(table);
        let tcp = SocketQuery { tcp: true, ..SocketQuery::default() };
        assert!(tcp.wants_table(table(InternetTable::Tcp6)) && !tcp.wants_table(SocketTable::Unix));
        let tcp6 = SocketQuery { ipv6: true, ..tcp };
        assert!(tcp6.wants_table(table(InternetTable::Tcp6)) && !tcp6.wants_table(table(InternetTable::Tcp)));
        let ipv4 = SocketQuery { ipv4: true, ..SocketQuery::default() };
        assert!(ipv4.wants_table(table(InternetTable::Raw)) && !ipv4.wants_table(SocketTable::Netlink));
        let all = SocketQuery::default();
        assert!(SocketTable::ALL.iter().all(|&table| all.wants_table(table)) && all.wants_unlisted());
        assert!(!tcp.wants_unlisted());
    }
}
