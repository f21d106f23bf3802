//! What network interfaces count, and their addresses: `/proc/PID/net/dev` and `if_inet6`.

use core::net::Ipv6Addr;

use linux_support_base::{
    Bytes, ParseError,
    text::{lines, split_once},
};

use super::{columns::Columns, interface_name::InterfaceName};
use crate::serialize::plain_number;

plain_number! {
    /// The number of a network interface in its namespace.
    InterfaceIndex(u32), "The number of a network interface in its namespace."
}

/// What a network interface counts.
///
/// # Source
/// proc_pid_net(5); net/core/net-procfs.c.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/net/dev")]
pub struct InterfaceCounts {
    /// Its name.
    pub name: InterfaceName,
    /// What it received.
    pub received: ReceivedCounts,
    /// What it sent.
    pub sent: SentCounts,
}

/// What a network interface received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReceivedCounts {
    /// In bytes.
    pub bytes: Bytes,
    /// In packets.
    pub packets: u64,
    /// Packets with errors.
    pub errors: u64,
    /// Packets that were dropped or missed.
    pub dropped: u64,
    /// Overruns.
    pub overruns: u64,
    /// Errors of length, frame, check sum or overrun.
    pub frame_errors: u64,
    /// Compressed packets.
    pub compressed: u64,
    /// Packets to groups.
    pub multicast: u64,
}

/// What a network interface sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SentCounts {
    /// In bytes.
    pub bytes: Bytes,
    /// In packets.
    pub packets: u64,
    /// Packets with errors.
    pub errors: u64,
    /// Packets that were dropped.
    pub dropped: u64,
    /// Overruns.
    pub overruns: u64,
    /// Collisions.
    pub collisions: u64,
    /// Errors of the carrier, aborts, window or heartbeat.
    pub carrier_errors: u64,
    /// Compressed packets.
    pub compressed: u64,
}

impl InterfaceCounts {
    /// Reads `net/dev`.
    ///
    /// # Errors
    /// A line without a name or with fewer than sixteen numbers.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        lines(text).skip(2).map(Self::parse).collect()
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let error = || ParseError::expected("a name and a colon", line).in_field("face");
        let (name, numbers) = split_once(line, b':').ok_or_else(error)?;
        let mut columns = Columns::of(numbers);
        // The widths are those of the kernel's format; interfaces that nothing uses are all 0.
        let received = ReceivedCounts {
            bytes: Bytes::new(columns.mostly_zero::<9>("receive bytes")?),
            packets: columns.mostly_zero::<8>("receive packets")?,
            errors: columns.mostly_zero::<5>("receive errs")?,
            dropped: columns.mostly_zero::<5>("receive drop")?,
            overruns: columns.mostly_zero::<5>("receive fifo")?,
            frame_errors: columns.mostly_zero::<6>("receive frame")?,
            compressed: columns.mostly_zero::<11>("receive compressed")?,
            multicast: columns.mostly_zero::<10>("receive multicast")?,
        };
        let sent = SentCounts {
            bytes: Bytes::new(columns.mostly_zero::<9>("transmit bytes")?),
            packets: columns.mostly_zero::<8>("transmit packets")?,
            errors: columns.mostly_zero::<5>("transmit errs")?,
            dropped: columns.mostly_zero::<5>("transmit drop")?,
            overruns: columns.mostly_zero::<5>("transmit fifo")?,
            collisions: columns.mostly_zero::<6>("transmit colls")?,
            carrier_errors: columns.mostly_zero::<8>("transmit carrier")?,
            compressed: match columns.rest_untrimmed() {
                b"         0" => 0,
                _ => columns.decimal("transmit compressed")?,
            },
        };
        Ok(Self { name: name.trim_ascii().into(), received, sent })
    }
}

/// An address of IPv6 that an interface has.
///
/// # Source
/// net/ipv6/addrconf.c, if6_seq_show.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "if_inet6")]
pub struct Ipv6InterfaceAddress {
    /// The address.
    pub address: Ipv6Addr,
    /// How many of its bits are the network's.
    pub prefix_length: u8,
    /// The interface's number.
    pub index: InterfaceIndex,
    /// The interface's name.
    pub interface: InterfaceName,
    /// How far it is valid.
    pub scope: Ipv6Scope,
    /// Its `IFA_F_` flags of the lowest eight bits.
    pub flags: u8,
}

/// How far an address of IPv6 is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Ipv6Scope {
    /// Everywhere.
    Global,
    /// In the machine: `::1`.
    Host,
    /// On the link: `fe80::…`.
    Link,
    /// In the site.
    Site,
    /// An address that maps one of IPv4.
    Compatible,
    /// Another, by the kernel's number.
    Unknown(u8),
}

impl Ipv6InterfaceAddress {
    /// Reads `net/if_inet6`.
    ///
    /// # Errors
    /// A line with a column that is missing or malformed.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        lines(text).map(Self::parse).collect()
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let mut columns = Columns::of(line);
        Ok(Self {
            address: columns.ipv6("address")?,
            index: InterfaceIndex::new(columns.hexadecimal_32("index")?),
            prefix_length: columns.hexadecimal_8("prefix length")?,
            scope: match columns.hexadecimal_8("scope")? {
                0x00 => Ipv6Scope::Global,
                0x10 => Ipv6Scope::Host,
                0x20 => Ipv6Scope::Link,
                0x40 => Ipv6Scope::Site,
                0x80 => Ipv6Scope::Compatible,
                number => Ipv6Scope::Unknown(number),
            },
            flags: columns.hexadecimal_8("flags")?,
            interface: columns.word("interface")?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_count_both_ways() {
        let text = b"Inter-|   Receive                                                |  Transmit\n \
            face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    \
            lo: 465085998  124822    1   96    3     4          5         6 465085999  124823    7    8    9     10       11          12\n\
            long-name0:1923676074   44518    0    0    0     0          0         0  1897568   24880    0    0    0     0       0          0\n";
        let counts = InterfaceCounts::parse_all(text).unwrap();
        assert_eq!((counts[0].name.as_bytes(), counts[1].name.as_bytes()), (&b"lo"[..], &b"long-name0"[..]));
        let received = ReceivedCounts {
            bytes: Bytes::new(465_085_998),
            packets: 124_822,
            errors: 1,
            dropped: 96,
            overruns: 3,
            frame_errors: 4,
            compressed: 5,
            multicast: 6,
        };
        let sent = SentCounts {
            bytes: Bytes::new(465_085_999),
            packets: 124_823,
            errors: 7,
            dropped: 8,
            overruns: 9,
            collisions: 10,
            carrier_errors: 11,
            compressed: 12,
        };
        assert_eq!((counts[0].received, counts[0].sent), (received, sent));
        assert_eq!(InterfaceCounts::parse_all(text.trim_ascii_end()), Ok(counts));
        let error = InterfaceCounts::parse_all(b"\n\nlo: 1 2 x\n").unwrap_err();
        assert_eq!(error.field(), Some("receive errs"));
    }

    proptest::proptest! {
        #[test]
        fn counts_are_read_whatever_the_widths_of_their_columns(
            counts in proptest::collection::vec(proptest::prop_oneof![proptest::strategy::Just(0), 0u64..20, proptest::num::u64::ANY], 16),
            is_aligned: bool,
        ) {
            let widths = [7, 7, 4, 4, 4, 5, 10, 9, 8, 7, 4, 4, 4, 5, 7, 10].map(|width| if is_aligned { width } else { 0 });
            let mut text = "\n\n   lo:".to_owned();
            for (count, width) in counts.iter().zip(widths) {
                text += &format!(" {count:width$}");
            }
            let all = InterfaceCounts::parse_all(text.as_bytes()).unwrap();
            let (received, sent) = (all[0].received, all[0].sent);
            let read = [
                received.bytes.get(), received.packets, received.errors, received.dropped,
                received.overruns, received.frame_errors, received.compressed, received.multicast,
                sent.bytes.get(), sent.packets, sent.errors, sent.dropped,
                sent.overruns, sent.collisions, sent.carrier_errors, sent.compressed,
            ];
            proptest::prop_assert_eq!(&read[..], &counts[..]);
        }
    }

    #[test]
    fn addresses_have_a_scope() {
        let text = b"00000000000000000000000000000001 01 80 10 80       lo\n\
            fe8000000000000000fc00fffe000001 04 40 20 82     eth0\n";
        let addresses = Ipv6InterfaceAddress::parse_all(text).unwrap();
        assert_eq!((addresses[0].address, addresses[0].scope), (Ipv6Addr::LOCALHOST, Ipv6Scope::Host));
        assert_eq!(addresses[1].address, "fe80::fc:ff:fe00:1".parse::<Ipv6Addr>().unwrap());
        assert_eq!((addresses[1].prefix_length, addresses[1].index.get(), addresses[1].flags), (64, 4, 0x82));
        assert_eq!((addresses[1].interface.as_bytes(), addresses[1].scope), (&b"eth0"[..], Ipv6Scope::Link));
        let error =
            Ipv6InterfaceAddress::parse_all(b"0000000000000000000000000000000g 01 80 10 80 lo").unwrap_err();
        assert_eq!(error.field(), Some("address"));
    }
}
