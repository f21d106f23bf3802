//! What an interface takes beyond what is addressed to it: packet(7), PACKET_ADD_MEMBERSHIP.

use std::os::fd::AsFd;

use libc::SOL_PACKET;
use linux_raw_sys::if_packet::{
    PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP, PACKET_MR_ALLMULTI, PACKET_MR_MULTICAST,
    PACKET_MR_PROMISC, PACKET_MR_UNICAST,
};
use linux_support_base::Error;

use super::PacketSocket;
use crate::{socket::Interface, sys::socket::set_option};

/// What an interface takes beyond what is addressed to it, until it is left or the socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Membership {
    /// Everything on the link.
    Promiscuous,
    /// Everything that goes to a group.
    AllMulticast,
    /// What goes to this group, of an address of 6 bytes.
    Multicast([u8; 6]),
    /// What goes to this machine, of an address of 6 bytes.
    Unicast([u8; 6]),
}

impl PacketSocket {
    /// Has an interface take more.
    ///
    /// # Errors
    /// There is no such interface (ENODEV).
    #[doc(alias = "PACKET_ADD_MEMBERSHIP")]
    pub fn join(&self, interface: Interface, membership: Membership) -> Result<(), Error> {
        self.change("join", PACKET_ADD_MEMBERSHIP, interface, membership)
    }

    /// Takes that back. Nothing happens if it was not so.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "PACKET_DROP_MEMBERSHIP")]
    pub fn leave(&self, interface: Interface, membership: Membership) -> Result<(), Error> {
        self.change("leave", PACKET_DROP_MEMBERSHIP, interface, membership)
    }

    fn change(
        &self,
        operation: &'static str,
        option: u32,
        interface: Interface,
        membership: Membership,
    ) -> Result<(), Error> {
        set_option(self.as_fd(), SOL_PACKET, option as libc::c_int, &encode(interface, membership))
            .map_err(|errno| Error::system(operation, interface.to_string(), errno))
    }
}

/// `struct packet_mreq`.
fn encode(interface: Interface, membership: Membership) -> [u8; 16] {
    let (kind, address) = match membership {
        Membership::Promiscuous => (PACKET_MR_PROMISC, [0; 6]),
        Membership::AllMulticast => (PACKET_MR_ALLMULTI, [0; 6]),
        Membership::Multicast(address) => (PACKET_MR_MULTICAST, address),
        Membership::Unicast(address) => (PACKET_MR_UNICAST, address),
    };
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&interface.number().to_ne_bytes());
    bytes[4..6].copy_from_slice(&(kind as u16).to_ne_bytes());
    bytes[6..8].copy_from_slice(&6u16.to_ne_bytes());
    bytes[8..14].copy_from_slice(&address);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_encoded_as_the_kernel_reads_it() {
        let bytes = encode(Interface::new(2).unwrap(), Membership::Multicast([1, 2, 3, 4, 5, 6]));
        assert_eq!(bytes[..4], 2i32.to_ne_bytes());
        assert_eq!(bytes[4..8], [0u16.to_ne_bytes(), 6u16.to_ne_bytes()].concat());
        assert_eq!(bytes[8..], [1, 2, 3, 4, 5, 6, 0, 0]);
    }
}
