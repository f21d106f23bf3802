use core::{fmt, net::SocketAddr};

use linux_support_base::ByteString;

use crate::network::{EtherType, InterfaceIndex, UnixName};

/// Where a socket is found, or what it is for.
///
/// `Display` is close to what `ss` prints: `127.0.0.1:22`, `[::]:*`, a path, `@name`, `0x0800 on all interfaces`,
/// `route:1234`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(tag = "kind", rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum SocketAddress {
    /// An address of the Internet. The port of raw sockets is a protocol, that of `ping` an identifier.
    Internet {
        /// The address; all zero for every one.
        address: core::net::IpAddr,
        /// The port; 0 for none.
        port: u16,
    },
    /// A socket file.
    Path {
        /// Its path, as it was given: a relative one is relative to the directory in which its process was then.
        path: ByteString,
    },
    /// A name of the machine's own sockets.
    Abstract {
        /// The name, without the byte before it.
        name: ByteString,
    },
    /// Frames of a protocol on an interface.
    Packet {
        /// The protocol; 3 for all.
        protocol: EtherType,
        /// The interface; `None` for all.
        interface: Option<InterfaceIndex>,
    },
    /// A part of the kernel.
    Netlink {
        /// Which, by the number of `NETLINK_`.
        family: u32,
        /// The socket's number there; 0 for the kernel's own.
        port: u32,
    },
}

impl From<SocketAddr> for SocketAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Internet { address: address.ip(), port: address.port() }
    }
}

impl From<UnixName<'_>> for SocketAddress {
    fn from(name: UnixName<'_>) -> Self {
        match name {
            UnixName::Path(path) => Self::Path { path: path.into() },
            UnixName::Abstract(name) => Self::Abstract { name: name.into() },
        }
    }
}

impl fmt::Display for SocketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internet { address, port } => {
                match address {
                    core::net::IpAddr::V4(address) => write!(f, "{address}:")?,
                    core::net::IpAddr::V6(address) => write!(f, "[{address}]:")?,
                }
                if *port == 0 { f.write_str("*") } else { write!(f, "{port}") }
            }
            Self::Path { path } => path.fmt(f),
            Self::Abstract { name } => write!(f, "@{name}"),
            Self::Packet { protocol, interface } => {
                match protocol.get() {
                    3 => f.write_str("all protocols")?,
                    number => write!(f, "{number:#06x}")?,
                }
                match interface {
                    None => f.write_str(" on all interfaces"),
                    Some(index) => write!(f, " on interface {}", index.get()),
                }
            }
            Self::Netlink { family, port } => {
                match netlink_family(*family) {
                    Some(name) => f.write_str(name)?,
                    None => family.fmt(f)?,
                }
                write!(f, ":{port}")
            }
        }
    }
}

/// The part of the kernel that a family of netlink(7) is for, in the words of its constant.
const fn netlink_family(number: u32) -> Option<&'static str> {
    Some(match number {
        0 => "route",
        2 => "usersock",
        3 => "firewall",
        4 => "sock-diag",
        5 => "nflog",
        6 => "xfrm",
        7 => "selinux",
        8 => "iscsi",
        9 => "audit",
        10 => "fib-lookup",
        11 => "connector",
        12 => "netfilter",
        15 => "kobject-uevent",
        16 => "generic",
        18 => "scsi-transport",
        19 => "ecryptfs",
        20 => "rdma",
        21 => "crypto",
        22 => "smc",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_as_ss_does_and_harmlessly() {
        let internet = |text: &str| SocketAddress::from(text.parse::<SocketAddr>().unwrap()).to_string();
        assert_eq!(internet("127.0.0.1:22"), "127.0.0.1:22");
        assert_eq!((internet("0.0.0.0:0").as_str(), internet("[::1]:0").as_str()), ("0.0.0.0:*", "[::1]:*"));
        assert_eq!(SocketAddress::from(UnixName::Abstract(b"a\x1b\xff")).to_string(), "@a\\u{1b}\u{fffd}");
        assert_eq!(SocketAddress::from(UnixName::Path(b"/run/a\nb")).to_string(), "/run/a\\nb");
        let packet = |protocol, interface: Option<u32>| SocketAddress::Packet {
            protocol: EtherType::new(protocol),
            interface: interface.map(InterfaceIndex::new),
        };
        assert_eq!(packet(3, None).to_string(), "all protocols on all interfaces");
        assert_eq!(packet(0x800, Some(2)).to_string(), "0x0800 on interface 2");
        assert_eq!(SocketAddress::Netlink { family: 0, port: 7 }.to_string(), "route:7");
        assert_eq!(SocketAddress::Netlink { family: 99, port: 0 }.to_string(), "99:0");
    }
}
