//! Network interfaces, and addresses on the link: packet(7).

use core::{fmt, num::NonZeroU32};

use linux_support_base::{ByteString, Error};
use rustix::net::{AddressFamily, SocketType, netdevice};

use super::{ADDRESS_ROOM, at, family, put, sealed::Encoded};

/// A network interface, by its number in the network namespace.
///
/// ```
/// use linux_support_fd::socket::Interface;
///
/// let loopback = Interface::named("lo")?;
/// assert_eq!(loopback.name()?, "lo");
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "ifindex")]
pub struct Interface(NonZeroU32);

impl Interface {
    /// The one of this number; `None` from 0 down, which means "any" or "none".
    #[must_use]
    pub const fn new(number: i32) -> Option<Self> {
        if number < 0 {
            return None;
        }
        match NonZeroU32::new(number as u32) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0.get() as i32
    }

    /// The one of this name.
    ///
    /// # Errors
    /// There is none of this name in the network namespace, or can't be: the kernel would take `lo:1` for `lo`.
    #[doc(alias = "if_nametoindex")]
    pub fn named(name: &str) -> Result<Self, Error> {
        let never = |byte: u8| matches!(byte, 0 | b'/' | b':') || byte.is_ascii_whitespace();
        if !(1..16).contains(&name.len()) || name.bytes().any(never) {
            let accepted = "takes a name of 1 to 15 bytes without 0, /, : and white space";
            return Err(Error::invalid("find network interface", name, accepted));
        }
        let number = asking().and_then(|socket| netdevice::name_to_index(&socket, name));
        let number = number.map_err(|errno| Error::system("find network interface", name, errno))?;
        i32::try_from(number)
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| Error::system("find network interface", name, rustix::io::Errno::OVERFLOW))
    }

    /// Its name.
    ///
    /// # Errors
    /// There is none of this number any more.
    #[doc(alias = "if_indextoname")]
    pub fn name(self) -> Result<ByteString, Error> {
        let name = asking().and_then(|socket| netdevice::index_to_name_inlined(&socket, self.0.get()));
        match name {
            Ok(name) => Ok(name.as_bytes().into()),
            Err(errno) => Err(Error::system("name", self.to_string(), errno)),
        }
    }
}

/// A socket to ask for interfaces with.
fn asking() -> rustix::io::Result<std::os::fd::OwnedFd> {
    use rustix::net::{SocketFlags, socket_with};
    socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interface {}", self.0)
    }
}

/// How a packet came to this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PacketKind {
    /// It is addressed to this machine.
    Host,
    /// It is for all on the link.
    Broadcast,
    /// It is for a group on the link.
    Multicast,
    /// It is for another machine, and the interface is promiscuous.
    OtherHost,
    /// It goes out.
    Outgoing,
    /// Of a number that this library does not know.
    Unknown(u8),
}

impl PacketKind {
    fn of_number(number: u8) -> Self {
        match number {
            0 => Self::Host,
            1 => Self::Broadcast,
            2 => Self::Multicast,
            3 => Self::OtherHost,
            4 => Self::Outgoing,
            number => Self::Unknown(number),
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Host => 0,
            Self::Broadcast => 1,
            Self::Multicast => 2,
            Self::OtherHost => 3,
            Self::Outgoing => 4,
            Self::Unknown(number) => number,
        }
    }
}

/// An address of a packet socket: an interface, a protocol on it, and a machine on the link.
///
/// # Source
/// packet(7): "Address types".
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "sockaddr_ll")]
#[non_exhaustive]
pub struct LinkAddress {
    /// The interface; `None` for any.
    pub interface: Option<Interface>,
    /// The protocol of the packet's content, as Ethernet numbers it: `0x0800` is IPv4.
    #[doc(alias = "ethertype")]
    pub protocol: u16,
    /// The kind of hardware, as ARP numbers it: 1 is Ethernet. The kernel says it; to send, it doesn't matter.
    pub hardware: u16,
    /// How the packet came. The kernel says it; to send, it doesn't matter.
    pub kind: PacketKind,
    address: [u8; 8],
    length: u8,
}

impl LinkAddress {
    /// Every protocol.
    #[doc(alias = "ETH_P_ALL")]
    pub const EVERY_PROTOCOL: u16 = 0x0003;

    /// A protocol on an interface, to bind to.
    #[must_use]
    pub const fn new(interface: Option<Interface>, protocol: u16) -> Self {
        Self { interface, protocol, hardware: 0, kind: PacketKind::Host, address: [0; 8], length: 0 }
    }

    /// The machine of this hardware address, of up to 8 bytes, to send to.
    ///
    /// # Errors
    /// The address is longer.
    pub fn to_machine(mut self, address: &[u8]) -> Result<Self, Error> {
        let Some(room) = self.address.get_mut(..address.len()) else {
            return Err(Error::invalid("use", "hardware address", "takes at most 8 bytes"));
        };
        room.copy_from_slice(address);
        self.length = address.len() as u8;
        Ok(self)
    }

    /// The hardware address.
    #[must_use]
    pub fn hardware_address(&self) -> &[u8] {
        &self.address[..usize::from(self.length).min(8)]
    }
}

impl fmt::Display for LinkAddress {
    /// `interface 2, protocol 0x0800, 02:00:00:00:00:01`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.interface {
            Some(interface) => interface.fmt(f)?,
            None => f.write_str("any interface")?,
        }
        write!(f, ", protocol {:#06x}", self.protocol)?;
        for (index, byte) in self.hardware_address().iter().enumerate() {
            write!(f, "{}{byte:02x}", if index == 0 { ", " } else { ":" })?;
        }
        Ok(())
    }
}

impl Encoded for LinkAddress {
    fn encode(&self, bytes: &mut [u8; ADDRESS_ROOM]) -> usize {
        put(bytes, 0, &(libc::AF_PACKET as u16).to_ne_bytes());
        put(bytes, 2, &self.protocol.to_be_bytes());
        put(bytes, 4, &self.interface.map_or(0, Interface::number).to_ne_bytes());
        put(bytes, 8, &self.hardware.to_ne_bytes());
        bytes[10] = self.kind.number();
        bytes[11] = self.length;
        put(bytes, 12, &self.address);
        20
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        if i32::from(family(bytes)?) != libc::AF_PACKET {
            return None;
        }
        let length = *bytes.get(11)?;
        let mut address = [0; 8];
        // The kernel gives as much of the address as it has, which may be less than the room, or more.
        for (to, from) in address.iter_mut().zip(&bytes[12..]).take(length.into()) {
            *to = *from;
        }
        Some(Self {
            interface: Interface::new(i32::from_ne_bytes(at(bytes, 4)?)),
            protocol: u16::from_be_bytes(at(bytes, 2)?),
            hardware: u16::from_ne_bytes(at(bytes, 8)?),
            kind: PacketKind::of_number(bytes[10]),
            address,
            length: length.min(8),
        })
    }
}

impl Encoded for Interface {
    /// An interface as the address of a CAN socket.
    fn encode(&self, bytes: &mut [u8; ADDRESS_ROOM]) -> usize {
        put(bytes, 0, &(libc::AF_CAN as u16).to_ne_bytes());
        put(bytes, 4, &self.number().to_ne_bytes());
        16
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        if i32::from(family(bytes)?) != libc::AF_CAN {
            return None;
        }
        Self::new(i32::from_ne_bytes(at(bytes, 4)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::address::raw;

    #[test]
    fn each_part_comes_back() {
        let mut address =
            LinkAddress::new(Interface::new(3), 0x0806).to_machine(&[2, 0, 0, 0, 0, 1]).unwrap();
        address.kind = PacketKind::Unknown(9);
        assert_eq!(LinkAddress::decode(raw(&address).as_bytes()), Some(address.clone()));
        assert_eq!(address.to_string(), "interface 3, protocol 0x0806, 02:00:00:00:00:01");
        assert!(address.to_machine(&[0; 9]).is_err());
        let any = LinkAddress::new(None, LinkAddress::EVERY_PROTOCOL);
        assert_eq!(any.to_string(), "any interface, protocol 0x0003");
        assert_eq!(LinkAddress::decode(&raw(&any).as_bytes()[..11]), None);
        assert_eq!(LinkAddress::decode(&raw(&any).as_bytes()[..12]), Some(any));
    }

    #[test]
    fn there_is_no_interface_0() {
        assert_eq!((Interface::new(0), Interface::new(-1)), (None, None));
        assert!(Interface::named("no-such-one").unwrap_err().is_absent());
        let unknown = Interface::new(i32::MAX).unwrap().name().unwrap_err();
        assert!(unknown.is_absent(), "{unknown}");
    }

    #[test]
    fn names_that_no_interface_can_have_are_not_cut_to_one_that_there_is() {
        for name in ["", "lo\0", "lo:1", "lo ", "lo/", "lo\n", "a-name-of-16-byt"] {
            let error = Interface::named(name).unwrap_err();
            assert!(error.to_string().contains("1 to 15 bytes"), "{error}");
        }
    }
}
