//! What kind of socket a descriptor is.

use core::fmt;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use libc::c_int;
use linux_raw_sys::net::{SO_ACCEPTCONN, SO_DOMAIN, SO_PROTOCOL, SO_TYPE, SOL_SOCKET};
use linux_support_base::{ByteString, Error, Reason};
use rustix::{
    io::Errno,
    net::{AddressFamily, SocketType},
};

use crate::{DescriptorKind, sys::socket::get_option};

/// What kind of socket a descriptor is: as the kernel says, not as somebody believes.
///
/// ```
/// use linux_support_fd::socket::SocketKind;
///
/// let listener = std::net::TcpListener::bind("[::1]:0").unwrap();
/// assert_eq!(SocketKind::of(&listener)?.to_string(), "listening stream socket of IPv6, protocol 6");
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// socket(7): SO_DOMAIN, SO_TYPE, SO_PROTOCOL, SO_ACCEPTCONN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocketKind {
    /// The family of its addresses, `AF_…`.
    pub domain: i32,
    /// Its type, `SOCK_…`.
    pub style: i32,
    /// Its protocol, within the family.
    pub protocol: i32,
    /// Whether it listens for connections.
    pub listening: bool,
}

impl SocketKind {
    /// What kind of socket `descriptor` is.
    ///
    /// # Errors
    /// It is none.
    pub fn of(descriptor: impl AsFd) -> Result<Self, Error> {
        Self::expected(&descriptor.as_fd(), "socket")
    }

    /// What kind of socket `descriptor` is, which should be one that is called `name`.
    pub(crate) fn expected(descriptor: &(impl AsFd + AsRawFd), name: &'static str) -> Result<Self, Error> {
        let number = |option| {
            let mut value = [0; 4];
            get_option(descriptor.as_fd(), SOL_SOCKET as c_int, option as c_int, &mut value)?;
            Ok(i32::from_ne_bytes(value))
        };
        let query = || {
            Ok(Self {
                domain: number(SO_DOMAIN)?,
                style: number(SO_TYPE)?,
                protocol: number(SO_PROTOCOL)?,
                listening: number(SO_ACCEPTCONN)? != 0,
            })
        };
        match query() {
            Ok(kind) => Ok(kind),
            Err(Errno::NOTSOCK) => Err(DescriptorKind::of(descriptor)?.is_no(name, descriptor)),
            // The descriptor is open, since it is lent.
            Err(Errno::BADF) => Err(DescriptorKind::of(descriptor)?.is_but_a_place(name, descriptor)),
            Err(errno) => Err(Error::system("query", name, errno)),
        }
    }

    /// Whether it is of this type and one of these families.
    pub(crate) fn is(self, domains: &[AddressFamily], style: SocketType) -> bool {
        let domain = |known: &AddressFamily| i32::from(known.as_raw()) == self.domain;
        domains.iter().any(domain) && self.style as u32 == style.as_raw()
    }

    /// Takes `descriptor` if `fits` says so of its kind, and makes it as ours are from birth.
    pub(crate) fn take(
        descriptor: OwnedFd,
        name: &'static str,
        fits: impl FnOnce(Self) -> bool,
    ) -> Result<OwnedFd, Error> {
        let kind = Self::expected(&descriptor, name)?;
        if !fits(kind) {
            let object = format!("descriptor {}", descriptor.as_raw_fd());
            let found = ByteString::from(kind.to_string());
            return Err(Error::new("take", object, Reason::OtherDescriptor { expected: name, found }));
        }
        crate::descriptor::adopt(&descriptor, name, true)?;
        Ok(descriptor)
    }
}

impl fmt::Display for SocketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.listening {
            f.write_str("listening ")?;
        }
        match self.style {
            libc::SOCK_STREAM => f.write_str("stream socket of ")?,
            libc::SOCK_DGRAM => f.write_str("datagram socket of ")?,
            libc::SOCK_SEQPACKET => f.write_str("sequenced-packet socket of ")?,
            libc::SOCK_RAW => f.write_str("raw socket of ")?,
            other => write!(f, "socket (type {other}) of ")?,
        }
        match self.domain {
            libc::AF_INET => f.write_str("IPv4")?,
            libc::AF_INET6 => f.write_str("IPv6")?,
            libc::AF_UNIX => return f.write_str("Unix"),
            libc::AF_VSOCK => return f.write_str("vsock"),
            libc::AF_NETLINK => f.write_str("netlink")?,
            libc::AF_CAN => f.write_str("CAN")?,
            libc::AF_PACKET => f.write_str("packets")?,
            other => write!(f, "family {other}")?,
        }
        write!(f, ", protocol {}", self.protocol)
    }
}
