//! The groups that interfaces belong to: `/proc/PID/net/igmp` and `igmp6`.

use core::net::{Ipv4Addr, Ipv6Addr};

use linux_support_base::{ByteString, ClockTicks, ParseError, text::lines};

use super::{InterfaceIndex, InterfaceName, columns::Columns};

/// An interface and the groups of IPv4 that it belongs to.
///
/// # Source
/// proc_pid_net(5); net/ipv4/igmp.c, igmp_mc_seq_show.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/net/igmp")]
pub struct Ipv4Memberships {
    /// The interface's number.
    pub index: InterfaceIndex,
    /// The interface's name.
    pub interface: InterfaceName,
    /// The version of IGMP that is spoken there: `V3`.
    pub version: ByteString,
    /// The groups.
    pub groups: Vec<Ipv4Membership>,
}

/// A group of IPv4 that an interface belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ipv4Membership {
    /// The group's address.
    pub address: Ipv4Addr,
    /// How many want it.
    pub users: u32,
    /// When it is reported; `None` where that is not to be.
    pub timer: Option<ClockTicks>,
    /// Whether the machine was the last to report it.
    pub is_reporter: bool,
}

impl Ipv4Memberships {
    /// Reads `net/igmp`.
    ///
    /// # Errors
    /// A line with a column that is missing or malformed, or a group before the first interface.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        let mut interfaces: Vec<Self> = Vec::new();
        for line in lines(text).skip(1) {
            if line.starts_with(b"\t") {
                let error = || ParseError::expected("an interface", line);
                interfaces.last_mut().ok_or_else(error)?.groups.push(Ipv4Membership::parse(line)?);
            } else {
                interfaces.push(Self::parse(line)?);
            }
        }
        Ok(interfaces)
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let mut columns = Columns::of(line);
        let index = InterfaceIndex::new(columns.decimal("Idx")?);
        let interface = columns.word("Device")?;
        // The colon stands by itself, or right after a name that fills its column.
        let interface = match interface.strip_suffix(b":") {
            Some(interface) => interface,
            None => {
                columns.word("colon")?;
                interface
            }
        };
        let _count: u64 = columns.decimal("Count")?;
        let version = columns.word("Querier")?.into();
        Ok(Self { index, interface: interface.into(), version, groups: Vec::new() })
    }
}

impl Ipv4Membership {
    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let mut columns = Columns::of(line);
        let address = columns.ipv4("Group")?;
        let users = columns.decimal("Users")?;
        let runs = columns.hexadecimal("Timer")? != 0;
        columns.colon("Timer")?;
        let timer = ClockTicks::new(columns.hexadecimal("Timer")?);
        let is_reporter = columns.decimal::<u32>("Reporter")? != 0;
        Ok(Self { address, users, timer: runs.then_some(timer), is_reporter })
    }
}

/// A group of IPv6 that an interface belongs to.
///
/// # Source
/// net/ipv6/mcast.c, igmp6_mc_seq_show.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/net/igmp6")]
pub struct Ipv6Membership {
    /// The interface's number.
    pub index: InterfaceIndex,
    /// The interface's name.
    pub interface: InterfaceName,
    /// The group's address.
    pub address: Ipv6Addr,
    /// How many want it.
    pub users: u32,
    /// Its `MAF_` flags.
    pub flags: u32,
    /// When it is reported; `None` where that is not to be.
    pub timer: Option<ClockTicks>,
}

impl Ipv6Membership {
    /// Reads `net/igmp6`.
    ///
    /// # Errors
    /// A line with a column that is missing or malformed.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        lines(text).map(Self::parse).collect()
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let mut columns = Columns::of(line);
        Ok(Self {
            index: InterfaceIndex::new(columns.decimal("index")?),
            interface: columns.word("interface")?.into(),
            address: columns.ipv6("group")?,
            users: columns.decimal("users")?,
            flags: columns.hexadecimal_32("flags")?,
            timer: Some(columns.decimal("timer")?).filter(|&ticks| ticks != 0).map(ClockTicks::new),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn groups_of_ipv4_stand_below_their_interface() {
        let text = b"Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n\
            1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n\
            4\tlong-names:     2      V2\n\t\t\t\tFB0000E0     2 1:0000001F\t\t1\n\t\t\t\t010000E0     1 0:00000000\t\t0\n";
        let interfaces = Ipv4Memberships::parse_all(text).unwrap();
        assert_eq!((interfaces[0].interface.as_bytes(), interfaces[0].groups.len()), (&b"lo"[..], 1));
        let second = &interfaces[1];
        assert_eq!((second.index.get(), second.interface.as_bytes()), (4, &b"long-names"[..]));
        let expected = Ipv4Membership {
            address: Ipv4Addr::new(224, 0, 0, 251),
            users: 2,
            timer: Some(ClockTicks::new(31)),
            is_reporter: true,
        };
        assert_eq!((second.version.as_bytes(), second.groups[0]), (&b"V2"[..], expected));
        assert_eq!(second.groups[1].timer, None);
        assert_eq!(Ipv4Memberships::parse_all(text.trim_ascii_end()), Ok(interfaces));
        assert!(Ipv4Memberships::parse_all(b"\n\t\t010000E0 1 0:0 0\n").is_err());
    }

    #[test]
    fn groups_of_ipv6_have_a_line_each() {
        let text = b"4    eth0            ff0200000000000000000001ff000002     2 00000004 7\n";
        let groups = Ipv6Membership::parse_all(text).unwrap();
        assert_eq!(groups[0].address, "ff02::1:ff00:2".parse::<Ipv6Addr>().unwrap());
        assert_eq!((groups[0].users, groups[0].flags, groups[0].timer), (2, 4, Some(ClockTicks::new(7))));
        assert_eq!(Ipv6Membership::parse_all(b"4 eth0 ff02\n").unwrap_err().field(), Some("group"));
    }
}
