//! Where sockets are: the addresses of each family.

mod internet;
mod link;
mod unix;
mod vsock;

pub use link::{Interface, LinkAddress, PacketKind};
pub use unix::UnixAddress;
pub use vsock::{ContextId, VsockAddress};

use crate::sys::socket::{ADDRESS_ROOM, RawAddress};

/// The address of a socket: of the internet families (std's [`SocketAddr`](std::net::SocketAddr)), a
/// [`UnixAddress`], a [`VsockAddress`], a [`LinkAddress`] or an [`Interface`].
///
/// Its `Display` is what errors call it.
pub trait Address: Clone + core::fmt::Debug + core::fmt::Display + sealed::Encoded {}

impl<A: Clone + core::fmt::Debug + core::fmt::Display + sealed::Encoded> Address for A {}

pub(crate) mod sealed {
    use super::ADDRESS_ROOM;

    /// An address in the kernel's form.
    pub trait Encoded: Sized {
        /// Writes it, and gives its length.
        fn encode(&self, bytes: &mut [u8; ADDRESS_ROOM]) -> usize;

        /// Reads it; `None` says that it is of another family, or cut short.
        fn decode(bytes: &[u8]) -> Option<Self>;
    }
}

/// An address in the kernel's form.
pub(crate) fn raw<A: Address>(address: &A) -> RawAddress {
    RawAddress::encoded(|bytes| address.encode(bytes))
}

/// The family that an address in the kernel's form begins with.
fn family(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().copied().map(u16::from_ne_bytes)
}

/// The bytes of an array's length from an offset.
fn at<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk().copied()
}

/// Writes bytes at an offset.
fn put(bytes: &mut [u8; ADDRESS_ROOM], offset: usize, value: &[u8]) {
    bytes[offset..offset + value.len()].copy_from_slice(value);
}
