//! Sockets below and beside IP: `/proc/PID/net/packet`, `netlink` and `ptype`.

use linux_support_base::{
    ByteString, Bytes, ParseError, UserId,
    text::{fields, hexadecimal, lines},
};

use super::{InterfaceIndex, InterfaceName, SocketKind, columns::Columns};
use crate::{descriptor::InodeNumber, serialize::plain_number};

plain_number! {
    /// The protocol of an Ethernet frame: 0x0800 is IPv4, 3 is all.
    EtherType(u16), "The protocol of an Ethernet frame."
}

/// A socket that takes packets as they come from an interface.
///
/// # Source
/// proc_pid_net(5); packet(7); net/packet/af_packet.c.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/net/packet")]
pub struct PacketSocketEntry {
    /// How often it is referred to.
    pub references: u32,
    /// Whether it gets whole frames (raw) or packets.
    pub kind: SocketKind,
    /// Which protocol it takes.
    pub protocol: EtherType,
    /// The interface; `None` for all.
    pub interface: Option<InterfaceIndex>,
    /// Whether it gets packets now.
    pub is_running: bool,
    /// The memory that packets take that were not read.
    pub receive_memory: Bytes,
    /// Whose it is.
    pub user: UserId,
    /// Its number.
    pub inode: Option<InodeNumber>,
}

impl PacketSocketEntry {
    /// Reads `net/packet`.
    ///
    /// # Errors
    /// A line with a column that is missing or malformed.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        lines(text).skip(1).map(Self::parse).collect()
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let mut columns = Columns::of(line);
        let _address = columns.word("sk")?;
        let references = columns.decimal("RefCnt")?;
        let kind = SocketKind::of_number(columns.decimal("Type")?);
        let protocol = EtherType::new(columns.hexadecimal_16("Proto")?);
        let interface: i64 = columns.decimal("Iface")?;
        let running: u32 = columns.decimal("R")?;
        Ok(Self {
            references,
            kind,
            protocol,
            interface: u32::try_from(interface).ok().filter(|&index| index != 0).map(InterfaceIndex::new),
            is_running: running != 0,
            receive_memory: Bytes::new(columns.decimal("Rmem")?),
            user: UserId::new(columns.decimal("User")?),
            inode: Some(columns.decimal("Inode")?).filter(|&inode| inode != 0).map(InodeNumber::new),
        })
    }
}

/// A socket to the kernel.
///
/// # Source
/// netlink(7); net/netlink/af_netlink.c, netlink_native_seq_show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/net/netlink")]
pub struct NetlinkSocketEntry {
    /// The part of the kernel that it is for, by the number of `NETLINK_`: 0 is routes.
    #[doc(alias = "Eth")]
    pub protocol: u32,
    /// Its address, often the number of its process; 0 for the kernel's own. (A number above 2³¹ is written with a
    /// minus by older kernels.)
    #[doc(alias = "Pid")]
    pub port: u32,
    /// The first 32 groups that it belongs to, as bits.
    pub groups: u32,
    /// The memory that messages to it take.
    pub receive_memory: Bytes,
    /// The memory that messages from it take.
    pub send_memory: Bytes,
    /// Whether a list is being given.
    pub is_dumping: bool,
    /// How often it is referred to.
    #[doc(alias = "Locks")]
    pub references: u32,
    /// How many messages were dropped.
    pub drops: u64,
    /// Its number.
    pub inode: Option<InodeNumber>,
}

impl NetlinkSocketEntry {
    /// Reads `net/netlink`.
    ///
    /// # Errors
    /// A line with a column that is missing or malformed.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        lines(text).skip(1).map(Self::parse).collect()
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let mut columns = Columns::of(line);
        let _address = columns.word("sk")?;
        let protocol = columns.decimal("Eth")?;
        let port: i64 = columns.decimal("Pid")?;
        let port = u32::try_from(port).or_else(|_| i32::try_from(port).map(i32::cast_unsigned));
        Ok(Self {
            protocol,
            port: port.map_err(|_| ParseError::expected("a number of 32 bits", line).in_field("Pid"))?,
            groups: columns.hexadecimal_32("Groups")?,
            receive_memory: Bytes::new(columns.decimal("Rmem")?),
            send_memory: Bytes::new(columns.decimal("Wmem")?),
            is_dumping: columns.decimal::<i64>("Dump")? != 0,
            references: columns.decimal("Locks")?,
            drops: columns.decimal("Drops")?,
            inode: Some(columns.decimal("Inode")?).filter(|&inode| inode != 0).map(InodeNumber::new),
        })
    }
}

/// A function of the kernel that takes packets.
///
/// # Source
/// net/core/net-procfs.c, ptype_seq_show.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/net/ptype")]
pub struct PacketHandler {
    /// Which protocol it takes; `None` for all.
    pub protocol: Option<EtherType>,
    /// The interface; `None` for all.
    pub interface: Option<InterfaceName>,
    /// The function.
    pub function: ByteString,
}

impl PacketHandler {
    /// Reads `net/ptype`.
    ///
    /// # Errors
    /// A line without a type or a function.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        lines(text).skip(1).map(Self::parse).collect()
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let mut fields = fields(line);
        let protocol = match fields.required("Type")? {
            b"ALL" => None,
            word => Some(EtherType::new(hexadecimal(word).map_err(|error| error.in_field("Type"))?)),
        };
        let first = fields.required("Function")?;
        let (interface, function) = match fields.next() {
            // A module's name may stand behind the function.
            Some(module) if module.starts_with(b"[") => (None, first),
            Some(function) => (Some(first.into()), function),
            None => (None, first),
        };
        Ok(Self { protocol, interface, function: function.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_for_packets_have_a_protocol_and_an_interface() {
        let text = b"sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n\
            0000000012f1ae28 3      3    0003   2     1 512    0      13369 \n\
            0000000012f1ae29 3      2    88cc   0     0 0      1000   0     \n";
        let sockets = PacketSocketEntry::parse_all(text).unwrap();
        assert_eq!((sockets[0].kind, sockets[0].protocol.get()), (SocketKind::Raw, 3));
        assert_eq!((sockets[0].interface, sockets[0].is_running), (Some(InterfaceIndex::new(2)), true));
        assert_eq!(
            (sockets[0].receive_memory, sockets[0].inode),
            (Bytes::new(512), Some(InodeNumber::new(13369)))
        );
        assert_eq!((sockets[1].interface, sockets[1].inode), (None, None));
        assert_eq!(PacketSocketEntry::parse_all(text.trim_ascii_end()), Ok(sockets));
        assert_eq!(PacketSocketEntry::parse_all(b"\nx 3 3 10003\n").unwrap_err().field(), Some("Proto"));
    }

    #[test]
    fn sockets_to_the_kernel_have_a_port() {
        let text =
            b"sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n\
            0000000054c4cec0 0   0          00000000 0        0        0     2        0        4       \n\
            000000002adf424b 15  -4107      00000002 1        2        1     3        9        565     \n\
            000000002adf424b 15  4294963189 00000002 1        2        1     3        9        565     \n";
        let sockets = NetlinkSocketEntry::parse_all(text).unwrap();
        assert_eq!((sockets[0].port, sockets[0].references), (0, 2));
        assert_eq!((sockets[1].protocol, sockets[1].port), (15, 4_294_963_189));
        assert_eq!(sockets[1], sockets[2]);
        assert!(sockets[1].is_dumping && sockets[1].groups == 2 && sockets[1].drops == 9);
        assert_eq!((sockets[1].receive_memory, sockets[1].send_memory), (Bytes::new(1), Bytes::new(2)));
    }

    #[test]
    fn handlers_are_for_one_interface_or_all() {
        let text = b"Type Device      Function\nALL  eth0     packet_rcv\n0800          ip_rcv\n0004          llc_rcv [llc]\n";
        let handlers = PacketHandler::parse_all(text).unwrap();
        assert_eq!((handlers[0].protocol, handlers[0].interface.as_ref().unwrap()), (None, &"eth0".into()));
        assert_eq!((handlers[1].protocol, &handlers[1].interface), (Some(EtherType::new(0x800)), &None));
        assert_eq!((&handlers[1].function, &handlers[2].function), (&"ip_rcv".into(), &"llc_rcv".into()));
        assert_eq!(PacketHandler::parse_all(b"\nxyz f\n").unwrap_err().field(), Some("Type"));
    }
}
