//! Addresses between a virtual machine and its host: vsock(7).

use core::fmt;

use super::{ADDRESS_ROOM, at, family, put, sealed::Encoded};

/// A virtual machine, or its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "CID")]
pub struct ContextId(u32);

impl ContextId {
    /// Any of this machine's own, to bind to.
    pub const ANY: Self = Self(u32::MAX);
    /// The hypervisor.
    pub const HYPERVISOR: Self = Self(0);
    /// This machine itself: loopback.
    pub const LOCAL: Self = Self(1);
    /// The host.
    pub const HOST: Self = Self(2);

    /// The one of this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for ContextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ANY => f.pad("any"),
            Self(number) => number.fmt(f),
        }
    }
}

/// The address of a vsock socket.
///
/// ```
#[doc = include_str!("../../../examples/vsock.rs")]
/// ```
///
/// # Source
/// vsock(7): "Address format".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "sockaddr_vm")]
#[non_exhaustive]
pub struct VsockAddress {
    /// Which machine.
    pub context: ContextId,
    /// Which port of it; [`ANY_PORT`](Self::ANY_PORT) to let the kernel choose.
    pub port: u32,
    /// Whether the message goes to the host first, which passes it on to another of its machines.
    pub through_host: bool,
}

impl VsockAddress {
    /// Any port, to bind to. Ports below 1,024 need CAP_NET_BIND_SERVICE.
    pub const ANY_PORT: u32 = u32::MAX;

    /// A port of a machine.
    #[must_use]
    pub const fn new(context: ContextId, port: u32) -> Self {
        Self { context, port, through_host: false }
    }
}

impl fmt::Display for VsockAddress {
    /// `vsock:2:1234`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Self::ANY_PORT => write!(f, "vsock:{}:any", self.context),
            port => write!(f, "vsock:{}:{port}", self.context),
        }
    }
}

/// VMADDR_FLAG_TO_HOST.
const TO_HOST: u8 = 1;

impl Encoded for VsockAddress {
    fn encode(&self, bytes: &mut [u8; ADDRESS_ROOM]) -> usize {
        put(bytes, 0, &(libc::AF_VSOCK as u16).to_ne_bytes());
        put(bytes, 4, &self.port.to_ne_bytes());
        put(bytes, 8, &self.context.0.to_ne_bytes());
        bytes[12] = if self.through_host { TO_HOST } else { 0 };
        16
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        if i32::from(family(bytes)?) != libc::AF_VSOCK {
            return None;
        }
        Some(Self {
            context: ContextId(u32::from_ne_bytes(at(bytes, 8)?)),
            port: u32::from_ne_bytes(at(bytes, 4)?),
            through_host: bytes.get(12)? & TO_HOST != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::address::raw;

    #[test]
    fn each_part_comes_back() {
        let address = VsockAddress { through_host: true, ..VsockAddress::new(ContextId::new(5), 77) };
        assert_eq!(VsockAddress::decode(raw(&address).as_bytes()), Some(address));
        assert_eq!(address.to_string(), "vsock:5:77");
        assert_eq!(VsockAddress::new(ContextId::ANY, u32::MAX).to_string(), "vsock:any:any");
        assert_eq!(VsockAddress::decode(&raw(&address).as_bytes()[..12]), None);
    }
}
