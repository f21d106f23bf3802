//! Where packets go: `/proc/PID/net/route`, `ipv6_route` and `arp`.

use core::net::{Ipv4Addr, Ipv6Addr};

use bitflags::bitflags;
use linux_support_base::{ByteString, Bytes, ParseError, text::lines};

use super::{columns::Columns, interface_name::InterfaceName};

bitflags! {
    /// What holds for a route. Bits that have no name are kept.
    ///
    /// # Source
    /// route(8); include/uapi/linux/route.h, ipv6_route.h.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct RouteFlags: u32 {
        /// It can be used.
        #[doc(alias = "RTF_UP")]
        const UP = 0x1;
        /// It goes through a gateway.
        #[doc(alias = "RTF_GATEWAY")]
        const GATEWAY = 0x2;
        /// It leads to one machine.
        #[doc(alias = "RTF_HOST")]
        const HOST = 0x4;
        /// It was changed by a message.
        #[doc(alias = "RTF_DYNAMIC")]
        const DYNAMIC = 0x10;
        /// It has an MTU of its own.
        #[doc(alias = "RTF_MTU")]
        const MTU = 0x40;
        /// What goes there is refused.
        #[doc(alias = "RTF_REJECT")]
        const REJECT = 0x200;
        /// IPv6: it was learnt as a default route.
        #[doc(alias = "RTF_DEFAULT")]
        const DEFAULT = 0x1_0000;
        /// IPv6: it was made for an address.
        #[doc(alias = "RTF_ADDRCONF")]
        const ADDRESS_CONFIGURATION = 0x4_0000;
        /// IPv6: it is remembered only.
        #[doc(alias = "RTF_CACHE")]
        const CACHED = 0x100_0000;
        /// IPv6: it leads to the machine itself.
        #[doc(alias = "RTF_LOCAL")]
        const LOCAL = 0x8000_0000;

        const _ = !0;
    }
}

impl RouteFlags {
    /// The names of the flags that are set; all that have none as one number.
    pub fn names(self) -> impl Iterator<Item = String> {
        crate::serialize::flag_names(self).into_iter()
    }
}

crate::serialize::as_names!(RouteFlags, "RouteFlags", "What holds for a route.");

/// A route of IPv4, of the main table.
///
/// # Source
/// proc_pid_net(5); net/ipv4/fib_trie.c, fib_route_seq_show.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/net/route")]
pub struct Ipv4Route {
    /// The interface; `None` for a route that leads nowhere.
    pub interface: Option<InterfaceName>,
    /// The network or machine that it leads to.
    pub destination: Ipv4Addr,
    /// The gateway; `None` where there is none.
    pub gateway: Option<Ipv4Addr>,
    /// What holds for it.
    pub flags: RouteFlags,
    /// The lower, the sooner it is taken.
    pub metric: u32,
    /// Which bits of an address tell whether it leads there.
    pub mask: Ipv4Addr,
    /// The largest segment of TCP, where it is set.
    pub segment_size: Option<Bytes>,
    /// The window of TCP in bytes, where it is set.
    pub window: Option<Bytes>,
    /// The first round-trip time of TCP in ticks of 1/8 second, where it is set.
    pub round_trip: Option<u32>,
}

impl Ipv4Route {
    /// Reads `net/route`.
    ///
    /// # Errors
    /// A line with a column that is missing or malformed.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        lines(text).skip(1).map(Self::parse).collect()
    }

    /// How many of the bits of its destination count; `None` for a mask with holes.
    #[must_use]
    pub fn prefix_length(&self) -> Option<u32> {
        let mask = self.mask.to_bits();
        (mask.leading_ones() == mask.count_ones()).then_some(mask.count_ones())
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let mut columns = Columns::of(line);
        let interface = columns.word("Iface")?;
        let destination = columns.ipv4("Destination")?;
        let gateway = columns.ipv4("Gateway")?;
        let flags = RouteFlags::from_bits_retain(columns.hexadecimal_32("Flags")?);
        // Two columns that have been 0 since Linux 3.6.
        let (_references, _use): (u64, u64) = (columns.decimal("RefCnt")?, columns.decimal("Use")?);
        Ok(Self {
            interface: (interface != b"*").then(|| interface.into()),
            destination,
            gateway: flags.contains(RouteFlags::GATEWAY).then_some(gateway),
            flags,
            metric: columns.decimal("Metric")?,
            mask: columns.ipv4("Mask")?,
            segment_size: Some(columns.decimal("MTU")?).filter(|&size| size != 0).map(Bytes::new),
            window: Some(columns.decimal("Window")?).filter(|&size| size != 0).map(Bytes::new),
            round_trip: Some(columns.decimal("IRTT")?).filter(|&time| time != 0),
        })
    }
}

/// A route of IPv6, of all tables.
///
/// # Source
/// proc_pid_net(5); net/ipv6/ip6_fib.c, ipv6_route_native_seq_show.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/net/ipv6_route")]
pub struct Ipv6Route {
    /// The network or machine that it leads to.
    pub destination: Ipv6Addr,
    /// How many bits of that count.
    pub destination_length: u8,
    /// The network that it is taken from.
    pub source: Ipv6Addr,
    /// How many bits of that count; 0 for all networks.
    pub source_length: u8,
    /// The gateway; `None` where there is none.
    pub gateway: Option<Ipv6Addr>,
    /// The lower, the sooner it is taken.
    pub metric: u32,
    /// How often it is referred to.
    pub references: u32,
    /// What holds for it.
    pub flags: RouteFlags,
    /// The interface; `None` for a route that leads nowhere.
    pub interface: Option<InterfaceName>,
}

impl Ipv6Route {
    /// Reads `net/ipv6_route`.
    ///
    /// # Errors
    /// A line with a column that is missing or malformed.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        lines(text).map(Self::parse).collect()
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let mut columns = Columns::of(line);
        let destination = columns.ipv6("destination")?;
        let destination_length = columns.hexadecimal_8("destination length")?;
        let source = columns.ipv6("source")?;
        let source_length = columns.hexadecimal_8("source length")?;
        let gateway = columns.ipv6("gateway")?;
        let metric = columns.hexadecimal_32("metric")?;
        let references = columns.hexadecimal_32("references")?;
        let _use = columns.hexadecimal_32("use")?;
        let flags = RouteFlags::from_bits_retain(columns.hexadecimal_32("flags")?);
        let interface = columns.rest();
        Ok(Self {
            destination,
            destination_length,
            source,
            source_length,
            gateway: flags.contains(RouteFlags::GATEWAY).then_some(gateway),
            metric,
            references,
            flags,
            interface: (!interface.is_empty()).then(|| interface.into()),
        })
    }
}

/// A neighbour of IPv4, and the address of its hardware.
///
/// # Source
/// proc_pid_net(5); net/ipv4/arp.c.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/net/arp")]
pub struct ArpEntry {
    /// Its address.
    pub address: Ipv4Addr,
    /// The kind of hardware, by the number of `ARPHRD_`; 1 is Ethernet.
    pub hardware_kind: u16,
    /// Its `ATF_` flags.
    pub flags: u32,
    /// The address of its hardware, as the kernel writes it: `02:fc:00:00:00:05`.
    pub hardware_address: ByteString,
    /// Whether its address is known.
    #[doc(alias = "ATF_COM")]
    pub is_complete: bool,
    /// Whether it was set by hand.
    #[doc(alias = "ATF_PERM")]
    pub is_permanent: bool,
    /// The interface.
    pub interface: InterfaceName,
}

impl ArpEntry {
    /// Reads `net/arp`.
    ///
    /// # Errors
    /// A line with a column that is missing or malformed.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        lines(text).skip(1).map(Self::parse).collect()
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let mut columns = Columns::of(line);
        let address = columns.dotted_ipv4("IP address")?;
        let hardware_kind = columns.prefixed("HW type")?;
        let flags = columns.prefixed("Flags")?;
        let hardware_address = columns.word("HW address")?.into();
        let _mask = columns.word("Mask")?;
        Ok(Self {
            address,
            hardware_kind: u16::try_from(hardware_kind)
                .map_err(|_| ParseError::expected("a number of 16 bits", line).in_field("HW type"))?,
            flags,
            hardware_address,
            is_complete: flags & 2 != 0,
            is_permanent: flags & 4 != 0,
            interface: columns.word("Device")?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn routes_of_ipv4_have_a_gateway_or_none() {
        let text = b"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT      \n\
            eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0                                        \n\
            eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t1460\t0\t0                                       \n\
            *\t0000000A\t00000000\t0201\t0\t0\t0\t0000F0FF\t0\t0\t0\n";
        let routes = Ipv4Route::parse_all(text).unwrap();
        assert_eq!((routes[0].gateway, routes[0].metric), (Some(Ipv4Addr::new(192, 0, 2, 1)), 100));
        assert_eq!((routes[0].prefix_length(), routes[1].prefix_length()), (Some(0), Some(24)));
        assert_eq!((routes[1].destination, routes[1].gateway), (Ipv4Addr::new(192, 0, 2, 0), None));
        assert_eq!((routes[1].segment_size, routes[1].window), (Some(Bytes::new(1460)), None));
        assert_eq!(routes[2].interface, None);
        assert!(routes[2].flags.contains(RouteFlags::REJECT));
        assert_eq!(Ipv4Route::parse_all(text.trim_ascii_end()), Ok(routes));
        assert_eq!(Ipv4Route::parse_all(b"\neth0\t0\t0\n").unwrap_err().field(), Some("Flags"));
    }

    #[test]
    fn flags_have_names_and_others_a_number() {
        let flags = RouteFlags::from_bits_retain(0x4000_0203);
        assert_eq!(flags.names().collect::<Vec<_>>(), ["up", "gateway", "reject", "0x40000000"]);
    }

    #[test]
    fn a_mask_with_holes_has_no_length() {
        let text = b"\neth0 0 0 1 0 0 0 00FF00FF 0 0 0\n";
        assert_eq!(Ipv4Route::parse_all(text).unwrap()[0].prefix_length(), None);
    }

    #[test]
    fn routes_of_ipv6_are_written_byte_by_byte() {
        let text = b"fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n\
            00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 00000002 00000000 00000003     eth0\n";
        let routes = Ipv6Route::parse_all(text).unwrap();
        assert_eq!((routes[0].destination, routes[0].destination_length), ("fd00::".parse().unwrap(), 64));
        assert_eq!((routes[0].gateway, routes[1].gateway), (None, Some("fd00::1".parse().unwrap())));
        assert_eq!((routes[1].metric, routes[1].references), (0x400, 2));
        assert_eq!(routes[1].interface.as_ref().unwrap(), &"eth0");
        assert_eq!(Ipv6Route::parse_all(text.trim_ascii_end()), Ok(routes));
        assert_eq!(Ipv6Route::parse_all(b"fd00 40\n").unwrap_err().field(), Some("destination"));
    }

    #[test]
    fn neighbours_have_an_address_of_hardware() {
        let text = b"IP address       HW type     Flags       HW address            Mask     Device\n\
            192.0.2.1        0x1         0x2         02:fc:00:00:00:05     *        eth0\n\
            192.0.2.255      0x1         0x0         00:00:00:00:00:00     *        eth0";
        let entries = ArpEntry::parse_all(text).unwrap();
        assert_eq!((entries[0].address, entries[0].hardware_kind), (Ipv4Addr::new(192, 0, 2, 1), 1));
        assert!(entries[0].is_complete && !entries[0].is_permanent && !entries[1].is_complete);
        assert_eq!(entries[0].hardware_address, "02:fc:00:00:00:05");
        assert_eq!(ArpEntry::parse_all(b"\n1.2.3 0x1\n").unwrap_err().field(), Some("IP address"));
    }
}
