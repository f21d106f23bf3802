//! Addresses of Unix sockets: unix(7).

use core::fmt;
use std::{os::unix::ffi::OsStrExt, path::Path};

use linux_support_base::{ByteString, Error};

use super::{ADDRESS_ROOM, family, put, sealed::Encoded};

/// The address of a Unix socket.
///
/// ```
/// use linux_support_fd::socket::UnixAddress;
///
/// let address = UnixAddress::path("/run/example.sock")?;
/// assert_eq!(address.to_string(), "/run/example.sock");
/// assert_eq!(UnixAddress::abstract_name(b"example")?.to_string(), "@example");
///
/// let error = UnixAddress::path("x".repeat(108)).unwrap_err();
/// assert!(error.to_string().contains("at most 107 bytes"), "{error}");
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// unix(7): "Address format".
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixAddress(Name);

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Name {
    #[default]
    Unnamed,
    Path(ByteString),
    Abstract(ByteString),
}

impl UnixAddress {
    /// None: a socket that wasn't bound has it. Binding to it lets the kernel choose an abstract name.
    pub const UNNAMED: Self = Self(Name::Unnamed);

    /// The most bytes that a path or an abstract name can have.
    pub const MAXIMUM: usize = 107;

    /// The socket of this path.
    ///
    /// # Errors
    /// The path is empty, holds a byte 0 or is longer than [`MAXIMUM`](Self::MAXIMUM). Longer ones are reached through
    /// their directory: [`Stream::connect_path`](crate::socket::Stream::connect_path) and
    /// [`SocketFile`](crate::socket::SocketFile) do so.
    pub fn path(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref().as_os_str().as_bytes();
        match path.len() {
            0 => Err(Error::invalid("use path of socket", path, "is empty: a socket's path has a name")),
            1..=Self::MAXIMUM if path.contains(&0) => {
                Err(Error::invalid("use path of socket", path, "holds a byte 0, where a path would end"))
            }
            1..=Self::MAXIMUM => Ok(Self(Name::Path(path.into()))),
            length => Err(Error::invalid(
                "use path of socket",
                path,
                format!(
                    "has {length} bytes, and the address of a Unix socket takes at most {} bytes: reach it through its \
                     directory, with `connect_path`, `bind_path` or `bind_beneath`",
                    Self::MAXIMUM
                ),
            )),
        }
    }

    /// The socket of this name, which is in no file system: any bytes. It belongs to the network namespace, goes away
    /// with the socket, and has no permissions.
    ///
    /// # Errors
    /// The name is longer than [`MAXIMUM`](Self::MAXIMUM), or empty.
    pub fn abstract_name(name: &[u8]) -> Result<Self, Error> {
        if (1..=Self::MAXIMUM).contains(&name.len()) {
            return Ok(Self(Name::Abstract(name.into())));
        }
        let accepted = format!("has {} bytes: an abstract name has 1 to {}", name.len(), Self::MAXIMUM);
        Err(Error::invalid("use name of socket", name, accepted))
    }

    /// The path, if it has one. Where the socket was bound relative to a directory, it is relative as well.
    #[must_use]
    pub fn as_path(&self) -> Option<&Path> {
        match &self.0 {
            Name::Path(path) => Some(path.as_path()),
            _ => None,
        }
    }

    /// The name without the byte 0 in front, if it is an abstract one.
    #[must_use]
    pub fn as_abstract_name(&self) -> Option<&[u8]> {
        match &self.0 {
            Name::Abstract(name) => Some(name.as_bytes()),
            _ => None,
        }
    }

    /// Whether it has neither.
    #[must_use]
    pub fn is_unnamed(&self) -> bool {
        self.0 == Name::Unnamed
    }
}

impl fmt::Display for UnixAddress {
    /// The path, `@` and the abstract name, or `(unnamed)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Name::Unnamed => f.write_str("(unnamed)"),
            Name::Path(path) => path.fmt(f),
            Name::Abstract(name) => write!(f, "@{name}"),
        }
    }
}

impl Encoded for UnixAddress {
    fn encode(&self, bytes: &mut [u8; ADDRESS_ROOM]) -> usize {
        put(bytes, 0, &(libc::AF_UNIX as u16).to_ne_bytes());
        match &self.0 {
            Name::Unnamed => 2,
            Name::Path(path) => {
                put(bytes, 2, path);
                2 + path.len() + 1
            }
            Name::Abstract(name) => {
                put(bytes, 3, name);
                3 + name.len()
            }
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        if i32::from(family(bytes)?) != libc::AF_UNIX {
            return None;
        }
        Some(Self(match &bytes[2..] {
            [] => Name::Unnamed,
            [0, name @ ..] => Name::Abstract(name.into()),
            path => Name::Path(path.split(|byte| *byte == 0).next().unwrap_or(path).into()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::address::raw;

    fn round(address: &UnixAddress) -> Option<UnixAddress> {
        UnixAddress::decode(raw(address).as_bytes())
    }

    #[test]
    fn each_form_comes_back() {
        for address in [
            UnixAddress::UNNAMED,
            UnixAddress::path("/a/b").unwrap(),
            UnixAddress::path("p".repeat(107)).unwrap(),
            UnixAddress::abstract_name(b"\0x\0").unwrap(),
            UnixAddress::abstract_name(&[7; 107]).unwrap(),
        ] {
            assert_eq!(round(&address).as_ref(), Some(&address));
        }
    }

    #[test]
    fn a_path_without_a_last_zero_is_whole() {
        let mut bytes = vec![1, 0];
        bytes.extend([b'a'; 108]);
        assert_eq!(UnixAddress::decode(&bytes).unwrap().to_string(), "a".repeat(108));
    }

    #[test]
    fn names_that_no_address_can_hold_are_refused_with_the_limit_and_the_remedy() {
        let error = UnixAddress::path("d/".repeat(54)).unwrap_err().to_string();
        assert!(error.contains("has 108 bytes") && error.contains("connect_path"), "{error}");
        assert!(UnixAddress::path("").is_err() && UnixAddress::path("a\0b").is_err());
        assert!(UnixAddress::abstract_name(&[1; 108]).is_err() && UnixAddress::abstract_name(b"").is_err());
    }
}
