//! Addresses of IPv4 and IPv6: ip(7) and ipv6(7).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::{ADDRESS_ROOM, at, family, put, sealed::Encoded};

impl Encoded for SocketAddr {
    fn encode(&self, bytes: &mut [u8; ADDRESS_ROOM]) -> usize {
        match self {
            Self::V4(address) => {
                put(bytes, 0, &(libc::AF_INET as u16).to_ne_bytes());
                put(bytes, 2, &address.port().to_be_bytes());
                put(bytes, 4, &address.ip().octets());
                16
            }
            Self::V6(address) => {
                put(bytes, 0, &(libc::AF_INET6 as u16).to_ne_bytes());
                put(bytes, 2, &address.port().to_be_bytes());
                put(bytes, 4, &address.flowinfo().to_be_bytes());
                put(bytes, 8, &address.ip().octets());
                put(bytes, 24, &address.scope_id().to_ne_bytes());
                28
            }
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let port = || at(bytes, 2).map(u16::from_be_bytes);
        match i32::from(family(bytes)?) {
            libc::AF_INET => Some(SocketAddrV4::new(Ipv4Addr::from(at::<4>(bytes, 4)?), port()?).into()),
            libc::AF_INET6 => Some(
                SocketAddrV6::new(
                    Ipv6Addr::from(at::<16>(bytes, 8)?),
                    port()?,
                    u32::from_be_bytes(at(bytes, 4)?),
                    u32::from_ne_bytes(at(bytes, 24)?),
                )
                .into(),
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_an_address_comes_back() {
        for text in ["192.0.2.1:80", "[2001:db8::1]:443"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(SocketAddr::decode(crate::socket::address::raw(&address).as_bytes()), Some(address));
        }
        let scoped = SocketAddr::from(SocketAddrV6::new("fe80::1".parse().unwrap(), 7, 0x1_2345, 9));
        let raw = crate::socket::address::raw(&scoped);
        assert_eq!(SocketAddr::decode(raw.as_bytes()), Some(scoped));
        for length in 0..28 {
            assert_eq!(SocketAddr::decode(&raw.as_bytes()[..length]), None, "{length}");
        }
        assert_eq!(SocketAddr::decode(&[1, 0, b'/', 0]), None);
    }
}
