//! Through which network interface a host is reached.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use linux_support_base::{ByteString, Error};
use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netdevice, netlink::SocketAddrNetlink,
        recv, sendto, socket_with,
    },
};

const OPERATION: &str = "find the way to";
const HEADER: usize = 16;
/// Family, lengths, table and such, before the attributes of a route.
const ROUTE: usize = 12;
const GET_ROUTE: u16 = 26;
const NEW_ROUTE: u16 = 24;
const ERROR: u16 = 2;
const REQUEST: u16 = 1;
const DESTINATION: u16 = 1;
const OUTGOING_INTERFACE: u16 = 4;

/// The name of the interface through which this machine's kernel would send to `host`, which is an address or a name.
pub(super) fn interface_to(host: &ByteString) -> Result<ByteString, Error> {
    let failed = |errno| Error::system(OPERATION, host.clone(), errno);
    let addresses =
        core::str::from_utf8(host.as_bytes()).ok().and_then(|host| (host, 0).to_socket_addrs().ok());
    let Some(address) = addresses.and_then(|mut addresses| addresses.next()) else {
        let accepted = "is no address, and no name that can be looked up";
        return Err(Error::invalid(OPERATION, host.clone(), accepted));
    };
    let index = match address {
        SocketAddr::V6(address) if address.scope_id() != 0 => address.scope_id(),
        address => route_to(address.ip()).map_err(failed)?,
    };
    let any =
        socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None).map_err(failed)?;
    netdevice::index_to_name(any, index).map(ByteString::from).map_err(failed)
}

/// The number of the interface.
fn route_to(address: IpAddr) -> Result<u32, Errno> {
    // The first of netlink's protocols, that of routes, is the one of no name.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    sendto(&socket, &request(address), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut reply = [0; 4096];
    let (length, _) = recv(&socket, &mut reply[..], RecvFlags::empty())?;
    parse_reply(&reply[..length])
}

fn request(address: IpAddr) -> Vec<u8> {
    let (family, bytes) = match address {
        IpAddr::V4(address) => (AddressFamily::INET, address.octets().to_vec()),
        IpAddr::V6(address) => (AddressFamily::INET6, address.octets().to_vec()),
    };
    let attribute = 4 + bytes.len();
    let mut message = Vec::with_capacity(HEADER + ROUTE + attribute);
    message.extend_from_slice(&((HEADER + ROUTE + attribute) as u32).to_ne_bytes());
    message.extend_from_slice(&GET_ROUTE.to_ne_bytes());
    message.extend_from_slice(&REQUEST.to_ne_bytes());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&[family.as_raw() as u8, (bytes.len() * 8) as u8]);
    message.extend_from_slice(&[0; ROUTE - 2]);
    message.extend_from_slice(&(attribute as u16).to_ne_bytes());
    message.extend_from_slice(&DESTINATION.to_ne_bytes());
    message.extend_from_slice(&bytes);
    message
}

/// The interface of the route that the kernel gave, or why it gave none.
fn parse_reply(reply: &[u8]) -> Result<u32, Errno> {
    let half = |bytes: &[u8], at: usize| Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let word = |bytes: &[u8], at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let parse = || -> Option<Result<u32, Errno>> {
        let length = word(reply, 0)? as usize;
        let body = reply.get(HEADER..length.min(reply.len()))?;
        match half(reply, 4)? {
            ERROR => {
                let number = (word(body, 0)? as i32).saturating_neg();
                Some(Err(Errno::from_raw_os_error(number.clamp(1, 4095))))
            }
            NEW_ROUTE => {
                let mut attributes = body.get(ROUTE..)?;
                loop {
                    let length = usize::from(half(attributes, 0)?).max(4);
                    if half(attributes, 2)? == OUTGOING_INTERFACE {
                        return Some(Ok(word(attributes, 4)?));
                    }
                    attributes = attributes.get(length.next_multiple_of(4)..)?;
                }
            }
            _ => None,
        }
    };
    // A route without an interface leads nowhere.
    parse().unwrap_or(Err(Errno::NETUNREACH))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut message = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
        message.extend_from_slice(&kind.to_ne_bytes());
        message.extend_from_slice(&[0; 10]);
        message.extend_from_slice(body);
        message
    }

    #[test]
    fn the_interface_is_found_among_the_attributes() {
        let mut body = vec![0; ROUTE];
        for (kind, value) in [(15u16, 254u32), (OUTGOING_INTERFACE, 7)] {
            body.extend_from_slice(&8u16.to_ne_bytes());
            body.extend_from_slice(&kind.to_ne_bytes());
            body.extend_from_slice(&value.to_ne_bytes());
        }
        let whole = message(NEW_ROUTE, &body);
        assert_eq!(parse_reply(&whole), Ok(7));
        for length in 0..whole.len() {
            assert_eq!(parse_reply(&whole[..length]), Err(Errno::NETUNREACH), "{length}");
        }
        let refused = message(ERROR, &(-113i32).to_ne_bytes());
        assert_eq!(parse_reply(&refused), Err(Errno::HOSTUNREACH));
    }

    #[test]
    #[cfg_attr(user_emulation, ignore = "needs a netlink socket of the same architecture")]
    fn this_machine_reaches_itself_through_its_loopback() {
        for host in ["127.0.0.1", "127.1.2.3"] {
            assert_eq!(interface_to(&host.into()), Ok("lo".into()), "{host}");
        }
        let error = interface_to(&"".into()).unwrap_err().to_string();
        assert!(error.contains("no name that can be looked up"), "{error}");
    }

    proptest! {
        #[test]
        fn nothing_panics(reply: Vec<u8>, body: Vec<u8>) {
            let _ = parse_reply(&reply);
            let _ = parse_reply(&message(NEW_ROUTE, &body));
            let _ = parse_reply(&message(ERROR, &body));
        }
    }
}
